"""Big units are planned in turns; what changes between two turns is noticed."""

from __future__ import annotations

import asyncio

from holdfast.base.clock import VirtualClock
from holdfast.cluster.client import Client
from holdfast.cluster.config import ClusterConfig
from holdfast.cluster.watches import Watches
from holdfast.dialects.flux import kustomization as flux
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.delivery import Delivery, UnitKey
from holdfast.model.plan import Action, Change, Reason
from holdfast.reconcile.live import ClusterState
from holdfast.reconcile.planning import confirm, in_turns, next_stage

UNIT: Manifest = {
    "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
    "kind": "Kustomization",
    "metadata": {"name": "app", "namespace": "n"},
    "spec": {"interval": "1h", "prune": True, "path": "./", "sourceRef": {"kind": "GitRepository", "name": "app"}},
}


def config_map(number: int) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{number}", "namespace": "n"}, "data": {}}


def nowhere() -> tuple[ClusterState, Delivery, list[tuple[UnitKey, ObjectRef]]]:
    """The state of a cluster that nobody watches, and what it tells of drift."""
    client = Client(ClusterConfig(server="http://127.0.0.1:1"))
    state = ClusterState(client, Watches(client), flux.OWNER, VirtualClock())
    told: list[tuple[UnitKey, ObjectRef]] = []
    state.drifted.append(lambda unit, ref: told.append((unit, ref)))
    return state, flux.read(UNIT), told


async def test_others_have_their_turn_while_thousands_of_objects_are_gone_through() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    assert [n async for n in in_turns(range(1000))] == list(range(1000))
    task.cancel()
    assert turns > 20


async def test_each_stage_is_planned_when_its_time_has_come() -> None:
    state, delivery, _ = nowhere()
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}
    objects, done, order = [config_map(1), namespace, config_map(2)], set[str](), []
    while found := await next_stage(delivery, objects, state, early=frozenset(), settled=False, done=done):
        order.append([c.ref.name for c in found[0].changes])
        done.add(found[0].name)
    assert order == [["n"], ["c1", "c2"]]


async def test_what_changed_after_it_was_found_in_order_is_drift_and_not_confirmed() -> None:
    state, delivery, told = nowhere()
    ref = ObjectRef.of(config_map(1))
    change = Change(Action.KEEP, Reason.IN_SYNC, ref, flux.GVK, config_map(1))
    await confirm(delivery, state, [change], {ref: ("as it was applied", "uid")})
    assert told == [(delivery.key, ref)]
    synced = state.synced(ref)
    assert synced is not None
    assert synced[1] == ""
