"""Every Kubernetes object that stands in a tree's YAML files, with its place; and what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from holdfast.base.errors import HoldfastError, Place
from holdfast.base.tree import EntryKind, Tree, walk
from holdfast.kube import yaml
from holdfast.kube.refs import Manifest

_TEMPLATES = {"templates", "template", "skeleton"}
MAX_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    object: Manifest
    place: Place


@dataclass(frozen=True, slots=True)
class Unreadable:
    place: Place
    message: str


def documents(
    tree: Tree, concerns: Callable[[bytes], bool] | None = None, paths: Iterable[str] | None = None
) -> tuple[list[Document], list[Unreadable]]:
    """Of the files that ``concerns`` says yes to, or only of those at ``paths``."""
    found: list[Document] = []
    bad: list[Unreadable] = []
    for path in yaml_files(tree) if paths is None else paths:
        if not path.endswith((".yaml", ".yml")):
            continue
        data = tree.read(path)
        if len(data) > MAX_BYTES or b"kind" not in data or (concerns is not None and not concerns(data)):
            continue
        try:
            for document in yaml.load_all(data, source=path):
                found += _objects(document.value, Place(path, document.line))
        except HoldfastError as error:
            # A template is no YAML yet; whoever renders it will say what is wrong with it.
            if b"{{" not in data and not _TEMPLATES & set(path.split("/")[:-1]):
                bad.append(Unreadable(error.place or Place(path), error.message))
    return found, bad


def yaml_files(tree: Tree) -> Iterator[str]:
    """Paths of YAML files, but for what is hidden (``.git``, ``.github``, an archive): nothing of that is delivered by itself."""
    for path, entry in walk(tree):
        hidden = path.startswith((".", "_")) or "/." in path or "/_" in path
        if entry.kind is EntryKind.FILE and path.endswith((".yaml", ".yml")) and not hidden:
            yield path


def kustomization_files(tree: Tree) -> Iterator[str]:
    for path, entry in walk(tree):
        if entry.kind is EntryKind.FILE and path.rpartition("/")[2] in _KUSTOMIZATIONS:
            yield path


_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def _objects(value: object, place: Place) -> list[Document]:
    if not isinstance(value, dict) or not isinstance(value.get("metadata"), dict):
        items = value.get("items") if isinstance(value, dict) and value.get("kind") == "List" else None
        return [d for item in items or () for d in _objects(item, place)] if isinstance(items, list) else []
    if not (isinstance(value.get("kind"), str) and isinstance(value.get("apiVersion"), str)):
        return []
    return [Document(value, place)] if isinstance(value["metadata"].get("name"), str) else []
