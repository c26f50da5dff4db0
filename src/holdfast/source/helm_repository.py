"""Helm chart repositories over HTTP: the index, the version that a range means, the archive of a chart.

In: an address, credentials, bytes. Out: a checked index (also as the JSON that Flux stores), a version, the bytes of a .tgz.
Errors are worded as Helm's. Never unpacks a chart.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit, urlunsplit

from holdfast.base.errors import RetryLater, Stop
from holdfast.base.semver import Constraint, InvalidConstraint
from holdfast.source.helm_index import Buffer, IndexFile, InvalidIndex, index_pieces, open_index, version_of
from holdfast.source.helm_index import Entry as Entry
from holdfast.source.http import Answer, WayOut, basic, request

MAX_INDEX = 512 << 20
MAX_CHART = 100 << 20
_ARCHIVES = "application/gzip,application/octet-stream"
_ASKED = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
_NAME = re.compile(r"([-a-z0-9]+/?\.?)+")


class FetchFailed(RetryLater):
    """The server has no such file, or there is no server."""


class WrongDigest(RetryLater):
    """An archive that is not the one in the index."""


class InvalidReference(Stop):
    """There is no such chart, or no such version of it."""


@dataclass(frozen=True, slots=True)
class Access:
    """``everywhere`` sends the credentials to other hosts too, where an index points there."""

    username: str = ""
    password: str = field(default="", repr=False)
    everywhere: bool = False
    way: WayOut = field(default_factory=WayOut)

    def header(self, url: str, base: str) -> str:
        known = bool(self.username or self.password)
        return basic(self.username, self.password) if known and (self.everywhere or _same_host(url, base)) else ""


def revision_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def fetch_index(url: str, access: Access) -> bytes:
    """The bytes of index.yaml. Raises FetchFailed or what ``request`` raises."""
    return _get(index_url(url), url, access, MAX_INDEX)


def index_url(url: str) -> str:
    """Where the index of a repository is; a query stays at its end."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/index.yaml"))


@dataclass(frozen=True, slots=True)
class Fetched:
    """An index that was written to disk: the digest of its bytes, and what tells the server that we have it."""

    revision: str
    validators: Mapping[str, str]


class _Hashing:
    """A file that is hashed while it is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        return self._file.write(data)


def download_index(
    url: str, access: Access, file: BinaryIO, *, known: Mapping[str, str] | None = None, limit: int = MAX_INDEX
) -> Fetched | None:
    """Writes index.yaml to a file, piece by piece; None where the server says that what ``known`` validates is current.

    Raises FetchFailed or what ``request`` raises.
    """
    target, sink = index_url(url), _Hashing(file)
    asked = {_ASKED[k]: v for k, v in (known or {}).items() if k in _ASKED}
    answer = request(
        target, headers=asked, authorization=access.header(target, url), way=access.way, limit=limit, into=sink
    )
    if answer.status == 304 and asked:
        return None
    if answer.status != 200:
        raise _failed(target, answer)
    told = {k: str(answer.headers[k]) for k in _ASKED if answer.headers.get(k)}
    return Fetched("sha256:" + sink.hash.hexdigest(), told)


def fetch_chart(url: str, entry: Entry, access: Access) -> bytes:
    """The archive of one version; checked where the index tells a digest."""
    urls = entry.get("urls") or ()
    if not urls:
        raise FetchFailed(f"chart '{entry.get('name')}' has no downloadable URLs")
    data = fetch_archive(chart_url(url, entry), url, access)
    check_digest(entry, data)
    return data


def fetch_archive(url: str, base: str, access: Access) -> bytes:
    """The bytes at an address, asked with the credentials for ``base``. Raises FetchFailed or what ``request`` raises."""
    return _get(url, base, access, MAX_CHART)


def chart_url(url: str, entry: Entry) -> str:
    """The first address of a version, beside the index where it is relative; a query of the repository goes with it."""
    first, parts = str(entry["urls"][0]), urlsplit(url)
    if urlsplit(first).scheme:
        return first
    beside = urlsplit(urljoin(urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/", query="")), first))
    return urlunsplit(beside._replace(query=parts.query))


def check_digest(entry: Entry, data: bytes) -> None:
    """Raises WrongDigest where the index tells another digest than the archive has."""
    told = str(entry.get("digest") or "").partition(":")
    wanted = told[2] or told[0]
    found = hashlib.sha256(data).hexdigest()
    if wanted and wanted != found:
        shown = " version ".join(f"'{entry[k]}'" for k in ("name", "version") if entry.get(k))
        raise WrongDigest(f"chart {shown} has the digest sha256:{found}, but the index says sha256:{wanted}")


def _get(url: str, base: str, access: Access, limit: int) -> bytes:
    answer = request(
        url, headers={"Accept": _ARCHIVES}, authorization=access.header(url, base), way=access.way, limit=limit
    )
    if answer.status != 200:
        raise _failed(url, answer)
    return answer.body


def _failed(url: str, answer: Answer) -> FetchFailed:
    return FetchFailed(f"failed to fetch {url} : {answer.status} {answer.reason}".rstrip())


def _same_host(a: str, b: str) -> bool:
    one, other = urlsplit(a), urlsplit(b)
    return (one.scheme, one.netloc) == (other.scheme, other.netloc)


def parse_index(data: Buffer) -> IndexFile:
    """Raises InvalidIndex, or the YAML's own error."""
    return open_index(data)


def index_json(index: IndexFile) -> bytes:
    """The index as Go's encoder writes Helm's structure."""
    return b"".join(index_pieces(index))


@contextlib.contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[IndexFile]:
    """An index on disk, mapped and not read. Raises as ``parse_index``."""
    with open(path, "rb") as file, mapped(file) as index:
        yield index


@contextlib.contextmanager
def mapped(file: BinaryIO) -> Iterator[IndexFile]:
    """The index in an open file. Raises as ``parse_index``."""
    file.flush()
    if not os.fstat(file.fileno()).st_size:
        raise InvalidIndex("empty index.yaml file")
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield open_index(data)


def choose(index: IndexFile, name: str, version: str) -> Entry:
    """The version of a chart that a reference means: the exact one, else the highest in the range. Raises InvalidReference."""
    if not name or not _NAME.fullmatch(name):
        rule = "must be lower case letters and numbers and MAY be separated with dashes (-), slashes (/) or periods (.)"
        raise InvalidReference(f"invalid chart name '{name}': a valid name {rule}" if name else "no name set")
    prefix = "failed to get chart version for remote reference: "
    rows = index.rows(name)
    if rows is None:
        raise InvalidReference(f"{prefix}no chart name found")
    if not rows:
        raise InvalidReference(f"{prefix}no chart version found")
    exact = next((row for row in rows if version and row.get("version") == version), None)
    if exact is not None:
        return exact
    try:
        constraint = Constraint(version or "*")
    except InvalidConstraint as error:
        raise InvalidReference(f"{prefix}{error}") from error
    matching = [row for row in rows if constraint.check(version_of(row))]
    if not matching:
        raise InvalidReference(f"{prefix}no '{name}' chart with version matching '{version}' found")
    return max(matching, key=lambda row: (version_of(row), str(row.get("created") or "")))


def human_size(size: int) -> str:
    """``414B``, ``1.234kB``: four significant digits."""
    value, units = float(size), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000.0 and len(units) > 1:
        value /= 1000.0
        units.pop(0)
    return f"{value:.4g}{units[0]}"
