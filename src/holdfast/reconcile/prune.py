"""Pruning with a guard: look at every candidate, leave what others want, refuse what is too much, delete the rest.

In: what a unit had and no longer wants. Out: what was deleted, what stays in its inventory and why. With the guard off it is
Flux's: whatever carries the unit's labels goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from holdfast.apply import Found, PruneError, delete, look
from holdfast.apply.prune import Judge
from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import NotFound
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.delivery import DeletionPolicy, Delivery
from holdfast.model.inventory import InventoryEntry
from holdfast.model.plan import Action, Applied, Change, Reason
from holdfast.model.safety import ALLOW_PRUNE
from holdfast.plan import judge
from holdfast.plan.guard import Losses, overspent, refusal, undecided
from holdfast.reconcile.around import Promised, Surroundings
from holdfast.reconcile.protect import protected
from holdfast.reconcile.state import World
from holdfast.reconcile.targets import Reach


@dataclass(slots=True)
class Pruned:
    """``survivors`` stay in the inventory. ``refused``: why nothing was deleted at all (``soon``: ask again shortly);
    ``stays``: single objects that are kept, each with its reason; ``error``: some could not be deleted."""

    entries: tuple[Applied, ...] = ()
    survivors: list[InventoryEntry] = field(default_factory=list)
    refused: str = ""
    soon: bool = False
    stays: dict[ObjectRef, str] = field(default_factory=dict)
    error: PruneError | None = None


class Pruner:
    def __init__(self, around: Surroundings) -> None:
        self._around = around

    async def prune(
        self, world: World, changes: Sequence[Change], reach: Reach, objects: Sequence[Manifest] | None
    ) -> Pruned:
        """``objects`` are what the unit wants instead; None where it is deleted."""
        delivery = world.delivery
        guarded = delivery.policy.safety.guarded
        judgement = self._judge(delivery)
        found = await look(reach.client, changes, judgement, sure=guarded)
        out = Pruned()
        if guarded:
            found = await self._guard(world, found, reach, objects, out)
        if out.refused:
            out.survivors += [_entry(f) for f in found if f.doomed or f.problem]
            return out
        doomed = [f.live for f in found if f.doomed and f.live is not None]
        if doomed and guarded:
            await self._around.recorded(world, doomed)
        try:
            await self._agree(reach.client, found)
            out.entries = await delete(reach.client, found, judgement)
        except PruneError as error:
            out.entries, out.error = error.entries, error
            out.survivors += error.survivors
        return out

    def _judge(self, delivery: Delivery) -> Judge:
        def decide(change: Change, live: Manifest | None) -> tuple[Action, Reason]:
            action, reason = judge(live, delivery.owner, delivery.key)
            if not delivery.policy.safety.guarded or action is not Action.DELETE or live is None:
                return action, reason
            if self._around.claimed(change.ref, delivery.key):
                return Action.SKIP, Reason.OTHER_OWNER
            return action, reason

        return decide

    # --- the guard

    async def _guard(
        self,
        world: World,
        found: tuple[Found, ...],
        reach: Reach,
        objects: Sequence[Manifest] | None,
        out: Pruned,
    ) -> tuple[Found, ...]:
        doomed = [f for f in found if f.doomed]
        if not doomed:
            return found
        below = {f.ref: self._around.cascade(f.ref, f.live) for f in doomed}
        wanted = frozenset(below).union(*below.values())
        promised = await self._around.promised(world, wanted, objects or ())
        found = tuple(f.kept(Reason.HANDED_OVER) if f.doomed and f.ref in promised.heirs else f for f in found)
        out.stays = await self._stays(world, found, reach, wanted - set(promised.heirs))
        out.survivors += [_entry(f) for f in found if f.ref in out.stays]
        found = tuple(f.kept(Reason.PROTECTED) if f.ref in out.stays else f for f in found)
        losses = self._losses(world, found, promised, objects)
        if losses.doomed:
            out.refused, out.soon = await self._refused(world, losses, promised)
        return found

    async def _stays(
        self, world: World, found: tuple[Found, ...], reach: Reach, leaving: frozenset[ObjectRef]
    ) -> dict[ObjectRef, str]:
        exempt = {f.ref: why for f in found if f.doomed and (why := self._around.exempt(f.ref, world))}
        if world.delivery.policy.safety.consents(_revision(world)):
            return exempt
        others = tuple(f for f in found if f.ref not in exempt)
        # Our own account looks: a tenant's may not see all that would be lost.
        return {**exempt, **await protected(reach.state.client, others, leaving - set(exempt))}

    def _losses(
        self, world: World, found: tuple[Found, ...], promised: Promised, objects: Sequence[Manifest] | None
    ) -> Losses:
        doomed = tuple(f.ref for f in found if f.doomed)
        going = (self._around.cascade(f.ref, f.live) for f in found if f.doomed)
        below = frozenset[ObjectRef]().union(*going) - set(doomed)
        lost = [r for r in below if r not in promised.heirs]
        had = {e.ref for e in world.inventory.entries}
        owned = had.union(below, *(self._around.cascade(r) for r in had))
        return Losses(doomed, len(owned), len(lost), None if objects is None else len(objects))

    async def _refused(self, world: World, losses: Losses, promised: Promised) -> tuple[str, bool]:
        delivery, revision = world.delivery, _revision(world)
        safety, key = delivery.policy.safety, delivery.key
        if safety.consents(revision):
            return "", False
        if promised.unknown:
            return undecided(key, revision, losses, promised.unknown), True
        if losses.rendered is None and delivery.policy.deletion in _EXPLICIT:
            return "", False
        found = refusal(safety, key, revision, losses)
        if found:
            return found, False
        spent = await self._around.spend(delivery.source, "" if losses.rendered is None else revision, losses.total)
        return (overspent(key, revision, losses, *spent), False) if spent else ("", False)

    async def _agree(self, client: Client, found: Sequence[Found]) -> None:
        """A unit that goes because this one may delete it needs no second consent."""
        for one in found:
            revision = self._around.consent_for(one.ref) if one.doomed else ""
            if not revision:
                continue
            body = {"metadata": {"annotations": {ALLOW_PRUNE: revision}}}
            try:
                await client.patch(one.ref, body, PatchType.MERGE, version=one.change.gvk.version, manager="holdfast")
            except NotFound:
                continue
            except HoldfastError as error:
                left = tuple(_entry(f) for f in found if f.doomed or f.problem)
                raise PruneError(f"{one.ref} delete failed: {error.message}", left, ()) from error


_EXPLICIT = (DeletionPolicy.DELETE, DeletionPolicy.WAIT_FOR_TERMINATION)


def _revision(world: World) -> str:
    """What a consent has to name: the revision that is delivered, or the one that a deleted unit had."""
    return world.source.revision or world.applied or world.attempted


def _entry(found: Found) -> InventoryEntry:
    return InventoryEntry(found.ref, found.change.gvk.version)


def kept_message(stays: dict[ObjectRef, str], revision: str) -> str:
    """What a condition says of objects that stay; empty where none does."""
    if not stays:
        return ""
    lines = [f"{ref} is kept: {why}" for ref, why in sorted(stays.items())]
    step = f"; to delete what is kept, annotate the unit with {ALLOW_PRUNE}={revision}" if revision else ""
    return "; ".join(lines[:_TOLD]) + (f"; and {len(lines) - _TOLD} more" if len(lines) > _TOLD else "") + step


_TOLD = 5
