"""Where the manifests of an application come from: a revision's name to what it means now, and that to a tree.

In: a `Wanted` (a repository, a revision, perhaps a chart) and how to get in. Out: a `Found` (the exact revision) and its
tree. Knows Git, HTTP repositories of charts and OCI registries; keeps what it fetched under its exact revision, in memory,
as far as that never changes. Errors are in Argo CD's words, which is what people search for. Blocks: call it in a thread.
"""

from __future__ import annotations

import contextlib
import io
import re
import tarfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from holdfast.base.errors import HoldfastError, RetryLater
from holdfast.base.semver import Constraint, InvalidConstraint, InvalidVersion, Version
from holdfast.base.tree import EntryKind, MemoryTree, Tree
from holdfast.helm.chart.archive import read_archive
from holdfast.model.source import CommitInfo, Credentials
from holdfast.source.git.errors import GitError, GitInputError
from holdfast.source.git.store import GitStore
from holdfast.source.helm_repository import Access, FetchFailed, fetch_chart, fetch_index, parse_index
from holdfast.source.http import RequestFailed, WayOut, request
from holdfast.source.oci import Address, Layer, Login, RegistryError, Repository
from holdfast.source.oci import NotFound as RegistryAbsent

Entry = Mapping[str, Any]
_SHA = re.compile(r"[0-9a-f]{40}\Z")
_SHORT = re.compile(r"[0-9a-f]{7,39}\Z")
_CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_ALLOWED_LAYERS = (
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    _CHART_LAYER,
)
_REGISTRY = re.compile(r"([A-Z]+) (\S+?)(?:\?n=\d+)?: ([A-Z]+(?:_[A-Z]+)*): (.*)", re.DOTALL)
_REGISTRY_STATUS = {"UNAUTHORIZED": 401, "DENIED": 403, "TOOMANYREQUESTS": 429}
_KEPT = 64
_EXTRACTED = 1024 * 1024 * 1024
_KEPT_DIRECTORIES = 100_000
_PULLED = "/tmp/holdfast_tmp/chart"
"""Where a chart seems to be pulled to in messages; here it is pulled into memory."""


class ManifestsError(RetryLater):
    """The manifests cannot be had now."""


class UnknownRevision(ManifestsError):
    """The repository was asked, and has nothing of that name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """``oci`` tells that the repository is in a registry; ``tag_prefix`` goes before the tags that a range chooses from."""

    url: str
    revision: str = ""
    chart: str = ""
    tag_prefix: str = ""
    oci: bool = False

    @property
    def is_git(self) -> bool:
        return not self.chart and not self.url.startswith("oci://")


@dataclass(frozen=True, slots=True)
class Entrance:
    """Who we are there. ``everywhere`` sends the credentials to other hosts too."""

    git: Credentials = field(default_factory=Credentials)
    username: str = ""
    password: str = field(default="", repr=False)
    plain_http: bool = False
    insecure: bool = False
    everywhere: bool = False
    ca: str = ""

    @property
    def way(self) -> WayOut:
        return WayOut(ca=self.ca, insecure=self.insecure, proxy=self.git.proxy)


@dataclass(frozen=True, slots=True)
class Found:
    """``revision`` names the content for good: a commit, a chart's version, a digest. ``reference`` is where Git has it."""

    revision: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Manifests:
    """``identity`` names the tree's content; ``signature`` tells about the commit, where there is one."""

    tree: Tree
    identity: str


class _Bounds:
    """Refuses trees with links that lead out of them. Remembers directories without links by their content ids."""

    def __init__(self) -> None:
        self._plain: set[str] = set()

    def check(self, tree: Tree, what: str) -> None:
        """Raises ManifestsError."""
        if len(self._plain) > _KEPT_DIRECTORIES:
            self._plain = set()
        stray, _ = self._stray(tree, "")
        if stray:
            raise ManifestsError(f"{what} contains out-of-bounds symlinks. file: {stray}")

    def _stray(self, tree: Tree, top: str) -> tuple[str, bool]:
        """The first link that leads out, and whether there were links at all."""
        linked = False
        for entry in tree.entries(top):
            path = f"{top}/{entry.name}" if top else entry.name
            if entry.kind is EntryKind.LINK:
                linked = True
                if _leads_out(top, tree.read(path).decode(errors="replace")):
                    return path, True
            elif entry.kind is EntryKind.DIRECTORY and (not entry.id or entry.id not in self._plain):
                stray, below = self._stray(tree, path)
                if stray:
                    return stray, True
                linked = linked or below
                if not below and entry.id:
                    self._plain.add(entry.id)
        return "", linked


