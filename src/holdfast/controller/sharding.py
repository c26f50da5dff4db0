"""Replicas that share the work: a Lease for each member, a table of shards in the Lease that a single leader would hold.

In: what there is to work on (`Work`). Out: shards that are taken up, given up in order, or dropped at once. Two things make
that no shard is ever worked on twice. The table changes by compare-and-swap, and only its holder gives a shard away. And a
member whose Lease was not renewed is dead only once its Lease is deleted, on the condition that it is still the version that
was seen for so long; by then the member itself has stopped. See docs/design/0003-shards.md.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from holdfast.base.clock import Clock, Timer
from holdfast.cluster.client import Client, PatchType, Selectors
from holdfast.cluster.errors import ApiError, Conflict, NotFound
from holdfast.cluster.informer import Informer, full
from holdfast.cluster.watches import Watches
from holdfast.controller.lease import LEASE_SECONDS, RENEW_SECONDS, Lease, is_dead_neighbour
from holdfast.controller.shards import SHARDS, Table, dump, leaving, next_table, parse, predecessors, shard_of
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

log = logging.getLogger(__name__)

LEASES = GroupVersionKind("coordination.k8s.io", "v1", "Lease")
LABEL = "holdfast.dev/replicas"
TABLE = "holdfast.dev/shards"
TOGETHER = "holdfast-replicas"  # who holds the leader's lease while several replicas share the work
TICK_SECONDS = 5.0
OWN_SECONDS = LEASE_SECONDS - RENEW_SECONDS  # a member that could not renew for so long stops by itself
DRAIN_SECONDS = 60.0  # how long a shard that is to move waits for what runs in it
_TRIES = 5


class Work(Protocol):
    """What is done in shards. None of these waits but ``catch_up``."""

    def busy(self) -> frozenset[int]:
        """Shards in which something runs."""
        ...

    async def catch_up(self) -> None:
        """Afterwards everything is known that was written before the call."""
        ...

    def take_up(self, shards: frozenset[int]) -> None: ...

    def interrupt(self, shards: frozenset[int]) -> None:
        """What runs there should come to an end soon."""
        ...

    def abandon(self, shards: frozenset[int]) -> None:
        """What runs there ends where it stands."""
        ...

    def let_go(self, shards: frozenset[int]) -> None:
        """Nothing runs there any more: what is remembered of it is forgotten."""
        ...


@dataclass(slots=True)
class _Member:
    """This replica's own membership. ``until``: it works no longer than that without a renewal."""

    ref: ObjectRef
    renewed: float
    until: float


