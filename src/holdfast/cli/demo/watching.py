"""Seeing things happen: waiting for an object's state on a watch, and printing lists as the server prints them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from holdfast.cluster.client import Client, EventType, Selectors
from holdfast.kube.refs import GroupVersionKind, Manifest

KUSTOMIZATION = GroupVersionKind("kustomize.toolkit.fluxcd.io", "v1", "Kustomization")
SOURCE = GroupVersionKind("source.toolkit.fluxcd.io", "v1", "GitRepository")
DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
POD = GroupVersionKind("", "v1", "Pod")
SERVICE = GroupVersionKind("", "v1", "Service")

_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

Predicate = Callable[[Manifest | None], bool]


class NeverHappened(Exception):
    """What was waited for did not happen in time; the message says what and what was seen instead."""


async def wait_for(
    client: Client,
    gvk: GroupVersionKind,
    namespace: str,
    name: str,
    holds: Predicate,
    what: str,
    patience: float = 40.0,
) -> tuple[Manifest | None, float]:
    """The object once ``holds`` is true of it (None when it is absent), and how many seconds that took."""
    started = time.monotonic()
    last: list[Manifest | None] = [None]
    try:
        async with asyncio.timeout(patience):
            while True:
                found = await _watch_once(client, gvk, namespace, name, holds, last)
                if found:
                    return last[0], time.monotonic() - started
    except TimeoutError:
        raise NeverHappened(f"{what}: not seen within {patience:.0f} s; last seen: {brief(last[0])}") from None


async def _watch_once(
    client: Client, gvk: GroupVersionKind, namespace: str, name: str, holds: Predicate, last: list[Manifest | None]
) -> bool:
    resource = await client.resource(gvk)
    only = Selectors(fields=f"metadata.name={name}")
    listed = await client.list_resource(resource, namespace, only)
    last[0] = listed.items[0] if listed.items else None
    if holds(last[0]):
        return True
    events = client.watch(resource, namespace, resource_version=listed.resource_version, selectors=only)
    async for event in events:
        if event.type is EventType.BOOKMARK:
            continue
        last[0] = None if event.type is EventType.DELETED else event.object
        if holds(last[0]):
            return True
    return False


def ready(revision: str = "") -> Predicate:
    """True of a unit or source that is Ready at a revision (any, unless one is named by a part of it)."""

    def holds(obj: Manifest | None) -> bool:
        if obj is None:
            return False
        status = obj.get("status") or {}
        condition = condition_of(obj, "Ready")
        at = status.get("lastAppliedRevision") or (status.get("artifact") or {}).get("revision") or ""
        current = status.get("observedGeneration") == obj["metadata"].get("generation")
        return condition.get("status") == "True" and current and revision in at

    return holds


def condition_of(obj: Manifest, kind: str) -> dict[str, Any]:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((c for c in conditions if c["type"] == kind), {})


def rolled_out(image: str, replicas: int) -> Predicate:
    """True of a Deployment whose every replica runs an image and is available."""

    def holds(obj: Manifest | None) -> bool:
        if obj is None:
            return False
        status = obj.get("status") or {}
        return (
            obj["spec"]["template"]["spec"]["containers"][0]["image"].endswith(image)
            and obj["spec"].get("replicas") == replicas
            and status.get("observedGeneration") == obj["metadata"].get("generation")
            and status.get("updatedReplicas") == status.get("availableReplicas") == replicas
            and status.get("replicas") == replicas
        )

    return holds


def brief(obj: Manifest | None) -> str:
    if obj is None:
        return "nothing"
    condition = condition_of(obj, "Ready") or condition_of(obj, "Available")
    return f"{obj.get('kind')} {obj['metadata']['name']}: {condition.get('reason', '')} {condition.get('message', '')}".strip()


async def table(client: Client, gvk: GroupVersionKind, namespace: str = "") -> list[list[str]]:
    """Rows as ``kubectl get`` shows them, heading first; with a namespace column when all are asked for."""
    resource = await client.resource(gvk)
    answer = await client.raw(resource.path(namespace), accept=_TABLE)
    columns = [(i, c["name"]) for i, c in enumerate(answer["columnDefinitions"]) if not c.get("priority")]
    rows = [[name.upper() for _, name in columns]]
    for row in answer.get("rows") or ():
        rows.append([_cell(row["cells"][i]) for i, _ in columns])
    if not namespace:
        rows[0].insert(0, "NAMESPACE")
        for shown, row in zip(rows[1:], answer.get("rows") or (), strict=True):
            shown.insert(0, row["object"]["metadata"].get("namespace", ""))
    return rows


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= 48 else text[:45] + "..."
