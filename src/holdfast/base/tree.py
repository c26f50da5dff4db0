"""Read-only file trees as arguments: engines see a ``Tree``, never a disk.

Paths are relative POSIX paths in normal form (no ``.``, ``..``, leading or trailing slash); ``""`` is the root. A tree
does not follow symbolic links: it tells that an entry is one, and ``read`` gives its target. Every entry has a content id
(Git's own object id where the tree comes from Git), so a set of (path, id) says exactly what a build depends on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Protocol

from holdfast.base.record import Record


class EntryKind(Enum):
    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"


class Entry(Record):
    """``id`` is the content id; the size in bytes is -1 where it is not known without reading."""

    name: str
    kind: EntryKind
    id: str
    size: int = -1


class Tree(Protocol):
    """What an engine may ask of files."""

    def lookup(self, path: str) -> Entry | None:
        """The entry at a path, or None. Never follows links, neither at the end nor on the way."""
        ...

    def read(self, path: str) -> bytes:
        """A file's bytes, or a link's target. Raises FileNotFoundError or IsADirectoryError."""
        ...

    def entries(self, path: str) -> Sequence[Entry]:
        """A directory's entries sorted by name. Raises FileNotFoundError or NotADirectoryError."""
        ...


def walk(tree: Tree, top: str = "") -> Iterator[tuple[str, Entry]]:
    """Every entry under ``top`` that is not a directory, with its full path, in path order; links are not followed."""
    for entry in tree.entries(top):
        path = f"{top}/{entry.name}" if top else entry.name
        if entry.kind is EntryKind.DIRECTORY:
            yield from walk(tree, path)
        else:
            yield path, entry


def changed_directories(old: Tree, new: Tree, limit: int = 1000) -> frozenset[str] | None:
    """The directories whose own entries differ between two trees, and all above them; None where ``limit`` or more differ.

    What has the same id in both is not looked into.
    """
    found, todo = set[str](), [""]
    while todo and len(found) < limit:
        top = todo.pop()
        was, now = ({e.name: e for e in _entries(tree, top)} for tree in (old, new))
        for name in was.keys() | now.keys():
            one, other = was.get(name), now.get(name)
            is_directory = [e is not None and e.kind is EntryKind.DIRECTORY for e in (one, other)]
            if any(is_directory) and (one != other or not (one and one.id)):
                todo.append(f"{top}/{name}" if top else name)
            if one != other and not all(is_directory):
                found.add(top)
    return frozenset(a for d in found for a in _and_above(d)) if len(found) < limit else None


def _entries(tree: Tree, path: str) -> Sequence[Entry]:
    try:
        return tree.entries(path)
    except (FileNotFoundError, NotADirectoryError):
        return ()


def _and_above(path: str) -> Iterator[str]:
    yield path
    while path:
        path = path.rpartition("/")[0]
        yield path


def blob_id(data: bytes) -> str:
    """The id that Git gives these bytes as a blob (SHA-1)."""
    # Loads OpenSSL, which costs a short command more than its work.
    import hashlib

    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


