"""Deleting what is no longer wanted, each object judged by its live state right before."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from holdfast.apply.errors import PruneError
from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Client
from holdfast.cluster.errors import NoMatch, NotFound
from holdfast.kube.refs import Manifest
from holdfast.model.inventory import InventoryEntry
from holdfast.model.plan import Action, Applied, Change, Done, Reason

Judge = Callable[[Change, Manifest | None], tuple[Action, Reason]]


async def delete_all(client: Client, changes: Sequence[Change], judge: Judge) -> tuple[Applied, ...]:
    """In order, one after the other. Goes on after a failure; raises `PruneError` at the end with what is left."""
    entries: list[Applied] = []
    survivors: list[InventoryEntry] = []
    errors: list[str] = []
    for change in changes:
        try:
            entries.append(Applied(change.ref, change.gvk.version, await _delete(client, change, judge)))
        except HoldfastError as error:
            survivors.append(InventoryEntry(change.ref, change.gvk.version))
            errors.append(error.message)
    if errors:
        raise PruneError("delete failed, errors: " + "".join(f"{e};" for e in errors), tuple(survivors), tuple(entries))
    return tuple(entries)


async def _delete(client: Client, change: Change, judge: Judge) -> Done:
    live = await _live(client, change)
    action, _ = judge(change, live)
    if action is not Action.DELETE:
        return Done.SKIPPED
    if live is None:
        return Done.DELETED
    try:
        await client.delete(
            change.ref, version=change.gvk.version, propagation="Background", uid=live["metadata"]["uid"]
        )
    except NotFound:
        return Done.DELETED
    except HoldfastError as error:
        error.message = f"{change.ref} delete failed: {error.message}"
        raise
    return Done.DELETED


async def _live(client: Client, change: Change) -> Manifest | None:
    try:
        return await client.get(change.ref, version=change.gvk.version)
    except NotFound:
        return None
    except NoMatch as error:
        # Its kind went with its definition, and all objects with it.
        if change.ref.group:
            return None
        error.message = f"{change.ref} query failed: {error.message}"
        raise
    except HoldfastError as error:
        error.message = f"{change.ref} query failed: {error.message}"
        raise
