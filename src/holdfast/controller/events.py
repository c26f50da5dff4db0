"""Kubernetes Events about our objects, folded as client-go folds them.

In: what to tell about which object. Out: core/v1 Events in its namespace, written in the background and in order. The
same text again counts up an Event that is there; after ten different texts of one reason within ten minutes the next are
combined into one; an object that talks too much is cut short (25 at once, then one in five minutes).
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from holdfast.base.clock import Clock
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import ApiError, NotFound
from holdfast.kube.refs import Manifest, ObjectRef

log = logging.getLogger(__name__)

K = TypeVar("K")
V = TypeVar("V")

NORMAL, WARNING = "Normal", "Warning"
COMBINED = "(combined from similar events): "
_SIMILAR_LIMIT = 10
_SIMILAR_SECONDS = 600.0
_BURST = 25
_REFILL_SECONDS = 300.0
_REMEMBERED = 4096
_LONGEST = 1024
# Annotations of the object under this prefix are copied to its events.
_EVENT_GROUP = "event.toolkit.fluxcd.io/"

_Group = int  # a hash of what the event is about, and of its reason: thousands are remembered


@dataclass(slots=True)
class _Similar:
    texts: set[int] = field(default_factory=set)
    last: float = 0.0


@dataclass(slots=True)
class _Known:
    name: str
    count: int
    first: str


@dataclass(slots=True)
class _Bucket:
    tokens: float = _BURST
    last: float = 0.0


class EventRecorder:
    """``component`` is the reporting controller's name. ``run`` writes; ``drain`` waits until all is written.

    ``folded`` False: each event is a new Event, as Argo CD writes them.
    """

    def __init__(self, client: Client, component: str, clock: Clock, *, folded: bool = True) -> None:
        self._client = client
        self._component = component
        self._clock = clock
        self._folded = folded
        self._similar: OrderedDict[_Group, _Similar] = OrderedDict()
        self._known: OrderedDict[tuple[_Group, int], _Known] = OrderedDict()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._outbox: asyncio.Queue[tuple[Manifest, str, str, str, dict[str, str]]] = asyncio.Queue(maxsize=10_000)
        self._serial = 0

    def event(
        self, obj: Manifest, type: str, reason: str, message: str, annotations: Mapping[str, str] | None = None
    ) -> None:
        """Tells of ``obj``. Never blocks, never fails; a full outbox loses the event."""
        meta = obj.get("metadata") or {}
        notes = dict(annotations or {})
        notes.update({k: v for k, v in (meta.get("annotations") or {}).items() if k.startswith(_EVENT_GROUP)})
        log.log(
            logging.WARNING if type == WARNING else logging.INFO,
            "%s: %s: %s",
            ObjectRef.of(obj),
            reason,
            message.strip().replace("\n", " | "),
        )
        try:
            self._outbox.put_nowait((obj, type, reason, message, notes))
        except asyncio.QueueFull:
            log.warning("%s: an event was lost, too many are waiting", ObjectRef.of(obj))

    async def run(self) -> None:
        while True:
            item = await self._outbox.get()
            try:
                await self._write(*item)
            except ApiError as error:
                log.debug("event not written: %s", error)
            finally:
                self._outbox.task_done()

    async def drain(self, seconds: float = 5.0) -> None:
        try:
            await asyncio.wait_for(self._outbox.join(), seconds)
        except TimeoutError:
            log.warning("%d events were not written", self._outbox.qsize())

    async def _write(self, obj: Manifest, type: str, reason: str, message: str, notes: dict[str, str]) -> None:
        uid = str((obj.get("metadata") or {}).get("uid") or "")
        if self._folded and not self._allowed(uid or str(ObjectRef.of(obj))):
            return
        group = hash((uid, str(ObjectRef.of(obj)), type, reason))
        if not self._folded:
            self._serial += 1
            await self._create(obj, (group, self._serial), type, reason, message, notes)
            return
        text, shared = self._fold(group, message[:_LONGEST])
        key = (group, 0 if shared else hash(text))
        known = self._known.get(key)
        if known is not None and await self._count_up(obj, key, known, text, notes):
            return
        await self._create(obj, key, type, reason, text, notes)

    def _fold(self, group: _Group, message: str) -> tuple[str, bool]:
        now = self._clock.monotonic()
        similar = self._similar.get(group)
        if similar is None or now - similar.last > _SIMILAR_SECONDS:
            similar = self._similar[group] = _Similar()
        similar.last = now
        similar.texts.add(hash(message))
        _remember(self._similar, group)
        if len(similar.texts) < _SIMILAR_LIMIT:
            return message, False
        if len(similar.texts) > _SIMILAR_LIMIT:
            similar.texts.pop()
        return COMBINED + message, True

    def _allowed(self, about: str) -> bool:
        now = self._clock.monotonic()
        bucket = self._buckets.get(about)
        if bucket is None:
            bucket = self._buckets[about] = _Bucket(last=now)
        _remember(self._buckets, about)
        bucket.tokens = min(_BURST, bucket.tokens + (now - bucket.last) / _REFILL_SECONDS)
        bucket.last = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    async def _count_up(
        self, obj: Manifest, key: tuple[_Group, int], known: _Known, text: str, notes: Mapping[str, str]
    ) -> bool:
        known.count += 1
        body: Manifest = {"count": known.count, "message": text, "lastTimestamp": self._now()}
        if notes:
            body["metadata"] = {"annotations": dict(notes)}
        try:
            await self._client.patch(self._ref(obj, known.name), body, PatchType.MERGE, version="v1")
        except NotFound:
            del self._known[key]
            return False
        return True

    async def _create(
        self, obj: Manifest, key: tuple[_Group, int], type: str, reason: str, text: str, notes: dict[str, str]
    ) -> None:
        meta = obj.get("metadata") or {}
        now = self._now()
        self._serial += 1
        name = f"{meta.get('name')}.{int(self._clock.time() * 1e6):x}{self._serial:x}"
        involved = {
            "apiVersion": obj.get("apiVersion"),
            "kind": obj.get("kind"),
            "name": meta.get("name"),
            "namespace": meta.get("namespace"),
            "uid": meta.get("uid"),
            "resourceVersion": meta.get("resourceVersion"),
        }
        event: Manifest = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": meta.get("namespace") or "default"},
            "involvedObject": {k: v for k, v in involved.items() if v},
            "reason": reason,
            "message": text,
            "type": type,
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "source": {"component": self._component},
            "reportingComponent": self._component,
            "reportingInstance": "",
        }
        if notes:
            event["metadata"]["annotations"] = notes
        await self._client.create(event)
        self._known[key] = _Known(name, 1, now)
        _remember(self._known, key)

    def _ref(self, obj: Manifest, name: str) -> ObjectRef:
        return ObjectRef("", "Event", (obj.get("metadata") or {}).get("namespace") or "default", name)

    def _now(self) -> str:
        return datetime.fromtimestamp(self._clock.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _remember(cache: OrderedDict[K, V], key: K) -> None:
    """Keeps a cache to its size, the longest unused going first."""
    cache.move_to_end(key)
    while len(cache) > _REMEMBERED:
        cache.popitem(last=False)
