"""The kustomization that Flux builds: the one at the path, or one made for a plain directory, with a unit's fields put in.

Tree and `KustomizeBuild` in, the text of a kustomization and where it stands out. The rules are those of
fluxcd/pkg ``kustomize/kustomize_generator.go``: a directory without a kustomization gets one over all ``*.yaml`` and ``*.yml``
below it (a sub-directory with a kustomization of its own counts as a base), and an existing one is rewritten, which drops
fields that kustomize does not know.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.base.errors import HoldfastError, Place, Stop
from holdfast.base.tree import Entry, EntryKind, RecordingTree, Tree
from holdfast.kube import yaml
from holdfast.kustomize.gojson import decode
from holdfast.kustomize.kustfile import KUSTOMIZATION
from holdfast.model.delivery import Image, KustomizeBuild, Patch, Selector
from holdfast.render.manifests import check
from holdfast.render.paths import resolve

KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_REMOTE = ("git::", "gh:", "ssh://", "https://", "http://", "git@", "github.com:", "github.com/")


class GenerateError(Stop):
    """A directory or a kustomization that cannot be turned into a build."""


@dataclass(frozen=True, slots=True)
class Generated:
    path: str
    text: bytes


def generate(tree: Tree, directory: str, build: KustomizeBuild, *, display_root: str = "") -> Generated:
    """The kustomization for ``directory`` (a real path in the tree). Raises `GenerateError`."""
    existing = _find(tree, directory)
    if existing is not None:
        content = _read(tree, existing)
        if not content.get("resources"):
            # kustomize refuses a kustomization with nothing in it; Flux gives it something harmless to do.
            content["buildMetadata"] = ["originAnnotations"]
    else:
        existing = _join(directory, KUSTOMIZATION_NAMES[0])
        found = [_relative(p, directory) for p in _manifests(tree, directory, display_root)]
        content = {"resources": found} if found else {"namespace": "_placeholder"}
    content = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", **content}
    _inject(content, tree, directory, build)
    return Generated(existing, yaml.dump(content).encode())


def _join(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory else name


def _relative(path: str, directory: str) -> str:
    return "./" + (path[len(directory) + 1 :] if directory else path)


def _find(tree: Tree, directory: str) -> str | None:
    """The path of the directory's kustomization, in kustomize's order of names."""
    for name in KUSTOMIZATION_NAMES:
        path = _join(directory, name)
        entry = tree.lookup(path)
        if entry is not None and entry.kind is EntryKind.LINK:
            real = resolve(tree, path)
            entry = tree.lookup(real) if real is not None else None
        if entry is not None and entry.kind is EntryKind.FILE:
            return path
    return None


def _bytes(tree: Tree, path: str) -> bytes:
    real = resolve(tree, path)
    if real is None:
        raise GenerateError(f"too many levels of symbolic links: {path}", place=Place(path))
    return tree.read(real)


def _read(tree: Tree, path: str) -> dict[str, Any]:
    """What the file says of the fields that kustomize knows; others are dropped, as Flux rewrites the file first."""
    try:
        content = yaml.load(_bytes(tree, path), source=path)
    except yaml.YAMLError as error:
        raise GenerateError(f"error converting YAML to JSON: {error.message}", place=error.place) from error
    try:
        known = decode({} if content is None else content, KUSTOMIZATION, strict=False, coerce=True)
    except HoldfastError as error:
        message = f"error unmarshaling JSON: while decoding JSON: {error.message}"
        raise GenerateError(message, place=Place(path)) from error
    return {k: v for k, v in known.items() if v not in (None, [], {}, "", False)}


def _manifests(tree: Tree, directory: str, display_root: str) -> Iterator[str]:
    for entry in listing(tree, directory):
        path = _join(directory, entry.name)
        if entry.kind is EntryKind.DIRECTORY:
            if _find(tree, path) is not None:
                yield path
            else:
                yield from _manifests(tree, path, display_root)
            continue
        if not entry.name.endswith(_MANIFESTS) or _leads_to_directory(tree, path):
            continue
        try:
            data = _bytes(tree, path)
        except OSError as error:
            raise GenerateError(f"open {display_root}/{path}: no such file or directory", place=Place(path)) from error
        problem = check(data)
        if problem:
            raise GenerateError(
                f"failed to decode Kubernetes YAML from {display_root}/{path}: {problem.message}",
                place=Place(path, problem.line),
            )
        yield path


_MANIFESTS = (".yaml", ".yml")


def concerns(entry: Entry) -> bool:
    """Whether an entry of a plain directory can make a difference to the kustomization that is generated for it."""
    return entry.kind is EntryKind.DIRECTORY or entry.name.endswith(_MANIFESTS) or entry.name in KUSTOMIZATION_NAMES


def listing(tree: Tree, directory: str) -> list[Entry]:
    """The entries that concern a generated kustomization; only those count as read."""
    if not isinstance(tree, RecordingTree):
        return [e for e in tree.entries(directory) if concerns(e)]
    known = dict(tree.reads)
    found = [e for e in tree.entries(directory) if concerns(e)]
    tree.reads.clear()
    tree.reads.update(known)
    tree.reads[f"{directory}/{LISTING}"] = listing_id(found)
    return found


LISTING = "*.yaml"
"""Stands for a directory's manifests in recorded reads; no file of a repository is called so."""


