"""The running machine: one controller per reconciler, each with its informer, its queue and its workers.

In: reconcilers. Out: their calls, one at a time per object, whenever the object changed in a way that matters, its
appointment is due or somebody woke it. A reconciler reads the world each time; it never sees an event.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from holdfast.base.backoff import Backoff
from holdfast.base.clock import Clock
from holdfast.base.errors import HoldfastError, RetryLater
from holdfast.cluster.client import EVERYTHING, Client, PatchType, Selectors
from holdfast.cluster.errors import ApiError
from holdfast.cluster.informer import Informer, full
from holdfast.cluster.watches import Watches
from holdfast.controller.metrics import Metrics
from holdfast.controller.queue import Closed, WorkQueue
from holdfast.controller.shards import shard_of
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.safety import ANNOTATIONS, Safety

log = logging.getLogger(__name__)

T = TypeVar("T")
REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
GRACE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Requeue:
    """What follows a reconciliation: another in ``after`` seconds; None only when something happens.

    ``failed``: after a wait that grows with each failure (``after`` is then ignored).
    """

    after: float | None = None
    failed: bool = False


WHEN_CHANGED = Requeue()
AT_ONCE = Requeue(after=0.0)
FAILED = Requeue(failed=True)


class Reconciler(Protocol):
    """``reconcile`` is also called once after the object is gone, for cleaning up. It may raise: that is a failure."""

    @property
    def gvk(self) -> GroupVersionKind: ...

    async def reconcile(self, ref: ObjectRef) -> Requeue: ...


class Mover(Reconciler, Protocol):
    """A reconciler that remembers something of its objects, or waits within a reconciliation."""

    def interrupt(self, ref: ObjectRef) -> None:
        """Another replica is to go on with it: what runs comes to an end soon."""
        ...

    def release(self, ref: ObjectRef) -> None:
        """Another replica goes on with it: nothing is remembered."""
        ...


class Placement(Protocol):
    """Which objects are reconciled by this replica now."""

    def ours(self, ref: ObjectRef) -> bool: ...

    def poke(self) -> None:
        """A reconciliation has ended."""
        ...


class Everything(Placement):
    """There is no other replica at work."""

    def ours(self, ref: ObjectRef) -> bool:
        return True

    def poke(self) -> None:
        pass


class Controller:
    """Runs one reconciler."""

    def __init__(
        self,
        reconciler: Reconciler,
        informer: Informer[Manifest],
        *,
        clock: Clock,
        metrics: Metrics,
        concurrency: int = 4,
        retry: Backoff | None = None,
        placement: Callable[[], Placement] = Everything,
    ) -> None:
        self.informer = informer
        self.queue: WorkQueue[ObjectRef] = WorkQueue(clock, retry=retry)
        self.reconciler = reconciler
        self._placement = placement
        self._running: dict[ObjectRef, asyncio.Task[None]] = {}
        self._clock = clock
        self._metrics = metrics
        self._concurrency = concurrency
        informer.add_handler(self._changed)

    def wake(self, ref: ObjectRef) -> None:
        """Something this object depends on changed."""
        if self._placement().ours(ref):
            self.queue.add(ref)

    def abandon(self, ref: ObjectRef) -> None:
        """Ends the object's reconciliation where it stands, as if this process had died."""
        task = self._running.get(ref)
        if task is not None:
            task.cancel()

    def let_go(self, ref: ObjectRef) -> None:
        """Another replica reconciles it from now on."""
        self.queue.forget(ref)
        release = getattr(self.reconciler, "release", None)
        if release is not None:
            release(ref)

    async def run(self) -> None:
        """Works until ``stop``; returns when the last running reconciliation has ended."""
        await self.informer.synced.wait()
        slots = asyncio.Semaphore(self._concurrency)
        try:
            while True:
                await slots.acquire()
                self._begin(await self.queue.get(), slots)
        except Closed:
            await self._ended()
        except asyncio.CancelledError:
            for task in self._running.values():
                task.cancel()
            await self._ended()
            raise

    def _begin(self, ref: ObjectRef, slots: asyncio.Semaphore) -> None:
        """In a task of its own, so that it can be ended alone."""
        task = self._running[ref] = asyncio.create_task(self._turn(ref))

        def ended(task: asyncio.Task[None]) -> None:
            del self._running[ref]
            self.queue.done(ref)
            slots.release()
            self._placement().poke()

        task.add_done_callback(ended)

    async def _ended(self) -> None:
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def stop(self) -> None:
        self.informer.remove_handler(self._changed)
        self.queue.close()

    def _changed(self, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        if new is None:
            self.queue.forget(ref)
            self.wake(ref)
        elif old is None or matters(old, new):
            self.wake(ref)

    async def _turn(self, ref: ObjectRef) -> None:
        if self._placement().ours(ref):
            await self._reconcile(ref)

    async def _reconcile(self, ref: ObjectRef) -> None:
        started = self._clock.monotonic()
        try:
            # An older appointment must not cause a second run right after this one.
            self.queue.schedule(ref, None)
            requeue = await self.reconciler.reconcile(ref)
        except HoldfastError as error:
            requeue = FAILED
            delay = self.queue.retry(ref)
            if isinstance(error, RetryLater) and error.after is not None:
                self.queue.schedule(ref, error.after)
            log.warning("%s: %s (again in %.1fs)", ref, error, delay)
        except Exception:
            requeue = FAILED
            delay = self.queue.retry(ref)
            log.exception("%s: internal error (again in %.1fs)", ref, delay)
        else:
            self._settle(ref, requeue)
        result = "error" if requeue.failed else "requeue_after" if requeue.after is not None else "success"
        self._metrics.reconciled(ref, self._clock.monotonic() - started, result)

    def _settle(self, ref: ObjectRef, requeue: Requeue) -> None:
        if requeue.failed:
            self.queue.retry(ref)
            return
        self.queue.succeeded(ref)
        if requeue.after is not None:
            self.queue.schedule(ref, requeue.after)


def matters(old: Manifest, new: Manifest) -> bool:
    """Whether a change of our own kind asks for work: the declaration, a request or a deletion; never our own status."""
    was, now = old.get("metadata") or {}, new.get("metadata") or {}
    if was.get("generation") != now.get("generation") or was.get("uid") != now.get("uid"):
        return True
    if was.get("deletionTimestamp") != now.get("deletionTimestamp"):
        return True
    asked = (now.get("annotations") or {}).get(REQUESTED_AT)
    return asked is not None and asked != (was.get("annotations") or {}).get(REQUESTED_AT)


def words(obj: Manifest) -> list[object]:
    """What an object's annotations say about deletion and drift."""
    annotations = obj["metadata"].get("annotations") or {}
    return [annotations.get(a) for a in ANNOTATIONS]


class Manager:
    """Holds the controllers of one cluster."""

    def __init__(
        self,
        client: Client,
        watches: Watches,
        *,
        clock: Clock,
        metrics: Metrics,
        concurrency: int = 4,
        selectors: Selectors = EVERYTHING,
    ) -> None:
        """``selectors`` say which objects are this manager's to reconcile; it sees the others all the same."""
        self.client = client
        self.watches = watches
        self.clock = clock
        self.metrics = metrics
        self._selectors = selectors
        self.placement: Placement = Everything()
        self.safety = Safety()
        """What the operator chose about deletion, for whoever says nothing else."""
        self._concurrency = concurrency
        self._controllers: dict[tuple[str, str], Controller] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._ended = asyncio.Event()
        self._at_work = False

    def add(
        self, reconciler: Reconciler, *, concurrency: int | None = None, retry: Backoff | None = None
    ) -> Controller:
        """Before `run`, or while it runs."""
        gvk = reconciler.gvk
        controller = Controller(
            reconciler,
            self.mine(gvk),
            clock=self.clock,
            metrics=self.metrics,
            concurrency=concurrency or self._concurrency,
            retry=retry,
            placement=lambda: self.placement,
        )
        self._controllers[gvk.group, gvk.kind] = controller
        if self._at_work:
            self._start(controller)
        return controller

    def objects(self, gvk: GroupVersionKind) -> Informer[Manifest]:
        """The shared view of whole objects of a kind. Treat what it returns as frozen."""
        return self.watches.informer(gvk, full)

    def mine(self, gvk: GroupVersionKind) -> Informer[Manifest]:
        """Those of them that are to be reconciled here."""
        return self.watches.informer(gvk, full, selectors=self._selectors)

    def wake(self, ref: ObjectRef) -> None:
        """Puts an object of any kind that has a controller on its queue."""
        controller = self._controllers.get((ref.group, ref.kind))
        if controller is not None:
            controller.wake(ref)

    async def summon(self, ref: ObjectRef) -> None:
        """The same for an object that another replica may work on."""
        if self.placement.ours(ref):
            self.wake(ref)
        else:
            await self.request(ref, REQUESTED_AT, datetime.fromtimestamp(self.clock.time(), UTC).isoformat())

    async def request(self, ref: ObjectRef, annotation: str, value: str) -> None:
        """Asks whoever works on the object for a look, through the object itself."""
        body = {"metadata": {"annotations": {annotation: value}}}
        try:
            await self.client.patch(ref, body, PatchType.MERGE, manager="holdfast")
        except ApiError as error:
            log.debug("%s could not be asked to look: %s", ref, error)

    def controller(self, ref: ObjectRef) -> Controller | None:
        return self._controllers.get((ref.group, ref.kind))

    # --- shards, see `sharding.Work`

    def busy(self) -> frozenset[int]:
        return frozenset(shard_of(r) for c in self._controllers.values() for r in c.queue.running)

    async def catch_up(self) -> None:
        informers = {id(c.informer): c.informer for c in self._controllers.values()}
        for controller in self._controllers.values():
            seen = self.objects(controller.reconciler.gvk)
            informers[id(seen)] = seen
        await asyncio.gather(*(i.catch_up() for i in informers.values()))

    def take_up(self, shards: frozenset[int]) -> None:
        for controller, ref in self._in(shards):
            controller.wake(ref)

    def interrupt(self, shards: frozenset[int]) -> None:
        for controller in self._controllers.values():
            interrupt = getattr(controller.reconciler, "interrupt", None)
            for ref in controller.queue.running:
                if interrupt is not None and shard_of(ref) in shards:
                    interrupt(ref)

    def abandon(self, shards: frozenset[int]) -> None:
        for controller in self._controllers.values():
            for ref in controller.queue.running:
                if shard_of(ref) in shards:
                    controller.abandon(ref)

    def let_go(self, shards: frozenset[int]) -> None:
        for controller, ref in self._in(shards):
            controller.let_go(ref)

    def _in(self, shards: frozenset[int]) -> list[tuple[Controller, ObjectRef]]:
        everything = ((c, ref) for c in self._controllers.values() for ref, _ in c.informer.items())
        return [(c, ref) for c, ref in everything if shard_of(ref) in shards]

    @property
    def idle(self) -> bool:
        return all(c.queue.idle for c in self._controllers.values())

    async def run(self, stop: asyncio.Event) -> None:
        """Works until ``stop`` is set, then lets running reconciliations finish, for a while."""
        self._at_work = True
        for controller in self._controllers.values():
            self._start(controller)
        waits = [asyncio.create_task(e.wait()) for e in (stop, self._ended)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in self._tasks:
                if task.done():
                    task.result()
        finally:
            self._at_work = False
            for wait in waits:
                wait.cancel()
            await self._finish()

    def _start(self, controller: Controller) -> None:
        task = asyncio.create_task(controller.run())
        task.add_done_callback(lambda _: self._ended.set())
        self._tasks.append(task)

    async def _finish(self) -> None:
        for controller in self._controllers.values():
            controller.stop()
        _, late = await asyncio.wait(self._tasks, timeout=GRACE_SECONDS) if self._tasks else (set(), set())
        for task in late:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
