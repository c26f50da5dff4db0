"""Files of a kustomization: paths relative to its directory, links resolved, borders kept.

A loader stands in one directory of a tree and knows who referred to it, which is how cycles are found. Every path looked at
is recorded. Nothing is ever read that the restrictions forbid: with "root", a file has to be in or below the directory.
"""

from __future__ import annotations

import posixpath

from holdfast.base.tree import EntryKind, Tree
from holdfast.kustomize.errors import FetchError, KustomizeError
from holdfast.kustomize.options import BuildOptions
from holdfast.kustomize.remote import RepoSpec, is_remote_file, parse_repo_url

_MAX_LINKS = 40


class Missing(KustomizeError):
    """There is no such file or directory."""


class Escaped(KustomizeError):
    """A path that leaves the tree, told as Flux's file system for builds tells it."""

    @classmethod
    def at(cls, path: str, root: str) -> Escaped:
        return cls(f"fs-security-constraint read {path}: path '{path}' is not in or below '{root}'")


class _Unresolved(Exception):
    """A link or a part of a path leads nowhere."""


class Files:
    """A tree seen with links resolved, and the record of what was looked at."""

    def __init__(self, tree: Tree, display_root: str, whole_disk: bool = False) -> None:
        self.tree = tree
        self._whole_disk = whole_disk
        self.reads: dict[str, str] = {}
        self._display_root = display_root.rstrip("/")
        self._directories: dict[str, str] = {"": ""}

    def shown(self, path: str) -> str:
        """A path of the tree as people know it."""
        return f"{self._display_root}/{path}" if path else self._display_root or "/"

    def _lookup(self, path: str) -> EntryKind | None:
        entry = self.tree.lookup(path)
        if entry is None:
            self.reads[path] = ""
            return None
        if entry.kind is not EntryKind.DIRECTORY:
            self.reads[path] = entry.id
        return entry.kind

    def resolve(self, path: str) -> tuple[str, EntryKind]:
        """The real path behind a normal path, and what is there. Raises Missing or Escaped."""
        try:
            return self._resolve(path, 0)
        except _Unresolved as err:
            raise Missing(f"evalsymlink failure on '{self.shown(path)}' : {err}") from None

    def _resolve(self, path: str, depth: int) -> tuple[str, EntryKind]:
        if path in self._directories:
            return self._directories[path], EntryKind.DIRECTORY
        if depth > _MAX_LINKS:
            raise _Unresolved("EvalSymlinks: too many links")
        parent, _, name = path.rpartition("/")
        known = self._directories.get(parent)
        real_parent, kind = self._resolve(parent, depth) if known is None else (known, EntryKind.DIRECTORY)
        if kind is not EntryKind.DIRECTORY:
            raise _Unresolved(f"lstat {self.shown(path)}: not a directory")
        real = f"{real_parent}/{name}" if real_parent else name
        found = self._lookup(real)
        if found is None:
            raise _Unresolved(f"lstat {self.shown(real)}: no such file or directory")
        if found is EntryKind.LINK:
            real, found = self._follow(real, path, depth)
        if found is EntryKind.DIRECTORY:
            self._directories[path] = real
        return real, found

    def _follow(self, link: str, path: str, depth: int) -> tuple[str, EntryKind]:
        target = self.tree.read(link).decode("utf-8", "surrogateescape")
        if target.startswith("/"):
            prefix = self._display_root + "/"
            if not target.startswith(prefix):
                raise Escaped.at(target, self.shown(""))
            joined = target[len(prefix) :]
        else:
            joined = posixpath.join(posixpath.dirname(link), target)
        return self._resolve(self.normal(joined), depth + 1)

    def normal(self, path: str) -> str:
        """A path without ``.`` and ``..``; raises Escaped where it leaves the tree. Above the root of a disk is the root."""
        if path and path[0] not in "./" and path[-1] != "/" and "/." not in path and "//" not in path:
            return path
        clean = posixpath.normpath(path) if path else ""
        if clean == ".":
            return ""
        if self._whole_disk:
            return posixpath.normpath("/" + clean).lstrip("/")
        if clean == ".." or clean.startswith("../"):
            raise Escaped.at(posixpath.normpath(f"{self._display_root}/{clean}"), self.shown(""))
        return clean.lstrip("/")

    def read(self, real: str) -> bytes:
        return self.tree.read(real)


