"""index.yaml of any size: charts are found by their place in the text, and read one at a time.

In: the bytes of an index, YAML or JSON, best a memory map. Out: an ``IndexFile`` that knows where each chart is and reads the
versions of the one that is asked for. A layout that cannot be cut safely is read as a whole. Never copies the index.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from holdfast.base.errors import HoldfastError, RetryLater
from holdfast.base.semver import InvalidVersion, Version
from holdfast.kube import yaml

Buffer = bytes | mmap.mmap
Entry = Mapping[str, Any]
Span = tuple[int, int]

# Patterns begin with a newline: the search for one plain character is many times faster than one for a line's beginning.
_TOP = re.compile(rb"\n([^\s#][^\n]*)")
_INSIDE = re.compile(rb"\n( +)([^\s][^\n]*)")
_NAME = re.compile(rb"([\"']?)([A-Za-z0-9][A-Za-z0-9._/-]*)\1:(?:\s|\Z)")
_STRANGE = (b"%", b"&", b"-", b"?", b"{", b"[", b"...", b"!", b"*")
_STORED_ENTRIES = re.compile(rb'\n  "entries": \{\n')
_STORED_END = re.compile(rb"\n  \}")
_STORED_CHART = re.compile(rb'\n    ("[^\n]*"): \[(\]?)')
_STORED_CHART_END = re.compile(rb"\n    \]")
_NO_JSON = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal into repo.IndexFile"
_ESCAPED = re.compile(rb"[&<>]")
EPOCH = "0001-01-01T00:00:00Z"


class InvalidIndex(RetryLater):
    """What the server sent is no index."""


class _Unsafe(Exception):
    """This text cannot be cut into charts."""


class IndexFile:
    """An index whose charts are read when they are asked for.

    ``head`` is everything but the entries. Errors in a chart are raised when it is read, as InvalidIndex.
    """

    def __init__(self, data: Buffer, head: Mapping[str, Any], spans: Mapping[str, Span], *, is_json: bool) -> None:
        self._data = data
        self._spans = spans
        self._is_json = is_json
        self.head = head

    def __contains__(self, name: str) -> bool:
        return name in self._spans

    def names(self) -> Iterator[str]:
        return iter(self._spans)

    def rows(self, name: str) -> list[Entry] | None:
        """The valid versions of a chart, the newest first; None where there is no such chart."""
        span = self._spans.get(name)
        if span is None:
            return None
        text = bytes(self._data[span[0] : span[1]])
        try:
            found = json.loads(text) if self._is_json else next(iter((yaml.load(text) or {}).values()), None)
        except (HoldfastError, ValueError) as error:
            raise _Unsafe(str(error)) from error
        return valid_rows(found)


class WholeIndex(IndexFile):
    """An index that had to be read at once."""

    def __init__(self, head: Mapping[str, Any], entries: Mapping[str, Any]) -> None:
        super().__init__(b"", head, dict.fromkeys(entries, (0, 0)), is_json=False)
        self._entries = entries

    def rows(self, name: str) -> list[Entry] | None:
        return valid_rows(self._entries[name]) if name in self._entries else None


class _Careful(IndexFile):
    """Falls back to the whole text when a chart that was cut out cannot be read: the error then has the right line."""

    _whole: IndexFile | None = None

    def rows(self, name: str) -> list[Entry] | None:
        if self._whole is None:
            try:
                return super().rows(name)
            except _Unsafe:
                self._whole = _read_whole(bytes(self._data))
        return self._whole.rows(name)


def open_index(data: Buffer) -> IndexFile:
    """Raises InvalidIndex, or the YAML's own error."""
    if not len(data):
        raise InvalidIndex("empty index.yaml file")
    try:
        head, spans, is_json = _cut(data)
    except _Unsafe:
        found: IndexFile = _read_whole(bytes(data))
    else:
        found = _Careful(data, head, spans, is_json=is_json)
    if not found.head.get("apiVersion"):
        raise InvalidIndex("no API version specified")
    return found


def _read_whole(data: bytes) -> WholeIndex:
    try:
        found = json.loads(data) if data[:1] == b"{" else None
    except ValueError:
        found = None  # YAML may begin so, too
    if found is None:
        found = yaml.load(data, source="index.yaml")
    if not isinstance(found, dict):
        raise InvalidIndex(_NO_JSON)
    entries = found.pop("entries", None) or {}
    if not isinstance(entries, dict):
        raise InvalidIndex(_NO_JSON)
    return WholeIndex(found, {str(k): v for k, v in sorted(entries.items())})


def _cut(data: Buffer) -> tuple[dict[str, Any], dict[str, Span], bool]:
    if data[:1] == b"{":
        return (*_cut_json(data), True)
    start, end = _entries_section(data)
    spans = _charts(data, start, end)
    head = yaml.load(bytes(data[:start]).rpartition(b"entries:")[0] + bytes(data[end:])) or {}
    if not isinstance(head, dict):
        raise _Unsafe
    return head, dict(sorted(spans.items())), False


