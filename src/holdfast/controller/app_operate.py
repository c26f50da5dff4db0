"""Operations of applications: one pass of a sync at a time, its state written before and after."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from holdfast.base.clock import Clock
from holdfast.base.errors import HoldfastError
from holdfast.cluster.errors import ApiError
from holdfast.controller.app_compare import AppComparer, Asked, Comparison
from holdfast.controller.app_sync import one_pass
from holdfast.controller.app_world import AppWorld, DestinationUnknown
from holdfast.controller.app_write import AppWriter
from holdfast.dialects.argo import application as dialect
from holdfast.dialects.argo.project import Project
from holdfast.dialects.argo.windows import BLOCKED, WindowError, can_sync, matching, next_change
from holdfast.kube.refs import ObjectRef
from holdfast.model.app import Application, OperationState, SyncOrder, SyncRecord
from holdfast.model.sync import OperationPhase
from holdfast.reconcile.app_operation import (
    INVALID,
    RUNNING,
    TERMINATING,
    begin,
    conclude,
    next_history,
    record_for,
    with_declared_revisions,
)
from holdfast.reconcile.app_refresh import Level, blocking, shared_message

log = logging.getLogger(__name__)
ERROR = OperationPhase.ERROR


class AppOperator:
    def __init__(
        self,
        world: AppWorld,
        comparer: AppComparer,
        writer: AppWriter,
        clock: Clock,
        *,
        done: Callable[[ObjectRef], None] = lambda ref: None,
    ) -> None:
        """``done`` is called when what somebody ordered has come to its end."""
        self._world = world
        self._comparer = comparer
        self._writer = writer
        self._clock = clock
        self._done = done
        self._pauses: dict[ObjectRef, float] = {}

    async def operate(self, ref: ObjectRef) -> tuple[float | None, Level | None]:
        """One turn of the operation that an application has: (when to come back, how deep to look afterwards)."""
        pause = self._pauses.pop(ref, 0.0) - self._clock.monotonic()
        if pause > 0:
            self._pauses[ref] = self._clock.monotonic() + pause
            return pause, None
        obj = await self._writer.fresh(ref)
        app = dialect.read(obj) if obj is not None else None
        if obj is None or app is None or app.operation is None:
            return None, None
        now = self._clock.time()
        turn = begin(app, app.operation, now, limit=self._world.settings.sync_seconds)
        if turn.wait is not None:
            return turn.wait, None
        state = turn.state
        if turn.write:
            await self._writer.state(obj, app.state, state)
        terminating = state.phase is TERMINATING
        state, wake = await self._pass(app, state)
        if state.phase is RUNNING and not terminating:
            state = await self._terminated(ref, state)
        state = conclude(state, self._clock.time(), terminating=terminating, cause=turn.cause)
        if state.phase.completed:
            state = replace(state, finished=self._clock.time())
        await self._writer.state(obj, app.state, state)
        if not state.phase.completed:
            return wake, None
        if not state.operation.automated:
            self._done(ref)
        order = app.operation.sync
        if order is None or order.dry_run:
            return None, None
        return None, Level.LATEST if state.operation.automated else Level.RESOLVE

    async def _terminated(self, ref: ObjectRef, state: OperationState) -> OperationState:
        """Somebody may have ended it meanwhile: that must not be overwritten."""
        fresh = await self._writer.fresh(ref)
        now = dialect.read(fresh).state if fresh is not None else None
        if now is not None and now.phase is TERMINATING:
            return replace(state, phase=TERMINATING, message="operation is terminating")
        return state

    async def _pass(self, app: Application, state: OperationState) -> tuple[OperationState, float | None]:
        try:
            project = self._world.project(app)
        except HoldfastError as error:
            return replace(state, phase=ERROR, message=f"Failed to load application project: {error.message}"), None
        order = state.operation.sync
        if order is None:
            return replace(state, phase=ERROR, message=INVALID), None
        if state.record is None:
            record = record_for(app, order)
            state = replace(state, record=record, operation=with_declared_revisions(state.operation, record.sources))
        blocked = self._blocked(app, project)
        if blocked is not None:
            message = blocked if state.phase is RUNNING else state.message
            return replace(state, message=message), self._window_wait(app, project)
        try:
            return await self._sync(app, project, state, order)
        except (DestinationUnknown, ApiError) as error:
            return replace(state, phase=ERROR, message=error.message), None

    def _blocked(self, app: Application, project: Project) -> str | None:
        known = app.state
        manual = known is not None and not known.operation.automated
        started = datetime.fromtimestamp(known.started, UTC) if known is not None and known.started else None
        windows = matching(project.windows, app.ref.name, _destination(app))
        try:
            open_ = can_sync(windows, self._now(), manual=manual, started=started)
        except WindowError as error:
            return f"{BLOCKED}: {error.message}"
        return None if open_ else BLOCKED

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.time(), UTC)

    def _window_wait(self, app: Application, project: Project) -> float | None:
        change = next_change(matching(project.windows, app.ref.name, _destination(app)), self._now())
        return None if change is None else max(1.0, change.timestamp() - self._clock.time())

    async def _sync(
        self, app: Application, project: Project, state: OperationState, order: SyncOrder
    ) -> tuple[OperationState, float | None]:
        record = state.record or SyncRecord()
        several = bool(record.sources)
        sources = record.sources if several else ((record.source,) if record.source is not None else ())
        revisions = record.revisions if several else (record.revision,)
        asked = Asked(sources, revisions, several, anew=True, manifests=order.manifests)
        comparison = await self._comparer.compare(app, project, asked)
        sync = comparison.status.sync
        record = replace(record, revision=sync.revision, revisions=sync.revisions)
        state = replace(state, record=record)
        conditions = comparison.status.conditions
        warning = shared_message(conditions)
        if warning and order.has_option("FailOnSharedResource=true"):
            failed = f"Shared resource found: {warning}"
            return replace(state, phase=OperationPhase.FAILED, message=failed), None
        problem = blocking(conditions)
        if problem:
            return replace(state, phase=ERROR, message=problem), None
        return await self._carry_out(app, project, state, order, comparison, several)

    async def _carry_out(
        self,
        app: Application,
        project: Project,
        state: OperationState,
        order: SyncOrder,
        comparison: Comparison,
        several: bool,
    ) -> tuple[OperationState, float | None]:
        record = state.record or SyncRecord()
        step = await one_pass(self._world, self._comparer, self._clock, app, project, state, order, comparison)
        record = replace(record, results=step.results, namespace_metadata=app.spec.namespace_metadata)
        state = replace(state, phase=step.phase, message=step.message, record=record)
        if step.phase is OperationPhase.SUCCEEDED and not order.dry_run and not order.selected:
            entries = next_history(app, state, record, self._clock.time(), several=several)
            await self._writer.history(app.ref, entries)
        if step.pause:
            self._pauses[app.ref] = self._clock.monotonic() + step.pause
        return state, min((w for w in (step.wake, step.pause or None) if w is not None), default=None)


def _destination(app: Application) -> dict[str, str]:
    destination = app.spec.destination
    return {"server": destination.server, "name": destination.name, "namespace": destination.namespace}
