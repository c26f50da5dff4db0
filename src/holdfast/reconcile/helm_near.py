"""A release's neighbours: the cluster's view hears of what was applied, and tells when things are ready, done or gone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from holdfast.apply.helm_objects import Resource
from holdfast.cluster.client import Selectors
from holdfast.cluster.errors import NoMatch, NotFound
from holdfast.cluster.informer import Informer, full
from holdfast.health.checks import HealthRules, told
from holdfast.health.kstatus import completed_job
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.delivery import UnitKey
from holdfast.model.health import Health, HealthStatus
from holdfast.reconcile.live import ClusterState
from holdfast.reconcile.waiting import NotReady, Waiter, Wanted, gone


class HelmNear:
    """Waits on watches. ``rules`` are the release's own health expressions."""

    def __init__(self, state: ClusterState, unit: UnitKey, rules: HealthRules) -> None:
        self._state = state
        self._unit = unit
        self._rules = rules

    def applied(self, desired: Manifest, live: Manifest) -> None:
        self._state.applied(self._unit, desired, live)

    async def ready(self, objects: Sequence[Resource], seconds: float, *, jobs: bool) -> None:
        """Paused Deployments are not waited for; nor is the end of Jobs, unless ``jobs``."""
        waited = [r for r in objects if not _is_paused(r) and (jobs or r.gvk.kind != "Job")]
        await self._state.follow({r.gvk for r in waited})
        wanted = [Wanted(r.gvk, r.ref, optional=_removes_itself(r)) for r in waited]
        await Waiter(self._state, self._rules).ready(wanted, seconds)

    async def finished(self, objects: Sequence[Resource], seconds: float) -> None:
        """Until every Job and Pod has come to its end, one that fails included."""
        runs = [r for r in objects if (r.gvk.group, r.gvk.kind) in (("batch", "Job"), ("", "Pod"))]
        if not runs:
            return
        wake = asyncio.Event()
        async with AsyncExitStack() as stack:
            informers = [await self._watch(r, wake, stack) for r in runs]
            deadline = self._state.clock.monotonic() + seconds
            while True:
                wake.clear()
                health = [self._run(r, i.get(r.ref)) for r, i in zip(runs, informers, strict=True)]
                over = all(h.status in (HealthStatus.CURRENT, HealthStatus.FAILED) for h in health)
                failed = [h for h in health if h.status is HealthStatus.FAILED]
                if over and failed:
                    raise NotReady(f"failed early due to stalled resources: {told(failed)}")
                if over:
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

    def _run(self, resource: Resource, live: Manifest | None) -> Health:
        if live is None:
            optional = _removes_itself(resource)
            return Health(resource.ref, HealthStatus.CURRENT if optional else HealthStatus.NOT_FOUND)
        if resource.gvk.kind == "Job":
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


def _is_paused(resource: Resource) -> bool:
    spec = resource.manifest.get("spec")
    return resource.gvk.kind == "Deployment" and isinstance(spec, dict) and spec.get("paused") is True


def _removes_itself(resource: Resource) -> bool:
    spec = resource.manifest.get("spec")
    return resource.gvk.kind == "Job" and isinstance(spec, dict) and spec.get("ttlSecondsAfterFinished") is not None