def _leads_out(directory: str, target: str) -> bool:
    """Whether a link's target is absolute or leaves the root on its way, even if it comes back."""
    if target.startswith("/"):
        return True
    depth = directory.count("/") + 1 if directory else 0
    for part in target.split("/"):
        depth += -1 if part == ".." else 0 if part in ("", ".") else 1
        if depth < 0:
            return True
    return False


class ManifestSource:
    """One for all applications: trees and charts are shared. Safe for several threads."""

    def __init__(self, git: GitStore) -> None:
        self._git = git
        self._kept: OrderedDict[tuple[str, str, str], Manifests] = OrderedDict()
        self._guard = threading.Lock()
        self._bounds = _Bounds()
        self.listings = 0

    def resolve(self, wanted: Wanted, entrance: Entrance) -> Found:
        """What a revision means now. Raises ManifestsError."""
        if wanted.is_git:
            return self._resolve_git(wanted, entrance)
        if not wanted.chart:
            return self._resolve_oci(wanted, entrance)
        return self._resolve_chart(wanted, entrance)

    def manifests(self, wanted: Wanted, found: Found, entrance: Entrance) -> Manifests:
        """The tree of an exact revision. Raises ManifestsError."""
        key = (wanted.url, wanted.chart, found.revision)
        with self._guard:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
                return known
        fetch = self._git_tree if wanted.is_git else self._chart if wanted.chart else self._artifact
        made = fetch(wanted, found, entrance)
        self._bounds.check(made.tree, "chart" if wanted.chart else "repository" if wanted.is_git else "oci image")
        with self._guard:
            self._kept[key] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made

    def forget(self, wanted: Wanted, found: Found) -> None:
        """What was kept is fetched anew next time: a chart's version may have been pushed again."""
        with self._guard:
            self._kept.pop((wanted.url, wanted.chart, found.revision), None)

    def check(self, url: str, kind: str, entrance: Entrance) -> None:
        """Whether a repository can be read at all; one in a registry is only known by what is in it. Raises ManifestsError."""
        try:
            if kind == "git":
                self._git.references(url, entrance.git)
            elif kind == "helm" and "://" in url and not url.startswith("oci://"):
                access = Access(entrance.username, entrance.password, entrance.everywhere, entrance.way)
                parse_index(fetch_index(url, access))
        except HoldfastError as error:
            raise ManifestsError(f"error testing repository connectivity: {error.message}") from error

    def names(self, url: str, entrance: Entrance) -> tuple[list[str], list[str]]:
        """The branches and tags of a Git repository. Raises ManifestsError."""
        try:
            refs = self._git.references(url, entrance.git)
        except (GitError, GitInputError) as error:
            raise ManifestsError(f"failed to list refs: {error.message}") from error
        known = sorted(r for r in refs if not r.endswith("^{}"))
        heads, tags = "refs/heads/", "refs/tags/"
        return [r[len(heads) :] for r in known if r.startswith(heads)], [
            r[len(tags) :] for r in known if r.startswith(tags)
        ]

    def commit(self, url: str, revision: str, entrance: Entrance) -> tuple[CommitInfo, tuple[str, ...]]:
        """Who wrote a commit, when and why, and the tags that stand on it. Raises ManifestsError."""
        try:
            snapshot = self._git.checkout(url, revision, "", entrance.git)
            refs = self._git.references(url, entrance.git)
        except (GitError, GitInputError) as error:
            raise ManifestsError(error.message) from error
        tags = {r.removeprefix("refs/tags/").removesuffix("^{}") for r, o in refs.items() if o == snapshot.revision}
        assert snapshot.commit is not None
        return snapshot.commit, tuple(sorted(t for t in tags if not t.startswith(("refs/", "HEAD"))))

    # -- Git

    def _resolve_git(self, wanted: Wanted, entrance: Entrance) -> Found:
        if _SHA.match(wanted.revision):
            return Found(wanted.revision)
        self.listings += 1
        try:
            refs = self._git.references(wanted.url, entrance.git)
        except GitInputError as error:
            raise ManifestsError(error.message) from error
        except GitError as error:
            raise ManifestsError(f"failed to list refs: {error.message}") from error
        if not refs:
            raise UnknownRevision("failed to list refs: remote repository is empty")
        return choose_reference(refs, wanted.revision, wanted.tag_prefix)

    def _git_tree(self, wanted: Wanted, found: Found, entrance: Entrance) -> Manifests:
        try:
            snapshot = self._git.checkout(wanted.url, found.revision, found.reference, entrance.git)
        except (GitError, GitInputError) as error:
            raise ManifestsError(
                "failed to initialize repository resources: rpc error: code = Internal desc = Failed to checkout revision "
                f"{found.revision}: {_not_fetched(found.revision, error.message)}"
            ) from error
        return Manifests(snapshot.tree, snapshot.identity)

    # -- charts over HTTP, and in registries as charts

    def _resolve_chart(self, wanted: Wanted, entrance: Entrance) -> Found:
        if _is_version(wanted.revision):
            return Found(wanted.revision)
        if wanted.oci:
            try:
                tags = _tags(self._registry(_chart_address(wanted), entrance))
            except ManifestsError as error:
                raise ManifestsError(f"unable to get tags: {error.message}") from error
        else:
            tags = [str(row.get("version") or "") for row in self._rows(wanted, entrance)]
        try:
            return Found(highest(wanted.revision, tags))
        except ManifestsError as error:
            raise ManifestsError(f"invalid revision: {error.message}") from error

    def _rows(self, wanted: Wanted, entrance: Entrance) -> Sequence[Entry]:
        access = Access(entrance.username, entrance.password, entrance.everywhere, entrance.way)
        try:
            index = parse_index(fetch_index(wanted.url, access))
        except FetchFailed as error:
            status = error.message.rpartition(" : ")[2]
            raise ManifestsError(f"error loading repo index: failed to get index: {status}") from error
        except HoldfastError as error:
            raise ManifestsError(f"error loading repo index: {error.message}") from error
        rows = index.rows(wanted.chart)
        if rows is None:
            raise ManifestsError(f"chart '{wanted.chart}' not found in index")
        return list(rows)

    def _chart(self, wanted: Wanted, found: Found, entrance: Entrance) -> Manifests:
        data = (self._oci_chart if wanted.oci else self._http_chart)(wanted, found, entrance)
        try:
            return Manifests(MemoryTree(read_archive(data)), f"chart {wanted.url} {wanted.chart} {found.revision}")
        except HoldfastError as error:
            raise ManifestsError(f"error untarring chart: {error.message}") from error

    def _http_chart(self, wanted: Wanted, found: Found, entrance: Entrance) -> bytes:
        access = Access(entrance.username, entrance.password, entrance.everywhere, entrance.way)

        def failed(text: str) -> ManifestsError:
            return ManifestsError(
                "error fetching chart: failed to fetch chart: failed running helm: `helm pull --destination "
                f"{_PULLED} --version {found.revision} --repo {wanted.url} {wanted.chart}` failed exit status 1: "
                f"Error: {text}"
            )

        try:
            index = parse_index(fetch_index(wanted.url, access))
        except HoldfastError as error:
            text = f'looks like "{wanted.url}" is not a valid chart repository or cannot be reached: {error.message}'
            raise failed(text) from error
        row = _matching(list(index.rows(wanted.chart) or ()), found.revision)
        if row is None:
            text = f'chart "{wanted.chart}" version "{found.revision}" not found in {wanted.url} repository'
            raise failed(text)
        try:
            return fetch_chart(wanted.url, row, access)
        except HoldfastError as error:
            raise failed(error.message) from error

    def _oci_chart(self, wanted: Wanted, found: Found, entrance: Entrance) -> bytes:
        address = _chart_address(wanted)
        try:
            repository = self._registry(address, entrance)
            artifact = repository.artifact(found.revision.replace("+", "_"))
            return repository.blob(_content(artifact.layers))
        except HoldfastError as error:
            flags = " --plain-http" if entrance.plain_http else ""
            missing = isinstance(error, RegistryAbsent)
            told = f"{address.removeprefix('oci://')}:{found.revision}: not found" if missing else error.message
            raise ManifestsError(
                f"error pulling OCI chart: failed to pull OCI chart: failed running helm: `helm pull {address} --version "
                f"{found.revision} --destination {_PULLED}{flags}` failed exit status 1: Error: failed to perform "
                f'"FetchReference" on source: {told}'
            ) from error

    def archive(self, repository: str, name: str, version: str, entrance: Entrance) -> bytes:
        """The archive of a chart that another depends on. Raises ManifestsError."""
        oci = repository.startswith("oci://")
        wanted = Wanted(repository.removeprefix("oci://"), version, name, oci=oci)
        found = self._resolve_chart(wanted, entrance)
        return (self._oci_chart if oci else self._http_chart)(wanted, found, entrance)

    # -- OCI artifacts

    def _registry(self, url: str, entrance: Entrance) -> Repository:
        login = Login(entrance.username, entrance.password)
        return Repository(
            Address.parse(url), login, insecure=entrance.plain_http or entrance.insecure, way=entrance.way
        )

    def _resolve_oci(self, wanted: Wanted, entrance: Entrance) -> Found:
        shown = wanted.url.removeprefix("oci://")
        revision = wanted.revision
        if revision.startswith("sha256:"):
            return Found(revision)
        problem = f'failed to resolve revision "{revision}": '
        if not revision:
            raise ManifestsError(f"{problem}cannot get digest for revision : invalid reference")
        try:
            repository = self._registry(wanted.url, entrance)
            try:
                return Found(repository.digest(revision))
            except RegistryError as error:
                if _is_version(revision) or not _is_constraint(revision):
                    reason = (
                        "not found"
                        if "404" in error.message or "NOT_FOUND" in error.message or "UNKNOWN" in error.message
                        else error.message
                    )
                    raise ManifestsError(
                        f"{problem}cannot get digest for revision {revision}: {shown}:{revision}: {reason}"
                    ) from error
            return Found(repository.digest(_version_among(problem, revision, repository).replace("+", "_")))
        except ManifestsError:
            raise
        except HoldfastError as error:
            raise ManifestsError(f"{problem}{error.message}") from error

    def _artifact(self, wanted: Wanted, found: Found, entrance: Entrance) -> Manifests:
        try:
            repository = self._registry(wanted.url, entrance)
            layer = _content(repository.artifact(found.revision).layers)
            if layer.media_type not in _ALLOWED_LAYERS:
                problem = f"oci layer media type {layer.media_type} is not in the list of allowed media types"
                raise ManifestsError(problem)
            data = repository.blob(layer)
            files = read_archive(data) if layer.media_type == _CHART_LAYER else unpacked(data)
        except ManifestsError:
            raise
        except HoldfastError as error:
            raise ManifestsError(f"error pulling OCI artifact: {error.message}") from error
        return Manifests(MemoryTree(files), found.revision)

    # -- single files

    def file(self, url: str) -> bytes:
        """Raises ManifestsError."""
        try:
            answer = request(url)
        except RequestFailed as error:
            raise ManifestsError(error.message) from error
        if answer.status != 200:
            raise ManifestsError(f"failed to fetch {url} : {answer.status}")
        return answer.body


