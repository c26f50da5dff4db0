"""One cluster as deliveries see it: a watch per kind in use, small facts per object, what was applied and by whom.

Only objects with an owner label are watched, so the churn of everything else costs nothing. `changed` handlers hear of every
change of a watched object; `drifted` of those that took a managed object away from what was applied.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from holdfast.base.clock import Clock
from holdfast.cluster.client import Client, Selectors
from holdfast.cluster.informer import Informer
from holdfast.cluster.watches import Watches
from holdfast.health.kstatus import completed_job, compute
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.delivery import Ownership, UnitKey
from holdfast.model.live import LiveObject
from holdfast.plan import desired_hash, observe

log = logging.getLogger(__name__)

SYNC_SECONDS = 10.0
Changed = Callable[[ObjectRef], None]
Drifted = Callable[[UnitKey, ObjectRef], None]


@dataclass(frozen=True, slots=True)
class _Record:
    """Whose an object is. ``desired`` and ``owned`` are hashes as they were right after the last apply or comparison."""

    unit: UnitKey
    desired: str = ""
    owned: str = ""
    uid: str = ""


class ClusterState:
    """A `LiveView`, kept current. Use one per cluster and kind of owner."""

    def __init__(self, client: Client, watches: Watches, owner: Ownership, clock: Clock) -> None:
        self.client = client
        self.watches = watches
        self.owner = owner
        self.clock = clock
        self.drifted: list[Drifted] = []
        self._changed: list[Changed] = []
        self._informers: dict[tuple[str, str], Informer[LiveObject]] = {}
        self._records: dict[ObjectRef, _Record] = {}
        self._transform = self._facts
        self._selectors = Selectors(labels=f"{owner.group}/name")

    # --- the view

    def get(self, ref: ObjectRef) -> LiveObject | None:
        informer = self._informers.get((ref.group, ref.kind))
        return informer.get(ref) if informer else None

    def knows(self, ref: ObjectRef) -> bool:
        informer = self._informers.get((ref.group, ref.kind))
        return informer is not None and informer.served and informer.synced.is_set()

    def synced(self, ref: ObjectRef) -> tuple[str, str] | None:
        record = self._records.get(ref)
        return (record.desired, record.owned) if record is not None and record.desired else None

    async def follow(self, gvks: Iterable[GroupVersionKind]) -> None:
        """Watches these kinds from now on; returns when their objects are known, or soon after if they cannot be."""
        fresh = []
        for gvk in gvks:
            if (gvk.group, gvk.kind) not in self._informers:
                informer = self.watches.informer(gvk, self._transform, namespace="", selectors=self._selectors)
                informer.add_handler(self._heard)
                self._informers[gvk.group, gvk.kind] = informer
            informer = self._informers[gvk.group, gvk.kind]
            if not informer.served:
                informer.poke()
            if not (informer.served and informer.synced.is_set()):
                fresh.append(informer)
        if fresh:
            waits = asyncio.gather(*(i.synced.wait() for i in fresh))
            try:
                await asyncio.wait_for(waits, SYNC_SECONDS)
            except TimeoutError:
                log.debug("kinds that cannot be watched: %s", [str(i.gvk) for i in fresh if not i.synced.is_set()])

    # --- what was done

    def applied(self, unit: UnitKey, desired: Manifest, live: Manifest, ignored: Sequence[str] = ()) -> None:
        """The server just returned ``live`` for ``desired``; the fields at ``ignored`` were left alone."""
        ref, facts = ObjectRef.of(live), self._facts(live)
        informer = self._informers.get((ref.group, ref.kind))
        if informer is not None:
            ref = informer.shared(ref)
        self._records[ref] = _Record(unit, desired_hash(desired, ignored), facts.owned, facts.uid)
        if informer is None:
            return
        informer.observe(live, facts)
        if informer.served and informer.synced.is_set():
            now = informer.get(ref)
            if now is None or now.resource_version != facts.resource_version:
                # It was changed again, or deleted, before this answer came; the watch told us when it was not ours yet.
                self._heard(ref, None, now)

    def had(self, live: Manifest) -> bool:
        """Whether this very object was applied or confirmed before."""
        uid = (live.get("metadata") or {}).get("uid")
        record = self._records.get(ObjectRef.of(live))
        return record is not None and bool(uid) and record.uid == uid

    def confirmed(self, unit: UnitKey, ref: ObjectRef, desired: Manifest, ignored: Sequence[str] = ()) -> None:
        """The view's object is as desired; nothing was sent."""
        informer = self._informers.get((ref.group, ref.kind))
        live, before = self.get(ref), self._records.get(ref)
        if informer is not None and live is not None:
            record = _Record(unit, desired_hash(desired, ignored), live.owned, live.uid)
            self._records[informer.shared(ref)] = record
        else:
            self._records[ref] = replace(before, unit=unit) if before is not None else _Record(unit)

    def suspected(self, unit: UnitKey, ref: ObjectRef, desired: Manifest, ignored: Sequence[str] = ()) -> None:
        """It was as desired a moment ago, and has changed since: that is drift, which nobody may have been told of."""
        record = self._records[ref] = _Record(unit, desired_hash(desired, ignored))
        self._judge(ref, record, self.get(ref))

    def _judge(self, ref: ObjectRef, record: _Record, live: LiveObject | None) -> None:
        if _is_drift(record, live):
            for handler in self.drifted:
                handler(record.unit, ref)

    def released(self, unit: UnitKey, ref: ObjectRef) -> None:
        """The unit no longer has this object."""
        record = self._records.get(ref)
        if record is not None and record.unit == unit:
            del self._records[ref]

    def forget(self, unit: UnitKey) -> None:
        """The unit is somebody else's business."""
        for ref in [r for r, record in self._records.items() if record.unit == unit]:
            self.released(unit, ref)

    # --- who listens

    def listen(self, changed: Changed) -> Callable[[], None]:
        """Calls ``changed`` for every change until the returned function is called."""
        self._changed.append(changed)
        return lambda: self._changed.remove(changed)

    def _facts(self, obj: Mapping[str, Any]) -> LiveObject:
        now = self.clock.time()
        is_job = obj.get("kind") == "Job" and str(obj.get("apiVersion")).startswith("batch/")
        result = completed_job(obj, now=now) if is_job else compute(obj, now=now)
        return observe(obj, self.owner, result.status, result.message)

    def _heard(self, ref: ObjectRef, old: LiveObject | None, new: LiveObject | None) -> None:
        del old
        record = self._records.get(ref)
        if record is not None:
            self._judge(ref, record, new)
        for listener in list(self._changed):
            listener(ref)


def _is_drift(record: _Record, live: LiveObject | None) -> bool:
    if live is None:
        return True
    if live.owner not in ((record.unit.name, record.unit.namespace), ("", "")):
        # Another unit has taken the object over; the two of them would undo each other for ever.
        return False
    return live.foreign or (bool(record.desired) and record.owned != live.owned)
