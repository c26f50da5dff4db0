"""One comparison of an application's desired and live state: everything is had here, and judged in the pure rooms."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

from holdfast.base.clock import Clock
from holdfast.base.errors import HoldfastError, RetryLater
from holdfast.controller.app_cluster import LiveCluster
from holdfast.controller.app_targets import AppTargets, Desired, TargetsError
from holdfast.controller.app_world import AppWorld, Destination, manifest_of
from holdfast.dialects.argo.application import GROUP, instance_name
from holdfast.dialects.argo.project import Project
from holdfast.health.argo import assess
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.app import AppCondition, Application, AppSource, AppStatus, AppSummary, Compared, SyncState
from holdfast.model.sync import AppHealth, AppHealthStatus, ResourceState, SyncStatus, Tracking
from holdfast.plan.sync import compare as comparing
from holdfast.plan.sync.compare import CompareOptions
from holdfast.plan.sync.diff import DiffOptions
from holdfast.plan.sync.pairing import Paired, normal_targets, pair
from holdfast.plan.sync.tracking import app_name_of
from holdfast.reconcile.app_compare import homeless, orphan_warning, summary, without_excluded
from holdfast.reconcile.app_refresh import COMPARISON, namespace_metadata_changed, with_conditions

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
GRACE_SECONDS = 180.0
LARGE = 40  # objects that are compared on the event loop
WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"})
BELOW = (GroupVersionKind("", "v1", "Pod"), GroupVersionKind("apps", "v1", "ReplicaSet"))


class SourceTrouble(RetryLater):
    """The sources failed a moment ago for the first time; nothing is said yet."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be compared. ``revisions`` stand for the sources in order; ``manifests`` replace the sources."""

    sources: tuple[AppSource, ...]
    revisions: tuple[str, ...]
    several: bool
    anew: bool = False
    hard: bool = False
    manifests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """``status`` is what would be written of it; ``found`` is in the order of the pairs."""

    status: AppStatus
    paired: Paired
    found: comparing.Comparison
    project: Project
    destination: Destination
    tracking: Tracking
    failed: bool
    revisions: tuple[str, ...] = ()


