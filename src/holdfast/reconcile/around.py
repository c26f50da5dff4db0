"""What a run asks about the world beyond its own unit, and the answers of one that is alone.

The controller knows the other units and answers; whoever renders or plans a single unit uses `Alone`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.delivery import Delivery, UnitKey
from holdfast.reconcile.state import World
from holdfast.render.render import Decryptor


@dataclass(frozen=True, slots=True)
class Keys:
    """A decryptor, and a name for the keys in it: other keys are another rendering."""

    decryptor: Decryptor
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Promised:
    """Which unit renders an object, of those asked for; ``unknown`` are units that cannot be built, so nobody knows."""

    heirs: Mapping[ObjectRef, UnitKey] = field(default_factory=dict)
    unknown: tuple[UnitKey, ...] = ()


class Surroundings(Protocol):
    def claimed(self, ref: ObjectRef, unit: UnitKey) -> bool:
        """Whether another unit, not itself on its way out, has this object in its inventory."""
        ...

    async def keys(self, delivery: Delivery) -> Keys | None:
        """For a unit that asks for decryption; None where it does not. Raises a HoldfastError."""
        ...

    async def promised(self, world: World, wanted: frozenset[ObjectRef], objects: Sequence[Manifest]) -> Promised:
        """Which of these objects other units of the same source render, those among ``objects`` included."""
        ...

    def cascade(self, ref: ObjectRef, live: Manifest | None = None) -> frozenset[ObjectRef]:
        """The objects that go when this one (which may be at hand) goes, because it is a unit; without itself."""
        ...

    def consent_for(self, ref: ObjectRef) -> str:
        """The revision to agree to, where this object is a unit whose own guard might stop its deletion; else empty."""
        ...

    def exempt(self, ref: ObjectRef, world: World) -> str:
        """Why an object is never pruned (delivery itself would end); empty where it is none of these."""
        ...

    async def spend(self, source: UnitKey, revision: str, objects: int) -> tuple[int, int] | None:
        """Books deletions on a commit, or on the units that are deleted these minutes (without a revision). None when that
        is all right, else how many objects were taken already, of how many."""
        ...

    async def recorded(self, world: World, doomed: Sequence[Manifest]) -> None:
        """These objects are about to be deleted."""
        ...


class Alone(Surroundings):
    """There is nothing but the unit."""

    def claimed(self, ref: ObjectRef, unit: UnitKey) -> bool:
        return False

    async def keys(self, delivery: Delivery) -> Keys | None:
        return None

    async def promised(self, world: World, wanted: frozenset[ObjectRef], objects: Sequence[Manifest]) -> Promised:
        return Promised()

    def cascade(self, ref: ObjectRef, live: Manifest | None = None) -> frozenset[ObjectRef]:
        return frozenset()

    def consent_for(self, ref: ObjectRef) -> str:
        return ""

    def exempt(self, ref: ObjectRef, world: World) -> str:
        return ""

    async def spend(self, source: UnitKey, revision: str, objects: int) -> tuple[int, int] | None:
        return None

    async def recorded(self, world: World, doomed: Sequence[Manifest]) -> None:
        pass
