"""The store: every object as JSON bytes under one revision counter, with a log of what happened for watches and old snapshots.

In: keys and finished objects (no validation here); out: records and events. All calls are synchronous and run on one
thread, so a read followed by a write without an ``await`` between them is atomic. With a ``Journal`` every change is on
disk before it is acknowledged.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson

from holdfast.sandbox import gonumbers

ADDED: Final = "ADDED"
MODIFIED: Final = "MODIFIED"
DELETED: Final = "DELETED"

Key = tuple[str, str]
"""Namespace (empty for cluster scope) and name."""


class Record:
    """One stored object. ``raw`` is its JSON without ``apiVersion`` and ``kind``; labels are kept apart for selectors."""

    __slots__ = ("key", "labels", "raw", "revision", "uid", "version")

    def __init__(self, key: Key, revision: int, raw: bytes, uid: str, labels: dict[str, str], version: str) -> None:
        self.key = key
        self.revision = revision
        self.raw = raw
        self.uid = uid
        self.labels = labels
        self.version = version
        """The API version in which the object was written."""

    def load(self) -> dict[str, Any]:
        loaded: dict[str, Any] = orjson.loads(self.raw)
        return loaded


def record(key: Key, revision: int, obj: dict[str, Any], version: str) -> Record:
    """A record of ``obj``, whose resourceVersion is set to ``revision``."""
    meta = obj["metadata"]
    meta["resourceVersion"] = str(revision)
    body = {k: v for k, v in obj.items() if k not in ("apiVersion", "kind")}
    labels = dict(meta.get("labels") or {})
    return Record(key, revision, _exact(gonumbers.dumps(body)), meta.get("uid") or "", labels, version)


def _exact(text: bytes) -> bytes:
    """A copy without the spare room that orjson leaves behind its result: up to 8 KiB, kept as long as the object."""
    return bytes(memoryview(text))


@dataclass(slots=True, eq=False)
class Event:
    """A change. ``record`` is the state after it (for a deletion: the last state, with the deletion's revision)."""

    type: str
    revision: int
    record: Record
    previous: Record | None
    cache: dict[Any, Any]
    """What watchers made of it (serialised once for all of them)."""


class Journal(Protocol):
    """Where changes go before they are acknowledged."""

    def write(self, table: str, record: Record) -> None: ...
    def write_all(self, records: Iterable[tuple[str, Record]], revision: int) -> None: ...
    def delete(self, table: str, key: Key, revision: int) -> None: ...


Listener = Callable[[Event], None]


class Expired(Exception):
    """The wanted revision is no longer known."""


class Table:
    """The objects of one resource, in key order, and the recent events."""

    def __init__(self, name: str, history: int) -> None:
        self.name = name
        self._records: dict[Key, Record] = {}
        self._order: list[Key] | None = []
        self.events: deque[Event] = deque(maxlen=history)
        self.compacted = 0
        """Events up to this revision are forgotten."""
        self.listeners: dict[int, Listener] = {}

    def __len__(self) -> int:
        return len(self._records)

    def get(self, key: Key) -> Record | None:
        return self._records.get(key)

    def put(self, record: Record) -> None:
        if self._order is not None and record.key not in self._records:
            # Appending in order is the usual case of a bulk load; anything else is sorted at the next list.
            if not self._order or self._order[-1] < record.key:
                self._order.append(record.key)
            else:
                self._order = None
        self._records[record.key] = record

    def drop(self, key: Key) -> None:
        del self._records[key]
        self._order = None

    def keys(self) -> list[Key]:
        if self._order is None:
            self._order = sorted(self._records)
        return self._order

    def scan(self, namespace: str = "", after: Key | None = None) -> Iterator[Record]:
        """Records in key order, of one namespace or of all, from just behind ``after``."""
        keys = self.keys()
        start = (namespace, "") if namespace else ("", "")
        if after is not None:
            start = (after[0], after[1] + "\0")
        for index in range(bisect_left(keys, start), len(keys)):
            key = keys[index]
            if namespace and key[0] != namespace:
                return
            yield self._records[key]

    def at(self, revision: int) -> list[Record]:
        """All records as they were at ``revision``, in key order."""
        if revision < self.compacted:
            raise Expired
        state = dict(self._records)
        for event in reversed(self.events):
            if event.revision <= revision:
                break
            if event.previous is None:
                state.pop(event.record.key, None)
            else:
                state[event.record.key] = event.previous
        return [state[key] for key in sorted(state)]

    def since(self, revision: int) -> list[Event]:
        """The events after ``revision``, oldest first."""
        if revision < self.compacted:
            raise Expired
        found: list[Event] = []
        for event in reversed(self.events):
            if event.revision <= revision:
                break
            found.append(event)
        found.reverse()
        return found

    def publish(self, event: Event) -> None:
        if self.events.maxlen is not None and len(self.events) == self.events.maxlen:
            self.compacted = self.events[0].revision
        self.events.append(event)
        for listener in list(self.listeners.values()):
            listener(event)


class Store:
    """All tables and the one revision counter."""

    def __init__(self, journal: Journal | None = None, history: int = 5000) -> None:
        self.revision = 1
        self._tables: dict[str, Table] = {}
        self._journal = journal
        self._history = history
        self._next_listener = 0
        self._oldest = 0
        self.watchers: list[Callable[[str, Event], None]] = []
        """Told of every event of every table."""

    def table(self, name: str) -> Table:
        found = self._tables.get(name)
        if found is None:
            found = self._tables[name] = Table(name, self._history)
            # What happened before the table existed cannot have concerned it, but a restart forgets its history.
            found.compacted = self._oldest
        return found

    def tables(self) -> list[Table]:
        return list(self._tables.values())

    def load(self, table: str, record: Record) -> None:
        """Puts back what a journal kept; no event."""
        self.table(table).put(record)
        self.revision = max(self.revision, record.revision)

    def fill(self, records: Iterable[tuple[str, Record]], revision: int) -> None:
        """Puts a snapshot into an empty store, all of it or nothing; no events."""
        found = list(records)
        if self._journal is not None:
            self._journal.write_all(found, revision)
        for table, record in found:
            self.load(table, record)
        self.restored(revision)

    def restored(self, revision: int) -> None:
        """After a restart: goes on from ``revision`` or what was loaded; nothing before can be replayed."""
        self.revision = max(self.revision, revision)
        self._oldest = self.revision
        for table in self._tables.values():
            table.compacted = self.revision

    def create(self, table: str, key: Key, obj: dict[str, Any], version: str) -> Record:
        """The caller has made sure that ``key`` is free."""
        return self._write(ADDED, table, key, obj, version)

    def update(self, table: str, key: Key, obj: dict[str, Any], version: str) -> Record:
        return self._write(MODIFIED, table, key, obj, version)

    def _write(self, type_: str, name: str, key: Key, obj: dict[str, Any], version: str) -> Record:
        table = self.table(name)
        revision = self.revision + 1
        fresh = record(key, revision, obj, version)
        if self._journal is not None:
            self._journal.write(name, fresh)
        self.revision = revision
        previous = table.get(key)
        table.put(fresh)
        self._publish(table, Event(type_, revision, fresh, previous, {}))
        return fresh

    def delete(self, name: str, key: Key) -> Record:
        """Removes the record; answers its last state, at the deletion's revision."""
        table = self.table(name)
        previous = table.get(key)
        assert previous is not None
        revision = self.revision + 1
        if self._journal is not None:
            self._journal.delete(name, key, revision)
        self.revision = revision
        gone = record(key, revision, previous.load(), previous.version)
        table.drop(key)
        self._publish(table, Event(DELETED, revision, gone, previous, {}))
        return gone

    def _publish(self, table: Table, event: Event) -> None:
        table.publish(event)
        for watcher in self.watchers:
            watcher(table.name, event)

    def subscribe(self, name: str, listener: Listener) -> int:
        """Calls ``listener`` with every event of the table from now on; returns the handle for ``unsubscribe``."""
        self._next_listener += 1
        self.table(name).listeners[self._next_listener] = listener
        return self._next_listener

    def unsubscribe(self, name: str, handle: int) -> None:
        self.table(name).listeners.pop(handle, None)
