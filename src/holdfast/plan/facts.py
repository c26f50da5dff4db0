"""A live object boiled down to what plans need of it."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from holdfast.model.delivery import Ownership
from holdfast.model.health import HealthStatus
from holdfast.model.live import LiveObject
from holdfast.plan.cleanup import is_foreign
from holdfast.plan.hashing import owned_hash
from holdfast.plan.switches import switches


def observe(
    obj: Mapping[str, Any], owner: Ownership, health: HealthStatus = HealthStatus.UNKNOWN, message: str = ""
) -> LiveObject:
    meta = obj.get("metadata") or {}
    labels = meta.get("labels") or {}
    return LiveObject(
        uid=str(meta.get("uid") or ""),
        resource_version=str(meta.get("resourceVersion") or ""),
        owned=owned_hash(obj, owner.manager),
        foreign=is_foreign(obj, owner.manager),
        owner=_pair(str(labels.get(f"{owner.group}/name") or ""), str(labels.get(f"{owner.group}/namespace") or "")),
        switches=switches(obj, owner.group) or _NONE,
        health=health,
        message=message,
        deleting=bool(meta.get("deletionTimestamp")),
        writer=_writer(meta.get("managedFields") or (), owner.manager),
    )


_NONE: Mapping[str, frozenset[str]] = {}


@functools.lru_cache(maxsize=4096)
def _pair(one: str, other: str) -> tuple[str, str]:
    """Equal pairs are one pair: thousands of objects have few owners and writers."""
    return one, other


def _writer(entries: Sequence[Mapping[str, Any]], manager: str) -> tuple[str, str]:
    last = ("", "")
    for entry in entries:
        name, time = str(entry.get("manager") or ""), str(entry.get("time") or "")
        if name != manager and not entry.get("subresource") and time >= last[1]:
            last = (name, time)
    return _pair(*last)
