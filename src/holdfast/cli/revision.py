"""The files of a directory as they were in a revision: those that differ come out of Git, the others from the directory.

In: a directory and a revision's name. Out: the tree of then, beside a tree of now, and the paths that differ. Git itself is asked
where it is installed, as it starts sooner and knows every extension of a repository; libgit2 elsewhere. Writes nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from holdfast.base.errors import Stop
from holdfast.base.tree import Entry, EntryKind, MemoryTree, Tree

_LINK, _SUBMODULE, _NOTHING = "120000", "160000", "000000"
_HINT = "compare with a cluster instead: --live"


@dataclass(frozen=True, slots=True)
class Earlier:
    """What differs below the directory: by path, what was there (None: nothing), as (mode, bytes)."""

    files: Mapping[str, tuple[str, bytes] | None]

    def tree(self, now: Tree) -> Tree:
        return EarlierTree(now, self)


def earlier(path: str, revision: str) -> Earlier:
    """Raises Stop where there is no such revision, or no repository."""
    return _by_program(path, revision) if shutil.which("git") else _by_library(path, revision)


class EarlierTree:
    """``now``, with what differs as it was. Whatever did not change is looked up and read in ``now``."""

    def __init__(self, now: Tree, difference: Earlier) -> None:
        self._now = now
        kept = {p: f for p, f in difference.files.items() if f is not None}
        links = {p: data.decode() for p, (mode, data) in kept.items() if mode == _LINK}
        self._then = MemoryTree({p: data for p, (mode, data) in kept.items() if mode != _LINK}, links)
        self._differ = {path for file in difference.files for path in _with_parents(file)}

    def lookup(self, path: str) -> Entry | None:
        if path not in self._differ:
            return self._now.lookup(path)
        found = self._then.lookup(path)
        if found is None and path and self._now_directory(path) and self.entries(path):
            return Entry(path.rpartition("/")[2], EntryKind.DIRECTORY, "")
        return found

    def read(self, path: str) -> bytes:
        return self._then.read(path) if path in self._differ else self._now.read(path)

    def entries(self, path: str) -> Sequence[Entry]:
        if path not in self._differ:
            return self._now.entries(path)
        below = f"{path}/" if path else ""
        then = self._then.lookup(path)
        names = {e.name for e in self._then.entries(path)} if then and then.kind is EntryKind.DIRECTORY else set()
        if self._now_directory(path):
            names |= {e.name for e in self._now.entries(path)}
        found = (self.lookup(below + name) for name in sorted(names))
        return [e for e in found if e is not None]

    def _now_directory(self, path: str) -> bool:
        found = self._now.lookup(path) if path else None
        return not path or (found is not None and found.kind is EntryKind.DIRECTORY)


def _with_parents(path: str) -> Iterator[str]:
    yield path
    while path:
        path = path.rpartition("/")[0]
        yield path


# -- by Git's own program ------------------------------------------------------------------------------------------------


def _by_program(path: str, revision: str) -> Earlier:
    """Asked so that nothing a repository configures is run: no external diff, no monitor of the file system."""
    if revision.startswith("-"):
        raise _unknown(revision)
    diff = ("diff", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--ignore-submodules", "--relative")
    told = _git(path, *diff, revision, "--")
    if told.returncode:
        inside = _git(path, "rev-parse", "--is-inside-work-tree")
        raise _unknown(revision) if inside.returncode == 0 else _outside(path, inside.stderr)
    changed = list(_changed(told.stdout))
    untracked = _git(path, "ls-files", "-o", "-z", "--exclude-standard").stdout
    blobs = _blobs(path, [blob for _, mode, blob in changed if mode not in (_NOTHING, _SUBMODULE)])
    files: dict[str, tuple[str, bytes] | None] = {_text(name): None for name in untracked.split(b"\0") if name}
    for name, mode, blob in changed:
        files[name] = (mode, blobs[blob]) if blob in blobs else None
    return Earlier(files)


def _git(path: str, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = ["git", "-c", "core.fsmonitor=false", "-C", path, *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=False)


def _changed(told: bytes) -> Iterator[tuple[str, str, str]]:
    """(path, mode, blob) of then for each line of ``git diff --raw -z``."""
    parts = told.split(b"\0")
    for line, name in zip(parts[::2], parts[1::2], strict=False):
        mode, _, blob = line.decode()[1:].split(" ")[:3]
        yield _text(name), mode, blob


def _blobs(path: str, wanted: list[str]) -> dict[str, bytes]:
    if not wanted:
        return {}
    told = _git(path, "cat-file", "--batch", given="\n".join(wanted).encode() + b"\n").stdout
    found: dict[str, bytes] = {}
    at = 0
    while at < len(told):
        end = told.index(b"\n", at)
        words = told[at:end].split()
        at = end + 1
        if len(words) == 3:
            size = int(words[2])
            found[words[0].decode()] = told[at : at + size]
            at += size + 1
    return found


def _text(name: bytes) -> str:
    return os.fsdecode(name)


# -- by libgit2 ----------------------------------------------------------------------------------------------------------


def _by_library(path: str, revision: str) -> Earlier:
    import pygit2

    home = pygit2.discover_repository(os.path.abspath(path))
    if home is None:
        raise _outside(path, b"")
    repository = pygit2.Repository(home)
    try:
        commit = repository.revparse_single(revision).peel(pygit2.Commit)
    except (KeyError, ValueError, pygit2.GitError):
        raise _unknown(revision) from None
    untracked = pygit2.enums.DiffOption.INCLUDE_UNTRACKED | pygit2.enums.DiffOption.RECURSE_UNTRACKED_DIRS
    inside = os.path.relpath(os.path.realpath(path), os.path.realpath(repository.workdir or home))
    head = "" if inside == "." else f"{inside}/"
    files: dict[str, tuple[str, bytes] | None] = {}
    for delta in commit.tree.diff_to_workdir(untracked).deltas:
        for side in (delta.old_file, delta.new_file):
            if side.path.startswith(head):
                files.setdefault(side.path[len(head) :], None)
        mode, name = f"{delta.old_file.mode:06o}", delta.old_file.path
        if name.startswith(head) and mode not in (_NOTHING, _SUBMODULE):
            files[name[len(head) :]] = (mode, bytes(repository[delta.old_file.id].peel(pygit2.Blob).data))
    return Earlier(files)


def _unknown(revision: str) -> Stop:
    return Stop(f"{revision} is no revision of this repository")


def _outside(path: str, said: bytes) -> Stop:
    words = said.decode(errors="replace").strip()
    if words and "not a git repository" not in words:
        return Stop(words.removeprefix("fatal: "))
    return Stop(f"{path} is in no Git repository", hint=_HINT)
