"""The cells of kinds that are listed rarely: flow control, dynamic resources, runtime classes.

In: one object and the time. Out: its cells in the order of ``columns``. Never: the columns themselves.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any, Final

from holdfast.sandbox.tables.text import since

Object = Mapping[str, Any]
_NONE: Final = "<none>"


def _name(obj: Object) -> str:
    return str(obj["metadata"].get("name") or "")


def _age(obj: Object, now: datetime.datetime) -> str:
    return since(obj["metadata"].get("creationTimestamp"), now)


def _plain(obj: Object, now: datetime.datetime) -> list[Any]:
    return [_name(obj), _age(obj, now)]


def _runtime_class(obj: Object, now: datetime.datetime) -> list[Any]:
    return [_name(obj), obj.get("handler") or "", _age(obj, now)]


def _claim(obj: Object, now: datetime.datetime) -> list[Any]:
    deleted, status = bool(obj["metadata"].get("deletionTimestamp")), obj.get("status") or {}
    states = ["deleted"] if deleted else []
    if not status.get("allocation"):
        states += [] if deleted else ["pending"]
    else:
        states += ["allocated", "reserved"] if status.get("reservedFor") else ["allocated"]
    return [_name(obj), ",".join(states), _age(obj, now)]


def _slice(obj: Object, now: datetime.datetime) -> list[Any]:
    spec = obj.get("spec") or {}
    pool = (spec.get("pool") or {}).get("name") or ""
    return [_name(obj), spec.get("nodeName") or "", spec.get("driver") or "", pool, _age(obj, now)]


def _flow_schema(obj: Object, now: datetime.datetime) -> list[Any]:
    spec = obj.get("spec") or {}
    level = (spec.get("priorityLevelConfiguration") or {}).get("name") or ""
    method = _NONE if spec.get("distinguisherMethod") is None else spec["distinguisherMethod"].get("type") or ""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    missing = next((c.get("status") or "" for c in conditions if c.get("type") == "Dangling"), "?")
    return [_name(obj), level, int(spec.get("matchingPrecedence") or 0), method, _age(obj, now), missing]


def _priority_level(obj: Object, now: datetime.datetime) -> list[Any]:
    spec = obj.get("spec") or {}
    limited = spec.get("limited")
    shares: Any = _NONE
    queues: list[Any] = [_NONE] * 3
    if limited is not None:
        shares = int(limited.get("nominalConcurrencyShares") or 0)
        queuing = (limited.get("limitResponse") or {}).get("queuing")
        if queuing is not None:
            queues = [int(queuing.get(key) or 0) for key in ("queues", "handSize", "queueLengthLimit")]
    return [_name(obj), spec.get("type") or "", shares, *queues, _age(obj, now)]


CELLS: Final[dict[str, Callable[[Object, datetime.datetime], list[Any]]]] = {
    "RuntimeClass": _runtime_class,
    "DeviceClass": _plain,
    "ResourceClaim": _claim,
    "ResourceClaimTemplate": _plain,
    "ResourceSlice": _slice,
    "FlowSchema": _flow_schema,
    "PriorityLevelConfiguration": _priority_level,
}
