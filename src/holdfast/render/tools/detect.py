"""Where an application lies in a tree, what overrides it there, and which tool it asks for."""

from __future__ import annotations

from dataclasses import dataclass, field

from holdfast.base.tree import EntryKind, Tree
from holdfast.kube import yaml
from holdfast.model.app import AppSource, Raw, SourceType
from holdfast.render.paths import resolve
from holdfast.render.tools.request import ROOT, Environment, SourceError, SourceRequest, ToolSettings

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


@dataclass(slots=True)
class Work:
    """One rendering under way: ``where`` is the application's directory in ``tree``, ``refs`` the trees by ``$name``."""

    request: SourceRequest
    source: AppSource
    tree: Tree
    where: str
    environment: Environment
    refs: dict[str, Tree] = field(default_factory=dict)
    volatile: bool = False


def join(directory: str, path: str) -> str | None:
    """A path from a directory in normal form; None where it leads out of the root."""
    parts = [p for p in directory.split("/") if p]
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def directory_of(tree: Tree, path: str) -> str:
    """Raises SourceError for a path that is not a directory of the tree."""
    if path.startswith("/"):
        raise SourceError(f"{path}: app path is absolute")
    wanted = join("", path)
    if wanted is None:
        raise SourceError(f"{path}: app path outside root")
    real = resolve(tree, wanted)
    entry = tree.lookup(real) if real is not None else None
    if real is None or entry is None:
        raise SourceError(f"{path}: app path does not exist")
    if entry.kind is not EntryKind.DIRECTORY:
        raise SourceError(f"{path}: app path is not a directory")
    return real


def overridden(tree: Tree, where: str, request: SourceRequest) -> AppSource:
    """The source with the override files of its directory merged in; where it comes from stays as declared."""
    raw: Raw = request.source.raw
    for name in request.override_files:
        path = f"{where}/{name}" if where else name
        entry = tree.lookup(path)
        if entry is None or entry.kind is EntryKind.DIRECTORY:
            continue
        patch = _overrides(path, tree.read(path), request)
        raw = merged(raw, patch)
    if raw is request.source.raw:
        return request.source
    fixed = {k: request.source.raw[k] for k in request.fixed_fields if k in request.source.raw}
    kept = {k: v for k, v in raw.items() if k not in request.fixed_fields}
    return request.reread({**kept, **fixed})


def _overrides(path: str, data: bytes, request: SourceRequest) -> Raw:
    """Raises SourceError for a file that is no source."""
    try:
        patch = yaml.load(data)
        problem = "" if patch is None else request.fault(patch)
    except yaml.YAMLError as error:
        patch, problem = None, error.message
    if problem:
        raise SourceError(
            f"error getting app source type: error while parsing source parameters: {ROOT}/{path}: {problem}"
        )
    return patch or {}


def merged(target: Raw, patch: Raw) -> Raw:
    """RFC 7386."""
    out = dict(target)
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        elif isinstance(value, dict):
            below = out.get(key)
            out[key] = merged(below if isinstance(below, dict) else {}, value)
        else:
            out[key] = value
    return out


def choose(tree: Tree, where: str, source: AppSource, settings: ToolSettings) -> SourceType:
    """The tool that the source names, else the one whose file is there, else plain manifests."""
    if len(source.types) > 1:
        raise SourceError(
            f"error getting app source type: multiple application sources defined: {','.join(source.types)}"
        )
    if source.types:
        found = source.types[0]
        return found if found in settings.enabled or found is SourceType.PLUGIN else SourceType.DIRECTORY
    names = {e.name for e in tree.entries(where) if e.kind is not EntryKind.DIRECTORY}
    if names.intersection(KUSTOMIZATIONS) and SourceType.KUSTOMIZE in settings.enabled:
        return SourceType.KUSTOMIZE
    if "Chart.yaml" in names and SourceType.HELM in settings.enabled:
        return SourceType.HELM
    return SourceType.DIRECTORY
