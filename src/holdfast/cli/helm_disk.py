"""A chart directory on disk with its symbolic links followed, as helm follows them."""

from __future__ import annotations

import os
from collections.abc import Sequence

from holdfast.base.tree import Entry, EntryKind

_MAX_DEPTH = 40


class FollowingTree:
    """Links look like what they point to. A directory deeper than any real one (a cycle of links) is empty."""

    def __init__(self, root: str) -> None:
        self._root = os.path.realpath(root)

    def _real(self, path: str) -> str:
        return os.path.join(self._root, path) if path else self._root

    def lookup(self, path: str) -> Entry | None:
        real, name = self._real(path), path.rpartition("/")[2]
        if os.path.isdir(real):
            return Entry(name, EntryKind.DIRECTORY, "")
        return (
            Entry(name, EntryKind.FILE if os.path.isfile(real) else EntryKind.LINK, "")
            if os.path.lexists(real)
            else None
        )

    def read(self, path: str) -> bytes:
        with open(self._real(path), "rb") as f:
            return f.read()

    def entries(self, path: str) -> Sequence[Entry]:
        if path.count("/") > _MAX_DEPTH:
            return []
        found = (self.lookup(f"{path}/{n}" if path else n) for n in sorted(os.listdir(self._real(path))))
        return [e for e in found if e is not None]
