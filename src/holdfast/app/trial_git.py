"""A working tree served in place of the Git URLs that a repository declares.

In: a directory. Out: a bare repository with one commit of what is there now (ignored files left out, encrypted values
replaced by placeholders), and a ``GitStore`` that fetches it whatever branch, tag or range was asked for.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pygit2

from holdfast.model.source import Credentials, GitRef, GitSpec
from holdfast.model.source import Snapshot as Fetched
from holdfast.offline.placeholders import hidden_file
from holdfast.source.git import GitStore
from holdfast.source.git.tree import GitTree

BRANCH = "working-tree"
_NEVER = {".git", ".venv", "node_modules", "__pycache__"}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A bare repository and the tree of its commit; ``hidden`` counts files whose encrypted values are placeholders."""

    path: str
    tree: GitTree
    hidden: int = 0


def snapshot(directory: str, into: Path) -> Snapshot:
    """Commits a directory as it is into a new bare repository."""
    repository = pygit2.init_repository(str(into), bare=True)
    home = pygit2.discover_repository(directory)
    around = pygit2.Repository(home) if home else None
    writer = _Writer(repository, around, os.path.realpath(directory))
    tree = writer.tree("")
    who = pygit2.Signature("holdfast", "holdfast@localhost", 0)
    repository.create_commit(f"refs/heads/{BRANCH}", who, who, "The working tree", tree, [])
    return Snapshot(str(into), GitTree(str(into), str(tree)), writer.hidden)


class _Writer:
    """Writes a directory's files as Git objects."""

    def __init__(self, repository: pygit2.Repository, around: pygit2.Repository | None, top: str) -> None:
        self._repository, self._around, self._top = repository, around, top
        self.hidden = 0

    def tree(self, path: str) -> pygit2.Oid:
        builder = self._repository.TreeBuilder()
        for entry in sorted(os.scandir(os.path.join(self._top, path)), key=lambda e: e.name):
            inside = f"{path}/{entry.name}" if path else entry.name
            if entry.name in _NEVER or self._ignored(inside):
                continue
            if entry.is_symlink():
                target = self._repository.create_blob(os.readlink(entry.path).encode())
                builder.insert(entry.name, target, pygit2.enums.FileMode.LINK)
            elif entry.is_dir():
                builder.insert(entry.name, self.tree(inside), pygit2.enums.FileMode.TREE)
            elif entry.is_file():
                self._file(builder, entry)
        return builder.write()

    def _file(self, builder: pygit2.TreeBuilder, entry: os.DirEntry[str]) -> None:
        written = Path(entry.path).read_bytes()
        hidden = hidden_file(written)
        self.hidden += hidden is not None
        data = written if hidden is None else hidden
        executable = bool(entry.stat().st_mode & stat.S_IXUSR)
        mode = pygit2.enums.FileMode.BLOB_EXECUTABLE if executable else pygit2.enums.FileMode.BLOB
        builder.insert(entry.name, self._repository.create_blob(data), mode)

    def _ignored(self, path: str) -> bool:
        if self._around is None or not self._around.workdir:
            return False
        inside = os.path.relpath(os.path.join(self._top, path), os.path.realpath(self._around.workdir))
        return not inside.startswith("..") and self._around.path_is_ignored(inside)


class WorkingTreeStore(GitStore):
    """Serves ``local`` for every URL in ``urls``; other addresses are fetched as always. ``names`` are the branches and tags
    that somebody may ask for: all of them are the one commit."""

    def __init__(self, root: str, local: str, urls: Iterable[str], names: Iterable[str] = ()) -> None:
        super().__init__(root, local=True)
        self._local_repository = local
        self._urls = {_normal(u) for u in urls}
        self._names = sorted({"main", "master", BRANCH, *names})

    def _instead(self, spec: GitSpec) -> GitSpec:
        if _normal(spec.url) not in self._urls:
            return spec
        return replace(spec, url=Path(self._local_repository).as_uri(), ref=GitRef(branch=BRANCH))

    def fetch(
        self, spec: GitSpec, credentials: Credentials | None = None, *, known: bool = False, observed: str = ""
    ) -> Fetched:
        return super().fetch(self._instead(spec), credentials, known=known, observed=observed)

    def references(self, url: str, credentials: Credentials | None = None, timeout: float = 60.0) -> dict[str, str]:
        if _normal(url) not in self._urls:
            return super().references(url, credentials, timeout)
        commit = self._commit()
        return {"HEAD": commit, **{f"refs/{kind}/{n}": commit for kind in ("heads", "tags") for n in self._names}}

    def checkout(
        self, url: str, commit: str, reference: str = "", credentials: Credentials | None = None, timeout: float = 60.0
    ) -> Fetched:
        if _normal(url) not in self._urls:
            return super().checkout(url, commit, reference, credentials, timeout)
        here = Path(self._local_repository).as_uri()
        return super().checkout(here, self._commit(), f"refs/heads/{BRANCH}", None, timeout)

    def _commit(self) -> str:
        return str(pygit2.Repository(self._local_repository).references[f"refs/heads/{BRANCH}"].target)

    def tip(self, spec: GitSpec, credentials: Credentials | None = None) -> str:
        return super().tip(self._instead(spec), credentials)

    def at(self, spec: GitSpec, commit: str, label: str = "") -> Fetched | None:
        return super().at(self._instead(spec), commit, label)


def _normal(url: str) -> str:
    return url.rstrip("/").removesuffix(".git")
