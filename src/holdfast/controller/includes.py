"""Included repositories: the files of other artifacts put into a tree.

In: a tree and (destination, source path, tree) triples. Out: the tree with the copies in it, or why that cannot be.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from holdfast.base.errors import Stop
from holdfast.base.tree import Entry, EntryKind, Tree


class CopyFailed(Stop):
    """The included path is missing, or its destination is taken."""


class Subtree:
    """A directory of a tree as a tree of its own."""

    def __init__(self, tree: Tree, top: str) -> None:
        self._tree = tree
        self._top = top

    def _at(self, path: str) -> str:
        return f"{self._top}/{path}".strip("/")

    def lookup(self, path: str) -> Entry | None:
        return self._tree.lookup(self._at(path))

    def read(self, path: str) -> bytes:
        return self._tree.read(self._at(path))

    def entries(self, path: str) -> Sequence[Entry]:
        return self._tree.entries(self._at(path))


def clean(path: str) -> str:
    """Normal form, never above the root."""
    return os.path.normpath("/" + path).strip("/")


def place(base: Tree, into: str, included: Tree, from_path: str) -> tuple[str, Tree]:
    """Where and what to mount. Raises CopyFailed in the words of the real controller's copy by rename."""
    source, target = clean(from_path), clean(into)
    temporary = "/tmp/flux-include-1"
    below = f"{temporary}/unpack/{source}" if source else f"{temporary}/unpack"
    found = included.lookup(source)
    if source and found is None:
        raise CopyFailed(f"cannot stat {below}: stat {below}: no such file or directory")
    there = base.lookup(target) if target else None
    if not target or (there is not None and there.kind is EntryKind.DIRECTORY and base.entries(target)):
        work = f"/tmp/gitrepository-work/{target}".rstrip("/")
        raise CopyFailed(f"link error: cannot rename {below} to {work}: rename {below} {work}: file exists")
    return target, Subtree(included, source)
