"""A directory of a tree as a tree of its own."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.base.tree import Entry, Tree


class Below:
    """Paths are from ``top`` on; what is above cannot be named."""

    def __init__(self, tree: Tree, top: str) -> None:
        self._tree = tree
        self._top = top

    def _path(self, path: str) -> str:
        return f"{self._top}/{path}".strip("/")

    def lookup(self, path: str) -> Entry | None:
        return self._tree.lookup(self._path(path))

    def read(self, path: str) -> bytes:
        return self._tree.read(self._path(path))

    def entries(self, path: str) -> Sequence[Entry]:
        return self._tree.entries(self._path(path))
