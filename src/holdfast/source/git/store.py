"""The mirrors on disk, and how a GitSpec becomes a Snapshot."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

import pygit2

from holdfast.base.semver import Constraint, InvalidConstraint, InvalidVersion, Version
from holdfast.base.tree import Tree
from holdfast.model.source import CommitInfo, Credentials, GitRef, GitSpec, Snapshot
from holdfast.source import ignore
from holdfast.source.git.errors import GitError, GitInputError
from holdfast.source.git.transport import RefNotFound, Remote, TransportError, fetch, list_refs
from holdfast.source.git.tree import GitTree, MountedTree, SparseTree, WithoutLinks

_MAX_SUBMODULE_DEPTH = 10
_ID = re.compile(r"[0-9a-f]{40}")
_CACHE_BYTES = 4 * 2**20  # of objects that libgit2 keeps read, in all; its own limit is 256 MiB
_REMEMBERED = 50_000
_UNSHALLOW = 2**31 - 1  # Git's own word for all of the history


@dataclass(frozen=True, slots=True)
class _Target:
    """What a GitRef means at the remote: the reference to fetch, the revision's name, the commit wanted (if named).

    ``object`` is what the reference itself names: for an annotated tag the tag, not the commit.
    """

    reference: str
    label: str
    tip: str = ""
    commit: str = ""
    object: str = ""


class GitStore:
    """Bare mirrors under ``root``, one per URL. Safe for several threads; one fetch at a time per mirror."""

    def __init__(self, root: str, *, local: bool = True) -> None:
        """``local`` False refuses directories of this machine: where tenants choose URLs, those are not theirs to read."""
        pygit2.settings.cache_max_size(_CACHE_BYTES)
        self.root = root
        self._local = local
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()
        self._ignore_files: dict[tuple[str, str], tuple[str, ...]] = {}

    def fetch(
        self, spec: GitSpec, credentials: Credentials | None = None, *, known: bool = False, observed: str = ""
    ) -> Snapshot:
        """Bring the mirror up to date and show the tree that ``spec`` asks for.

        ``known``: an artifact of this source exists already; like Flux's, the errors then tell of listing the remote
        rather than of cloning it. ``observed`` is its revision: where the remote still has it, nothing else is asked. Raises GitError (try again later) or GitInputError (the spec or a key is wrong).
        """
        remote = Remote(spec.url, credentials or Credentials(), spec.timeout)
        if remote.is_local and not self._local:
            raise GitInputError(
                f"local repositories are not allowed: '{spec.url}'; start holdfast run with --allow-local-sources",
                reason="GitOperationFailed",
            )
        if remote.is_ssh and "-----BEGIN " not in remote.credentials.identity:
            raise GitError("unable to construct auth method with options: ssh: no key found")
        mirror = self._mirror(spec.url)
        with self._lock(mirror):
            target = self._resolve(mirror, remote, spec.ref, known, observed)
            commit = self._bring(mirror, remote, target)
        tree = self._tree(mirror, commit, spec, remote)
        revision = f"{target.label}@sha1:{commit.id}" if target.label else f"sha1:{commit.id}"
        info = _commit_info(pygit2.Repository(mirror), commit, target)
        return Snapshot(revision, tree, self._identity(str(commit.tree_id), spec), info)

    def tip(self, spec: GitSpec, credentials: Credentials | None = None) -> str:
        """The object id that the spec's reference has at the remote now, or "" where only a fetch can tell."""
        remote = Remote(spec.url, credentials or Credentials(), spec.timeout)
        mirror = self._mirror(spec.url)
        with self._lock(mirror):
            return self._resolve(mirror, remote, spec.ref, known=True).tip

    def references(self, url: str, credentials: Credentials | None = None, timeout: float = 60.0) -> dict[str, str]:
        """Every reference of the remote with its object id; annotated tags also peeled, as ``refs/tags/x^{}``."""
        remote = self._remote(url, credentials, timeout)
        mirror = self._mirror(url)
        with self._lock(mirror):
            return list_refs(mirror, remote)

    def checkout(
        self, url: str, commit: str, reference: str = "", credentials: Credentials | None = None, timeout: float = 60.0
    ) -> Snapshot:
        """The whole tree of a commit, submodules included; ``reference`` is where it is known to stand, if anywhere."""
        remote = self._remote(url, credentials, timeout)
        mirror = self._mirror(url)
        with self._lock(mirror):
            target = _Target(reference, "", tip=commit) if reference else _Target("refs/*", "", commit=commit)
            found = self._bring(mirror, remote, target)
        tree: Tree = GitTree(mirror, str(found.tree_id))
        tree = self._with_submodules(tree, mirror, str(found.tree_id), remote, 0)
        return Snapshot(str(found.id), tree, str(found.tree_id), _commit_info(pygit2.Repository(mirror), found, target))

    def _remote(self, url: str, credentials: Credentials | None, timeout: float) -> Remote:
        remote = Remote(url, credentials or Credentials(), timeout)
        if remote.is_local and not self._local:
            raise GitInputError(
                f"local repositories are not allowed: '{url}'; start holdfast run with --allow-local-sources",
                reason="GitOperationFailed",
            )
        return remote

    def at(self, spec: GitSpec, commit: str, label: str = "") -> Snapshot | None:
        """The tree of a commit as ``spec`` shapes it, where the mirror has the commit; the remote is not asked for it.

        ``label`` is the revision's name in front of the commit.
        """
        mirror = self._mirror(spec.url)
        repository = pygit2.Repository(mirror)
        if len(commit) != 40 or commit not in repository:
            return None
        found = repository[commit].peel(pygit2.Commit)
        tree = self._tree(mirror, found, spec, Remote(spec.url, Credentials(), spec.timeout))
        target = _Target("", label, commit)
        revision = f"{label}@sha1:{commit}" if label else f"sha1:{commit}"
        return Snapshot(
            revision, tree, self._identity(str(found.tree_id), spec), _commit_info(repository, found, target)
        )

    # -- mirrors ------------------------------------------------------------------------------------------------------

    def _mirror(self, url: str) -> str:
        path = os.path.join(self.root, hashlib.sha256(url.encode()).hexdigest()[:32] + ".git")
        # A repository that another thread is just making looks like one before it is.
        with self._guard:
            if not os.path.isdir(os.path.join(path, "objects")):
                try:
                    os.makedirs(self.root, exist_ok=True)
                    pygit2.init_repository(path, bare=True)
                except (OSError, pygit2.GitError) as error:
                    raise GitError(f"there is no place for a mirror of '{url}': {error}") from error
        return path

    def _lock(self, mirror: str) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(mirror, threading.Lock())

    # -- references ---------------------------------------------------------------------------------------------------

    def _resolve(self, mirror: str, remote: Remote, ref: GitRef, known: bool, observed: str = "") -> _Target:
        try:
            refs = list_refs(mirror, remote)
        except TransportError as error:
            doing = "list remote for" if known else "clone"
            raise GitError(f"unable to {doing} '{remote.url}': {error.message}") from None
        if not refs:
            raise _empty(remote.url, ref, known)
        try:
            return _choose(refs, ref, known, observed, lambda tags: self._newest(mirror, remote, refs, tags))
        except RefNotFound as error:
            raise GitError(f"unable to clone '{remote.url}': {error.message}") from None

    def _newest(self, mirror: str, remote: Remote, refs: dict[str, str], tags: Sequence[str]) -> str:
        """Of tags whose versions are equal (they differ in build metadata, or in a ``v``) the one committed last."""
        found = [self._bring(mirror, remote, _named(refs, f"refs/tags/{tag}", tag)) for tag in tags]
        return max(zip(found, tags, strict=True), key=lambda item: (item[0].commit_time, item[1]))[1]

    def _bring(self, mirror: str, remote: Remote, target: _Target) -> pygit2.Commit:
        repository = pygit2.Repository(mirror)
        wanted = target.commit or target.tip
        if not _is_id(wanted):
            raise _no_object(wanted)
        if wanted not in repository or (target.object and target.object not in repository):
            try:
                fetch(
                    mirror,
                    remote,
                    [f"+{target.reference}:{target.reference}"],
                    depth=_depth(repository, remote, target),
                )
            except TransportError as error:
                raise GitError(f"unable to clone '{remote.url}': {error.message}") from None
            repository = pygit2.Repository(mirror)
        if wanted not in repository:
            raise _no_object(wanted)
        return repository[wanted].peel(pygit2.Commit)

    # -- trees --------------------------------------------------------------------------------------------------------

    def _tree(self, mirror: str, commit: pygit2.Commit, spec: GitSpec, remote: Remote) -> Tree:
        tree: Tree = GitTree(mirror, str(commit.tree_id))
        if spec.recurse_submodules:
            tree = self._with_submodules(tree, mirror, str(commit.tree_id), remote, 0)
        if spec.sparse:
            tree = SparseTree(tree, [d.removeprefix("./") for d in spec.sparse])
            for directory in spec.sparse:
                if tree.lookup(_clean("/" + directory)) is None:
                    raise GitError(
                        f"failed to sparse checkout directories : sparse checkout dir '{directory}' does not exist in "
                        f"repository: lstat {_shown(spec)}/{_clean('/' + directory)}: no such file or directory",
                        reason="GitOperationFailed",
                    )
        files = self._sourceignore_files(mirror, str(commit.tree_id))
        rules = ignore.rules_of(tree, spec.ignore, [f for f in files if tree.lookup(f)])
        shown = ignore.FilteredTree(tree, rules)
        return shown if spec.links else WithoutLinks(shown)

    def _sourceignore_files(self, mirror: str, tree_id: str, top: str = "") -> tuple[str, ...]:
        """Paths of every ``.sourceignore``; remembered per subtree id, so that a commit costs what it changed."""
        key = (mirror, tree_id)
        known = self._ignore_files.get(key)
        if known is None:
            found = []
            repository = pygit2.Repository(mirror)
            for item in repository[tree_id].peel(pygit2.Tree):
                if item.filemode == 0o040000:
                    found += [f"{item.name}/{p}" for p in self._sourceignore_files(mirror, str(item.id))]
                elif item.name == ignore.FILE_NAME:
                    found.append(str(item.name))
            if len(self._ignore_files) > _REMEMBERED:
                self._ignore_files.clear()
            known = self._ignore_files[key] = tuple(found)
        return tuple(f"{top}{p}" for p in known)

    def _with_submodules(self, tree: Tree, mirror: str, tree_id: str, remote: Remote, depth: int) -> Tree:
        if tree.lookup(".gitmodules") is None or depth > _MAX_SUBMODULE_DEPTH:
            return tree
        mounts: dict[str, Tree] = {}
        for path, url in _gitmodules(tree.read(".gitmodules").decode("utf-8", "replace")):
            entry = tree.lookup(path)
            if entry is None:
                continue
            absolute = _submodule_url(remote.url, url)
            inner = replace(remote, url=absolute) if _same_host(remote.url, absolute) else Remote(absolute)
            below = self._mirror(absolute)
            with self._lock(below):
                commit = self._submodule_commit(below, inner, entry.id)
            mounts[path] = self._with_submodules(
                GitTree(below, str(commit.tree_id)), below, str(commit.tree_id), inner, depth + 1
            )
        return MountedTree(tree, mounts) if mounts else tree

    def _submodule_commit(self, mirror: str, remote: Remote, commit: str) -> pygit2.Commit:
        if commit not in pygit2.Repository(mirror):
            try:
                fetch(mirror, remote, ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"])
            except TransportError as error:
                raise GitError(f"unable to clone submodule '{remote.url}': {error.message}") from None
        repository = pygit2.Repository(mirror)
        if commit not in repository:
            raise GitError(f"unable to clone submodule '{remote.url}': object not found: {commit}")
        return repository[commit].peel(pygit2.Commit)

    def _identity(self, tree_id: str, spec: GitSpec) -> str:
        shape = f"{tree_id}\0{spec.ignore!r}\0{spec.sparse!r}\0{spec.recurse_submodules}"
        return hashlib.sha256(shape.encode()).hexdigest()


def _is_id(text: str) -> bool:
    return bool(_ID.fullmatch(text))


def _no_object(wanted: str) -> GitError:
    return GitError(f"unable to resolve commit object for '{wanted}': object not found")


def _empty(url: str, ref: GitRef, known: bool) -> GitError:
    """A remote without a single reference, told as Flux tells it for what is followed there."""
    cause = "remote repository is empty"
    if known or ref.name:
        return GitError(f"unable to list remote for '{url}': {cause}")
    if ref.commit or ref.tag or ref.semver:
        return GitError(f"unable to clone: {cause}: git repository: '{url}'")
    return GitError("git repository is empty", reason="EmptyGitRepository")


def _depth(repository: pygit2.Repository, remote: Remote, target: _Target) -> int:
    """Only the tip where that is all that is wanted; everything for a named commit, which may be any old one."""
    if remote.is_local:
        return 0  # libgit2 cannot fetch shallowly from a directory
    if not target.commit:
        return 1
    return _UNSHALLOW if repository.is_shallow else 0


def _choose(
    refs: dict[str, str], ref: GitRef, known: bool, observed: str, newest: Callable[[Sequence[str]], str]
) -> _Target:
    if ref.name:
        moved = not observed or f"{ref.name}@sha1:{refs.get(ref.name, '')}" != observed
        if known and moved and ref.branch and f"refs/heads/{ref.branch}" not in refs:
            # Flux's full clone of a changed source starts from the branch, though the name decides in the end.
            raise RefNotFound(f'couldn\'t find remote ref "refs/heads/{ref.branch}"')
        if ref.name not in refs:
            raise GitError(f"unable to resolve ref '{ref.name}' to a specific commit")
        return _Target(ref.name, ref.name, refs.get(ref.name + "^{}", refs[ref.name]), object=refs[ref.name])
    if ref.commit:
        reference = f"refs/heads/{ref.branch}" if ref.branch else "refs/heads/*"
        if ref.branch and reference not in refs:
            raise RefNotFound(f'couldn\'t find remote ref "{reference}"')
        return _Target(reference, ref.branch, commit=ref.commit)
    if ref.tag:
        return _named(refs, f"refs/tags/{ref.tag}", ref.tag)
    if ref.semver:
        tags = _highest(refs, ref.semver)
        tag = tags[0] if len(tags) == 1 else newest(tags)
        return _named(refs, f"refs/tags/{tag}", tag)
    branch = ref.branch or "master"
    return _named(refs, f"refs/heads/{branch}", branch)


def _named(refs: dict[str, str], reference: str, label: str) -> _Target:
    if reference not in refs:
        raise RefNotFound(f'couldn\'t find remote ref "{reference}"')
    return _Target(reference, label, refs.get(reference + "^{}", refs[reference]), object=refs[reference])


def _highest(refs: dict[str, str], text: str) -> list[str]:
    """The tags with the highest version in the range."""
    try:
        constraint = Constraint(text)
    except InvalidConstraint as error:
        raise GitError(f"semver parse error: {error}") from None
    found: list[Version] = []
    for reference in refs:
        if reference.startswith("refs/tags/") and not reference.endswith("^{}"):
            try:
                version = Version.parse(reference.removeprefix("refs/tags/"))
            except InvalidVersion:
                continue
            if constraint.check(version):
                found.append(version)
    if not found:
        raise GitError(f"no match found for semver: {text}")
    best = max(found)
    return [v.original for v in found if not v < best]


def _commit_info(repository: pygit2.Repository, commit: pygit2.Commit, target: _Target) -> CommitInfo:
    signature, signed = commit.gpg_signature
    tag_name, tag_signature, tag_signed = _tag_of(repository, target)
    return CommitInfo(
        id=str(commit.id),
        message=commit.message,
        author=f"{commit.author.name} <{commit.author.email}>",
        time=commit.author.time,
        signature=signature or b"",
        signed=signed or b"",
        tag=tag_name,
        tag_signature=tag_signature,
        tag_signed=tag_signed,
    )


_SIGNATURE_STARTS = (b"-----BEGIN PGP SIGNATURE-----", b"-----BEGIN SSH SIGNATURE-----", b"-----BEGIN PGP MESSAGE-----")


def _tag_of(repository: pygit2.Repository, target: _Target) -> tuple[str, bytes, bytes]:
    """(name, signature, what is signed) of the tag that was followed; a lightweight one has a name only."""
    if not target.reference.startswith("refs/tags/") or not target.object:
        return "", b"", b""
    found = repository[target.object]
    if not isinstance(found, pygit2.Tag):
        return target.label.removeprefix("refs/tags/"), b"", b""
    raw = found.read_raw()
    starts = [raw.find(s) for s in _SIGNATURE_STARTS if s in raw]
    cut = min(starts) if starts else len(raw)
    return str(found.name), raw[cut:], raw[:cut]


def _gitmodules(text: str) -> list[tuple[str, str]]:
    """(path, url) of every submodule in a ``.gitmodules`` file."""
    found: list[dict[str, str]] = []
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("[submodule"):
            found.append({})
        elif "=" in line and found:
            key, _, value = line.partition("=")
            found[-1][key.strip()] = value.strip()
    return [(_clean(m["path"]), m["url"]) for m in found if m.get("path") and m.get("url")]


def _submodule_url(parent: str, url: str) -> str:
    if not url.startswith(("./", "../")):
        return url
    if "://" not in parent and ":" in parent:
        host, _, path = parent.partition(":")
        return f"{host}:{os.path.normpath(path + '/' + url)}"
    return urljoin(parent.rstrip("/") + "/", url)


def _same_host(a: str, b: str) -> bool:
    return urlsplit(a).netloc == urlsplit(b).netloc and urlsplit(a).scheme == urlsplit(b).scheme


def _shown(spec: GitSpec) -> str:
    """A checkout's directory as Flux names it in errors; ours has no work tree, and its mirror's place is nobody's business."""
    return f"/tmp/gitrepository-{spec.url.rstrip('/').rpartition('/')[2].removesuffix('.git')}"


def _clean(path: str) -> str:
    normal = os.path.normpath(path).strip("/")
    return "" if normal == "." else normal
