"""A working tree served in place of the Git URLs that a repository declares.

In: a directory. Out: a bare repository with one commit of what is there now (ignored files left out, encrypted values
replaced by placeholders), and a ``GitStore`` that fetches it whatever branch, tag or range was asked for.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pygit2

from holdfast.base.errors import HoldfastError
from holdfast.kube import yaml
from holdfast.model.source import Credentials, GitRef, GitSpec, Snapshot
from holdfast.offline.placeholders import Placeholders, encrypted_file
from holdfast.source.git import GitStore

BRANCH = "working-tree"
_NEVER = {".git", ".venv", "node_modules", "__pycache__"}


def snapshot(directory: str, into: Path) -> str:
    """Commits a directory as it is into a new bare repository; returns its path."""
    repository = pygit2.init_repository(str(into), bare=True)
    home = pygit2.discover_repository(directory)
    around = pygit2.Repository(home) if home else None
    tree = _Writer(repository, around, os.path.realpath(directory)).tree("")
    who = pygit2.Signature("holdfast", "holdfast@localhost", 0)
    repository.create_commit(f"refs/heads/{BRANCH}", who, who, "The working tree", tree, [])
    return str(into)


class _Writer:
    """Writes a directory's files as Git objects."""

    def __init__(self, repository: pygit2.Repository, around: pygit2.Repository | None, top: str) -> None:
        self._repository, self._around, self._top = repository, around, top

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
        data = _plain(entry.name, Path(entry.path).read_bytes())
        executable = bool(entry.stat().st_mode & stat.S_IXUSR)
        mode = pygit2.enums.FileMode.BLOB_EXECUTABLE if executable else pygit2.enums.FileMode.BLOB
        builder.insert(entry.name, self._repository.create_blob(data), mode)

    def _ignored(self, path: str) -> bool:
        if self._around is None or not self._around.workdir:
            return False
        inside = os.path.relpath(os.path.join(self._top, path), os.path.realpath(self._around.workdir))
        return not inside.startswith("..") and self._around.path_is_ignored(inside)


def _plain(name: str, data: bytes) -> bytes:
    """Encrypted manifests with placeholders, so that units whose keys nobody has here still build."""
    if not name.endswith((".yaml", ".yml")) or b"sops:" not in data or not encrypted_file(data):
        return data
    try:
        documents = [d.value for d in yaml.load_all(data)]
    except HoldfastError:
        return data
    hidden = Placeholders()
    return yaml.dump_all([(hidden.decrypt(d) or d) if isinstance(d, dict) else d for d in documents]).encode()


class WorkingTreeStore(GitStore):
    """Serves ``local`` for every URL in ``urls``; other addresses are fetched as always."""

    def __init__(self, root: str, local: str, urls: Iterable[str]) -> None:
        super().__init__(root, local=True)
        self._local_repository = local
        self._urls = {_normal(u) for u in urls}

    def _instead(self, spec: GitSpec) -> GitSpec:
        if _normal(spec.url) not in self._urls:
            return spec
        return replace(spec, url=Path(self._local_repository).as_uri(), ref=GitRef(branch=BRANCH))

    def fetch(
        self, spec: GitSpec, credentials: Credentials | None = None, *, known: bool = False, observed: str = ""
    ) -> Snapshot:
        return super().fetch(self._instead(spec), credentials, known=known, observed=observed)

    def tip(self, spec: GitSpec, credentials: Credentials | None = None) -> str:
        return super().tip(self._instead(spec), credentials)

    def at(self, spec: GitSpec, commit: str, label: str = "") -> Snapshot | None:
        return super().at(self._instead(spec), commit, label)


def _normal(url: str) -> str:
    return url.rstrip("/").removesuffix(".git")
