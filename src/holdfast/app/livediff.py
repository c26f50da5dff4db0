"""What a directory would change in a cluster: the plan of each unit, and the difference of each object.

In: a directory with manifests, and a cluster. Out: plans with reasons and unified diffs, values of Secrets masked. Sends dry runs
only. The units are those that the directory declares; where it declares none, the cluster's own, built from the directory.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.base.clock import SystemClock
from holdfast.base.errors import HoldfastError
from holdfast.base.tree import Tree
from holdfast.cluster.client import Client
from holdfast.cluster.config import ClusterConfig
from holdfast.cluster.errors import NotFound
from holdfast.cluster.watches import Watches
from holdfast.controller.units_keys import sops_keys
from holdfast.dialects.flux import kustomization as flux
from holdfast.dialects.flux.kustomization_status import read_status
from holdfast.kube import yaml
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.delivery import Delivery, UnitKey
from holdfast.model.plan import Action, Change, Plan
from holdfast.model.source import Snapshot
from holdfast.offline.survey import survey
from holdfast.plan import judge
from holdfast.plan.guard import Losses, refusal
from holdfast.reconcile import ClusterState, Runner, SourceState, World
from holdfast.reconcile.decide import Settings
from holdfast.reconcile.run import Alone, Keys
from holdfast.reconcile.targets import Targets
from holdfast.render.memo import RenderMemo

_SERVERS_OWN = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")


@dataclass(frozen=True, slots=True)
class Difference:
    """One object: what would be done, why, and the lines of a unified diff."""

    change: Change
    lines: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class UnitDifference:
    unit: UnitKey
    differences: tuple[Difference, ...] = ()
    problem: str = ""
    held: str = ""


class _Around(Alone):
    """What a plan asks beyond its unit: keys, nothing else."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def keys(self, delivery: Delivery) -> Keys | None:
        return await sops_keys(self._client, delivery) if delivery.policy.decryption else None


async def live_diff(config: ClusterConfig, tree: Tree, wanted: str = "") -> list[UnitDifference]:
    """``wanted``: only the unit KIND/NAMESPACE/NAME."""
    clock = SystemClock()
    async with Client(config, clock=clock) as client, Watches(client, clock=clock) as watches:
        live = {ObjectRef.of(o): o for o in (await client.list(flux.GVK)).items}
        targets = Targets(ClusterState(client, watches, flux.OWNER, clock), flux.OWNER, clock)
        runner = Runner(targets, RenderMemo(), Settings(), clock, _Around(client))
        try:
            return [
                await _unit(runner, client, obj, live.get(ObjectRef.of(obj)), tree)
                for obj in _declared(tree) or list(live.values())
                if wanted in ("", f"{flux.KIND}/{obj['metadata'].get('namespace')}/{obj['metadata']['name']}")
            ]
        finally:
            await targets.close()


def _declared(tree: Tree) -> list[Manifest]:
    found = (u.object for s in survey(tree) for u in s.units.values() if u.key.kind == flux.KIND and not u.external)
    return list(found)


async def _unit(runner: Runner, client: Client, obj: Manifest, live: Manifest | None, tree: Tree) -> UnitDifference:
    delivery = flux.read(obj)
    before = read_status(live or {})
    snapshot = Snapshot("working tree", tree, "working tree")
    world = World(delivery, SourceState(snapshot), inventory=before.inventory, applied=before.applied)
    try:
        plan = await runner.plan(world)
        differences = tuple(await _differences(client, delivery, plan))
        return UnitDifference(delivery.key, differences, held=_held(world, plan, differences))
    except HoldfastError as error:
        return UnitDifference(delivery.key, problem=error.message)


def _held(world: World, plan: Plan, differences: Sequence[Difference]) -> str:
    """Why the controller would not delete what this deletes; consent is asked for when there is a revision to name."""
    delivery = world.delivery
    doomed = tuple(d.change.ref for d in differences if d.change.action is Action.DELETE and d.lines)
    rendered = sum(len(s.changes) for s in plan.stages)
    losses = Losses(doomed, len(world.inventory.entries), rendered=rendered)
    return refusal(delivery.policy.safety, delivery.key, "this directory", losses).partition(";")[0]


async def _differences(client: Client, delivery: Delivery, plan: Plan) -> list[Difference]:
    found = []
    for change in plan.changes:
        if change.action in (Action.KEEP, Action.SKIP):
            continue
        try:
            difference = await _difference(client, delivery, change)
        except HoldfastError as error:
            difference = Difference(change, problem=error.message)
        if difference.lines or difference.problem:
            found.append(difference)
    return found


async def _difference(client: Client, delivery: Delivery, change: Change) -> Difference:
    try:
        live: Manifest | None = await client.get(change.ref, version=change.gvk.version)
    except NotFound:
        live = None
    if change.action is Action.DELETE:
        action, _ = judge(live, delivery.owner, delivery.key)
        return Difference(change, unified(change.ref, live, None) if action is Action.DELETE and live else ())
    try:
        after = await client.apply(change.desired or {}, manager=delivery.owner.manager, force=True, dry_run=True)
    except NotFound:
        # Its namespace or kind would come with the same change.
        after = change.desired or {}
    return Difference(change, unified(change.ref, live, after))


def unified(ref: ObjectRef, before: Manifest | None, after: Manifest | None) -> tuple[str, ...]:
    """The lines of a unified diff, empty where nothing that a user wrote differs."""
    masked = _masked(before, after) if ref.kind == "Secret" and not ref.group else (before, after)
    old, new = (_text(o) for o in masked)
    if old == new:
        return ()
    return tuple(difflib.unified_diff(old, new, f"live {ref}", f"new {ref}", lineterm=""))


def _text(obj: Manifest | None) -> list[str]:
    if obj is None:
        return []
    meta = {k: v for k, v in obj["metadata"].items() if k not in _SERVERS_OWN}
    return yaml.dump({**{k: v for k, v in obj.items() if k != "status"}, "metadata": meta}).splitlines()


def _masked(before: Manifest | None, after: Manifest | None) -> tuple[Manifest | None, Manifest | None]:
    """Secrets with their values hidden, though not whether they change."""
    old, new = (_data(o) for o in (before, after))
    changed = {k for k in old.keys() & new.keys() if old[k] != new[k]}
    return _with_data(before, old, changed, "*** (before)"), _with_data(after, new, changed, "*** (after)")


def _data(obj: Manifest | None) -> dict[str, Any]:
    found = (obj or {}).get("data")
    return found if isinstance(found, dict) else {}


def _with_data(obj: Manifest | None, data: dict[str, Any], changed: Iterable[str], mark: str) -> Manifest | None:
    if obj is None:
        return None
    hidden = {k: v for k, v in obj.items() if k not in ("data", "stringData")}
    return {**hidden, "data": {k: mark if k in changed else "***" for k in data}} if data else hidden


def summary(found: Sequence[UnitDifference]) -> tuple[int, int]:
    """How many objects differ, and how many units could not be judged."""
    return sum(len(u.differences) for u in found), sum(bool(u.problem) for u in found)
