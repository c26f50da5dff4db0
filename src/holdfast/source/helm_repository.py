"""Helm chart repositories over HTTP: the index, the version that a range means, the archive of a chart.

In: an address, credentials, bytes. Out: a checked index (also as the JSON that Flux stores), a version, the bytes of a .tgz.
Errors are worded as Helm's. Never unpacks a chart.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from holdfast.base.errors import RetryLater, Stop
from holdfast.base.semver import Constraint, InvalidConstraint, InvalidVersion, Version
from holdfast.kube import yaml
from holdfast.source.http import WayOut, basic, request

MAX_INDEX = 50 << 20
MAX_CHART = 10 << 20
# The order of the fields of Helm's index entries: the stored JSON has it, its digest depends on it.
_FIELDS = (
    *(
        "name",
        "home",
        "sources",
        "version",
        "description",
        "keywords",
        "maintainers",
        "icon",
        "apiVersion",
        "condition",
    ),
    *("tags", "appVersion", "deprecated", "annotations", "kubeVersion", "dependencies", "type"),
    *("urls", "created", "removed", "digest"),
)
_ALWAYS = {"urls": None, "created": "0001-01-01T00:00:00Z"}
_NAME = re.compile(r"([-a-z0-9]+/?\.?)+")

Entry = Mapping[str, Any]


class FetchFailed(RetryLater):
    """The server has no such file, or there is no server."""


class InvalidIndex(RetryLater):
    """What the server sent is no index."""


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


@dataclass(frozen=True, slots=True)
class Index:
    """``entries`` has the valid versions of each chart, the newest first."""

    api_version: str
    entries: Mapping[str, Sequence[Entry]]
    generated: str = "0001-01-01T00:00:00Z"
    extra: Mapping[str, Any] = field(default_factory=dict)


def revision_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def fetch_index(url: str, access: Access) -> bytes:
    """The bytes of index.yaml. Raises FetchFailed or what ``request`` raises."""
    return _get(f"{url.rstrip('/')}/index.yaml", url, access, MAX_INDEX)


def fetch_chart(url: str, entry: Entry, access: Access) -> bytes:
    """The archive of one version; checked where the index tells a digest."""
    urls = entry.get("urls") or ()
    if not urls:
        raise FetchFailed(f"chart '{entry.get('name')}' has no downloadable URLs")
    return _get(urljoin(f"{url.rstrip('/')}/", str(urls[0])), url, access, MAX_CHART)


def _get(url: str, base: str, access: Access, limit: int) -> bytes:
    answer = request(url, authorization=access.header(url, base), way=access.way, limit=limit)
    if answer.status != 200:
        from http.client import responses

        raise FetchFailed(f"failed to fetch {url} : {answer.status} {responses.get(answer.status, '')}".rstrip())
    return answer.body


def _same_host(a: str, b: str) -> bool:
    one, other = urlsplit(a), urlsplit(b)
    return (one.scheme, one.netloc) == (other.scheme, other.netloc)


def parse_index(data: bytes) -> Index:
    """Raises InvalidIndex, or the YAML's own error."""
    if not data:
        raise InvalidIndex("empty index.yaml file")
    found = json.loads(data) if data[:1] == b"{" else yaml.load(data, source="index.yaml")
    if not isinstance(found, dict):
        raise InvalidIndex("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal into repo.IndexFile")
    if not found.get("apiVersion"):
        raise InvalidIndex("no API version specified")
    entries = {str(name): _sorted(rows or ()) for name, rows in sorted((found.get("entries") or {}).items())}
    extra = {k: found[k] for k in ("serverInfo", "publicKeys", "annotations") if found.get(k)}
    generated = str(found.get("generated") or "0001-01-01T00:00:00Z")
    return Index(str(found["apiVersion"]), entries, generated, extra)


def _sorted(rows: Sequence[Any]) -> list[Entry]:
    valid = [{"apiVersion": "v1", **row} for row in rows if isinstance(row, dict) and row.get("name")]
    return sorted((r for r in valid if _version(r) is not None), key=lambda r: _order(r), reverse=True)


def _order(row: Entry) -> Version:
    found = _version(row)
    assert found is not None
    return found


def _version(row: Entry) -> Version | None:
    try:
        return Version.parse(str(row.get("version") or ""))
    except InvalidVersion:
        return None


def index_json(index: Index) -> bytes:
    """The index as Go's encoder writes Helm's structure."""
    document: dict[str, Any] = {}
    if "serverInfo" in index.extra:
        document["serverInfo"] = index.extra["serverInfo"]
    document |= {"apiVersion": index.api_version, "generated": index.generated}
    document["entries"] = {name: [_shown(row) for row in rows] for name, rows in index.entries.items()}
    document |= {k: index.extra[k] for k in ("publicKeys", "annotations") if k in index.extra}
    text = json.dumps(document, indent=2, ensure_ascii=False)
    for plain, escaped in (("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e")):
        text = text.replace(plain, escaped)
    return text.encode()


def _shown(row: Entry) -> dict[str, Any]:
    return {k: row.get(k) or _ALWAYS.get(k) for k in _FIELDS if row.get(k) or k in _ALWAYS}


def choose(index: Index, name: str, version: str) -> Entry:
    """The version of a chart that a reference means: the exact one, else the highest in the range. Raises InvalidReference."""
    if not name or not _NAME.fullmatch(name):
        rule = "must be lower case letters and numbers and MAY be separated with dashes (-), slashes (/) or periods (.)"
        raise InvalidReference(f"invalid chart name '{name}': a valid name {rule}" if name else "no name set")
    prefix = "failed to get chart version for remote reference: "
    rows = index.entries.get(name)
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
    matching = [row for row in rows if constraint.check(_order(row))]
    if not matching:
        raise InvalidReference(f"{prefix}no '{name}' chart with version matching '{version}' found")
    return max(matching, key=lambda row: (_order(row), str(row.get("created") or "")))


def human_size(size: int) -> str:
    """``414B``, ``1.234kB``: four significant digits."""
    value, units = float(size), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000.0 and len(units) > 1:
        value /= 1000.0
        units.pop(0)
    return f"{value:.4g}{units[0]}"
