"""One source: where it is, which tool it is for, what the tool makes of it."""

from __future__ import annotations

from holdfast.base.tree import RecordingTree, Tree
from holdfast.kube.refs import Manifest
from holdfast.model.app import SourceType
from holdfast.render.tools import detect
from holdfast.render.tools.directory import run as run_directory
from holdfast.render.tools.helm import run as run_helm
from holdfast.render.tools.kustomize import run as run_kustomize
from holdfast.render.tools.marking import markable
from holdfast.render.tools.request import Environment, RenderedSource, SourceError, SourceRequest

_RUN = {SourceType.HELM: run_helm, SourceType.KUSTOMIZE: run_kustomize, SourceType.DIRECTORY: run_directory}


def render_source(request: SourceRequest) -> RenderedSource:
    """Raises `SourceError`."""
    recording = RecordingTree(request.tree)
    trees = {name: RecordingTree(ref.tree) for name, ref in request.refs.items() if ref.tree is not None}
    where = detect.directory_of(recording, request.source.path if not request.source.chart else "")
    source = detect.overridden(recording, where, request)
    kind = detect.choose(recording, where, source, request.settings)
    if kind is SourceType.PLUGIN:
        named = f"cmp-server plugin with name {_quoted(source.plugin)}" if source.plugin else "plugin"
        raise SourceError(
            f"CMP processing failed for application {_quoted(request.name)}: could not find {named} supporting the given "
            "repository: Holdfast runs no plugins; render it with Helm, Kustomize, Jsonnet or plain manifests"
        )
    environment = Environment(request.environment)
    work = detect.Work(request, source, recording, where, environment, dict[str, Tree](trees))
    objects = _RUN[kind](work)
    return RenderedSource(
        objects=tuple(markable(obj) for obj in _flat(objects)),
        type=kind,
        reads={"": recording.reads, **{name: tree.reads for name, tree in trees.items()}},
        used=environment.used,
        cluster=request.cluster if kind is not SourceType.DIRECTORY else None,
        volatile=work.volatile,
    )


def _quoted(text: str) -> str:
    return f'"{text}"'


def _flat(objects: list[Manifest]) -> list[Manifest]:
    """Lists are taken apart; a list of nothing is nothing."""
    out: list[Manifest] = []
    for obj in objects:
        items = obj.get("items")
        if isinstance(items, list):
            if not all(isinstance(item, dict) for item in items):
                raise SourceError("items member is not an object: map[string]interface {}")
            out += items
        elif not ("items" in obj and str(obj.get("kind") or "").endswith("List")):
            out.append(obj)
    return out
