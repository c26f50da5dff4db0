"""Units that are held at an earlier revision, until Git catches up.

In: a unit's annotations and the state of its source. Out: the state to work with. ``holdfast.dev/pin`` names the revision that the
unit is held at and ``holdfast.dev/pin-from`` the one that it was taken back from. Git has caught up when the source renders the
unit to something else than that one: a revert, or a repair. Then the pin is taken away and the unit follows its source again.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Client, PatchType
from holdfast.controller.handover import ref_of, rendered
from holdfast.kube.refs import ObjectRef
from holdfast.model.delivery import Delivery, UnitKey
from holdfast.model.safety import PIN, PIN_FROM
from holdfast.model.source import Snapshot
from holdfast.reconcile import Runner, SourceState

log = logging.getLogger(__name__)

Past = Callable[[ObjectRef, str], Awaitable[Snapshot | None]]
"""(source, revision) to the snapshot of then; None where it is not at hand any more."""


async def nothing_past(source: ObjectRef, revision: str) -> Snapshot | None:
    return None


class Pins:
    """``past`` brings back what a source was."""

    def __init__(self, client: Client, past: Past) -> None:
        self._client = client
        self._past = past
        self._same: dict[UnitKey, tuple[str, str]] = {}

    async def held(self, runner: Runner, delivery: Delivery, source: ObjectRef, now: SourceState) -> SourceState:
        """What the unit is to be made of: its source as it is, or as it was. Takes the pin away once it is of no use."""
        wanted, bad = pinned(delivery)
        if not wanted or now.snapshot is None or wanted == now.snapshot.revision:
            return now
        if await self._caught_up(runner, delivery, source, now.snapshot, bad):
            await self._release(delivery.key)
            return now
        snapshot = await self._past(source, wanted)
        if snapshot is None:
            hint = f"holdfast resume {delivery.key.kind.lower()} {delivery.key.name} follows the source again"
            return SourceState(problem=f"pinned to {wanted}, which is not at hand any more; {hint}")
        return replace(now, snapshot=snapshot)

    async def _caught_up(self, runner: Runner, delivery: Delivery, source: ObjectRef, head: Snapshot, bad: str) -> bool:
        if not bad or head.revision == bad or self._same.get(delivery.key) == (head.revision, bad):
            return False
        then = await self._past(source, bad)
        if then is None:
            return False
        was, now = await rendered(runner, delivery, then), await rendered(runner, delivery, head)
        if now is None or was == now:
            self._same[delivery.key] = (head.revision, bad)
            return False
        return True

    async def _release(self, unit: UnitKey) -> None:
        self._same.pop(unit, None)
        body = {"metadata": {"annotations": {PIN: None, PIN_FROM: None}}}
        try:
            await self._client.patch(ref_of(unit), body, PatchType.MERGE, manager="holdfast")
        except HoldfastError as error:
            # It is tried again at the next look: until then the unit follows Git all the same.
            log.warning("%s: the pin could not be taken away: %s", unit, error.message)


def pinned(delivery: Delivery) -> tuple[str, str]:
    """(revision that the unit is held at, revision that it was taken back from); empty where it follows its source."""
    annotations = ((delivery.raw.get("metadata") or {}).get("annotations")) or {}
    return str(annotations.get(PIN) or ""), str(annotations.get(PIN_FROM) or "")