def _entries_section(data: Buffer) -> Span:
    """From behind the line ``entries:`` to the next key at the left margin."""
    start, end = -1, len(data)
    for at, line in _margin_lines(data):
        if start < 0 and line == b"entries:":
            start = at + len(line)
        elif line.startswith(_STRANGE) and not (start < 0 and (line == b"---" or line.startswith(b"- "))):
            raise _Unsafe
        elif start >= 0:
            end = min(end, at)
    if start < 0:
        raise _Unsafe
    return start, end


def _margin_lines(data: Buffer) -> Iterator[tuple[int, bytes]]:
    if data[:1] not in (b"\n", b"\r", b"#", b" "):
        yield 0, bytes(data[: data.find(b"\n")] if b"\n" in data[:4096] else data[:4096]).rstrip()
    for match in _TOP.finditer(data):
        yield match.start() + 1, match[1].rstrip()


def _charts(data: Buffer, start: int, end: int) -> dict[str, Span]:
    margin = _margin(data, start, end)
    starts: list[tuple[str, int]] = []
    for match in re.compile(rb"\n( {1,%d})([^\s#][^\n]*)" % margin).finditer(data, start, end):
        if match[2].startswith(b"- ") and len(match[1]) == margin:
            continue
        name = _NAME.match(match[2])
        if name is None or len(match[1]) != margin:
            raise _Unsafe
        starts.append((name[2].decode(), match.start() + 1))
    ends = [at for _, at in starts[1:]] + [end]
    spans = {name: (at, stop) for (name, at), stop in zip(starts, ends, strict=True)}
    if len(spans) != len(starts):
        raise _Unsafe  # the same chart twice: what that means is told by the whole
    return spans


def _margin(data: Buffer, start: int, end: int) -> int:
    """How far in the names of charts are."""
    for match in _INSIDE.finditer(data, start, end):
        if not match[2].startswith(b"#"):
            return len(match[1])
    raise _Unsafe


def _cut_json(data: Buffer) -> tuple[dict[str, Any], dict[str, Span]]:
    """Only the layout that Go's and our encoder give with two spaces: no string of JSON can look like its line ends."""
    opened = _STORED_ENTRIES.search(data)
    if opened is None:
        raise _Unsafe
    spans: dict[str, Span] = {}
    at = opened.end() - 1
    while chart := _STORED_CHART.match(data, at):
        begin = chart.end() - (2 if chart[2] else 1)
        last = None if chart[2] else _STORED_CHART_END.search(data, begin)
        stop = last.end() if last else begin + 2
        spans[str(json.loads(chart[1]))] = (begin, stop)
        at = stop + (data[stop : stop + 1] == b",")
    closed = _STORED_END.match(data, at)
    if closed is None:
        raise _Unsafe
    head = json.loads(bytes(data[: opened.start()]) + b'  "entries": {' + bytes(data[closed.start() :]))
    head.pop("entries", None)
    return head, spans


def valid_rows(rows: Any) -> list[Entry]:
    """The versions that Helm keeps of a chart's entries, the newest first."""
    if rows is not None and not isinstance(rows, list):
        raise InvalidIndex(_NO_JSON)
    named = [{"apiVersion": "v1", **row} for row in rows or () if isinstance(row, dict) and row.get("name")]
    known = [(version, row) for row in named if (version := _version(row)) is not None]
    known.sort(key=lambda pair: pair[0], reverse=True)
    return [row for _, row in known]


def _version(row: Entry) -> Version | None:
    try:
        return Version.parse(str(row.get("version") or ""))
    except InvalidVersion:
        return None


def version_of(row: Entry) -> Version:
    found = _version(row)
    assert found is not None
    return found


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
_ALWAYS = {"urls": None, "created": EPOCH}


def index_pieces(index: IndexFile) -> Iterator[bytes]:
    """The index as Go's encoder writes Helm's structure, one chart at a time."""
    head = {k: index.head[k] for k in ("serverInfo",) if index.head.get(k)}
    head |= {"apiVersion": str(index.head["apiVersion"]), "generated": str(index.head.get("generated") or EPOCH)}
    yield _json(head).removesuffix(b"\n}") + b',\n  "entries": {'
    behind = b""
    for name in index.names():
        text = _json({name: [_shown(row) for row in index.rows(name) or ()]})
        yield behind + text[1:-2].replace(b"\n", b"\n  ")
        behind = b","
    yield b"\n  }" if behind else b"}"
    tail = {k: index.head[k] for k in ("publicKeys", "annotations") if index.head.get(k)}
    yield b"," + _json(tail)[1:] if tail else b"\n}"


def _json(value: Mapping[str, Any]) -> bytes:
    try:
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2)
    except TypeError:  # a number or a text that only Python's own encoder takes
        text = json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "replace")
    return _ESCAPED.sub(_escape, text)


def _escape(found: re.Match[bytes]) -> bytes:
    return b"\\u00%02x" % found[0][0]


def _shown(row: Entry) -> dict[str, Any]:
    shown = {k: row.get(k) or _ALWAYS.get(k) for k in _FIELDS if row.get(k) or k in _ALWAYS}
    # An empty list is written as one, no list as null.
    return shown if row.get("urls") != [] else {**shown, "urls": []}