def listing_id(entries: Iterable[Entry]) -> str:
    """A content id for a listing."""
    names = "\0".join(f"{e.kind.value} {e.name}" for e in entries)
    return hashlib.sha256(names.encode()).hexdigest()


def _leads_to_directory(tree: Tree, path: str) -> bool:
    real = resolve(tree, path)
    entry = tree.lookup(real) if real is not None else None
    return entry is not None and entry.kind is EntryKind.DIRECTORY


def _inject(content: dict[str, Any], tree: Tree, directory: str, build: KustomizeBuild) -> None:
    simple = {"namespace": build.target_namespace, "namePrefix": build.name_prefix, "nameSuffix": build.name_suffix}
    content.update({field: value for field, value in simple.items() if value})
    if build.patches:
        content["patches"] = [*_list(content, "patches"), *(_patch(p) for p in build.patches)]
    components = list(_components(tree, directory, build))
    if components:
        content["components"] = [*_list(content, "components"), *components]
    if build.images:
        content["images"] = _images(_list(content, "images"), build.images)
    if build.build_metadata:
        content["buildMetadata"] = list(build.build_metadata)


def _list(content: Mapping[str, Any], field: str) -> list[Any]:
    found = content.get(field)
    return list(found) if isinstance(found, list) else []


def _components(tree: Tree, directory: str, build: KustomizeBuild) -> Iterator[str]:
    for component in build.components:
        if component.lower().startswith(_REMOTE) or component.lower().removeprefix("file://").startswith("/"):
            raise GenerateError(f"component path '{component}' must be local and relative")
        real = resolve(tree, _join(directory, component))
        if build.ignore_missing_components and (real is None or tree.lookup(real) is None):
            continue
        yield component


def _patch(patch: Patch) -> dict[str, Any]:
    out: dict[str, Any] = {"patch": patch.patch}
    if patch.target is not None:
        out["target"] = _selector(patch.target)
    return out


def _selector(selector: Selector) -> dict[str, str]:
    fields = {
        "group": selector.group,
        "version": selector.version,
        "kind": selector.kind,
        "name": selector.name,
        "namespace": selector.namespace,
        "labelSelector": selector.label_selector,
        "annotationSelector": selector.annotation_selector,
    }
    return {k: v for k, v in fields.items() if v}


def _images(existing: list[Any], images: tuple[Image, ...]) -> list[Any]:
    """A unit's image joins an entry of the same name; tag and digest are one choice, so a new one replaces both."""
    out = [dict(i) if isinstance(i, dict) else i for i in existing]
    for image in images:
        entry = next((i for i in out if isinstance(i, dict) and i.get("name") == image.name), None)
        if entry is None:
            entry = {"name": image.name}
            out.append(entry)
        if image.new_name:
            entry["newName"] = image.new_name
        if image.new_tag or image.digest:
            version = {"newTag": image.new_tag, "digest": image.digest}
            for key, value in version.items():
                entry.pop(key, None)
                if value:
                    entry[key] = value
    return out
