"""Bringing back what was pruned last: out of the record that the controller wrote right before it deleted.

In: a cluster. Out: the objects applied again, with the labels and the field manager that they had, so that their unit takes them
up again once Git has them; and the names of those which only Git can bring back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Client, Selectors
from holdfast.controller.pruned import LABEL, SECRETS, Record, decode
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.plan.order import sort_key


@dataclass(frozen=True, slots=True)
class Undone:
    """One object: ``problem`` is why it could not be brought back; ``present``: it is there already and was left alone."""

    ref: ObjectRef
    problem: str = ""
    present: bool = False


async def records(client: Client, home: str, unit: str = "") -> list[Record]:
    """Newest first; of one unit (KIND/NAMESPACE/NAME) where it is named."""
    found = await client.list(SECRETS, home, Selectors(labels=f"{LABEL}=true"))
    all_of_them = [r for r in map(_decoded, found.items) if r is not None and unit in ("", r.unit)]
    return sorted(all_of_them, key=lambda r: r.at, reverse=True)


async def undo(client: Client, record: Record, *, manager: str, dry_run: bool = False) -> list[Undone]:
    """In apply order. Objects that exist are left as they are: they may be somebody else's by now."""
    return [await _bring(client, o, manager, dry_run=dry_run) for o in in_order(record.objects)]


def in_order(objects: Sequence[Manifest]) -> list[Manifest]:
    return sorted(objects, key=lambda o: sort_key(ObjectRef.of(o)))


async def _bring(client: Client, obj: Manifest, manager: str, *, dry_run: bool) -> Undone:
    ref = ObjectRef.of(obj)
    try:
        if await _exists(client, ref):
            return Undone(ref, present=True)
        await client.apply(obj, manager=manager, force=True, dry_run=dry_run)
    except HoldfastError as error:
        return Undone(ref, error.message)
    return Undone(ref)


async def _exists(client: Client, ref: ObjectRef) -> bool:
    from holdfast.cluster.errors import NotFound

    try:
        live = await client.get(ref)
    except NotFound:
        return False
    return not live["metadata"].get("deletionTimestamp")


def _decoded(secret: Manifest) -> Record | None:
    try:
        return decode(secret)
    except (KeyError, ValueError, OSError):
        return None
