"""A kustomization, changed by what the application says, built as ``kustomize build`` does.

The changes are those of ``kustomize edit``, made to the file's data; an error names the command that would have failed.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from holdfast.base.tree import EntryKind, OverlayTree, Tree
from holdfast.kube import yaml
from holdfast.kube.refs import Manifest
from holdfast.kustomize import BuildOptions, KustomizeError, build
from holdfast.kustomize.edit import commands
from holdfast.kustomize.kustfile import deprecations
from holdfast.kustomize.options import ChartRequest
from holdfast.model.app import KustomizeChoices
from holdfast.render.paths import resolve
from holdfast.render.tools.charts import inflate
from holdfast.render.tools.detect import KUSTOMIZATIONS, Work, join
from holdfast.render.tools.request import ROOT, SourceError

_T = TypeVar("_T")
_EXIT = "failed exit status 1: "
_FAILED = f"{_EXIT}Error: "

T = TypeVar("T")


def run(work: Work) -> list[Manifest]:
    """Raises SourceError."""
    version = work.source.kustomize.version
    if version and version not in work.request.settings.kustomize_versions:
        raise SourceError(f"error getting kustomize binary path: kustomize version {version} is not registered")
    tree = _edited(work)
    options = _options(work)
    try:
        return build(tree, work.where, options).manifests
    except KustomizeError as error:
        shown = f"{ROOT}/{work.where}" if work.where else ROOT
        flags = "".join(f" {flag}" for flag in shlex.split(work.request.settings.kustomize_options))
        warnings = "".join(f"{line}\n" for line in _warnings(tree, work.where))
        raise SourceError(
            f"`kustomize build {shown}{flags}` {_EXIT}{warnings}Error: {error.message.rstrip()}"
        ) from error


def _warnings(tree: Tree, where: str) -> list[str]:
    """What kustomize writes to its standard error about the kustomization, before an error."""
    for name in KUSTOMIZATIONS:
        path = f"{where}/{name}" if where else name
        real = resolve(tree, path)
        entry = tree.lookup(real) if real is not None else None
        if real is not None and entry is not None and entry.kind is EntryKind.FILE:
            with contextlib.suppress(yaml.YAMLError):
                data = yaml.load(tree.read(real))
                return deprecations(data) if isinstance(data, dict) else []
    return []


def _edited(work: Work) -> Tree:
    changes = list(_changes(work))
    if not changes:
        return work.tree
    path = _file(work, changes[0][0])
    data = yaml.load(work.tree.read(path))
    if not isinstance(data, dict):
        raise SourceError("expected kustomization.yaml to be type map[string]any")
    for command, change in changes:
        try:
            change(data)
        except KustomizeError as error:
            raise SourceError(f"`kustomize {command}` {_FAILED}{error.message.rstrip()}") from error
    return OverlayTree(work.tree, {path: yaml.dump(data).encode()})


def _file(work: Work, command: str) -> str:
    for name in KUSTOMIZATIONS:
        path = f"{work.where}/{name}" if work.where else name
        entry = work.tree.lookup(path)
        if entry is not None and entry.kind is not EntryKind.DIRECTORY:
            return resolve(work.tree, path) or path
    raise SourceError(f"`kustomize {command}` {_FAILED}Missing kustomization file '{KUSTOMIZATIONS[0]}'.")


Change = Callable[[dict[str, Any]], Any]


def _changes(work: Work) -> Sequence[tuple[str, Change]]:
    """In Argo CD's order: each may depend on the one before."""
    wanted, expand = work.source.kustomize, work.environment.expand
    out: list[tuple[str, Change]] = []
    if wanted.name_prefix:
        out.append(_text("nameprefix", "namePrefix", wanted.name_prefix))
    if wanted.name_suffix:
        out.append(_text("namesuffix", "nameSuffix", wanted.name_suffix))
    if wanted.images:
        images = [expand(i) for i in wanted.images]
        out.append((f"edit set image {' '.join(images)}", lambda data: commands.set_images(data, images)))
    if wanted.replicas:
        replicas = [f"{name}={_count(count)}" for name, count in wanted.replicas]
        out.append((f"edit set replicas {' '.join(replicas)}", lambda data: commands.set_replicas(data, replicas)))
    if wanted.common_labels:
        out.append(_labels(wanted, [f"{k}:{expand(v)}" for k, v in sorted(wanted.common_labels.items())]))
    if wanted.common_annotations:
        values = sorted(wanted.common_annotations.items())
        out.append(_annotations(wanted, [f"{k}:{expand(v) if wanted.annotations_envsubst else v}" for k, v in values]))
    if wanted.namespace:
        out.append(_text("namespace", "namespace", wanted.namespace))
    if wanted.patches:
        out.append(("edit add patch", lambda data: _add_patches(data, wanted)))
    if wanted.components:
        found = _components(work, wanted)
        if found:
            out.append((f"edit add component {' '.join(found)}", lambda data: _add_components(work, data, found)))
    return out


