"""Watches: what happened since a revision and what happens from now on, as lines of JSON.

In: a selection and list options; out: an asynchronous stream of bytes. Every event is turned into bytes once for all watchers
that want it in the same form.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

import orjson

from holdfast.sandbox import encode, gonumbers, tables
from holdfast.sandbox.conversion import from_storage
from holdfast.sandbox.negotiate import PROTOBUF, Form
from holdfast.sandbox.options import ListOptions
from holdfast.sandbox.reading import Selection
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.store import ADDED, DELETED, MODIFIED, Event, Expired, Record, record

BOOKMARK_SECONDS: Final = 60.0
DEFAULT_SECONDS: Final = 2400
BACKLOG: Final = 20_000
"""A watcher this far behind is cut off; it lists again."""


class Watch:
    """One watcher. The subscription starts in ``open``, before the first byte is sent, so that nothing is missed."""

    def __init__(
        self, registry: Registry, resource: Resource, wanted: Selection, options: ListOptions, form: Form
    ) -> None:
        self._registry = registry
        self._resource = resource
        self._wanted = wanted
        self._options = options
        self._form = form
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._handle = 0
        self._first_table = True

    def open(self) -> AsyncIterator[bytes]:
        initial = self._initial()
        self._handle = self._registry.store.subscribe(self._resource.storage, self._receive)
        return self._stream(initial)

    def stop(self) -> None:
        """Ends the stream after what is queued already."""
        self._queue.put_nowait(None)

    def _receive(self, event: Event) -> None:
        if self._queue.qsize() > BACKLOG:
            self._queue.put_nowait(None)
        else:
            self._queue.put_nowait(event)

    def _initial(self) -> list[bytes]:
        options, table = self._options, self._registry.store.table(self._resource.storage)
        revision = options.resource_version
        state_first = bool(options.initial_events) or (options.initial_events is None and revision in ("", "0"))
        if state_first:
            present = [self._line(ADDED, r) for r in table.scan(self._wanted.namespace) if self._wanted.takes(r)]
            if options.initial_events and options.bookmarks:
                present.append(self._bookmark(initial_end=True))
            return present
        if not revision or revision == "0":
            return []
        try:
            return [line for e in table.since(int(revision)) if (line := self._event_line(e))]
        except Expired:
            message = f"too old resource version: {revision} ({table.compacted})"
            body = {
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Failure",
                "message": message,
                "reason": "Expired",
                "code": 410,
            }
            binary = self._form.media == PROTOBUF
            return [
                self._frame("ERROR", body) if binary else orjson.dumps({"type": "ERROR", "object": body}) + b"\n",
                b"",
            ]

    async def _stream(self, initial: Iterable[bytes]) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        end = loop.time() + (self._options.timeout or DEFAULT_SECONDS)
        try:
            for line in initial:
                if not line:
                    return
                yield line
            next_bookmark = loop.time() + BOOKMARK_SECONDS
            while (left := min(end, next_bookmark) - loop.time()) > 0 or loop.time() < end:
                event = await self._next(max(left, 0))
                if event is _NOTHING:
                    if loop.time() >= end:
                        return
                    next_bookmark = loop.time() + BOOKMARK_SECONDS
                    if self._options.bookmarks:
                        yield self._bookmark()
                    continue
                if event is None:
                    return
                assert isinstance(event, Event)
                line = self._event_line(event)
                if line:
                    yield line
        finally:
            self._registry.store.unsubscribe(self._resource.storage, self._handle)

    async def _next(self, seconds: float) -> Event | object | None:
        if not self._queue.empty():
            return self._queue.get_nowait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self._queue.get()
        return _NOTHING

    def _event_line(self, event: Event) -> bytes:
        wanted = self._wanted
        now = event.type != DELETED and wanted.takes(event.record)
        before = event.previous is not None and wanted.takes(event.previous)
        if event.type == DELETED:
            return self._cached(event, DELETED, event.record) if before else b""
        if now:
            return self._cached(event, MODIFIED if before else ADDED, event.record)
        if before:
            # The watcher learns about the object as it knew it, at the revision of the change that took it out of sight.
            assert event.previous is not None
            last = record(event.previous.key, event.revision, event.previous.load(), event.previous.version)
            return self._line(DELETED, last)
        return b""

    def _cached(self, event: Event, type_: str, found: Record) -> bytes:
        if self._form.target == "Table":
            return self._line(type_, found)
        key = (type_, self._resource.group, self._resource.version, self._form)
        line: bytes | None = event.cache.get(key)
        if line is None:
            line = event.cache[key] = self._line(type_, found)
        return line

    def _line(self, type_: str, found: Record) -> bytes:
        if self._form.media == PROTOBUF:
            return self._frame(
                type_,
                encode.printed(self._resource, from_storage(self._resource, found), self._form, self._registry.clock()),
            )
        if not self._form.target:
            return b'{"type":"%b","object":%b}\n' % (type_.encode(), encode.object_bytes(self._resource, found))
        return self._printed(type_, from_storage(self._resource, found))

    def _frame(self, type_: str, obj: dict[str, Any]) -> bytes:
        from holdfast.sandbox import protowrite

        return protowrite.frame(type_, obj)

    def _printed(self, type_: str, obj: dict[str, Any]) -> bytes:
        body = encode.printed(self._resource, obj, self._form, self._registry.clock())
        if self._form.target == "Table":
            if not self._first_table:
                body["columnDefinitions"] = None
            self._first_table = False
        return gonumbers.dumps({"type": type_, "object": body}) + b"\n"

    def _bookmark(self, *, initial_end: bool = False) -> bytes:
        meta: dict[str, Any] = {"resourceVersion": str(self._registry.store.revision)}
        if initial_end:
            meta["annotations"] = {"k8s.io/initial-events-end": "true"}
        obj = tables.bare_object(self._resource, meta)
        if self._form.media == PROTOBUF:
            return self._frame("BOOKMARK", encode.printed(self._resource, obj, self._form, self._registry.clock()))
        if self._form.target:
            return self._printed("BOOKMARK", obj)
        return orjson.dumps({"type": "BOOKMARK", "object": obj}) + b"\n"


_NOTHING: Final = object()
