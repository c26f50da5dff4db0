"""What goes when it is no longer desired, and what stays all the same.

An object is deleted only if it still carries its unit's owner labels and no switch says otherwise. Both are read from the
live object, never from an old manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from holdfast.model.delivery import Ownership, UnitKey
from holdfast.model.inventory import InventoryEntry
from holdfast.model.plan import Action, Change, Reason
from holdfast.plan.order import sort_key
from holdfast.plan.switches import on, switches


def judge(live: Mapping[str, Any] | None, owner: Ownership, unit: UnitKey) -> tuple[Action, Reason]:
    """Whether one live object that its unit no longer wants may be deleted."""
    if live is None:
        return Action.DELETE, Reason.ALREADY_GONE
    labels = (live.get("metadata") or {}).get("labels") or {}
    if any(labels.get(k) != v for k, v in owner.labels(unit).items()):
        return Action.SKIP, Reason.OTHER_OWNER
    found = switches(live, owner.group)
    if on(found, "prune", "disabled"):
        return Action.SKIP, Reason.PRUNE_DISABLED
    if on(found, "reconcile", "disabled"):
        return Action.SKIP, Reason.RECONCILE_DISABLED
    if on(found, "ssa", "ignore"):
        return Action.SKIP, Reason.APPLY_IGNORED
    return Action.DELETE, Reason.NOT_DESIRED


def prune_changes(stale: Iterable[InventoryEntry], reason: Reason = Reason.NOT_DESIRED) -> tuple[Change, ...]:
    """Candidates in the order of deletion; each is judged against its live object when its turn comes."""
    ordered = sorted(stale, key=lambda e: sort_key(e.ref), reverse=True)
    return tuple(Change(Action.DELETE, reason, e.ref, e.gvk) for e in ordered)
