"""A directory on disk as a tree, for commands that build once: nothing is hashed, links are told as links."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

from holdfast.base.tree import Entry, EntryKind


class QuickDiskTree:
    """Like ``DiskTree``; ids are made of time and size, which tell apart what is there from what is not."""

    def __init__(self, root: str) -> None:
        self._root = os.path.realpath(root)

    def _real(self, path: str) -> str:
        return os.path.join(self._root, path) if path else self._root

    def lookup(self, path: str) -> Entry | None:
        try:
            found = os.lstat(self._real(path))
        except (OSError, ValueError):
            return None
        name = path.rpartition("/")[2]
        mark = f"{found.st_mtime_ns}-{found.st_size}"
        if stat.S_ISLNK(found.st_mode):
            return Entry(name, EntryKind.LINK, mark)
        if stat.S_ISDIR(found.st_mode):
            return Entry(name, EntryKind.DIRECTORY, "")
        return Entry(name, EntryKind.FILE, mark, found.st_size)

    def read(self, path: str) -> bytes:
        real = self._real(path)
        if os.path.islink(real):
            return os.readlink(real).encode()
        with open(real, "rb") as file:
            return file.read()

    def entries(self, path: str) -> Sequence[Entry]:
        found = (self.lookup(f"{path}/{n}" if path else n) for n in sorted(os.listdir(self._real(path))))
        return [e for e in found if e is not None]
