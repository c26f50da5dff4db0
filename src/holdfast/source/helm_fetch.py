"""A chart by what people call it: NAME with a repository's address, REPOSITORY/NAME, http(s):// and oci:// addresses.

In: a reference, a version or range, credentials, Helm's own files. Out: the archive, checked against the digest that the
index tells, and kept under the digest it has. Errors and notices are Helm's, word for word.
"""

from __future__ import annotations

import contextlib
import mmap
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from urllib.parse import unquote, urlsplit

from holdfast.base.errors import HoldfastError, Stop
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.semver import parse_constraints, parse_version
from holdfast.source import helm_repository as door
from holdfast.source.chart_store import ChartStore
from holdfast.source.helm_home import Home, Repository, way_out
from holdfast.source.helm_index import Entry, IndexFile
from holdfast.source.helm_registry import SCHEME, Reference, Registry, is_oci
from holdfast.source.oci_login import Login

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class ChartOptions:
    """The flags that tell where a chart is and who asks. ``everywhere`` sends the credentials to other hosts too."""

    version: str = ""
    repo_url: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""
    insecure: bool = False
    plain_http: bool = False
    everywhere: bool = False

    def access(self) -> door.Access:
        way = way_out(self.cert_file, self.key_file, self.ca_file, insecure=self.insecure)
        both = bool(self.username and self.password)
        return door.Access(self.username if both else "", self.password if both else "", self.everywhere, way)


@dataclass(frozen=True, slots=True)
class Archive:
    """``file`` is the name that Helm gives the archive on disk."""

    file: str
    data: bytes


@dataclass(frozen=True, slots=True)
class _Found:
    """Where an archive is, ``base`` whom the credentials are for."""

    url: str
    base: str
    access: door.Access
    digest: str = ""


