"""What every turn of every HelmRelease uses: views of the cluster, charts, renderings, and the books it opens.

In: the manager and the operator's settings. Out: ledgers, the ground to act on, events. Knows no queue and wakes nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from holdfast.apply.helm_ground import Ground, Render, Rendered
from holdfast.apply.helm_log import HelmLog
from holdfast.apply.helm_objects import Objects
from holdfast.apply.helm_storage import Storage
from holdfast.base.clock import Clock
from holdfast.base.timestamps import rfc3339
from holdfast.cluster.informer import Informer
from holdfast.controller.artifacts import ArtifactStore
from holdfast.controller.events import NORMAL, WARNING, EventRecorder
from holdfast.controller.manager import Manager
from holdfast.controller.release_charts import Charts, ClusterFacts, lookup_in
from holdfast.dialects.flux import helmrelease as flux
from holdfast.dialects.flux import helmrelease_status as status
from holdfast.dialects.flux.conditions import Conditions
from holdfast.dialects.flux.helmrelease_chart import SOURCE_GROUP
from holdfast.health.checks import HealthRules
from holdfast.helm.cache import RenderCache
from holdfast.helm.chart.model import Chart
from holdfast.helm.engine import ReleaseOptions
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.model.outcome import Event
from holdfast.model.release import Release
from holdfast.model.safety import Safety, read_safety
from holdfast.reconcile.helm_ledger import Ledger
from holdfast.reconcile.helm_near import HelmNear
from holdfast.reconcile.live import ClusterState
from holdfast.reconcile.targets import Reach, Targets
from holdfast.render.helm_release import render_release

RENDERINGS = 512


@dataclass(frozen=True, slots=True)
class ReleaseSettings:
    """What the operator chose for HelmReleases. ``requeue`` is the fallback wait for what a watch should tell of;
    ``drift_seconds`` how long after the first change drift is looked at, so that corrections are told together."""

    requeue: float = 30.0
    default_service_account: str = ""
    cross_namespace: bool = True
    external_artifacts: bool = False
    additive_ready_expr: bool = False
    drift_seconds: float = 10.0


class Office:
    """``objects`` are the releases that are reconciled here, ``everyone`` those of other shards, too."""

    def __init__(
        self, manager: Manager, artifacts: ArtifactStore, events: EventRecorder, settings: ReleaseSettings
    ) -> None:
        self.client = manager.client
        self.objects = manager.mine(flux.GVK)
        self.everyone = manager.objects(flux.GVK)
        self.clock: Clock = manager.clock
        self.settings = settings
        self.charts = Charts(artifacts)
        self.renders = RenderCache(RENDERINGS)
        self.state = ClusterState(manager.client, manager.watches, flux.OWNER, self.clock)
        self.targets = Targets(self.state, flux.OWNER, self.clock)
        self._manager = manager
        self._events = events
        self._facts = ClusterFacts(self.clock)
        # The engine is no faster on several threads, and its recursion limit is the interpreter's.
        self._rendering = asyncio.Lock()

    def safety_of(self, obj: Manifest) -> Safety:
        """What a release's annotations say about deletion; the operator's choice is the default."""
        return read_safety(obj["metadata"].get("annotations") or {}, self._manager.safety)

    async def close(self) -> None:
        await self.targets.close()

    def sources(self, kind: str) -> Informer[Manifest]:
        return self._manager.objects(GroupVersionKind(SOURCE_GROUP, "v1", kind))

    def marks(self, obj: Manifest) -> Conditions:
        return status.conditions_of(obj, rfc3339(self.clock.time()))

    def ledger(self, obj: Manifest, release: Release, marks: Conditions) -> Ledger:
        return Ledger(release, status.remember(obj), marks, lambda event: self.tell(obj, event))

    def tell(self, obj: Manifest, event: Event) -> None:
        kind = WARNING if event.warning else NORMAL
        self._events.event(obj, kind, event.reason, event.message, status.event_annotations(event))

    def ground(
        self,
        release: Release,
        reach: Reach,
        rules: HealthRules,
        storage_namespace: str,
        chart: Chart | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> Ground:
        near = HelmNear(reach.state, release.key, rules, as_helm3=release.waits_as_helm3)
        objects = Objects(reach.client, release.namespace, flux.MANAGER, near, HelmLog(self.clock), self.clock)
        storage = Storage(reach.client, storage_namespace, self.clock, flux.MANAGER)
        return Ground(release, objects, storage, self._renderer(release, reach), chart, values)

    def _renderer(self, release: Release, reach: Reach) -> Render:
        async def render(chart: Chart, values: Mapping[str, Any], options: ReleaseOptions, check: bool) -> Rendered:
            capabilities = await self._facts.capabilities(reach.client)
            lookup = lookup_in(reach.client, asyncio.get_running_loop())
            work = partial(
                render_release,
                self.renders,
                chart,
                values,
                options,
                capabilities,
                release.post,
                lookup=lookup,
                check_schema=check,
            )
            async with self._rendering:
                return await asyncio.to_thread(work)

        return render
