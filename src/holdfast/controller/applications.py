"""Applications: bound to ``reconcile``, woken by whatever concerns them.

In: keys of Application objects. Out: their status, their syncs and events, as Argo CD's application controller gives them.
What is to be done is decided in ``reconcile`` and ``plan``; here the world is observed and the two meet. Nothing is polled:
a changed object, project, setting or commit wakes who is concerned; the interval is what Argo CD has it for.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from holdfast.base.clock import Clock
from holdfast.base.errors import HoldfastError
from holdfast.cluster.errors import ApiError
from holdfast.controller.app_compare import AppComparer, Asked, Comparison, SourceTrouble
from holdfast.controller.app_delete import AppDeleter
from holdfast.controller.app_operate import AppOperator
from holdfast.controller.app_targets import AppTargets
from holdfast.controller.app_world import AppWorld, DestinationUnknown, ProjectMissing
from holdfast.controller.app_write import AppWriter
from holdfast.controller.events import EventRecorder
from holdfast.controller.manager import WHEN_CHANGED, Controller, Manager, Requeue, words
from holdfast.controller.remote import RemoteBases
from holdfast.dialects.argo import application as dialect
from holdfast.dialects.argo import project as projects
from holdfast.dialects.argo.application import instance_name
from holdfast.dialects.argo.clusters import concerns
from holdfast.dialects.argo.project import Project
from holdfast.dialects.argo.settings import KnownCluster
from holdfast.dialects.argo.windows import WindowError, can_sync, matching, next_change
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.app import AppCondition, Application, AppStatus, SyncState
from holdfast.model.safety import read_safety
from holdfast.model.sync import AppHealthStatus, ResourceState, SyncStatus
from holdfast.plan.argo_guard import storm_refusal, sync_refusal, weight
from holdfast.reconcile.app_refresh import (
    SPEC,
    SYNC,
    Level,
    Look,
    auto_sync,
    next_look,
    sync_conditions,
    with_conditions,
)
from holdfast.source.manifests import ManifestSource

log = logging.getLogger(__name__)

WORKERS = 64
PROJECT_SECONDS = 15.0
TOLD_AGAIN_SECONDS = 1.0
"""When an application is looked at once more after what somebody ordered: ``argocd app sync`` begins to watch a moment after
it asked, and waits in vain where all was over by then. The look writes the time, which is an event."""


class Applications:
    """The reconciler of Application objects. Call ``start`` before the manager runs, ``close`` after."""

    gvk: GroupVersionKind = dialect.GVK

    def __init__(
        self,
        manager: Manager,
        source: ManifestSource,
        events: EventRecorder,
        *,
        bases: RemoteBases | None = None,
        home: str,
    ) -> None:
        self._manager = manager
        self._clock: Clock = manager.clock
        self._objects = manager.objects(dialect.GVK)
        self.source = source
        self._writer = AppWriter(manager.client, self._objects, events)
        self.world = AppWorld(manager, self._clock, home=home)
        self.targets = AppTargets(self.world, source, bases)
        self._comparer = AppComparer(self.world, self.targets, self._clock)
        self.syncs = self._writer.syncs
        self._operator = AppOperator(self.world, self._comparer, self._writer, self._clock, done=self._tell_again)
        self._deleter = AppDeleter(self.world, self._comparer, self._writer, self.deletion_held)
        self._asked: dict[ObjectRef, Level] = {}
        self._looked: dict[ObjectRef, float] = {}
        self._by_instance: dict[str, ObjectRef] = {}
        self._changed: dict[ObjectRef, bool] = {}
        self._controller: Controller | None = None

    def start(self) -> None:
        self.world.changed.append(self._world_changed)
        self.world.clusters.append(self._clusters_changed)
        self.world.objects.append(self._object_changed)
        self.world.orphans.append(self._orphan_changed)
        self._controller = self._manager.add(self, concurrency=WORKERS)
        self._objects.add_handler(self._app_changed)

    async def close(self) -> None:
        await self.world.close()

    # --- who wakes whom

    def ask(self, ref: ObjectRef, level: Level) -> None:
        """A look that goes at least this deep."""
        self._asked[ref] = max(level, self._asked.get(ref, level))
        if self._controller is not None:
            self._controller.wake(ref)

    async def repository_changed(self, same: Callable[[str], bool]) -> None:
        """Somebody pushed: who takes manifests from there looks for the newest. ``same`` compares addresses."""
        for ref, obj in self._objects.items():
            hits = [s.url for s in dialect.read_spec(obj.get("spec") or {}).sources if same(s.url)]
            for hit in hits:
                self.targets.forget(hit)
            if hits and self._manager.placement.ours(ref):
                self.ask(ref, Level.RESOLVE)
            elif hits:
                await self._manager.request(ref, dialect.REFRESH, "normal")

    def _app_changed(self, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        if new is None:
            self._by_instance.pop(instance_name(ref, self.world.home), None)
            return
        self._by_instance[instance_name(ref, self.world.home)] = ref
        if old is not None and dialect.enables_automation(old, new):
            self.ask(ref, Level.LATEST)
        elif old is not None and words(old) != words(new):
            self.ask(ref, Level.RECENT)
        elif self._controller is not None:
            self._controller.wake(ref)

    def _object_changed(self, ref: ObjectRef, instances: frozenset[str], own: bool) -> None:
        for instance in instances:
            app = self._by_instance.get(instance)
            if app is not None and app != ref:
                self.ask(app, Level.RECENT if own else Level.TREE)

    def _orphan_changed(self, ref: ObjectRef) -> None:
        for app, obj in self._objects.items():
            destination = dialect.read_spec(obj.get("spec") or {}).destination
            if destination.namespace == ref.namespace and self._watches_orphans(obj):
                self.ask(app, Level.RECENT)

    def _watches_orphans(self, obj: Manifest) -> bool:
        try:
            return self.world.project(dialect.read(obj)).orphaned is not None
        except HoldfastError:
            return False

    def _world_changed(self, project: str) -> None:
        """A project or, without a name, the settings changed. Argo CD's applications notice their project at their next
        refresh only; ours look soon, but not so soon that who changed the project and then asks for a refresh finds it done."""
        for ref, obj in self._objects.items():
            if project and dialect.read_spec(obj.get("spec") or {}).project != project:
                continue
            if not project:
                self.ask(ref, Level.RECENT)
            else:
                self._clock.call_later(PROJECT_SECONDS, partial(self._unless_looked, ref, self._clock.monotonic()))

    def _clusters_changed(self, clusters: Sequence[KnownCluster]) -> None:
        for ref, obj in self._objects.items():
            spec = dialect.read_spec(obj.get("spec") or {})
            if concerns(clusters, spec.destination, spec.project):
                self.ask(ref, Level.RECENT)

    # --- one turn

    async def reconcile(self, ref: ObjectRef) -> Requeue:
        obj = self._objects.get(ref)
        if obj is None:
            self._forget(ref)
            return WHEN_CHANGED
        await self.world.start()
        app = dialect.read(obj)
        if app.paused or not self.world.settings.allows_namespace(ref.namespace, self.world.home):
            return WHEN_CHANGED
        waits = [await self._refresh(obj, app)]
        obj = self._objects.get(ref)
        if obj is None:
            return WHEN_CHANGED
        if dialect.read(obj).operation is not None:
            wait, again = await self._operator.operate(ref)
            waits.append(wait)
            if again is not None:
                self.ask(ref, again)
        elif (obj.get("metadata") or {}).get("deletionTimestamp"):
            waits.append(await self._deleter.finalize(ref))
        due = [w for w in waits if w is not None]
        return Requeue(after=min(due)) if due else WHEN_CHANGED

    def release(self, ref: ObjectRef) -> None:
        """Another replica goes on with it."""
        self._forget(ref)

    def _forget(self, ref: ObjectRef) -> None:
        self._asked.pop(ref, None)
        self._looked.pop(ref, None)
        self._comparer.forget(ref)

    # --- who asks without wanting anything done

    def declared(self, instance: str) -> Manifest | None:
        """The application whose objects carry this name."""
        ref = self._by_instance.get(instance)
        return self._objects.get(ref) if ref is not None else None

    async def compared(self, instance: str) -> Comparison | None:
        """What a look would find now; None where there is no such application, or nothing to compare."""
        obj = self.declared(instance)
        if obj is None:
            return None
        await self.world.start()
        app = dialect.read(obj)
        try:
            project = self.world.project(app)
            self.world.known_cluster(app.spec.destination)
            return await self._comparer.compare(app, project, self._wanted(app, Look(Level.RECENT)))
        except HoldfastError as error:
            log.info("%s: %s", app.ref, error)
            return None

    def orphans(self, comparison: Comparison) -> list[ObjectRef]:
        namespace = comparison.tracking.destination
        return self._comparer.orphans(comparison.project, comparison.destination, comparison.paired, namespace)

    def count(self, server: str) -> int:
        """How many applications go to a cluster."""
        specs = (dialect.read_spec(o.get("spec") or {}) for _, o in self._objects.items())
        return sum(self.world.goes_to(s.destination, server) for s in specs)

    # --- looking

    async def _refresh(self, obj: Manifest, app: Application) -> float | None:
        """Returns when to look again at the latest, if ever."""
        settings = self.world.settings
        asked = self._asked.pop(app.ref, None)
        look = next_look(
            app,
            asked,
            self._clock.time(),
            expires=settings.refresh_seconds,
            hard_expires=settings.hard_refresh_seconds,
        )
        if look is not None:
            wait = await self._look(obj, app, look)
            if wait is not None:
                return wait
        if not settings.refresh_seconds:
            return None
        return settings.refresh_seconds + settings.jitter_seconds * random.random()

    async def _look(self, obj: Manifest, app: Application, look: Look) -> float | None:
        now = self._clock.time()
        self._looked[app.ref] = self._clock.monotonic()
        try:
            project, problems = self._conditions(obj, app)
        except DestinationUnknown:
            return None
        status = with_conditions(app.status, problems, SPEC, now)
        if project is None or problems:
            status = replace(status, sync=replace(status.sync, code=SyncStatus.UNKNOWN), health=AppHealthStatus.UNKNOWN)
            await self._writer.status(obj, app, status, now)
            return None
        seen = replace(app, status=status)
        try:
            comparison = await self._comparer.compare(seen, project, self._wanted(seen, look))
        except SourceTrouble as trouble:
            log.info("%s: %s", app.ref, trouble.message)
            return trouble.after
        except (DestinationUnknown, ApiError) as error:
            log.warning("%s: %s", app.ref, error)
            return 10.0
        return await self._settle(obj, app, seen, project, comparison, look, now)

    def _conditions(self, obj: Manifest, app: Application) -> tuple[Project | None, list[AppCondition]]:
        """The project, and what is wrong with the declaration."""
        try:
            project = self.world.project(app)
        except ProjectMissing:
            return None, [AppCondition("InvalidSpecError", projects.missing(app.spec.project))]
        except HoldfastError as error:
            return None, [AppCondition("UnknownError", error.message)]
        spec = obj.get("spec") or {}
        refusals = projects.source_refusals(spec, project)
        if refusals and not refusals[0].startswith(("application repo", "sync source repo")):
            return project, [AppCondition("InvalidSpecError", r) for r in refusals]
        try:
            known = self.world.known_cluster(app.spec.destination)
        except DestinationUnknown as error:
            return project, [AppCondition("InvalidSpecError", r) for r in (*refusals, error.message)]
        refusal = projects.destination_refusal(
            spec, project, projects.Cluster(known.server, known.name), self.world.scoped(project.name)
        )
        return project, [AppCondition("InvalidSpecError", r) for r in (*refusals, refusal) if r]

    def _wanted(self, app: Application, look: Look) -> Asked:
        revisions = tuple(s.revision for s in app.spec.sources)
        if look.level <= Level.RECENT:
            sync: SyncState = app.status.sync
            revisions = sync.revisions if app.spec.several else (sync.revision,)
        manifests: tuple[str, ...] = ()
        if app.state is not None and app.state.operation.sync is not None:
            manifests = app.state.operation.sync.manifests
        return Asked(
            app.spec.sources,
            revisions,
            app.spec.several,
            anew=look.level is Level.RESOLVE,
            hard=look.hard,
            manifests=manifests,
        )

    async def _settle(
        self,
        obj: Manifest,
        app: Application,
        seen: Application,
        project: Project,
        comparison: Comparison,
        look: Look,
        now: float,
    ) -> float | None:
        status, wait = comparison.status, None
        if self._may_sync(app, project):
            changed = comparison.revisions != _revisions(app) or status.sync.code is SyncStatus.OUT_OF_SYNC
            outcome = auto_sync(
                seen,
                status,
                changed=changed,
                now=now,
                heal_seconds=self.world.settings.heal_seconds,
                guard=partial(self._prune_held, obj, status),
            )
            if outcome.order is not None:
                started = await self._writer.order(app.ref, outcome.order)
                if started:
                    revisions = ", ".join(outcome.revisions)
                    self._writer.tell(obj, "OperationStarted", f"Initiated automated sync to '{revisions}'")
            if outcome.wait is not None:
                wait = outcome.wait
                self._later(app.ref, wait)
            status = with_conditions(status, sync_conditions(outcome), SYNC, now)
        else:
            wait = self._window_wait(app, project)
        if look.level >= Level.LATEST or app.status.reconciled is None:
            status = replace(status, reconciled=now)
        await self._hooks_finalizers(app, comparison)
        await self._writer.status(obj, app, status, now)
        return wait

    def _unless_looked(self, ref: ObjectRef, since: float) -> None:
        """Who has looked since then has seen it."""
        if self._looked.get(ref, since) <= since:
            self.ask(ref, Level.LATEST)

    def _tell_again(self, ref: ObjectRef) -> None:
        self._later(ref, TOLD_AGAIN_SECONDS)

    def _prune_held(self, obj: Manifest, status: AppStatus, pruned: Sequence[ResourceState]) -> str:
        """Why a sync that nobody asked for does not prune; what goes with pruned applications counts."""
        safety = read_safety(obj["metadata"].get("annotations") or {}, self._manager.safety)
        found = (self._objects.get(r.ref) for r in pruned if r.ref.group == dialect.GROUP)
        below = sum(max(0, weight(child) - 1) for child in found if child is not None)
        revision = status.sync.revision or " ".join(status.sync.revisions)
        return sync_refusal(safety, revision, len(pruned) + below, len(status.resources) + below)

    def deletion_held(self, obj: Manifest, app: Application) -> str:
        """Why the objects of a deleted application are kept for now: too many go at once."""
        safety = read_safety(obj["metadata"].get("annotations") or {}, self._manager.safety)
        return storm_refusal(safety, app.status.sync.revision, [o for _, o in self._objects.items()])

    def _later(self, ref: ObjectRef, wait: float) -> None:
        """A look is due then: without it, waking finds nothing to do."""
        self._clock.call_later(wait, lambda: self.ask(ref, Level.LATEST))

    def _may_sync(self, app: Application, project: Project) -> bool:
        windows = matching(project.windows, app.ref.name, _destination(app))
        try:
            return can_sync(windows, datetime.fromtimestamp(self._clock.time(), UTC), manual=False)
        except WindowError as error:
            log.info("%s: %s", app.ref, error.message)
            return False

    def _window_wait(self, app: Application, project: Project) -> float | None:
        """Seconds until the windows may answer otherwise."""
        now = self._clock.time()
        change = next_change(
            matching(project.windows, app.ref.name, _destination(app)), datetime.fromtimestamp(now, UTC)
        )
        if change is None:
            return None
        wait = max(1.0, change.timestamp() - now)
        self._later(app.ref, wait)
        return wait

    async def _hooks_finalizers(self, app: Application, comparison: Comparison) -> None:
        """Hooks that run at deletion hold the application until they have run."""
        if app.deleted is not None or comparison.failed:
            return
        wanted = list(app.finalizers)
        for finalizer, hooks in (
            (dialect.PRE_DELETE, comparison.paired.before_delete),
            (dialect.POST_DELETE, comparison.paired.after_delete),
        ):
            names = (finalizer, f"{finalizer}/cleanup")
            wanted = [f for f in wanted if f not in names] + (list(names) if hooks else [])
        if sorted(wanted) != sorted(app.finalizers):
            fresh = await self._writer.fresh(app.ref)
            if fresh is not None:
                await self._writer.finalizers(fresh, wanted)


def _revisions(app: Application) -> tuple[str, ...]:
    return app.status.sync.revisions if app.spec.several else (app.status.sync.revision,)


def _destination(app: Application) -> Mapping[str, str]:
    destination = app.spec.destination
    return {"server": destination.server, "name": destination.name, "namespace": destination.namespace}