def _not_fetched(revision: str, reason: str) -> str:
    """What git says when it is asked for a commit that is not there; else the reason as it is."""
    if "not found" not in reason:
        return reason
    fatal = f"remote error: upload-pack: not our ref {revision}"
    if not _SHA.match(revision):
        fatal = f"couldn't find remote ref {revision}"
    return f"`git fetch origin {revision} --tags --force --prune` failed exit status 128: fatal: {fatal}"


def _tags(repository: Repository) -> list[str]:
    """Raises ManifestsError in the words of the client library that Argo CD has."""
    try:
        return [t.replace("_", "+") for t in repository.tags()]
    except HoldfastError as error:
        told = error.message
        if (found := _REGISTRY.fullmatch(told)) is not None:
            status = _REGISTRY_STATUS.get(found[3], 404)
            reason = f"{found[3].lower().replace('_', ' ')}: {found[4]}"
            told = f'{found[1]} "{found[2]}": response status code {status}: {reason}'
        raise ManifestsError(f"failed to get tags: {told}") from error


def _version_among(problem: str, revision: str, repository: Repository) -> str:
    """The highest version in a range. Raises ManifestsError."""
    try:
        tags = _tags(repository)
    except ManifestsError as error:
        raise ManifestsError(f"{problem}error fetching tags: {error.message}") from error
    try:
        return highest(revision, tags)
    except ManifestsError as error:
        raise ManifestsError(f"{problem}no version for constraints: {error.message}") from error