class MemoryTree:
    """A tree made of a mapping from path to bytes. Links are given apart, as a mapping from path to target."""

    def __init__(self, files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> None:
        self._leaves: dict[str, tuple[EntryKind, bytes]] = {p: (EntryKind.FILE, d) for p, d in files.items()}
        self._leaves.update({p: (EntryKind.LINK, t.encode()) for p, t in (links or {}).items()})
        self._directories: dict[str, set[str]] = {"": set()}
        for path in self._leaves:
            self._add_parents(path)

    def _add_parents(self, path: str) -> None:
        while path:
            parent, _, name = path.rpartition("/")
            known = parent in self._directories
            self._directories.setdefault(parent, set()).add(name)
            if known:
                return
            path = parent

    def lookup(self, path: str) -> Entry | None:
        name = path.rpartition("/")[2]
        leaf = self._leaves.get(path)
        if leaf is not None:
            kind, data = leaf
            return Entry(name, kind, blob_id(data), len(data))
        return Entry(name, EntryKind.DIRECTORY, "") if path in self._directories else None

    def read(self, path: str) -> bytes:
        leaf = self._leaves.get(path)
        if leaf is not None:
            return leaf[1]
        raise IsADirectoryError(path) if path in self._directories else FileNotFoundError(path)

    def entries(self, path: str) -> Sequence[Entry]:
        names = self._directories.get(path)
        if names is None:
            raise NotADirectoryError(path) if path in self._leaves else FileNotFoundError(path)
        found = (self.lookup(f"{path}/{n}" if path else n) for n in sorted(names))
        return [e for e in found if e is not None]


class DiskTree:
    """A directory on disk. Ids are computed when an entry is looked up; directories have none."""

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)

    def _real(self, path: str) -> str:
        return os.path.join(self.root, path) if path else self.root

    def lookup(self, path: str) -> Entry | None:
        real, name = self._real(path), path.rpartition("/")[2]
        if self._crosses_link(path):
            return None
        if os.path.islink(real):
            return Entry(name, EntryKind.LINK, blob_id(os.readlink(real).encode()))
        if os.path.isdir(real):
            return Entry(name, EntryKind.DIRECTORY, "")
        if os.path.isfile(real):
            data = self.read(path)
            return Entry(name, EntryKind.FILE, blob_id(data), len(data))
        return None

    def _crosses_link(self, path: str) -> bool:
        parts = path.split("/")[:-1]
        return any(os.path.islink(self._real("/".join(parts[: i + 1]))) for i in range(len(parts)))

    def read(self, path: str) -> bytes:
        real = self._real(path)
        if os.path.islink(real):
            return os.readlink(real).encode()
        with open(real, "rb") as f:
            return f.read()

    def entries(self, path: str) -> Sequence[Entry]:
        found = (self.lookup(f"{path}/{n}" if path else n) for n in sorted(os.listdir(self._real(path))))
        return [e for e in found if e is not None]


class OverlayTree:
    """A tree with some files replaced or added (never removed): how a generated file joins a repository."""

    def __init__(self, base: Tree, files: Mapping[str, bytes]) -> None:
        self._base = base
        self._over = MemoryTree(files)

    def lookup(self, path: str) -> Entry | None:
        over = self._over.lookup(path)
        if over is not None and over.kind is not EntryKind.DIRECTORY:
            return over
        return self._base.lookup(path) or over

    def read(self, path: str) -> bytes:
        try:
            return self._over.read(path)
        except OSError:
            return self._base.read(path)

    def entries(self, path: str) -> Sequence[Entry]:
        over = self._over.lookup(path)
        if over is None or over.kind is not EntryKind.DIRECTORY:
            return self._base.entries(path)
        below = self._base.lookup(path)
        merged = {e.name: e for e in self._base.entries(path)} if below is not None else {}
        for e in self._over.entries(path):
            if e.kind is not EntryKind.DIRECTORY or e.name not in merged:
                merged[e.name] = e
        return [merged[n] for n in sorted(merged)]


class RecordingTree:
    """Passes everything on and remembers what was looked at: ``reads`` maps path to content id ("" where nothing was).

    Listing a directory is recorded under the path with a trailing slash and a digest of its names, so that a file that
    appears later counts as a change of input.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.reads: dict[str, str] = {}

    def lookup(self, path: str) -> Entry | None:
        entry = self._tree.lookup(path)
        if entry is None:
            self.reads[path] = ""
        elif entry.kind is not EntryKind.DIRECTORY:
            self.reads[path] = entry.id
        return entry

    def read(self, path: str) -> bytes:
        data = self._tree.read(path)
        if path not in self.reads:
            entry = self._tree.lookup(path)
            self.reads[path] = entry.id if entry else blob_id(data)
        return data

    def entries(self, path: str) -> Sequence[Entry]:
        import hashlib

        found = self._tree.entries(path)
        names = "\0".join(f"{e.kind.value} {e.name}" for e in found)
        self.reads[path + "/"] = hashlib.sha256(names.encode()).hexdigest()
        return found
