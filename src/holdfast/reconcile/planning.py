"""Plans of units of any size, made in turns: thousands of objects are compared without keeping anybody waiting for long.

In: what a unit wants and what is there. Out: what `plan` decides. What changes between two turns is a change like any later one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.delivery import Delivery
from holdfast.model.live import LiveView
from holdfast.model.plan import Action, Change, Stage
from holdfast.plan.ignore import matching_paths
from holdfast.plan.make import change_for
from holdfast.plan.order import WAITED, staged
from holdfast.reconcile.live import ClusterState

T = TypeVar("T")
Seen = Mapping[ObjectRef, tuple[str, str]]
"""What we own of an object, and which object it is."""
_TURN = 32  # objects, at about 0.1 ms each


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """The items, with a turn for everybody else after each few."""
    for number, item in enumerate(items, 1):
        yield item
        if number % _TURN == 0:
            await asyncio.sleep(0)


async def next_stage(
    delivery: Delivery,
    objects: Sequence[Manifest],
    live: LiveView,
    *,
    early: frozenset[tuple[str, str]],
    settled: bool,
    done: Collection[str],
) -> tuple[Stage, Seen] | None:
    """The first stage of the plan that is not ``done``, as things stand now, and what was seen of those that need nothing."""
    for name, found in staged(objects, early):
        if name not in done:
            changes, seen = await _compared(delivery, found, live, settled=settled)
            return Stage(name, changes, wait=name in WAITED), seen
    return None


async def _compared(
    delivery: Delivery, objects: Sequence[Manifest], live: LiveView, *, settled: bool
) -> tuple[tuple[Change, ...], Seen]:
    changes: list[Change] = []
    seen: dict[ObjectRef, tuple[str, str]] = {}
    async for obj in in_turns(objects):
        change = change_for(delivery, obj, live, settled=settled)
        changes.append(change)
        found = live.get(change.ref) if change.action is Action.KEEP else None
        if found is not None:
            seen[change.ref] = (found.owned, found.uid)
    return tuple(changes), seen


async def confirm(delivery: Delivery, state: ClusterState, changes: Iterable[Change], seen: Seen) -> None:
    """What needed nothing is ours all the same: its drift is told from now on. What changed since it was seen is drift."""
    async for change in in_turns(changes):
        if change.action is not Action.KEEP or change.desired is None:
            continue
        ignored = matching_paths(change.desired, delivery.policy.ignore)
        found = state.get(change.ref)
        if found is not None and seen.get(change.ref) == (found.owned, found.uid):
            state.confirmed(delivery.key, change.ref, change.desired, ignored)
        else:
            state.suspected(delivery.key, change.ref, change.desired, ignored)


def seen_of(changes: Iterable[Change], live: LiveView) -> Seen:
    """For a plan that was just made at once."""
    kept = ((c.ref, live.get(c.ref)) for c in changes if c.action is Action.KEEP)
    return {ref: (found.owned, found.uid) for ref, found in kept if found is not None}
