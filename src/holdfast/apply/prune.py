"""Deleting what is no longer wanted, each object judged by its live state right before.

First all candidates are looked at, then what may go is deleted. An object that changes in between is looked at and judged
again: somebody may just have taken it over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from holdfast.apply.errors import PruneError
from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Client
from holdfast.cluster.errors import Conflict, NoMatch, NotFound
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.inventory import InventoryEntry
from holdfast.model.plan import Action, Applied, Change, Done, Reason

Judge = Callable[[Change, Manifest | None], tuple[Action, Reason]]

_CONCURRENCY = 8
_ATTEMPTS = 5
_DEFINITIONS = GroupVersionKind("apiextensions.k8s.io", "", "CustomResourceDefinition")
_SERVICES = GroupVersionKind("apiregistration.k8s.io", "", "APIService")


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate as it stands in the cluster. ``problem``: why it could not be looked at; it stays then."""

    change: Change
    action: Action
    reason: Reason
    live: Manifest | None = field(default=None, repr=False)
    problem: str = ""

    @property
    def ref(self) -> ObjectRef:
        return self.change.ref

    @property
    def doomed(self) -> bool:
        """Whether something would be lost."""
        return self.action is Action.DELETE and self.live is not None and not self.problem

    def kept(self, reason: Reason) -> Found:
        return replace(self, action=Action.SKIP, reason=reason)


async def delete_all(client: Client, changes: Sequence[Change], judge: Judge) -> tuple[Applied, ...]:
    """`look` and `delete`, nothing asked in between."""
    return await delete(client, await look(client, changes, judge), judge)


async def look(client: Client, changes: Sequence[Change], judge: Judge, *, sure: bool = False) -> tuple[Found, ...]:
    """In the order of ``changes``. ``sure``: a kind that is not served counts as gone only if nothing defines it."""
    slots = asyncio.Semaphore(_CONCURRENCY)

    async def one(change: Change) -> Found:
        async with slots:
            return await _look(client, change, judge, sure=sure)

    return tuple(await asyncio.gather(*(one(c) for c in changes)))


async def delete(client: Client, found: Iterable[Found], judge: Judge) -> tuple[Applied, ...]:
    """In order, one after the other. Goes on after a failure; raises `PruneError` at the end with what is left."""
    entries: list[Applied] = []
    survivors: list[InventoryEntry] = []
    errors: list[str] = []
    for one in found:
        try:
            if one.problem:
                raise _Unseen(one.problem)
            done = await _delete(client, one, judge)
            entries.append(Applied(one.ref, one.change.gvk.version, done))
        except HoldfastError as error:
            survivors.append(InventoryEntry(one.ref, one.change.gvk.version))
            errors.append(error.message)
    if errors:
        raise PruneError("delete failed, errors: " + "".join(f"{e};" for e in errors), tuple(survivors), tuple(entries))
    return tuple(entries)


class _Unseen(HoldfastError):
    """A candidate that could not be looked at."""


async def _look(client: Client, change: Change, judge: Judge, *, sure: bool) -> Found:
    try:
        live = await _live(client, change, sure=sure)
    except HoldfastError as error:
        return Found(change, Action.SKIP, Reason.NOT_DESIRED, problem=error.message)
    action, reason = judge(change, live)
    return Found(change, action, reason, live)


async def _delete(client: Client, found: Found, judge: Judge) -> Done:
    for _ in range(_ATTEMPTS):
        if found.action is not Action.DELETE:
            return Done.SKIPPED
        if found.live is None:
            return Done.DELETED
        try:
            return await _send(client, found.change, found.live)
        except Conflict:
            found = await _look(client, found.change, judge, sure=False)
            if found.problem:
                raise _Unseen(found.problem) from None
    raise _Unseen(f"{found.ref} delete failed: it changes all the time")


async def _send(client: Client, change: Change, live: Manifest) -> Done:
    meta = live["metadata"]
    try:
        await client.delete(
            change.ref,
            version=change.gvk.version,
            propagation="Background",
            uid=meta["uid"],
            resource_version=str(meta.get("resourceVersion") or ""),
        )
    except NotFound:
        return Done.DELETED
    except Conflict:
        raise
    except HoldfastError as error:
        error.message = f"{change.ref} delete failed: {error.message}"
        raise
    return Done.DELETED


async def _live(client: Client, change: Change, *, sure: bool) -> Manifest | None:
    try:
        return await client.get(change.ref, version=change.gvk.version)
    except NotFound:
        return None
    except NoMatch as error:
        # Its kind went with its definition, and all objects with it.
        if change.ref.group and not (sure and await _is_defined(client, change.gvk)):
            return None
        error.message = f"{change.ref} query failed: {error.message}"
        raise
    except HoldfastError as error:
        error.message = f"{change.ref} query failed: {error.message}"
        raise


async def _is_defined(client: Client, gvk: GroupVersionKind) -> bool:
    """Whether a kind that discovery does not list ought to be there: its server may only be away."""
    try:
        definitions = (await client.list(_DEFINITIONS)).items
        services = (await client.list(_SERVICES)).items
    except NoMatch:
        return False
    specs = [o.get("spec") or {} for o in definitions]
    return any(s.get("group") == gvk.group and (s.get("names") or {}).get("kind") == gvk.kind for s in specs) or any(
        s.get("group") == gvk.group and s.get("service") for s in (o.get("spec") or {} for o in services)
    )
