"""One pass of a sync: what the pure rooms and the engine need is put together here, and what became of it handed back."""

from __future__ import annotations

from holdfast.controller.app_compare import AppComparer, Comparison
from holdfast.controller.app_world import AppWorld
from holdfast.dialects.argo.project import Project
from holdfast.model.app import Application, OperationState, SyncOrder
from holdfast.model.sync import OperationPhase, SyncStep


async def sync_pass(
    world: AppWorld,
    comparer: AppComparer,
    app: Application,
    project: Project,
    state: OperationState,
    order: SyncOrder,
    comparison: Comparison,
) -> SyncStep:
    return SyncStep(OperationPhase.ERROR, "not yet")
