"""The end of an application: its hooks, its objects wave by wave, and the finalizers that held it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from holdfast.base.errors import HoldfastError
from holdfast.cluster.errors import AlreadyExists, NotFound
from holdfast.controller.app_cluster import LiveCluster, WatchedClient
from holdfast.controller.app_compare import AppComparer, Asked
from holdfast.controller.app_world import AppWorld, Destination, DestinationUnknown
from holdfast.controller.app_write import AppWriter
from holdfast.dialects.argo import application as dialect
from holdfast.dialects.argo.application import instance_name
from holdfast.dialects.argo.project import Project
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.app import AppCondition, Application
from holdfast.model.sync import AppHealthStatus
from holdfast.plan.sync import marks
from holdfast.reconcile.app_deletion import (
    HookTurn,
    clean_up,
    deletable,
    first_wave,
    hook_turn,
    needs_confirmation,
)
from holdfast.reconcile.app_refresh import with_conditions

log = logging.getLogger(__name__)

DELETION_ERROR = "DeletionError"
AGAIN = 2.0
LINGER = 1.5
"""How long after its deletion an application stays at least: ``argocd app delete --wait`` deletes first and watches then, and
waits for ever for what is gone already."""


HELD_SECONDS = 30.0
Held = Callable[[Manifest, Application], str]


class HookFailed(HoldfastError):
    """A hook that has to run before the end did not succeed."""


class AppDeleter:
    def __init__(self, world: AppWorld, comparer: AppComparer, writer: AppWriter, held: Held) -> None:
        """``held`` says why the objects of an application are kept although it is deleted."""
        self._held = held
        self._world = world
        self._comparer = comparer
        self._writer = writer

    async def finalize(self, ref: ObjectRef) -> float | None:
        """One turn towards the end; returns when to look again, None for an event."""
        obj = await self._writer.fresh(ref)
        if obj is None:
            return None
        app = dialect.read(obj)
        try:
            return await self._turn(obj, app)
        except DestinationUnknown:
            kept = [f for f in app.finalizers if not _ours(f)]
            await self._writer.finalizers(obj, kept)
            return None
        except HoldfastError as error:
            await self._failed(obj, app, error.message)
            return None

    async def _failed(self, obj: Manifest, app: Application, text: str) -> None:
        now = self._comparer.now()
        status = with_conditions(app.status, (AppCondition(DELETION_ERROR, text),), (DELETION_ERROR,), now)
        if status.conditions != app.status.conditions:
            await self._writer.status(obj, app, status, now)
            self._writer.tell(obj, "StatusRefreshed", f"Unable to delete application resources: {text}", warning=True)

    async def _turn(self, obj: Manifest, app: Application) -> float | None:
        project = self._world.project(app)
        destination = await self._world.destination(app)
        if dialect.PRE_DELETE in app.finalizers:
            if not await self._hooks(app, project, destination, marks.PRE_DELETE):
                return AGAIN
            await self._release(obj, app, dialect.PRE_DELETE)
            return 0.0
        if any(f in dialect.CASCADING for f in app.finalizers):
            return await self._cascade(obj, app, project, destination)
        if dialect.POST_DELETE in app.finalizers:
            if not await self._hooks(app, project, destination, marks.POST_DELETE):
                return AGAIN
            await self._release(obj, app, dialect.POST_DELETE)
            return 0.0
        for finalizer, kind in ((dialect.PRE_DELETE, marks.PRE_DELETE), (dialect.POST_DELETE, marks.POST_DELETE)):
            if f"{finalizer}/cleanup" in app.finalizers:
                if not await self._clean(app, project, destination, kind):
                    return AGAIN
                await self._release(obj, app, f"{finalizer}/cleanup")
                return 0.0
        return None

    async def _release(self, obj: Manifest, app: Application, *finalizers: str) -> None:
        await self._writer.finalizers(obj, [f for f in app.finalizers if f not in finalizers])

    # --- objects

    async def _lives(self, app: Application, project: Project, destination: Destination) -> dict[ObjectRef, Manifest]:
        live = destination.live
        gvks = {(r.gvk.group, r.gvk.kind): r.gvk for r in app.status.resources}
        for result in app.state.record.results if app.state is not None and app.state.record is not None else ():
            gvk = GroupVersionKind(result.ref.group, result.version, result.ref.kind)
            gvks.setdefault((gvk.group, gvk.kind), gvk)
        await live.follow(g for g in gvks.values() if not self._world.settings.excludes(g.group, g.kind, live.server))
        scoped = self._world.scoped(project.name)
        return {
            ref: obj
            for ref, obj in live.of(instance_name(app.ref, self._world.home)).items()
            if project.permits_live(ref.group, ref.kind, ref.namespace, ref.name, destination.cluster, scoped)
        }

    async def _cascade(
        self, obj: Manifest, app: Application, project: Project, destination: Destination
    ) -> float | None:
        lives = await self._lives(app, project, destination)
        if any((o.get("metadata") or {}).get("deletionTimestamp") for o in lives.values()):
            return None
        doomed = [o for o in lives.values() if deletable(o, app)]
        approved = app.confirmed_at is not None and app.deleted is not None and app.confirmed_at >= app.deleted
        if not approved and any(needs_confirmation(ObjectRef.of(o), app) for o in doomed):
            return None
        held = self._held(obj, app) if doomed and not approved else ""
        if held:
            await self._failed(obj, app, held)
            return HELD_SECONDS
        propagation = next((dialect.CASCADING[f] for f in app.finalizers if f in dialect.CASCADING), "Foreground")
        client = WatchedClient(destination.live.client, destination.live)
        for target in first_wave(doomed):
            await _delete(client, target, propagation)
        left = await self._lives(app, project, destination)
        if any(deletable(o, app) for o in left.values()):
            return AGAIN if doomed else None
        early = (app.deleted or 0.0) + LINGER - self._comparer.now()
        if early > 0:
            return early
        await self._release(obj, app, *dialect.CASCADING)
        return 0.0

    # --- hooks

    async def _hooks(self, app: Application, project: Project, destination: Destination, kind: str) -> bool:
        """Whether all hooks of a kind have run. Raises HookFailed."""
        sources = app.spec.sources
        asked = Asked(sources, tuple(s.revision for s in sources), app.spec.several, anew=True)
        comparison = await self._comparer.compare(replace(app, deleted=None), project, asked)
        paired = comparison.paired
        wanted = paired.before_delete if kind == marks.PRE_DELETE else paired.after_delete
        await destination.live.follow(GroupVersionKind.of(h) for h in wanted)
        lives = await self._lives(app, project, destination)
        running = {ref: o for ref, o in lives.items() if kind in marks.deletion_hooks(o)}
        missing = [h for h in wanted if ObjectRef.of(h) not in running]
        client = WatchedClient(destination.live.client, destination.live)
        for hook in missing:
            try:
                await client.create(hook, manager=dialect.MANAGER)
            except AlreadyExists:
                log.info("%s: %s is there already", app.ref, ObjectRef.of(hook))
        if missing:
            return False
        turn: HookTurn = hook_turn({ref: await self._health(o) for ref, o in running.items()})
        for ref in turn.failed:
            await _delete(client, running[ref], "")
        if turn.failed:
            names = ", ".join(f"{r.namespace}/{r.name}" for r in turn.failed)
            verb = "pre-delete" if kind == marks.PRE_DELETE else ""
            prefix = f"error executing {verb} hooks: " if verb else ""
            raise HookFailed(f"{prefix}{kind} hook(s) failed: {names}")
        return not turn.waiting

    async def _health(self, obj: Manifest) -> AppHealthStatus:
        found = await self._comparer.assess(obj)
        return found.status if found is not None else AppHealthStatus.HEALTHY

    async def _clean(self, app: Application, project: Project, destination: Destination, kind: str) -> bool:
        lives = await self._lives(app, project, destination)
        hooks = [o for o in lives.values() if kind in marks.deletion_hooks(o)]
        healths = [await self._health(o) for o in hooks]
        doomed = clean_up(hooks, healths)
        client = WatchedClient(destination.live.client, destination.live)
        for hook in doomed:
            if not (hook.get("metadata") or {}).get("deletionTimestamp"):
                await _delete(client, hook, "")
        return not doomed


def _ours(finalizer: str) -> bool:
    return finalizer in dialect.CASCADING or finalizer.startswith((dialect.PRE_DELETE, dialect.POST_DELETE))


async def _delete(client: WatchedClient, obj: Manifest, propagation: str) -> None:
    ref = ObjectRef.of(obj)
    try:
        await client.delete(ref, uid=str((obj.get("metadata") or {}).get("uid") or ""), propagation=propagation)
    except NotFound:
        log.debug("%s is gone", ref)


__all__: Sequence[str] = ("AppDeleter", "LiveCluster")
