"""Why a unit that was applied does not become ready: the objects that it waits for, and what their pods say.

In: a client, a unit, the time. Out: a sentence for each object that is absent or not healthy. Reads only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from holdfast.cluster.client import Client, Selectors
from holdfast.cluster.errors import ApiError, NoMatch, NotFound
from holdfast.health.argo import assess
from holdfast.health.kstatus import compute
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.delivery import UnitKey
from holdfast.model.health import HealthStatus
from holdfast.model.sync import AppHealthStatus
from holdfast.offline.unit import Unit

_PODS = GroupVersionKind("", "v1", "Pod")
_MOST = 10


async def causes(client: Client, unit: Unit) -> dict[UnitKey, str]:
    """By object; at most ten."""
    found: dict[UnitKey, str] = {}
    for gvk, namespace, name in _awaited(unit):
        why = await _why(client, gvk, namespace, name, _argo if unit.key.kind == "Application" else _flux)
        if why:
            found[UnitKey(gvk.kind, namespace, name)] = why
        if len(found) == _MOST:
            break
    return found


def _awaited(unit: Unit) -> Iterator[tuple[GroupVersionKind, str, str]]:
    for check in unit.spec.get("healthChecks") or ():
        gvk = GroupVersionKind.of(check)
        yield gvk, str(check.get("namespace") or unit.key.namespace), str(check.get("name"))
    if unit.key.kind != "Kustomization" or unit.spec.get("wait"):
        for obj in unit.rendered.objects if unit.rendered else ():
            meta = obj["metadata"]
            yield GroupVersionKind.of(obj), str(meta.get("namespace") or ""), str(meta["name"])


def _flux(obj: Manifest) -> str:
    """What an object waits for; empty where it is ready."""
    health = compute(obj, now=time.time())
    return "" if health.status is HealthStatus.CURRENT else health.message or health.status.value


def _argo(obj: Manifest) -> str:
    health = assess(obj, {})
    if health is None or health.status in (AppHealthStatus.HEALTHY, AppHealthStatus.SUSPENDED):
        return ""
    return health.message or health.status.value


async def _why(
    client: Client, gvk: GroupVersionKind, namespace: str, name: str, judge: Callable[[Manifest], str]
) -> str:
    """Empty where the object is as it should be, or cannot be looked at."""
    try:
        obj = await client.get(ObjectRef(gvk.group, gvk.kind, namespace, name), version=gvk.version)
    except NotFound:
        return "it is not there"
    except (NoMatch, ApiError):
        return ""
    waits = judge(obj)
    return "; ".join([waits, *await _pods(client, obj)]) if waits else ""


async def _pods(client: Client, obj: Manifest) -> list[str]:
    """What holds up the first of a workload's pods."""
    labels = ((obj.get("spec") or {}).get("selector") or {}).get("matchLabels")
    if not isinstance(labels, dict) or not labels:
        return []
    chosen = Selectors(labels=",".join(f"{k}={v}" for k, v in labels.items()))
    try:
        listed = await client.list(_PODS, obj["metadata"].get("namespace") or "", chosen, fresh=False)
    except (NoMatch, ApiError):
        return []
    told = (f"pod {p['metadata']['name']}: {trouble}" for p in listed.items if (trouble := _trouble(p)))
    return [t for t in [next(told, "")] if t]


def _trouble(pod: Manifest) -> str:
    status: dict[str, Any] = pod.get("status") or {}
    for container in status.get("containerStatuses") or ():
        waiting = (container.get("state") or {}).get("waiting")
        if waiting:
            return f"{waiting.get('reason')}: {waiting.get('message')}"
    for condition in status.get("conditions") or ():
        if condition.get("status") == "False" and condition.get("message"):
            return f"{condition.get('reason')}: {condition['message']}"
    return ""