def choose_reference(refs: Mapping[str, str], revision: str, tag_prefix: str = "") -> Found:
    """A branch, a tag, a range of versions among the tags, a whole reference, or the beginning of a commit."""
    revision = revision or "HEAD"
    if _is_constraint(revision) and not _is_version(revision):
        tags = [r.removeprefix("refs/tags/") for r in refs if r.startswith("refs/tags/") and not r.endswith("^{}")]
        stripped = [t.removeprefix(tag_prefix) for t in tags if t.startswith(tag_prefix)]
        with contextlib.suppress(ManifestsError):
            revision = tag_prefix + highest(revision, stripped)
    for reference in (revision, f"refs/heads/{revision}", f"refs/tags/{revision}", f"refs/remotes/{revision}"):
        if reference in refs:
            return Found(refs.get(reference + "^{}", refs[reference]), reference)
    if _SHORT.match(revision):
        return Found(revision)
    raise UnknownRevision(f"unable to resolve '{revision}' to a commit SHA")


def _is_version(text: str) -> bool:
    try:
        Version.parse(text)
    except InvalidVersion:
        return False
    return True


def _is_constraint(text: str) -> bool:
    try:
        Constraint(text)
    except InvalidConstraint:
        return False
    return bool(text)


def highest(revision: str, tags: Sequence[str]) -> str:
    """The highest tag in a range, the version itself, or a tag of that very name. Raises ManifestsError."""
    if _is_version(revision):
        return revision
    try:
        constraint = Constraint(revision)
    except InvalidConstraint as error:
        if revision in tags:
            return revision
        raise ManifestsError(f"failed to determine semver constraint: improper constraint: {revision}") from error
    versions = [Version.parse(t) for t in tags if _is_version(t)]
    best = constraint.highest(versions)
    if best is None:
        raise ManifestsError(f"version matching constraint not found in {len(tags)} tags")
    return best.original


