"""Paths inside a tree: joined safely and with links followed, never out of the tree."""

from __future__ import annotations

from holdfast.base.tree import EntryKind, Tree

_LONGEST_CHAIN = 255


def clean(path: str) -> str:
    """A path in normal form that cannot leave the root: ``..`` at the top is dropped, as a chroot would."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", ".", ".."):
            parts.append(part)
    return "/".join(parts)


def resolve(tree: Tree, path: str) -> str | None:
    """The real path behind ``path``, links followed and kept inside the root; None where a link chain does not end."""
    todo = clean(path).split("/")[::-1]
    done: list[str] = []
    hops = 0
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            done = done[:-1]
            continue
        here = "/".join([*done, part])
        entry = tree.lookup(here)
        if entry is None or entry.kind is not EntryKind.LINK:
            done.append(part)
            continue
        hops += 1
        if hops > _LONGEST_CHAIN:
            return None
        target = tree.read(here).decode(errors="replace")
        if target.startswith("/"):
            done = []
        todo += target.split("/")[::-1]
    return "/".join(done)
