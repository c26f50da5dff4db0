"""A directory on disk as a tree, for commands that build once: nothing is hashed, links are told as links."""

from __future__ import annotations

import contextlib
import errno
import operator
import os
import stat
from collections.abc import Sequence

from holdfast.base.errors import Stop
from holdfast.base.tree import Entry, EntryKind, Tree

_SMALL = 1 << 18
_CHUNK = 1 << 16


def require_directory(path: str) -> str:
    if not os.path.isdir(path):
        raise Stop(f"{path} is not a directory", hint="name a checkout of a GitOps repository")
    return path


class QuickDiskTree:
    """Like ``DiskTree``; ids are made of time and size, which tell apart what is there from what is not."""

    def __init__(self, root: str) -> None:
        self._root = os.path.realpath(root)
        self._within = self._root.rstrip("/") + "/"

    def _real(self, path: str) -> str:
        return self._within + path if path else self._root

    def lookup(self, path: str) -> Entry | None:
        try:
            found = os.lstat(self._real(path))
        except (OSError, ValueError):
            return None
        return _entry(path.rpartition("/")[2], found)

    def read(self, path: str) -> bytes:
        real = self._real(path)
        try:
            # A pipe without a writer is opened at once, and then told.
            descriptor = os.open(real, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            if os.path.islink(real):
                return os.readlink(real).encode()
            raise
        # A third of what a file object costs; large builds read thousands of small files.
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return _odd(real)
            data = os.read(descriptor, _CHUNK)
            while more := os.read(descriptor, max(_CHUNK, len(data))):
                data += more
        finally:
            os.close(descriptor)
        return data

    def entries(self, path: str) -> Sequence[Entry]:
        found = []
        with os.scandir(self._real(path)) as listed:
            for item in listed:
                # What goes away in between is not there.
                with contextlib.suppress(OSError):
                    found.append(_entry(item.name, item.stat(follow_symlinks=False)))
        return sorted(found, key=_name)


def _odd(path: str) -> bytes:
    """Devices and pipes may never end, and may never begin."""
    if os.path.realpath(path) == os.devnull:
        return b""
    raise OSError(errno.EINVAL, "not a regular file", path)


_name = operator.attrgetter("name")


def _entry(name: str, found: os.stat_result) -> Entry:
    if stat.S_ISDIR(found.st_mode):
        return Entry(name, EntryKind.DIRECTORY, "")
    mark = f"{found.st_mtime_ns}-{found.st_size}"
    if stat.S_ISLNK(found.st_mode):
        return Entry(name, EntryKind.LINK, mark)
    return Entry(name, EntryKind.FILE, mark, found.st_size)


class Remembered:
    """A tree that does not change while it is looked at again and again: what was found once is kept, large files are not."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._lookups: dict[str, Entry | None] = {}
        self._entries: dict[str, Sequence[Entry]] = {}
        self._data: dict[str, bytes] = {}

    def lookup(self, path: str) -> Entry | None:
        if path not in self._lookups:
            self._lookups[path] = self._tree.lookup(path)
        return self._lookups[path]

    def read(self, path: str) -> bytes:
        if path in self._data:
            return self._data[path]
        data = self._tree.read(path)
        if len(data) <= _SMALL:
            self._data[path] = data
        return data

    def entries(self, path: str) -> Sequence[Entry]:
        if path not in self._entries:
            found = self._entries[path] = self._tree.entries(path)
            self._lookups.update((f"{path}/{e.name}" if path else e.name, e) for e in found)
        return self._entries[path]
