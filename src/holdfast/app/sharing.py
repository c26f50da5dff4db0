"""Wiring of replicas that share the work: a manager's objects, placed by leases."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from holdfast.controller.lease import identity
from holdfast.controller.manager import Manager
from holdfast.controller.sharding import Sharding
from holdfast.controller.shards import SHARDS

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def shared(
    manager: Manager, stop: asyncio.Event, name: str, namespace: str, *, who: str = ""
) -> AsyncIterator[Sharding]:
    """While inside, the manager works on its share only; leaving hands the share over. ``name`` is the replicas' lease,
    ``who`` this one (default: the process)."""
    sharding = Sharding(
        manager.client,
        manager.watches,
        manager.clock,
        name=name,
        namespace=namespace,
        who=who or identity(),
        work=manager,
    )
    manager.placement = sharding
    manager.metrics.gauge(
        "holdfast_shards",
        f"Shards (of {SHARDS}) that this replica works on.",
        lambda: [((), float(len(sharding.active)))],
    )
    task = asyncio.create_task(sharding.run(), name="sharding")

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.error("sharing the work ended", exc_info=task.exception())
        stop.set()

    task.add_done_callback(ended)
    try:
        yield sharding
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await sharding.leave()