class Fetcher:
    """``say`` takes what Helm prints about a registry, ``warn`` its log lines."""

    def __init__(self, home: Home, options: ChartOptions, *, say: Say, warn: Say) -> None:
        self._home = home
        self._options = options
        self._say = say
        self._warn = warn
        self._store = ChartStore(home.content_cache)

    def registry(self) -> Registry:
        o = self._options
        login = Login(o.username, o.password) if o.username and o.password else None
        return Registry(login, self._home.logins(), o.plain_http, o.access().way)

    def fetch(self, reference: str) -> Archive:
        """Raises HoldfastError."""
        options = self._options
        if options.repo_url:
            return self._download(self._beside_index(reference))
        if is_oci(reference):
            registry = self.registry()
            return self.pull(registry, registry.resolve(reference, options.version))
        parts = urlsplit(reference)
        if parts.scheme and parts.netloc and parts.path:
            return self._download(self._direct(reference))
        return self._download(self._managed(reference))

    def pull(self, registry: Registry, reference: Reference) -> Archive:
        pulled = registry.pull(reference)
        self._say(pulled.told)
        self._store.put(pulled.data)
        return Archive(pulled.file, pulled.data)

    def archive(self, url: str, access: door.Access, base: str, digest: str = "") -> Archive:
        """What lies at an address. Raises HoldfastError."""
        return self._download(_Found(url, base, access, digest))

    def _download(self, found: _Found) -> Archive:
        scheme, name = urlsplit(found.url).scheme, os.path.basename(unquote(urlsplit(found.url).path))
        if is_oci(found.url):
            # An index may name charts that lie in a registry.
            registry = self.registry()
            place, _, tag = found.url.rpartition(":")
            return self.pull(registry, registry.resolve(place, tag))
        if scheme not in ("http", "https"):
            raise Stop(f'scheme "{scheme}" not supported')
        kept = self._store.get(found.digest) if found.digest else None
        if kept is not None:
            return Archive(name, kept)
        data = door.fetch_archive(found.url, found.base, found.access)
        door.check_digest({"name": name, "digest": found.digest}, data)
        self._store.put(data)
        return Archive(name, data)

    # -- where it is ----------------------------------------------------------------------------------------------------

    def _beside_index(self, name: str) -> _Found:
        options = self._options
        access = options.access()
        shown = f'chart "{name}"' + (f' version "{options.version}"' if options.version else "")
        entry = self._entry_at(options.repo_url, access, name, shown)
        if not entry.get("urls"):
            raise Stop(f"{shown} has no downloadable URLs")
        return _Found(door.chart_url(options.repo_url, entry), options.repo_url, access, str(entry.get("digest") or ""))

    def _entry_at(self, url: str, access: door.Access, name: str, shown: str) -> Entry:
        if urlsplit(url).scheme not in ("http", "https"):
            raise Stop(f"could not find protocol handler for: {urlsplit(url).scheme}")
        with TemporaryFile() as file, contextlib.ExitStack() as stack:
            try:
                door.download_index(url, access, file)
                index = stack.enter_context(door.mapped(file))
            except HoldfastError as error:
                text = f'looks like "{url}" is not a valid chart repository or cannot be reached: {error.message}'
                raise Stop(text) from error
            entry, _ = pick(index, name, self._options.version, self._warn)
            if entry is None:
                raise Stop(f"{shown} not found in {url} repository")
            return entry

    def _direct(self, url: str) -> _Found:
        """An address as it is; where a repository that was added knows it, with that repository's credentials."""
        for repository in self._home.repositories():
            if self._knows(repository, url):
                return _Found(url, repository.url, self._credentials(repository))
        return _Found(url, url, self._options.access())

    def _knows(self, repository: Repository, url: str) -> bool:
        try:
            with (
                open(self._home.index_path(repository.name), "rb") as file,
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
            ):
                return data.find(url.encode()) >= 0
        except (OSError, ValueError):
            return False

    def _credentials(self, repository: Repository) -> door.Access:
        own, asked = repository.access, self._options.access()
        tls = repository.cert_file or repository.key_file or repository.ca_file
        way = own.way if tls or repository.insecure else asked.way
        return door.Access(
            own.username or asked.username,
            own.password or asked.password,
            own.everywhere if own.username else asked.everywhere,
            way,
        )

    def _managed(self, reference: str) -> _Found:
        """REPOSITORY/NAME, out of the cached index of a repository that was added."""
        name, slash, chart = reference.partition("/")
        if not slash:
            raise Stop(f"non-absolute URLs should be in form of repo_name/path_to_chart, got: {reference}")
        repository, version = self._home.named(name), self._options.version
        try:
            with self._home.index(name) as index:
                entry, fault = pick(index, chart, version, self._warn)
        except HoldfastError as error:
            raise Stop(f"no cached repo found. (try 'helm repo update'): {error.message}") from error
        if entry is None:
            text = f"chart \"{chart}\" matching {version} not found in {name} index. (try 'helm repo update'): {fault}"
            raise Stop(text)
        if not entry.get("urls"):
            raise Stop(f'chart "{reference}" has no downloadable URLs')
        url = door.chart_url(repository.url, entry)
        return _Found(url, repository.url, self._credentials(repository), str(entry.get("digest") or ""))


def pick(index: IndexFile, name: str, version: str, warn: Say) -> tuple[Entry | None, str]:
    """The version of a chart that is asked for, else the newest in the range; or why there is none."""
    rows = index.rows(name)
    if rows is None:
        return None, "no chart name found"
    if not rows:
        return None, "no chart version found"
    try:
        constraint = parse_constraints(version or "*")
    except GoError as error:
        return None, error.text
    exact = next((row for row in rows if version and row.get("version") == version), None)
    if exact is not None:
        return exact, ""
    for row in rows:
        if constraint.check(parse_version(str(row["version"]))):
            if version and not _is_range(version):
                text = "unable to find exact version requested; falling back to closest available version"
                warn(f'level=WARN msg="{text}" chart={name} requested={version} selected={row["version"]}')
            return row, ""
    return None, f"no chart version found for {name}-{version}"


def _is_range(version: str) -> bool:
    if any(c in version for c in "^~<>=!*") or "||" in version or " - " in version:
        return True
    core = version.replace("+", "-").partition("-")[0]
    return "x" in core.lower()


__all__ = ["SCHEME", "Archive", "ChartOptions", "Fetcher", "Say", "pick"]