class Sharding:
    """``name`` is the lease of all, ``who`` this process. Call ``run`` beside the work, and ``leave`` after it."""

    def __init__(
        self, client: Client, watches: Watches, clock: Clock, *, name: str, namespace: str, who: str, work: Work
    ) -> None:
        self._client = client
        self._clock = clock
        self._who = who
        self._work = work
        self._name = name
        self._table_ref = ObjectRef(LEASES.group, LEASES.kind, namespace, name)
        self._base = Lease(client, clock, name=name, namespace=namespace, who=TOGETHER)
        labels = Selectors(labels=f"{LABEL}={name}")
        self._leases: Informer[Manifest] = watches.informer(LEASES, full, namespace=namespace, selectors=labels)
        self._member: _Member | None = None
        self._active: frozenset[int] = frozenset()
        self._remembered: frozenset[int] = frozenset()
        self._draining: dict[int, float] = {}
        self._seen: dict[ObjectRef, tuple[str, float]] = {}
        self._table_seen = ("", 0.0)
        self._wake = asyncio.Event()
        self.resting = asyncio.Event()
        """While it waits for something to happen."""
        self._guard: Timer | None = None

    @property
    def active(self) -> frozenset[int]:
        """The shards that this replica works on."""
        return self._active

    def ours(self, ref: ObjectRef) -> bool:
        """Whether work on this object may begin here and now."""
        member = self._member
        return member is not None and shard_of(ref) in self._active and self._clock.monotonic() < member.until

    def poke(self) -> None:
        """Something that was waited for may have ended."""
        if self._draining or self._remembered - self._active:
            self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        self._leases.add_handler(lambda *_: self._wake.set())
        await self._leases.synced.wait()
        while True:
            self._wake.clear()
            try:
                await self._turn()
            except ApiError as error:
                log.warning("%s: %s", self._table_ref, error)
            timer = self._clock.call_later(TICK_SECONDS, self._wake.set)
            if not self._wake.is_set():
                self.resting.set()
            try:
                await self._wake.wait()
            finally:
                self.resting.clear()
                timer.cancel()

    async def leave(self) -> None:
        """Hands everything over to those who stay; call it when nothing runs any more."""
        self._stop_working()
        member, self._member = self._member, None
        if member is None:
            return
        for _ in range(_TRIES):
            try:
                await self._hand_over(member)
                break
            except Conflict:
                continue
            except ApiError as error:
                log.debug("the shards could not be handed over: %s", error)
                break
        try:
            await self._client.delete(member.ref)
        except ApiError as error:
            log.debug("%s: %s", member.ref, error)

    async def _hand_over(self, member: _Member) -> None:
        lease = await self._client.get(self._table_ref)
        others = self._members() - {member.ref.name}
        if (lease.get("spec") or {}).get("holderIdentity") != TOGETHER:
            return
        table = _table(lease)
        await self._write(lease, next_table(table, member.ref.name, others), alone=not others)

    # --- one turn

    async def _turn(self) -> None:
        member = await self._membership()
        if member is None or not await self._among_ourselves():
            self._stop_working()
            self._forget()
            return
        await self._bury()
        lease = self._leases.get(self._table_ref)
        if lease is None:
            return
        members = self._members()
        before = _table(lease)
        self._drop(self._active - before.of(member.ref.name))
        self._drain(leaving(before, member.ref.name, members))
        after = next_table(before, member.ref.name, members, self._work.busy())
        if after != before:
            if not await self._gone(predecessors(before, after, member.ref.name)):
                return
            lease = await self._written(lease, after)
            if lease is None:
                return
        await self._take_up(member, members)
        await self._keep(lease)

    async def _membership(self) -> _Member | None:
        """Joins, renews, or finds that the others have given us up."""
        member = self._member
        if member is not None and self._leases.get(member.ref) is None:
            log.error("the membership %s is gone: the others take over", member.ref.name)
            self._member = member = None
        if member is None:
            return await self._join()
        if self._clock.monotonic() - member.renewed >= RENEW_SECONDS:
            return await self._renew(member)
        return member

    async def _join(self) -> _Member:
        """Under a name that nobody ever had: who was given up does not come back under the same one."""
        self._stop_working()
        name = f"{self._name}-{uuid.uuid4().hex[:12]}"
        now = self._clock.monotonic()
        body: Manifest = {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": {"name": name, "namespace": self._table_ref.namespace, "labels": {LABEL: self._name}},
            "spec": {
                "holderIdentity": self._who,
                "leaseDurationSeconds": LEASE_SECONDS,
                "acquireTime": self._now(),
                "renewTime": self._now(),
            },
        }
        self._leases.observe(await self._client.create(body, manager="holdfast"))
        log.info("joined the replicas of %s as %s", self._name, name)
        return self._renewed(ObjectRef(LEASES.group, LEASES.kind, self._table_ref.namespace, name), now)

    async def _renew(self, member: _Member) -> _Member | None:
        now = self._clock.monotonic()
        try:
            body = {"spec": {"renewTime": self._now()}}
            answer = await self._client.patch(member.ref, body, PatchType.MERGE, manager="holdfast")
        except NotFound:
            self._member = None
            self._wake.set()
            return None
        self._leases.observe(answer)
        return self._renewed(member.ref, now)

    def _renewed(self, ref: ObjectRef, asked: float) -> _Member:
        """Counted from before the request: the others count from after it at the earliest."""
        if self._guard is not None:
            self._guard.cancel()
        self._member = _Member(ref, asked, asked + OWN_SECONDS)
        self._guard = self._clock.call_later(
            self._member.until - self._clock.monotonic(), lambda: self._expired(ref, asked)
        )
        return self._member

    def _expired(self, ref: ObjectRef, asked: float) -> None:
        if self._member is not None and (self._member.ref, self._member.renewed) == (ref, asked):
            log.error("the membership %s could not be renewed: work stops here", ref.name)
            self._stop_working()

    async def _among_ourselves(self) -> bool:
        """Whether the lease of all is the replicas' together. A single leader that is at work is waited for."""
        lease = self._leases.get(self._table_ref)
        if lease is not None and (lease.get("spec") or {}).get("holderIdentity") == TOGETHER:
            return True
        if not await self._base.attempt():
            return False
        body = {"metadata": {"labels": {LABEL: self._name}}}
        self._leases.observe(await self._client.patch(self._table_ref, body, PatchType.MERGE, manager="holdfast"))
        return True

    def _members(self) -> frozenset[str]:
        return frozenset(ref.name for ref, _ in self._leases.items() if ref != self._table_ref)

    # --- the dead

    async def _bury(self) -> None:
        """Deletes the Leases of members that were not heard of for so long, unless they are heard of at this moment."""
        now = self._clock.monotonic()
        for ref, lease in self._leases.items():
            if ref == self._table_ref or (self._member is not None and ref == self._member.ref):
                continue
            spec = lease.get("spec") or {}
            renewed = str(spec.get("renewTime"))
            known = self._seen.get(ref)
            if known is None or known[0] != renewed:
                known = self._seen[ref] = (renewed, now)
            lasts = float(spec.get("leaseDurationSeconds") or LEASE_SECONDS)
            who = str(spec.get("holderIdentity") or "")
            if now - known[1] > lasts or who == self._who or is_dead_neighbour(who):
                await self._delete(ref, lease)

    async def _delete(self, ref: ObjectRef, lease: Manifest) -> None:
        meta = lease["metadata"]
        try:
            await self._client.delete(ref, uid=meta["uid"], resource_version=meta["resourceVersion"])
        except (NotFound, Conflict):
            return
        self._seen.pop(ref, None)
        log.warning("the member %s (%s) is dead", ref.name, (lease.get("spec") or {}).get("holderIdentity"))

    async def _gone(self, members: Collection[str]) -> bool:
        """Asked of the API server itself: our own view may be behind."""
        for name in members:
            try:
                await self._client.get(ObjectRef(LEASES.group, LEASES.kind, self._table_ref.namespace, name))
            except NotFound:
                continue
            return False
        return True

    # --- shards come and go

    def _drop(self, shards: frozenset[int]) -> None:
        """No longer ours although we did not give them: whatever runs there ends at once."""
        if shards:
            self._active -= shards
            self._work.abandon(shards)

    def _stop_working(self) -> None:
        self._drop(self._active)
        self._draining.clear()

    def _drain(self, shards: frozenset[int]) -> None:
        """Nothing new begins there; what runs is asked to end, and made to after a while."""
        now = self._clock.monotonic()
        fresh = shards - self._draining.keys()
        self._draining = {s: self._draining.get(s, now) for s in shards}
        self._active -= shards
        if fresh:
            self._work.interrupt(fresh)
        late = frozenset(s for s, since in self._draining.items() if now - since > DRAIN_SECONDS)
        if late & self._work.busy():
            self._work.abandon(late)
        self._forget()

    def _forget(self) -> None:
        idle = self._remembered - self._active - self._work.busy()
        if idle:
            self._remembered -= idle
            self._work.let_go(idle)

    async def _take_up(self, member: _Member, members: frozenset[str]) -> None:
        """Once everything is known that the one before has written."""
        fresh = self._held(member, members) - self._active - self._work.busy()
        if not fresh:
            return
        await self._work.catch_up()
        fresh &= self._held(member, members)
        if self._member is not member or self._clock.monotonic() >= member.until:
            return
        self._active |= fresh
        self._remembered |= fresh
        log.info("%d of %d shards are worked on here", len(self._active), SHARDS)
        self._work.take_up(fresh)

    def _held(self, member: _Member, members: frozenset[str]) -> frozenset[int]:
        table = _table(self._leases.get(self._table_ref) or {})
        return table.of(member.ref.name) - leaving(table, member.ref.name, members)

    # --- the table

    async def _written(self, lease: Manifest, table: Table) -> Manifest | None:
        """None when somebody else was quicker."""
        try:
            return await self._write(lease, table)
        except Conflict:
            self._leases.observe(await self._client.get(self._table_ref))
            self._wake.set()
            return None

    async def _write(self, lease: Manifest, table: Table, *, alone: bool = False) -> Manifest:
        spec = lease.get("spec") or {}
        changes = {"renewTime": self._now(), "leaseTransitions": int(spec.get("leaseTransitions") or 0) + 1}
        if alone:
            changes |= {"holderIdentity": "", "leaseDurationSeconds": 1}
        meta = {"resourceVersion": lease["metadata"]["resourceVersion"], "annotations": {TABLE: dump(table)}}
        body = {"metadata": meta, "spec": changes}
        answer = await self._client.patch(self._table_ref, body, PatchType.MERGE, manager="holdfast")
        self._leases.observe(answer)
        return answer

    async def _keep(self, lease: Manifest) -> None:
        """Whoever sees first that nobody renewed the lease of all does it: a single leader must not think that it is free."""
        renewed, now = str((lease.get("spec") or {}).get("renewTime")), self._clock.monotonic()
        if self._table_seen[0] != renewed:
            self._table_seen = (renewed, now)
        elif now - self._table_seen[1] >= RENEW_SECONDS:
            meta = {"resourceVersion": lease["metadata"]["resourceVersion"]}
            body = {"metadata": meta, "spec": {"renewTime": self._now(), "leaseDurationSeconds": LEASE_SECONDS}}
            try:
                answer = await self._client.patch(self._table_ref, body, PatchType.MERGE, manager="holdfast")
            except Conflict:
                return
            self._leases.observe(answer)

    def _now(self) -> str:
        return datetime.fromtimestamp(self._clock.time(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _table(lease: Manifest) -> Table:
    return parse(str(((lease.get("metadata") or {}).get("annotations") or {}).get(TABLE) or ""))