class Loader:
    """Reads for the kustomization in ``root``, a real directory of the tree."""

    def __init__(
        self,
        files: Files,
        root: str,
        options: BuildOptions,
        referrer: Loader | None = None,
        repo: RepoSpec | None = None,
        restricted: bool | None = None,
    ) -> None:
        self.files = files
        self.root = root
        self.options = options
        self.repo = repo
        self._referrer = referrer
        self._restricted = options.load_restrictions == "root" if restricted is None else restricted

    @property
    def shown_root(self) -> str:
        return self.files.shown(self.root)

    def _joined(self, path: str) -> str:
        if path.startswith("/"):
            shown = self.files.shown("").rstrip("/") + "/"
            if not path.startswith(shown):
                raise Missing(f"evalsymlink failure on '{path}' : lstat {path}: no such file or directory")
            return self.files.normal(path[len(shown) :])
        return self.files.normal(f"{self.root}/{path}" if self.root else path)

    def load(self, path: str) -> bytes:
        """The bytes of a file; ``path`` as written in the kustomization."""
        if is_remote_file(path):
            return self._load_remote(path)
        joined = self._joined(path)
        try:
            real, kind = self.files.resolve(joined)
        except Missing:
            if self._restricted:
                raise
            shown = self.files.shown(joined)
            raise Missing(f"open {shown}: no such file or directory") from None
        if kind is EntryKind.DIRECTORY:
            if self._restricted:
                raise KustomizeError(f"'{self.files.shown(joined)}' must resolve to a file")
            raise KustomizeError(f"read {self.files.shown(joined)}: is a directory")
        if self._restricted and not inside(real.rpartition("/")[0], self.root):
            raise KustomizeError(f"security; file '{self.files.shown(joined)}' is not in or below '{self.shown_root}'")
        try:
            return self.files.read(real)
        except OSError as err:
            raise KustomizeError(f"open {self.files.shown(joined)}: {(err.strerror or str(err)).lower()}") from None

    def tree_path(self, path: str) -> str:
        """Where in the tree a relative path leads, for records of origin."""
        try:
            return self._joined(path)
        except KustomizeError:
            return path

    def _load_remote(self, url: str) -> bytes:
        if self.options.fetch_file is None:
            raise KustomizeError(f"remote file '{url}' is not allowed here")
        return self.options.fetch_file(url)

    def descend(self, path: str) -> Loader:
        """A loader for another directory or repository, as named in ``resources`` or ``components``."""
        if path == "":
            raise KustomizeError("new root cannot be empty")
        spec = parse_repo_url(path)
        if spec is not None:
            self._refuse_repo_cycle(spec)
            return self._clone(spec)
        if path.startswith("/"):
            raise KustomizeError(f"new root '{path}' cannot be absolute")
        try:
            real = self._directory(self._joined(path))
        except Escaped as err:
            told = err.message.replace("-constraint read", "-constraint abs", 1)
            raise KustomizeError(f"must build at directory: not a valid directory: {told}") from None
        self._refuse_leaving_repo(real)
        self._refuse_cycle(real)
        return Loader(self.files, real, self.options, self, restricted=self._restricted)

    def _directory(self, joined: str) -> str:
        try:
            real, kind = self.files.resolve(joined)
        except Missing as err:
            raise err.within("must build at directory: not a valid directory") from None
        if kind is not EntryKind.DIRECTORY:
            raise KustomizeError(f"must build at directory: '{self.files.shown(joined)}': file is not directory")
        return real

    def _clone(self, spec: RepoSpec) -> Loader:
        if self.options.fetch is None:
            raise FetchError(f"remote base '{spec.raw}' is not allowed here")
        fetched = self.options.fetch(spec.raw)
        files = Files(fetched.tree, "")
        return Loader(files, fetched.path, self.options, self, spec, restricted=True)

    def _chain(self) -> list[Loader]:
        out: list[Loader] = []
        loader: Loader | None = self
        while loader is not None:
            out.append(loader)
            loader = loader._referrer
        return out

    def _refuse_cycle(self, candidate: str) -> None:
        for loader in self._chain():
            if loader.files is self.files and inside(loader.root, candidate):
                raise KustomizeError(
                    f"cycle detected: candidate root '{self.files.shown(candidate)}' "
                    f"contains visited root '{loader.shown_root}'"
                )

    def _refuse_repo_cycle(self, spec: RepoSpec) -> None:
        for loader in self._chain():
            if loader.repo is not None and loader.repo.raw.startswith(spec.raw):
                raise KustomizeError(f"cycle detected: URI '{spec.raw}' referenced by previous URI '{loader.repo.raw}'")

    def _refuse_leaving_repo(self, candidate: str) -> None:
        """A fetched tree is the whole repository, so leaving it has failed already when the path was normalised."""
        del candidate


def inside(path: str, directory: str) -> bool:
    """Whether ``path`` is ``directory`` or below it."""
    return directory == "" or path == directory or path.startswith(directory + "/")