def _count(text: str) -> str:
    if not text.lstrip("+-").isdigit():
        raise SourceError(f"expected integer value for count. Received: {text}")
    return text


def _text(command: str, field: str, value: str) -> tuple[str, Change]:
    return f"edit set {command} -- {value}", lambda data: commands.set_text(data, field, value)


def _labels(wanted: KustomizeChoices, pairs: list[str]) -> tuple[str, Change]:
    flags = " --force" * wanted.force_labels + " --without-selector" * wanted.label_without_selector
    flags += " --include-templates" * wanted.label_include_templates

    def change(data: dict[str, Any]) -> None:
        if wanted.label_include_templates and not wanted.label_without_selector:
            raise KustomizeError("--without-selector flag must be specified for --include-templates to work")
        if wanted.label_without_selector:
            commands.add_plain_labels(data, pairs, wanted.force_labels, wanted.label_include_templates)
        else:
            commands.add_pairs(data, "commonLabels", pairs, "label", wanted.force_labels)

    return f"edit add label{flags} {' '.join(pairs)}", change


def _annotations(wanted: KustomizeChoices, pairs: list[str]) -> tuple[str, Change]:
    flags = " --force" * wanted.force_annotations

    def change(data: dict[str, Any]) -> None:
        commands.add_pairs(data, "commonAnnotations", pairs, "annotation", wanted.force_annotations)

    return f"edit add annotation{flags} {' '.join(pairs)}", change


def _add_patches(data: dict[str, Any], wanted: KustomizeChoices) -> None:
    known = data.get("patches")
    if known is not None and not isinstance(known, list):
        raise SourceError("expected 'patches' field in kustomization.yaml to be []any")
    data["patches"] = [*(known or []), *(dict(p) for p in wanted.patches)]


def _components(work: Work, wanted: KustomizeChoices) -> list[str]:
    if not wanted.ignore_missing_components:
        return list(wanted.components)
    return [c for c in wanted.components if _exists(work, c)]


def _exists(work: Work, path: str) -> bool:
    place = join(work.where, path)
    real = resolve(work.tree, place) if place is not None else None
    return real is not None and work.tree.lookup(real) is not None


def _add_components(work: Work, data: dict[str, Any], components: list[str]) -> None:
    for component in components:
        if "://" not in component and not _exists(work, component):
            place = f"{ROOT}/{join(work.where, component) or component}"
            raise KustomizeError(
                f"{component} has no match: must build at directory: not a valid directory: evalsymlink failure on "
                f"'{place}' : lstat {place}: no such file or directory"
            )
    commands.add_entries(data, "components", components)


def _options(work: Work) -> BuildOptions:
    flags = shlex.split(work.request.settings.kustomize_options)
    texts = " ".join(flags).replace("=", " ")
    doors = work.request.doors
    wanted = work.source.kustomize

    def helm(request: ChartRequest) -> str:
        work.volatile = work.volatile or bool(request.chart.get("repo"))
        return inflate(request, doors)

    def outside(door: Callable[[str], T] | None) -> Callable[[str], T] | None:
        def ask(url: str) -> T:
            work.volatile = True
            assert door is not None
            return door(url)

        return ask if door is not None else None

    return BuildOptions(
        display_root=ROOT,
        load_restrictions="none" if "LoadRestrictionsNone" in texts else "root",
        enable_helm="--enable-helm" in flags,
        helm=helm,
        helm_kube_version=wanted.kube_version or work.request.kube_version,
        helm_api_versions=wanted.api_versions or work.request.api_versions,
        fetch=outside(doors.base),
        fetch_file=outside(doors.resource),
    )
