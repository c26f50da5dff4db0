"""Plans of units of any size, made in turns: thousands of objects are compared without keeping anybody waiting for long.

In: what a unit wants and what is there. Out: what `plan` decides. What changes between two turns is a change like any later one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from typing import TypeVar

from holdfast.kube.refs import Manifest
from holdfast.model.delivery import Delivery
from holdfast.model.live import LiveView
from holdfast.model.plan import Stage
from holdfast.plan.make import change_for
from holdfast.plan.order import WAITED, staged

T = TypeVar("T")
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
) -> Stage | None:
    """The first stage of the plan that is not ``done``, as things stand now."""
    for name, found in staged(objects, early):
        if name not in done:
            changes = [change_for(delivery, o, live, settled=settled) async for o in in_turns(found)]
            return Stage(name, tuple(changes), wait=name in WAITED)
    return None
