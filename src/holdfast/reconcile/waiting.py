"""Waiting for objects to be ready, or gone: on watches, never by polling.

Objects with our owner label are in the cluster's view already. Others (health checks by reference), and kinds judged by an
expression, which needs the whole object, get a watch of their own for as long as the wait lasts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from holdfast.base.errors import RetryLater
from holdfast.cluster.client import Client, Selectors
from holdfast.cluster.errors import NoMatch
from holdfast.cluster.informer import Informer, full
from holdfast.health.checks import Expression, HealthRules, told
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.health import Health, HealthStatus
from holdfast.reconcile.live import ClusterState

_AGAIN_SECONDS = 5.0  # how soon a pod that could not be scheduled is looked at again: time alone changes its status


class NotReady(RetryLater):
    """Objects that failed, or that were not ready in time."""


class Interrupted(RetryLater):
    """Something newer came; waiting for this is no use any more."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object to wait for. ``optional``: gone counts as ready (Jobs that are removed when they are finished)."""

    gvk: GroupVersionKind
    ref: ObjectRef
    optional: bool = False


async def require_namespaces(wanted: Sequence[Wanted], client: Client) -> None:
    """Raises NotReady for what is named without the namespace that its kind has."""
    for one in wanted:
        if one.ref.namespace:
            continue
        try:
            namespaced = (await client.resource(one.gvk)).namespaced
        except NoMatch:
            continue  # the wait tells of it
        if namespaced:
            text = f"resource {one.ref.kind} {one.ref.name} is namespace scoped, but namespace is not set"
            raise NotReady(text)


class Interruption:
    """Set by somebody who knows that the present run is out of date."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._callbacks: list[Callable[[], None]] = []

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def request(self) -> None:
        self._event.set()
        for callback in self._callbacks:
            callback()

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)


class Waiter:
    def __init__(self, state: ClusterState, rules: HealthRules | None = None) -> None:
        self._state = state
        self._rules = rules
        self._others: dict[ObjectRef, Informer[Manifest]] = {}

    async def ready(self, wanted: Sequence[Wanted], seconds: float, interruption: Interruption | None = None) -> None:
        """Returns when all are current. Raises `NotReady` at the first failed one or after ``seconds``."""
        wake = asyncio.Event()
        async with AsyncExitStack() as stack:
            stack.callback(self._state.listen(lambda _: wake.set()))
            if interruption is not None:
                stack.callback(interruption.listen(wake.set))
            await self._watch_others(wanted, wake, stack)
            deadline = self._state.clock.monotonic() + seconds
            while True:
                wake.clear()
                if interruption is not None and interruption.requested:
                    raise Interrupted("a newer revision or declaration came")
                health = [self._health(w) for w in wanted]
                if all(h.status is HealthStatus.CURRENT for h in health):
                    return
                failed = [h for h in health if h.status is HealthStatus.FAILED]
                if failed:
                    raise NotReady(f"failed early due to stalled resources: {told(failed)}")
                left = deadline - self._state.clock.monotonic()
                if left <= 0:
                    late = [h for h in health if h.status is not HealthStatus.CURRENT]
                    raise NotReady(f"timeout waiting for: {told(late)}")
                timer = self._state.clock.call_later(min(left, _AGAIN_SECONDS), wake.set)
                await wake.wait()
                timer.cancel()

    def now_ready(self, wanted: Sequence[Wanted]) -> bool:
        """Whether all are known to be current without waiting."""
        return all(not self._needs_other(w) and self._health(w).status is HealthStatus.CURRENT for w in wanted)

    def _needs_other(self, wanted: Wanted) -> bool:
        """Whether the cluster's view of labelled objects cannot answer for this one."""
        if self._rules is not None and self._rules.custom(wanted.gvk):
            return True
        return self._state.get(wanted.ref) is None

    async def _watch_others(self, wanted: Sequence[Wanted], wake: asyncio.Event, stack: AsyncExitStack) -> None:
        for one in wanted:
            if not self._needs_other(one) or one.ref in self._others:
                continue
            selectors = Selectors(fields=f"metadata.name={one.ref.name}")
            informer = self._state.watches.informer(one.gvk, full, namespace=one.ref.namespace, selectors=selectors)

            def woken(ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
                wake.set()

            informer.add_handler(woken)
            self._others[one.ref] = informer
            stack.push_async_callback(self._state.watches.stop, informer)
        for informer in self._others.values():
            try:
                await asyncio.wait_for(informer.synced.wait(), 10.0)
            except TimeoutError:
                continue

    def _health(self, wanted: Wanted) -> Health:
        informer = self._others.get(wanted.ref)
        if informer is not None:
            return self._health_of_other(wanted, informer)
        live = self._state.get(wanted.ref)
        if live is None:
            return Health(wanted.ref, HealthStatus.CURRENT if wanted.optional else HealthStatus.NOT_FOUND)
        message = live.message if live.health is HealthStatus.UNKNOWN else ""
        return Health(wanted.ref, live.health, message)

    def _health_of_other(self, wanted: Wanted, informer: Informer[Manifest]) -> Health:
        if not informer.served:
            group = GroupVersionKind(wanted.gvk.group, "", wanted.gvk.kind)
            return Health(wanted.ref, HealthStatus.UNKNOWN, NoMatch.of(group).message)
        obj = informer.get(wanted.ref)
        if obj is None:
            return Health(wanted.ref, HealthStatus.CURRENT if wanted.optional else HealthStatus.NOT_FOUND)
        rules = self._rules or HealthRules((), _no_expressions)
        return rules.assess(obj, now=self._state.clock.time())


def _no_expressions(text: str) -> Expression:
    raise AssertionError(f"no expression was expected: {text}")


async def gone(state: ClusterState, gvk: GroupVersionKind, ref: ObjectRef) -> None:
    """Returns when there is no such object: an informer of its own tells."""
    selectors = Selectors(fields=f"metadata.name={ref.name}")
    informer = state.watches.informer(gvk, full, namespace=ref.namespace, selectors=selectors)
    wake = asyncio.Event()

    def woken(ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        wake.set()

    informer.add_handler(woken)
    try:
        await informer.synced.wait()
        while informer.get(ref) is not None:
            wake.clear()
            await wake.wait()
    finally:
        await state.watches.stop(informer)
