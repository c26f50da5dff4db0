"""Trees of a Git repository as ``base.tree.Tree``: Git's object ids are the content ids."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence

import pygit2

from holdfast.base.tree import Entry, EntryKind, MemoryTree, Tree

_KINDS = {0o100644: EntryKind.FILE, 0o100755: EntryKind.FILE, 0o120000: EntryKind.LINK, 0o040000: EntryKind.DIRECTORY}
_SUBMODULE = 0o160000
_DIRECTORIES = 64  # directories that a thread keeps open; a repository may have any number


class GitTree:
    """The tree with id ``tree_id`` of the repository at ``path``.

    Safe to use from several threads and to send to another process: every thread opens the repository for itself.
    """

    def __init__(self, path: str, tree_id: str) -> None:
        self.path = path
        self.tree_id = tree_id
        self._local = threading.local()

    def __getstate__(self) -> tuple[str, str]:
        return self.path, self.tree_id

    def __setstate__(self, state: tuple[str, str]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def _open(self) -> tuple[pygit2.Repository, dict[str, pygit2.Tree | None]]:
        local = self._local
        if not hasattr(local, "repository"):
            local.repository = pygit2.Repository(self.path)
            local.directories = {"": local.repository[self.tree_id].peel(pygit2.Tree)}
        return local.repository, local.directories

    def _directory(self, path: str) -> pygit2.Tree | None:
        repository, directories = self._open()
        if path in directories:
            return directories[path]
        item = self._item(path)
        found: pygit2.Tree | None = None
        if item is not None and item.filemode == 0o040000:
            found = repository[item.id].peel(pygit2.Tree)
        if len(directories) > _DIRECTORIES:
            top = directories[""]
            directories.clear()
            directories[""] = top
        directories[path] = found
        return found

    def _item(self, path: str) -> pygit2.Object | None:
        above, _, name = path.rpartition("/")
        parent = self._directory(above) if path else None
        # pygit2 (1.21) never lets go of a name that it was asked for: it may at least be one and the same each time.
        name = sys.intern(name)
        return parent[name] if parent is not None and name in parent else None

    def lookup(self, path: str) -> Entry | None:
        if path == "":
            return Entry("", EntryKind.DIRECTORY, self.tree_id)
        item = self._item(path)
        return None if item is None else _entry(item)

    def read(self, path: str) -> bytes:
        item = self._item(path)
        if item is None:
            raise IsADirectoryError(path) if not path else FileNotFoundError(path)
        if item.filemode in (0o040000, _SUBMODULE):
            raise IsADirectoryError(path)
        return bytes(self._open()[0][item.id].peel(pygit2.Blob).data)

    def entries(self, path: str) -> Sequence[Entry]:
        directory = self._directory(path)
        if directory is None:
            found = self.lookup(path)
            if found is not None and found.kind is EntryKind.DIRECTORY:
                return []  # a submodule that was not asked for
            raise NotADirectoryError(path) if found else FileNotFoundError(path)
        return sorted((_entry(item) for item in directory), key=lambda e: e.name)


def _entry(item: pygit2.Object) -> Entry:
    # A submodule that was not asked for is an empty directory, as after a checkout without submodules.
    kind = _KINDS.get(item.filemode, EntryKind.DIRECTORY if item.filemode == _SUBMODULE else EntryKind.FILE)
    return Entry(str(item.name), kind, str(item.id))


class MountedTree:
    """A tree with other trees mounted at paths (submodules, included sources). A mount hides what is below it."""

    def __init__(self, base: Tree, mounts: Mapping[str, Tree]) -> None:
        self._base = base
        self._mounts = dict(sorted(mounts.items(), key=lambda item: -len(item[0])))
        self._frame = MemoryTree({f"{path}/.": b"" for path in mounts})  # the directories that lead to mounts

    def _at(self, path: str) -> tuple[Tree, str] | None:
        for mount, tree in self._mounts.items():
            if mount == "" or path == mount or path.startswith(mount + "/"):
                return tree, path[len(mount) :].strip("/")
        return None

    def lookup(self, path: str) -> Entry | None:
        at = self._at(path)
        if at is not None:
            found = at[0].lookup(at[1])
            return found and Entry(path.rpartition("/")[2], found.kind, found.id, found.size)
        return self._base.lookup(path) or self._frame.lookup(path)

    def read(self, path: str) -> bytes:
        at = self._at(path)
        return at[0].read(at[1]) if at is not None else self._base.read(path)

    def entries(self, path: str) -> Sequence[Entry]:
        at = self._at(path)
        if at is not None:
            return at[0].entries(at[1])
        below = self._base.lookup(path)
        merged = {e.name: e for e in self._base.entries(path)} if below is not None else {}
        frame = self._frame.lookup(path)
        if frame is None and below is None:
            raise FileNotFoundError(path)
        for e in self._frame.entries(path) if frame is not None else ():
            found = self.lookup(f"{path}/{e.name}" if path else e.name)
            if found is not None:
                merged[e.name] = found
        return [merged[name] for name in sorted(merged)]


class WithoutLinks:
    """A tree without its symbolic links: Flux leaves them out of artifacts."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def lookup(self, path: str) -> Entry | None:
        found = self._tree.lookup(path)
        return None if found is not None and found.kind is EntryKind.LINK else found

    def read(self, path: str) -> bytes:
        if self.lookup(path) is None:
            raise FileNotFoundError(path)
        return self._tree.read(path)

    def entries(self, path: str) -> Sequence[Entry]:
        return [e for e in self._tree.entries(path) if e.kind is not EntryKind.LINK]


class SparseTree:
    """Only the files of a tree whose paths begin with one of some texts, and the directories that lead to them.

    That is how Flux checks sparse directories out: ``app`` takes ``application/`` too, ``./`` and ``/`` take nothing.
    """

    def __init__(self, tree: Tree, beginnings: Sequence[str]) -> None:
        self._tree = tree
        self._beginnings = tuple(beginnings)

    def _shows(self, path: str, kind: EntryKind) -> bool:
        if kind is not EntryKind.DIRECTORY:
            return path.startswith(self._beginnings)
        below = f"{path}/"
        return not path or any(b.startswith(below) or below.startswith(b) for b in self._beginnings)

    def lookup(self, path: str) -> Entry | None:
        entry = self._tree.lookup(path)
        return entry if entry is not None and self._shows(path, entry.kind) else None

    def read(self, path: str) -> bytes:
        if not self._shows(path, EntryKind.FILE):
            raise FileNotFoundError(path)
        return self._tree.read(path)

    def entries(self, path: str) -> Sequence[Entry]:
        top = path + "/" if path else ""
        return [e for e in self._tree.entries(path) if self._shows(top + e.name, e.kind)]
