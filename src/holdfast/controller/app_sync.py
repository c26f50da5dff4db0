"""One pass of a sync: what the pure engine decides from is put together here, and what it decides is carried out."""

from __future__ import annotations

from collections.abc import Callable

from holdfast.apply.sync import SyncExecutor
from holdfast.base.clock import Clock
from holdfast.cluster.client import Client
from holdfast.controller.app_cluster import WatchedClient
from holdfast.controller.app_compare import AppComparer, Comparison
from holdfast.controller.app_world import AppWorld
from holdfast.dialects.argo.project import Project
from holdfast.health.argo import assess
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.app import Application, OperationState, SyncOrder
from holdfast.model.sync import OperationPhase, SyncStep
from holdfast.plan.sync.diff import preserved
from holdfast.plan.sync.engine import MIGRATED_MANAGER, Ground, sync_pass
from holdfast.reconcile.app_operation import request_for

RESPECT = "RespectIgnoreDifferences=true"


async def one_pass(
    world: AppWorld,
    comparer: AppComparer,
    clock: Clock,
    app: Application,
    project: Project,
    state: OperationState,
    order: SyncOrder,
    comparison: Comparison,
) -> SyncStep:
    """Raises what the cluster's API says where it could not even be asked."""
    account = _account(world, project, app, comparison)
    if isinstance(account, SyncStep):
        return account
    live = comparison.destination.live
    pairs = comparison.paired.pairs
    if RESPECT in order.options:
        pairs = preserved(pairs, comparer.diff_options(app, comparison.tracking))
    await live.follow(map(GroupVersionKind.of, comparison.paired.hooks))
    ground = Ground(
        request=request_for(app, state, order),
        pairs=pairs,
        hooks=comparison.paired.hooks,
        results=state.record.results if state.record is not None else (),
        phase=state.phase,
        message=state.message,
        tracking=comparison.tracking,
        health=lambda obj: assess(obj, world.settings.health),
        permitted=_permission(world, project, comparison),
        modified={s.ref: s.modified for s in comparison.found.states},
        migrate_manager=app.migrate_manager or MIGRATED_MANAGER,
    )
    client: Client = live.client.impersonating(account) if account else live.client
    executor = SyncExecutor(WatchedClient(client, live), clock.sleep, asking=bool(account))
    return await executor.carry_out(sync_pass(ground))


def _permission(world: AppWorld, project: Project, comparison: Comparison) -> Callable[[Manifest, bool], str]:
    scoped, cluster = world.scoped(project.name), comparison.destination.cluster

    def refusal(obj: Manifest, namespaced: bool) -> str:
        ref = ObjectRef.of(obj)
        return project.sync_refusal(
            ref.group, ref.kind, ref.namespace, ref.name, cluster, namespaced=namespaced, scoped=scoped
        )

    return refusal


def _account(world: AppWorld, project: Project, app: Application, comparison: Comparison) -> str | SyncStep:
    """Whom the sync acts as, "" for ourselves; a step where it may not act at all."""
    if not world.settings.impersonation:
        return ""
    namespace = app.spec.destination.namespace
    server = comparison.destination.known.server
    found = project.service_account(server, namespace)
    if found is None and not world.settings.impersonation_enforced:
        return ""
    if found is None:
        text = f"no matching service account found for destination server {server} and namespace {namespace}"
        return SyncStep(OperationPhase.ERROR, text)
    home, colon, name = found.partition(":")
    if not colon:
        home, name = namespace, found
    if not name or not home:
        text = f"failed to derive service account to impersonate: '{found}' names no service account"
        return SyncStep(OperationPhase.ERROR, text)
    return f"system:serviceaccount:{home}:{name}"
