"""What an apply of a release's objects would change, and changing just that.

In: objects as the release has them, and rules for fields that do not count. Out: for each object nothing, that it is missing,
or the JSON patch that puts it right. Asked of the server by a dry run; additions of others are no drift.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.apply.helm_objects import Objects, Resource
from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import Conflict
from holdfast.kube.refs import Manifest

Operation = dict[str, Any]
_TOGETHER = 8


@dataclass(frozen=True, slots=True)
class Drift:
    """``patch`` None: the object is missing."""

    resource: Resource
    patch: tuple[Operation, ...] | None = None

    def __str__(self) -> str:
        if self.patch is None:
            return f"{self.resource.ref} removed"
        added, changed, removed = (sum(o["op"] == w for o in self.patch) for w in ("add", "replace", "remove"))
        return f"{self.resource.ref} changed ({added} additions, {changed} changes, {removed} removals)"


Ignored = Callable[[Manifest], Sequence[str]]
"""The JSON pointers that do not count for an object; "" for all of it."""


async def drift_of(
    objects: Objects, resources: Sequence[Resource], manager: str, ignored: Ignored, switch: tuple[str, str]
) -> tuple[list[Drift], list[str]]:
    """The drift, and the errors of objects that could not be compared. ``switch`` is the opt-out of an object."""
    slots = asyncio.Semaphore(_TOGETHER)
    errors: list[str] = []

    async def one(resource: Resource) -> Drift | None:
        async with slots:
            try:
                return await _compare(objects, resource, manager, tuple(ignored(resource.manifest)), switch)
            except HoldfastError as error:
                errors.append(error.message)
                return None

    found = await asyncio.gather(*(one(r) for r in resources))
    return [d for d in found if d is not None], errors


async def _compare(
    objects: Objects, resource: Resource, manager: str, ignored: Sequence[str], switch: tuple[str, str]
) -> Drift | None:
    if "" in ignored or _switched_off(resource.manifest, switch):
        return None
    live = await objects.live(resource)
    if live is not None and _switched_off(live, switch):
        return None
    wanted = await _dry_run(objects.client, resource, manager)
    if live is None:
        return Drift(resource)
    before, after = without(live, ignored), without(wanted, ignored)
    patch = metadata_changes(before, after) + differences(_content(before), _content(after))
    if not patch:
        objects.near.applied(resource.manifest, live)
        return None
    return Drift(resource, tuple(patch))


async def _dry_run(client: Client, resource: Resource, manager: str) -> Manifest:
    try:
        return await client.apply(resource.manifest, manager=manager, force=True, dry_run=True)
    except HoldfastError as error:
        reason = f" ({error.reason})" if error.reason and not isinstance(error, Conflict) else ""
        error.message = f"{resource.ref} dry-run failed{reason}: {error.message}"
        raise


def _switched_off(obj: Mapping[str, Any], switch: tuple[str, str]) -> bool:
    metadata, (key, value) = obj.get("metadata") or {}, switch
    return any(str((metadata.get(field) or {}).get(key) or "").lower() == value for field in ("annotations", "labels"))


async def correct(objects: Objects, drifts: Sequence[Drift], manager: str) -> tuple[list[str], list[str]]:
    """One after the other. (what was done, what failed)."""
    done: list[str] = []
    errors: list[str] = []
    for drift in drifts:
        resource = drift.resource
        try:
            if drift.patch is None:
                live = await objects.client.create(resource.manifest, manager=manager)
                done.append(f"{resource.ref} created")
            else:
                live = await objects.client.patch(
                    resource.ref, list(drift.patch), PatchType.JSON, version=resource.gvk.version, manager=manager
                )
                done.append(f"{resource.ref} configured")
            objects.near.applied(resource.manifest, live)
        except HoldfastError as error:
            what = "creation" if drift.patch is None else "patch"
            message = error.message.rpartition(":")[2].strip() if resource.gvk.kind == "Secret" else error.message
            errors.append(f"{resource.ref} {what} failure: {message}")
    return done, errors


# --- comparing


def _content(obj: Mapping[str, Any]) -> Manifest:
    return {k: v for k, v in obj.items() if k not in ("metadata", "status")}


def metadata_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Operation]:
    """Labels and annotations that are missing or changed; those of others stay."""
    was, now = (
        {k: (o.get("metadata") or {})[k] for k in ("annotations", "labels") if k in (o.get("metadata") or {})}
        for o in (before, after)
    )
    found = differences(was, now, "/metadata")
    return [o for o in found if o["op"] in ("add", "replace")]


def differences(before: Any, after: Any, path: str = "") -> list[Operation]:
    """A JSON patch (RFC 6902) from one value to the other; many small changes of one part become its replacement."""
    if isinstance(before, dict) and isinstance(after, dict):
        found = _map_differences(before, after, path)
    elif isinstance(before, list) and isinstance(after, list):
        found = _list_differences(before, after, path)
    else:
        return [] if _equal(before, after) else [{"op": "replace", "path": path, "value": after}]
    return _shorter(found, after, path)


def _map_differences(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> list[Operation]:
    found: list[Operation] = []
    for key in sorted({*before, *after}):
        below = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
        if key not in after:
            found.append({"op": "remove", "path": below})
        elif key not in before:
            found.append({"op": "add", "path": below, "value": after[key]})
        else:
            found += differences(before[key], after[key], below)
    return found


def _list_differences(before: list[Any], after: list[Any], path: str) -> list[Operation]:
    common = min(len(before), len(after))
    # From the end, so that no removal moves what a later one means.
    found: list[Operation] = [{"op": "remove", "path": f"{path}/{i}"} for i in range(len(before) - 1, common - 1, -1)]
    for index in range(common):
        found += differences(before[index], after[index], f"{path}/{index}")
    return found + [{"op": "add", "path": f"{path}/-", "value": v} for v in after[common:]]


def _shorter(found: list[Operation], after: Any, path: str) -> list[Operation]:
    if len(found) < 2 or not path:
        return found
    whole = {"op": "replace", "path": path, "value": after}
    return [whole] if len(json.dumps(whole)) < sum(len(json.dumps(o)) for o in found) else found


def _equal(one: Any, other: Any) -> bool:
    return (
        type(one) is type(other) and one == other if isinstance(one, bool) or isinstance(other, bool) else one == other
    )


def without(obj: Manifest, pointers: Sequence[str]) -> Manifest:
    """A copy that lacks what the JSON pointers name."""
    if not pointers:
        return obj
    found: Manifest = json.loads(json.dumps(obj))
    for pointer in pointers:
        keys = [k.replace("~1", "/").replace("~0", "~") for k in pointer.split("/")[1:]]
        if keys:
            _remove(found, keys)
    return found


def _remove(value: Any, keys: Sequence[str]) -> None:
    for key in keys[:-1]:
        value = _step(value, key)
    last = keys[-1]
    if isinstance(value, dict):
        value.pop(last, None)
    elif isinstance(value, list) and last.lstrip("-").isdigit() and -len(value) <= int(last) < len(value):
        del value[int(last)]


def _step(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and key.lstrip("-").isdigit() and -len(value) <= int(key) < len(value):
        return value[int(key)]
    return None
