"""A shared, always current view of all objects of one kind, kept by list and watch.

In: a kind and a transform (what to keep of each object). Out: look-ups without requests, and calls of handlers
``(ref, old, new)`` for every change, where ``old`` or ``new`` is None when the object appeared or went. A handler is an
ordinary function: it puts a key on a queue or resolves a future, and never blocks. After a lost watch or an outdated
version the kind is listed again, and handlers hear only of what really changed meanwhile.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson

from holdfast.base.backoff import Backoff
from holdfast.base.clock import Clock, SystemClock
from holdfast.base.pack import pack, unpack
from holdfast.cluster.client import EVERYTHING, Client, EventType, Selectors
from holdfast.cluster.discovery import ApiResource
from holdfast.cluster.errors import ApiError, Gone, NoMatch, NotFound
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

log = logging.getLogger(__name__)

T = TypeVar("T")
Handler = Callable[[ObjectRef, T | None, T | None], None]
WATCH_SECONDS = (300, 600)


@dataclass(frozen=True, slots=True)
class LightObject:
    """What is kept of an object where only identity and change matter.

    ``spec_hash`` covers all but status, managedFields and the server's bookkeeping; ``status_hash`` the status.
    """

    uid: str
    resource_version: str
    generation: int
    deleting: bool
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    owners: tuple[str, ...]
    spec_hash: bytes
    status_hash: bytes


_BOOKKEEPING = frozenset({"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"})


def light(obj: Manifest) -> LightObject:
    """The transform for a view that keeps metadata and hashes only."""
    meta = obj.get("metadata") or {}
    kept = {k: v for k, v in obj.items() if k not in ("metadata", "status")}
    kept["metadata"] = {k: v for k, v in meta.items() if k not in _BOOKKEEPING}
    return LightObject(
        uid=meta.get("uid", ""),
        resource_version=meta.get("resourceVersion", ""),
        generation=int(meta.get("generation") or 0),
        deleting="deletionTimestamp" in meta,
        labels=meta.get("labels") or {},
        annotations=meta.get("annotations") or {},
        owners=tuple(o.get("uid", "") for o in meta.get("ownerReferences") or ()),
        spec_hash=_digest(kept),
        status_hash=_digest(obj.get("status")),
    )


def full(obj: Manifest) -> Manifest:
    """The transform for a view of whole objects (managedFields left out: they are half of the memory).

    Such a view keeps its objects packed: a look-up makes one anew. Treat it as frozen.
    """
    meta = obj.get("metadata")
    if meta and "managedFields" in meta:
        del meta["managedFields"]
    return obj


def _digest(value: Any) -> bytes:
    return hashlib.blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=12).digest()


@dataclass(slots=True)
class _Kept:
    ref: ObjectRef
    resource_version: str
    content: Any


def _same(value: Any) -> Any:
    return value


class Informer(Generic[T]):
    """Run ``run()`` as a task. ``synced`` is set while the view is complete, also when the kind does not exist."""

    def __init__(
        self,
        client: Client,
        gvk: GroupVersionKind,
        transform: Callable[[Manifest], T],
        *,
        namespace: str = "",
        selectors: Selectors = EVERYTHING,
        clock: Clock | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self.gvk = gvk
        self.synced = asyncio.Event()
        self.served = False
        """False while the cluster does not know the kind."""
        self._client = client
        self._transform = transform
        whole = transform is full
        self._pack: Callable[[Any], Any] = pack if whole else _same
        self._unpack: Callable[[Any], Any] = unpack if whole else _same
        self._namespace = namespace
        self._selectors = selectors
        self._clock = clock or SystemClock()
        self._backoff = backoff or Backoff(initial=0.5, limit=30.0, jitter=0.5)
        self._kept: dict[ObjectRef, _Kept] = {}
        self._last: tuple[_Kept, T] | None = None  # who looked at an object looks at it again soon
        self._handlers: list[Handler[T]] = []
        self._version = ""
        self._wake = asyncio.Event()
        self._failures = 0
        self._relisting = False
        self._suspect = False

    def add_handler(self, handler: Handler[T]) -> None:
        """Later changes are told; what is known already is told at once as new."""
        self._handlers.append(handler)
        for ref, kept in list(self._kept.items()):
            handler(ref, None, self._value(kept))

    def remove_handler(self, handler: Handler[T]) -> None:
        self._handlers.remove(handler)

    def get(self, ref: ObjectRef) -> T | None:
        return self._value(self._kept.get(ref))

    def _value(self, kept: _Kept | None) -> T | None:
        if kept is None:
            return None
        if self._last is None or self._last[0] is not kept:
            self._last = (kept, self._unpack(kept.content))
        return self._last[1]

    def __contains__(self, ref: ObjectRef) -> bool:
        return ref in self._kept

    def resource_version(self, ref: ObjectRef) -> str:
        kept = self._kept.get(ref)
        return kept.resource_version if kept else ""

    def items(self) -> Iterator[tuple[ObjectRef, T]]:
        return ((ref, self._unpack(kept.content)) for ref, kept in list(self._kept.items()))

    def __len__(self) -> int:
        return len(self._kept)

    def shared(self, ref: ObjectRef) -> ObjectRef:
        """An equal reference, the one that the view holds where it has the object: who keeps many may keep that."""
        kept = self._kept.get(ref)
        return ref if kept is None else kept.ref

    def observe(self, obj: Manifest, value: T | None = None) -> None:
        """Takes over what a write just returned, so that a look-up right after it is not of yesterday. ``value`` is what the
        transform makes of it, where that is known.

        An answer that comes later than the watch has told of it is nothing new: the object may have gone since.
        """
        ref = ObjectRef.of(obj)
        kept = self._kept.get(ref)
        version = str((obj.get("metadata") or {}).get("resourceVersion") or "")
        known = kept.resource_version if kept is not None else self._version
        if version == known or _older(version, known):
            return
        self._put(ref, version, obj, value)

    def poke(self) -> None:
        """The cluster's kinds changed: look again whether ours is served."""
        self._wake.set()

    async def catch_up(self) -> None:
        """Reads everything once, beside the watch: afterwards the view holds all that was written before the call."""
        if not self.synced.is_set() or not self.served:
            return
        resource = await self._client.resource(self.gvk)
        found = await self._client.list_resource(resource, self._namespace, self._selectors, fresh=True)
        if self._version and not _newer(found.resource_version, self._version):
            return  # the watch is there already, and may have told of deletions that the list does not know
        listed = {ObjectRef.of(obj) for obj in found.items}
        for obj in found.items:
            self.observe(obj)
        for ref, kept in list(self._kept.items()):
            if ref not in listed and not _newer(kept.resource_version, found.resource_version):
                self._drop(ref)

    async def run(self) -> None:
        """Keeps the view current until cancelled."""
        while True:
            self._wake.clear()
            try:
                resource = await self._client.resource(self.gvk)
                self.served = True
                if self._suspect:
                    await self._check(resource)
                if not self._version:
                    await self._list(resource)
                await self._watch(resource)
            except NoMatch:
                self._vanish()
                await self._wake.wait()
            except NotFound:
                self._client.discovery.forget()
                await self._pause()
            except Gone:
                log.debug("%s: version too old, listing again", self.gvk)
                again, self._version = self._relisting, ""
                self._relisting = True
                if again:
                    await self._pause()
            except ApiError as error:
                log.debug("%s: %s", self.gvk, error)
                self._suspect = True
                await self._pause()

    async def _pause(self) -> None:
        """Waits longer after each failure, but not when the kinds of the cluster just changed."""
        delay = self._backoff.delay(self._failures)
        self._failures += 1
        timer = self._clock.call_later(delay, self._wake.set)
        await self._wake.wait()
        timer.cancel()

    def _vanish(self) -> None:
        self.served = False
        self._version = ""
        for ref in list(self._kept):
            self._drop(ref)
        self.synced.set()

    async def _list(self, resource: ApiResource) -> None:
        seen = set()
        async for page in self._client.pages(resource, self._namespace, self._selectors):
            for obj in page.items:
                ref = ObjectRef.of(obj)
                seen.add(ref)
                version = obj["metadata"].get("resourceVersion", "")
                kept = self._kept.get(ref)
                if kept is None or kept.resource_version != version:
                    self._put(ref, version, obj)
        for ref in [r for r in self._kept if r not in seen]:
            self._drop(ref)
        self._version = page.resource_version
        self.synced.set()

    async def _check(self, resource: ApiResource) -> None:
        """After a break: a server that came back with a shorter past (empty, or from a backup) is read anew.

        Such a server would take a watch from our version and stay silent until its own count has caught up.
        """
        current = await self._client.revision(resource, self._namespace)
        if self._version and current.isdigit() and _newer(self._version, current):
            self._version = ""
        self._suspect = False
        # It answers again: the next short break is not the continuation of this one.
        self._failures = min(self._failures, 1)

    async def _watch(self, resource: ApiResource) -> None:
        """Returns never; a watch that ends in order is opened again where it stopped."""
        while True:
            seconds = random.randint(*WATCH_SECONDS)
            stream = self._client.watch(
                resource,
                self._namespace,
                resource_version=self._version,
                selectors=self._selectors,
                seconds=seconds,
            )
            started = self._clock.monotonic()
            async for event in stream:
                self._failures = 0
                self._relisting = False
                self._take(event.type, event.object)
            if self._clock.monotonic() - started < 1.0:
                await self._pause()

    def _take(self, kind: EventType, obj: Manifest) -> None:
        version = str((obj.get("metadata") or {}).get("resourceVersion") or "")
        if version and self._version and _newer(self._version, version) and version.isdigit():
            raise Gone("the server's history was reset", code=410)
        if kind is not EventType.BOOKMARK:
            ref = ObjectRef.of(obj)
            kept = self._kept.get(ref)
            # What a write returned may be ahead of the watch, a new object of the same name included.
            if kept is None or not _older(version, kept.resource_version):
                if kind is EventType.DELETED:
                    self._drop(ref)
                elif kept is None or version != kept.resource_version:
                    self._put(ref, version, obj)
        self._version = version or self._version

    def _put(self, ref: ObjectRef, version: str, obj: Manifest, value: T | None = None) -> None:
        old = self._kept.get(ref)
        value = self._transform(obj) if value is None else value
        ref = old.ref if old is not None else _lasting(ref)
        self._kept[ref] = _Kept(ref, version, self._pack(value))
        self._tell(ref, self._value(old), value)

    def _drop(self, ref: ObjectRef) -> None:
        old = self._kept.pop(ref, None)
        if old is not None:
            self._tell(ref, self._value(old), None)

    def _tell(self, ref: ObjectRef, old: T | None, new: T | None) -> None:
        for handler in list(self._handlers):
            handler(ref, old, new)


def _older(version: str, than: str) -> bool:
    return version.isdigit() and than.isdigit() and int(version) < int(than)


def _lasting(ref: ObjectRef) -> ObjectRef:
    """With words that all references share: there may be a hundred thousand of them."""
    return ObjectRef(sys.intern(ref.group), sys.intern(ref.kind), sys.intern(ref.namespace), ref.name)


def _newer(version: str, than: str) -> bool:
    """Resource versions are comparable numbers (KEP-5504); where they are not, any other counts as newer."""
    if version.isdigit() and than.isdigit():
        return int(version) > int(than)
    return version != than
