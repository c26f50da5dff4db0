"""A snapshot: everything a store holds, as lines of JSON.

In: a store, or such lines. Out: the lines, or what is to fill an empty store. A snapshot is of one moment: the records are collected in
one step, before anything is written. First line: the format and the revision. Then one line a record. Last line: how many there were, so
that half a file is not taken for a whole one. Never: defaults (what is missing is made when the machine is built).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from holdfast.base.errors import Stop
from holdfast.sandbox.store import Record, Store

PATH: Final = "/holdfast/snapshot"
MEDIA: Final = "application/x-ndjson"
FORMAT: Final = "holdfast-sandbox-snapshot"
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Contents:
    """What an empty store is filled with. ``records`` are pairs of a table's name and a record."""

    revision: int
    records: list[tuple[str, Record]]


def take(store: Store) -> Contents:
    records = [(table.name, record) for table in store.tables() for record in table.scan()]
    return Contents(store.revision, records)


def lines(contents: Contents) -> Iterator[bytes]:
    yield _line({"format": FORMAT, "version": VERSION, "revision": contents.revision})
    for table, record in contents.records:
        head: dict[str, Any] = {"table": table, "namespace": record.key[0], "name": record.key[1]}
        head |= {"revision": record.revision, "version": record.version}
        yield orjson.dumps(head)[:-1] + b',"object":' + record.raw + b"}\n"
    yield _line({"count": len(contents.records)})


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value) + b"\n"


def read(found: Iterable[bytes], name: str) -> Contents:
    """``name`` is that of the file, for what is wrong with it."""
    revision, count, records = 0, -1, []
    for number, line in enumerate(found, 1):
        value = _parsed(line, name, number)
        if number == 1:
            revision = _header(value, name)
        elif count >= 0:
            raise Stop(f"{name}, line {number}: there is more behind the end of the snapshot")
        elif "count" in value:
            count = int(value["count"])
        else:
            records.append(_record(value, name, number))
    if count != len(records):
        raise Stop(
            f"{name} is not a whole snapshot: {len(records)} objects, and its last line is "
            + ("missing" if count < 0 else f"about {count}"),
            hint="take it again with: holdfast sandbox snapshot",
        )
    highest = max((record.revision for _, record in records), default=0)
    return Contents(max(revision, highest), records)


def _parsed(line: bytes, name: str, number: int) -> dict[str, Any]:
    try:
        value = orjson.loads(line)
    except ValueError as error:
        raise Stop(f"{name}, line {number}: {error}") from None
    if not isinstance(value, dict):
        raise Stop(f"{name}, line {number}: not an object")
    return value


def _header(value: dict[str, Any], name: str) -> int:
    if value.get("format") != FORMAT:
        raise Stop(f"{name} is not a snapshot of a sandbox", hint="make one with: holdfast sandbox snapshot")
    if value.get("version") != VERSION:
        raise Stop(f"{name} is a snapshot of version {value.get('version')}; this program reads version {VERSION}")
    return int(value.get("revision") or 0)


def _record(value: dict[str, Any], name: str, number: int) -> tuple[str, Record]:
    try:
        obj, key = value["object"], (str(value["namespace"]), str(value["name"]))
        meta = obj["metadata"]
        labels = dict(meta.get("labels") or {})
        made = Record(
            key, int(value["revision"]), orjson.dumps(obj), str(meta.get("uid") or ""), labels, str(value["version"])
        )
        return str(value["table"]), made
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Stop(f"{name}, line {number}: not a record of a snapshot ({type(error).__name__}: {error})") from None
