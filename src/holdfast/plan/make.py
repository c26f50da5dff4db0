"""Desired and live to a Plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.delivery import Delivery
from holdfast.model.inventory import Inventory, InventoryEntry
from holdfast.model.live import LiveObject, LiveView
from holdfast.model.plan import Action, Change, Plan, Reason, Stage
from holdfast.model.safety import DriftMode
from holdfast.plan.hashing import desired_hash, intended_hash
from holdfast.plan.ignore import matching_paths
from holdfast.plan.order import WAITED, staged
from holdfast.plan.prune import prune_changes
from holdfast.plan.switches import on, switches


def make_plan(
    delivery: Delivery,
    objects: Sequence[Manifest],
    live: LiveView,
    inventory: Inventory,
    *,
    early: frozenset[tuple[str, str]] = frozenset(),
    settled: bool = False,
) -> Plan:
    """``objects`` are all that the unit desires; ``inventory`` what it applied before. ``settled``: just this was applied
    already, so whatever differs was changed by somebody."""
    stages = tuple(
        Stage(name, tuple(change_for(delivery, o, live, settled=settled) for o in found), wait=name in WAITED)
        for name, found in staged(objects, early)
    )
    stale = inventory.missing_from(inventory_of(objects)) if delivery.policy.prune else ()
    return Plan(stages, prune_changes(stale))


def inventory_of(objects: Iterable[Manifest]) -> Inventory:
    return Inventory(tuple(InventoryEntry(ObjectRef.of(o), GroupVersionKind.of(o).version) for o in objects))


def change_for(delivery: Delivery, obj: Manifest, view: LiveView, *, settled: bool = False) -> Change:
    """What to do with one desired object."""
    ref = ObjectRef.of(obj)
    action, reason = _decide(delivery, obj, ref, view)
    if (
        action in (Action.CREATE, Action.UPDATE)
        and delivery.policy.safety.drift is not DriftMode.ENABLED
        and _is_drift(_wanted(delivery, obj), view.synced(ref), settled=settled)
    ):
        action, reason = Action.SKIP, Reason.DRIFT_LEFT
    return Change(action, reason, ref, GroupVersionKind.of(obj), obj)


def _is_drift(wanted: str, synced: tuple[str, str] | None, *, settled: bool) -> bool:
    """Whether what was applied is what is desired, so that a difference is somebody else's doing."""
    return settled if synced is None else synced[0] == wanted


def _wanted(delivery: Delivery, obj: Manifest) -> str:
    return desired_hash(obj, matching_paths(obj, delivery.policy.ignore))


def _decide(delivery: Delivery, obj: Manifest, ref: ObjectRef, view: LiveView) -> tuple[Action, Reason]:
    group, live = delivery.owner.group, view.get(ref)
    wanted = switches(obj, group)
    found = live.switches if live is not None else {}
    if on(wanted, "reconcile", "disabled") or on(found, "reconcile", "disabled"):
        return Action.SKIP, Reason.RECONCILE_DISABLED
    if on(wanted, "ssa", "ignore") or on(found, "ssa", "ignore"):
        return Action.SKIP, Reason.APPLY_IGNORED
    if live is None:
        return Action.CREATE, Reason.MISSING if view.knows(ref) else Reason.UNVERIFIED
    if on(wanted, "ssa", "ifnotpresent"):
        return Action.SKIP, Reason.IF_NOT_PRESENT
    merging = on(wanted, "ssa", "merge") or on(found, "ssa", "merge")
    return _compare(delivery, obj, live, view.synced(ref), merging=merging)


def _compare(
    delivery: Delivery, obj: Manifest, live: LiveObject, synced: tuple[str, str] | None, *, merging: bool
) -> tuple[Action, Reason]:
    if live.foreign and not merging:
        return Action.UPDATE, Reason.FOREIGN_MANAGERS
    wanted = _wanted(delivery, obj)
    if synced == (wanted, live.owned) or live.owned == intended_hash(obj):
        return Action.KEEP, Reason.IN_SYNC
    if live.owner not in (("", ""), (delivery.key.name, delivery.key.namespace)):
        return Action.UPDATE, Reason.TAKE_OVER
    if synced is None:
        return Action.UPDATE, Reason.UNVERIFIED
    return Action.UPDATE, Reason.DRIFTED if synced[0] == wanted else Reason.DESIRED_CHANGED