class AppComparer:
    def __init__(self, world: AppWorld, targets: AppTargets, clock: Clock) -> None:
        self.world = world
        self.targets = targets
        self._clock = clock
        self._trouble: dict[ObjectRef, float] = {}

    async def compare(self, app: Application, project: Project, asked: Asked) -> Comparison:
        """Raises DestinationUnknown, SourceTrouble, or what the cluster's API says."""
        destination = await self.world.destination(app)
        instance = instance_name(app.ref, self.world.home)
        tracking = self.world.tracking(instance, app.spec.destination.namespace)
        conditions: list[AppCondition] = []
        desired = await self._desired(app, project, asked, destination, conditions)
        await destination.live.resources()
        rendered = normal_targets(
            desired.objects if desired is not None else (),
            app.spec.destination.namespace,
            destination.live.namespaced,
            tracking,
        )
        conditions += [AppCondition("RepeatedResourceWarning", str(r)) for r in rendered.repeated]
        server = destination.known.server
        objects, excluded = without_excluded(
            rendered.objects, lambda group, kind: self.world.settings.excludes(group, kind, server)
        )
        conditions += excluded
        lives = await self._lives(app, project, objects, destination, instance)
        own = comparing.shared(lives, lambda obj: app_name_of(obj, tracking), tracking, app.shown)
        conditions += [AppCondition("SharedResourceWarning", text) for text in own]
        paired = pair(objects, lives, app.spec.destination.namespace, destination.live.namespaced)
        conditions += homeless(paired.pairs, destination.live.namespaced)
        return await self._judged(app, project, asked, destination, tracking, desired, paired, conditions)

    # --- what is wanted

    async def _desired(
        self,
        app: Application,
        project: Project,
        asked: Asked,
        destination: Destination,
        conditions: list[AppCondition],
    ) -> Desired | None:
        if asked.manifests:
            try:
                return Desired(tuple(manifest_of(m) for m in asked.manifests), (), ())
            except ValueError as error:
                conditions.append(AppCondition("ComparisonError", f"Failed to load local manifests: {error}"))
                return None
        try:
            desired = await self.targets.desired(
                app,
                project,
                asked.sources,
                asked.revisions,
                destination.live,
                several=asked.several,
                anew=asked.anew,
                hard=asked.hard,
            )
        except TargetsError as error:
            self._hold_back(app.ref, asked, error.message)
            conditions.append(AppCondition("ComparisonError", f"Failed to load target state: {error.message}"))
            return None
        self._trouble.pop(app.ref, None)
        return desired

    def _hold_back(self, ref: ObjectRef, asked: Asked, text: str) -> None:
        """A failure is told at once where somebody asked, else after it has lasted a while."""
        now = self._clock.monotonic()
        first = self._trouble.setdefault(ref, now)
        if not asked.anew and now - first <= GRACE_SECONDS:
            raise SourceTrouble(text, after=GRACE_SECONDS)

    def now(self) -> float:
        return self._clock.time()

    def forget(self, ref: ObjectRef) -> None:
        self._trouble.pop(ref, None)

    # --- what is there

    async def _lives(
        self,
        app: Application,
        project: Project,
        targets: Sequence[Manifest],
        destination: Destination,
        instance: str,
    ) -> list[Manifest]:
        live = destination.live
        gvks = {(g.group, g.kind): g for g in (r.gvk for r in app.status.resources)}
        gvks.update({(g.group, g.kind): g for g in map(GroupVersionKind.of, targets)})
        wanted = [g for g in gvks.values() if not self.world.settings.excludes(g.group, g.kind, live.server)]
        if any(g.kind in WORKLOADS for g in wanted):
            wanted += BELOW
        if project.orphaned is not None:
            wanted += await self._everything(live)
        await live.follow(wanted)
        found = live.of(instance)
        for target in targets:
            ref = ObjectRef.of(target)
            for place in {ref, ref._replace(namespace="")}:
                if place not in found:
                    obj = await live.get(place, GroupVersionKind.of(target))
                    if obj is not None:
                        found[ObjectRef.of(obj)] = obj
        scoped = self.world.scoped(project.name)
        return [
            obj
            for ref, obj in found.items()
            if project.permits_live(ref.group, ref.kind, ref.namespace, ref.name, destination.cluster, scoped)
        ]

    async def _everything(self, live: LiveCluster) -> list[GroupVersionKind]:
        """Whoever looks for orphans looks at every kind that lives in namespaces."""
        excludes = self.world.settings.excludes
        return [
            r.gvk
            for r in await live.resources()
            if r.namespaced and {"list", "watch"} <= r.verbs and not excludes(r.group, r.kind, live.server)
        ]

    # --- what that means

    async def _compared(
        self,
        app: Application,
        project: Project,
        paired: Paired,
        destination: Destination,
        tracking: Tracking,
        conditions: list[AppCondition],
        *,
        known: bool,
    ) -> comparing.Comparison:
        options = self._options(app, project, destination, tracking, known=known)
        try:
            return await self._apart(len(paired.pairs), comparing.compare, paired.pairs, paired.hooks, options)
        except HoldfastError as error:
            text = f"Failed to compare desired state to live state: {error.message}"
            conditions.append(AppCondition("ComparisonError", text))
            states = tuple(ResourceState(p.ref, p.gvk, SyncStatus.UNKNOWN) for p in paired.pairs)
            return comparing.Comparison(SyncStatus.UNKNOWN, states)

    def _options(
        self, app: Application, project: Project, destination: Destination, tracking: Tracking, *, known: bool
    ) -> CompareOptions:
        namespaced = destination.live.namespaced

        def permitted(ref: ObjectRef, gvk: GroupVersionKind) -> bool:
            scope = namespaced(gvk.group, gvk.kind) is True
            return project.permits_kind(gvk.group, gvk.kind, ref.name, namespaced=scope)

        return CompareOptions(
            diff=self.diff_options(app, tracking),
            permitted=permitted,
            managed_namespace=app.spec.destination.namespace if app.spec.namespace_metadata is not None else "",
            options=app.spec.sync_options,
            known=known,
        )

    def diff_options(self, app: Application, tracking: Tracking) -> DiffOptions:
        settings = self.world.settings
        by_owner = settings.server_side_diff if app.server_side_diff is None else app.server_side_diff
        return DiffOptions(
            rules=(*app.spec.ignore, *settings.ignore),
            by_owner=by_owner or "ServerSideApply=true" in app.spec.sync_options,
            aggregated=settings.ignore_aggregated_roles,
            known=settings.known_types,
            tracking=tracking,
        )

    @staticmethod
    async def _apart(size: int, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Large work leaves the event loop to the others."""
        return await asyncio.to_thread(call, *args, **kwargs) if size > LARGE else call(*args, **kwargs)

    async def _judged(
        self,
        app: Application,
        project: Project,
        asked: Asked,
        destination: Destination,
        tracking: Tracking,
        desired: Desired | None,
        paired: Paired,
        conditions: list[AppCondition],
    ) -> Comparison:
        known = not any(c.type == "ComparisonError" for c in conditions)
        found = await self._compared(app, project, paired, destination, tracking, conditions, known=known)
        changed = known and namespace_metadata_changed(app)
        code = SyncStatus.OUT_OF_SYNC if changed else found.code
        health, healths = await self._health(app, paired, conditions)
        persist = self.world.settings.persist_health
        shown = [replace(s, health=h if persist else None) for s, h in zip(found.states, healths, strict=True)]
        # What could not be had has the revision that was asked for; with several sources none at all.
        known_revisions = desired.revisions if desired is not None and desired.revisions else ()
        revisions = known_revisions or (() if asked.several else asked.revisions)
        types = desired.types if desired is not None else ()
        now = self._clock.time()
        status = with_conditions(app.status, conditions, COMPARISON, now)
        orphans = self._orphans(app, project, destination, paired)
        status = with_conditions(status, orphans, ("OrphanedResourceWarning",), now)
        status = replace(
            status,
            sync=_sync_state(app, asked, code, revisions),
            health=health,
            resources=tuple(sorted(shown, key=_order)),
            summary=self._summary(destination, tracking, paired),
            source_type="" if asked.several else next(iter(types), ""),
            source_types=types if asked.several else (),
            home=self.world.home,
            health_in_tree=not persist,
        )
        failed = any(c.type == "ComparisonError" for c in conditions)
        return Comparison(status, paired, found, project, destination, tracking, failed, tuple(revisions))

    async def _health(
        self, app: Application, paired: Paired, conditions: list[AppCondition]
    ) -> tuple[AppHealthStatus, tuple[AppHealth | None, ...]]:
        overrides = self.world.settings.health
        size = LARGE + 1 if overrides else len(paired.pairs)  # the operator's Lua may take its time
        problems: list[str] = []
        found = await self._apart(
            size,
            lambda: comparing.health_of(
                paired.pairs,
                lambda obj: assess(obj, overrides, problems),
                itself=lambda obj: ObjectRef.of(obj) == app.ref,
            ),
        )
        if problems:
            conditions.append(AppCondition("ComparisonError", f"error setting app health: {problems[0]}"))
        return found

    async def assess(self, live: Manifest) -> AppHealth | None:
        overrides = self.world.settings.health
        return await self._apart(LARGE + 1 if overrides else 0, lambda: assess(live, overrides))

    def _summary(self, destination: Destination, tracking: Tracking, paired: Paired) -> AppSummary:
        below = list(destination.live.below(tracking.app_name))
        lives = [p.live for p in paired.pairs if p.live is not None]
        return summary(lives, (image for _, kept in below for image in kept.images), GROUP)

    def _orphans(
        self, app: Application, project: Project, destination: Destination, paired: Paired
    ) -> tuple[AppCondition, ...]:
        if project.orphaned is None or not project.orphaned.warn:
            return ()
        return orphan_warning(len(self.orphans(project, destination, paired, app.spec.destination.namespace)))

    @staticmethod
    def orphans(project: Project, destination: Destination, paired: Paired, namespace: str) -> list[ObjectRef]:
        """Objects of the destination's namespace that nobody declares, where the project asks for them."""
        if project.orphaned is None:
            return []
        ours = {p.ref for p in paired.pairs}
        return [
            ref
            for ref in destination.live.unmarked(namespace)
            if ref not in ours
            and project.permits_kind(ref.group, ref.kind, ref.name, namespaced=True)
            and not project.orphaned.ignores(ref.group, ref.kind, ref.namespace, ref.name)
        ]


def _sync_state(app: Application, asked: Asked, code: SyncStatus, revisions: Sequence[str]) -> SyncState:
    return SyncState(
        code=code,
        revision="" if asked.several else next(iter(revisions), ""),
        revisions=tuple(revisions) if asked.several else (),
        compared=Compared(
            app.spec.destination,
            None if asked.several else asked.sources[0],
            asked.sources if asked.several else (),
            app.spec.ignore,
        ),
    )


def _order(state: ResourceState) -> str:
    ref = state.ref
    return f"{ref.group}/{ref.kind}/{ref.namespace}/{ref.name}"