def _matching(rows: Sequence[Entry], revision: str) -> Entry | None:
    exact = next((r for r in rows if r.get("version") == revision), None)
    if exact is not None or not _is_constraint(revision):
        return exact
    constraint = Constraint(revision)
    fits = [
        r for r in rows if _is_version(str(r.get("version"))) and constraint.check(Version.parse(str(r["version"])))
    ]
    return max(fits, key=lambda r: Version.parse(str(r["version"])), default=None)


def _chart_address(wanted: Wanted) -> str:
    return f"oci://{wanted.url.removeprefix('oci://').rstrip('/')}/{wanted.chart}"


def _content(layers: Sequence[Layer]) -> Layer:
    """The one layer with the content. Raises ManifestsError."""
    chart = [layer for layer in layers if layer.media_type == _CHART_LAYER]
    fits: Callable[[Layer], bool] = lambda x: x.media_type.endswith(("tar+gzip", "tar.gzip", "tar"))  # noqa: E731
    found = chart or [layer for layer in layers if fits(layer)]
    if len(found) != 1:
        raise ManifestsError(f"expected only a single oci content layer, got {len(found)}")
    return found[0]


def unpacked(data: bytes, *, most: int = _EXTRACTED) -> dict[str, bytes]:
    """The regular files of an archive, ``most`` bytes of them. Raises ManifestsError."""
    files: dict[str, bytes] = {}
    room = most
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for member in tar:
                name = member.name.removeprefix("./")
                if member.isreg() and not name.startswith("/") and ".." not in name.split("/"):
                    room -= member.size
                    if room < 0:
                        raise ManifestsError(f"failed to extract oci layer: more than {most} bytes")
                    content = tar.extractfile(member)
                    files[name] = content.read() if content is not None else b""
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ManifestsError(f"failed to extract oci layer: {error}") from error
    return files
