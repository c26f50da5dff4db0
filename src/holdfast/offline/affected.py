"""Which units a change of files can concern, without building them: too many rather than too few.

In: a tree and the paths that changed. Out: whether a unit's directory, what its kustomizations point at outside of it, or a
chart that a release in it names has changed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from holdfast.base.errors import HoldfastError
from holdfast.base.tree import EntryKind, Tree, walk
from holdfast.kube import yaml
from holdfast.render.generate import KUSTOMIZATION_NAMES


class Affected:
    """One tree's view of a set of changed paths."""

    def __init__(self, tree: Tree, changed: Iterable[str]) -> None:
        self._tree = tree
        self.changed = frozenset(changed)
        self._charts = sorted({d for p in self.changed for d in self._chart_directories(p)})
        self._known: dict[str, bool] = {}
        self._reach: dict[str, frozenset[str]] = {}

    def _chart_directories(self, path: str) -> Iterator[str]:
        parts = path.split("/")
        for depth in range(1, len(parts)):
            directory = "/".join(parts[:depth])
            if self._tree.lookup(f"{directory}/Chart.yaml") is not None:
                yield directory

    def directory(self, path: str | None) -> bool:
        """Whether anything that a build of a directory could look at has changed."""
        if path is None:
            return True
        if path not in self._known:
            self._known[path] = any(self._touched(d) for d in self.reach(path))
        return self._known[path]

    def release(self, text: bytes) -> bool:
        """Whether a HelmRelease's text names a chart, or a values file, that changed."""
        return any(d.encode() in text for d in self._charts) or any(p.encode() in text for p in self.changed)

    def _touched(self, directory: str) -> bool:
        head = f"{directory}/" if directory else ""
        return any(p.startswith(head) or p == directory for p in self.changed) or self._names_chart(directory)

    def _names_chart(self, directory: str) -> bool:
        """Whether a release below a directory is of a chart that changed."""
        if not self._charts and not any(p.endswith((".yaml", ".yml")) for p in self.changed):
            return False
        return any(b"HelmRelease" in data and self.release(data) for data in self._manifests(directory))

    def _manifests(self, directory: str) -> Iterator[bytes]:
        for path, entry in self._walk(directory):
            if entry is EntryKind.FILE and path.endswith((".yaml", ".yml")):
                yield self._tree.read(path)

    def _walk(self, directory: str) -> Iterator[tuple[str, EntryKind]]:
        found = self._tree.lookup(directory) if directory else None
        if directory and (found is None or found.kind is not EntryKind.DIRECTORY):
            return
        for path, entry in walk(self._tree, directory):
            yield path, entry.kind

    def reach(self, directory: str) -> frozenset[str]:
        """The directory, and every other one (or file) that kustomizations in it lead to."""
        if directory not in self._reach:
            seen = {directory}
            todo = [directory]
            while todo:
                for target in self._outward(todo.pop()):
                    if not any(target == s or target.startswith(f"{s}/") for s in seen):
                        seen.add(target)
                        todo.append(target)
            self._reach[directory] = frozenset(seen)
        return self._reach[directory]

    def _outward(self, directory: str) -> Iterator[str]:
        for path, kind in self._walk(directory):
            if kind is EntryKind.LINK:
                yield posixpath.normpath(posixpath.join(posixpath.dirname(path), self._tree.read(path).decode()))
            elif path.rpartition("/")[2] in KUSTOMIZATION_NAMES:
                data = self._tree.read(path)
                if b".." in data:
                    yield from _paths(data, posixpath.dirname(path))


def _paths(data: bytes, directory: str) -> Iterator[str]:
    """Every text of a kustomization that is a path out of its directory."""
    try:
        content = yaml.load(data)
    except HoldfastError:
        return
    for text in _texts(content):
        # Generators say ``key=path`` too.
        for part in (text, text.partition("=")[2]):
            if part.startswith("..") and "\n" not in part:
                found = posixpath.normpath(posixpath.join(directory, part))
                if not found.startswith(".."):
                    yield "" if found == "." else found


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def changed_paths(before: Tree, after: Tree, directory: str = "") -> Iterator[str]:
    """Paths of files that differ between two trees with content ids; equal directories are not looked into."""
    old = {e.name: e for e in before.entries(directory)} if _is_directory(before, directory) else {}
    new = {e.name: e for e in after.entries(directory)} if _is_directory(after, directory) else {}
    for name in sorted(old.keys() | new.keys()):
        path = f"{directory}/{name}" if directory else name
        one, other = old.get(name), new.get(name)
        if one is not None and other is not None and one.kind is other.kind and one.id == other.id and one.id:
            continue
        if EntryKind.DIRECTORY in (one.kind if one else None, other.kind if other else None):
            yield from changed_paths(before, after, path)
        if any(e is not None and e.kind is not EntryKind.DIRECTORY for e in (one, other)):
            yield path


def _is_directory(tree: Tree, path: str) -> bool:
    entry = tree.lookup(path) if path else None
    return not path or (entry is not None and entry.kind is EntryKind.DIRECTORY)
