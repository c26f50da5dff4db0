"""A release's neighbours: the cluster's view hears of what was applied, and tells when things are ready, done or gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from holdfast.apply.helm_objects import Resource
from holdfast.cluster.client import Selectors
from holdfast.cluster.errors import NoMatch, NotFound
from holdfast.cluster.informer import Informer, full
from holdfast.health import helm3
from holdfast.health.checks import HealthRules, told
from holdfast.health.kstatus import completed_job, compute
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.delivery import UnitKey
from holdfast.model.health import Health, HealthStatus
from holdfast.reconcile.live import ClusterState
from holdfast.reconcile.waiting import NotReady, Waiter, Wanted, gone

Judge = Callable[[Resource, Manifest | None], Health]


class HelmNear:
    """Waits on watches. ``rules`` are the release's own health expressions; ``as_helm3`` looks at what Helm 3 looks at."""

    def __init__(self, state: ClusterState, unit: UnitKey, rules: HealthRules, *, as_helm3: bool = False) -> None:
        self._state = state
        self._unit = unit
        self._rules = rules
        self._as_helm3 = as_helm3

    def applied(self, desired: Manifest, live: Manifest) -> None:
        self._state.applied(self._unit, desired, live)

    async def ready(self, objects: Sequence[Resource], seconds: float, *, jobs: bool) -> None:
        """Paused Deployments are not waited for. Of Jobs the end is waited for, or (``jobs`` False) only the start."""
        wait = self._ready_for_helm3 if self._as_helm3 else self._ready
        await wait(objects, seconds, jobs=jobs)

    async def _ready(self, objects: Sequence[Resource], seconds: float, *, jobs: bool) -> None:
        waited = [r for r in objects if not _is_paused(r) and (jobs or not _is_job(r))]
        await self._state.follow({r.gvk for r in waited})
        wanted = [Wanted(r.gvk, r.ref, optional=_removes_itself(r)) for r in waited]
        deadline = self._state.clock.monotonic() + seconds
        await Waiter(self._state, self._rules).ready(wanted, seconds)
        started = [r for r in objects if not jobs and _is_job(r)]
        await self._until(started, deadline, self._plainly, fail_fast=True)

    async def _ready_for_helm3(self, objects: Sequence[Resource], seconds: float, *, jobs: bool) -> None:
        waited = [r for r in objects if helm3.judges(r.gvk.group, r.gvk.kind) and (jobs or not _is_job(r))]
        deadline = self._state.clock.monotonic() + seconds
        try:
            await self._until(waited, deadline, _for_helm3, fail_fast=False)
        except NotReady:
            raise NotReady("context deadline exceeded") from None

    async def finished(self, objects: Sequence[Resource], seconds: float) -> None:
        """Until every Job and Pod has come to its end, one that fails included."""
        runs = [r for r in objects if _is_job(r) or (r.gvk.group, r.gvk.kind) == ("", "Pod")]
        await self._until(runs, self._state.clock.monotonic() + seconds, self._run, fail_fast=False)

    async def _until(self, resources: Sequence[Resource], deadline: float, judge: Judge, *, fail_fast: bool) -> None:
        if not resources:
            return
        wake = asyncio.Event()
        async with AsyncExitStack() as stack:
            informers = [await self._watch(r, wake, stack) for r in resources]
            while True:
                wake.clear()
                health = [judge(r, i.get(r.ref)) for r, i in zip(resources, informers, strict=True)]
                if _is_over(health, fail_fast=fail_fast):
                    return
                left = deadline - self._state.clock.monotonic()
                if left <= 0:
                    late = [h for h in health if h.status is not HealthStatus.CURRENT]
                    raise NotReady(f"timeout waiting for: {told(late)}")
                timer = self._state.clock.call_later(left, wake.set)
                await wake.wait()
                timer.cancel()

    async def _watch(self, resource: Resource, wake: asyncio.Event, stack: AsyncExitStack) -> Informer[Manifest]:
        selectors = Selectors(fields=f"metadata.name={resource.ref.name}")
        watches = self._state.watches
        informer = watches.informer(resource.gvk, full, namespace=resource.ref.namespace, selectors=selectors)

        def woken(ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
            wake.set()

        informer.add_handler(woken)
        stack.push_async_callback(watches.stop, informer)
        await informer.synced.wait()
        return informer

    def _plainly(self, resource: Resource, live: Manifest | None) -> Health:
        if live is None:
            return _missing(resource)
        return Health(resource.ref, compute(live, now=self._state.clock.time()).status)

    def _run(self, resource: Resource, live: Manifest | None) -> Health:
        if live is None:
            return _missing(resource)
        if _is_job(resource):
            return Health(resource.ref, completed_job(live, now=self._state.clock.time()).status)
        phase = str((live.get("status") or {}).get("phase") or "")
        ends = {"Succeeded": HealthStatus.CURRENT, "Failed": HealthStatus.FAILED}
        return Health(resource.ref, ends.get(phase, HealthStatus.IN_PROGRESS))

    def dropped(self, ref: ObjectRef) -> None:
        self._state.released(self._unit, ref)

    async def gone(self, objects: Sequence[Resource], seconds: float) -> None:
        deadline = self._state.clock.monotonic() + seconds
        for resource in objects:
            if await self._is_gone(resource):
                continue
            left = max(0.0, deadline - self._state.clock.monotonic())
            try:
                await asyncio.wait_for(gone(self._state, resource.gvk, resource.ref), left)
            except TimeoutError:
                raise NotReady(f"{resource.ref} termination timeout: context deadline exceeded") from None

    async def _is_gone(self, resource: Resource) -> bool:
        """Most objects are gone at once: a look is cheaper than a watch."""
        try:
            await self._state.client.get(resource.ref, version=resource.gvk.version)
        except (NotFound, NoMatch):
            return True
        return False


def _for_helm3(resource: Resource, live: Manifest | None) -> Health:
    done = live is not None and helm3.ready(live)
    return Health(resource.ref, HealthStatus.CURRENT if done else HealthStatus.IN_PROGRESS)


def _is_over(health: Sequence[Health], *, fail_fast: bool) -> bool:
    """Raises NotReady where something failed, at once or when everything has come to its end."""
    failed = [h for h in health if h.status is HealthStatus.FAILED]
    over = all(h.status in (HealthStatus.CURRENT, HealthStatus.FAILED) for h in health)
    if failed and (over or fail_fast):
        raise NotReady(f"failed early due to stalled resources: {told(failed)}")
    return over


def _missing(resource: Resource) -> Health:
    return Health(resource.ref, HealthStatus.CURRENT if _removes_itself(resource) else HealthStatus.NOT_FOUND)


def _is_job(resource: Resource) -> bool:
    return (resource.gvk.group, resource.gvk.kind) == ("batch", "Job")


def _is_paused(resource: Resource) -> bool:
    spec = resource.manifest.get("spec")
    return resource.gvk.kind == "Deployment" and isinstance(spec, dict) and spec.get("paused") is True


def _removes_itself(resource: Resource) -> bool:
    spec = resource.manifest.get("spec")
    return resource.gvk.kind == "Job" and isinstance(spec, dict) and spec.get("ttlSecondsAfterFinished") is not None
