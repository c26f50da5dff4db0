"""The Targets column of a HorizontalPodAutoscaler: what each metric is, against what it should be."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from holdfast.sandbox.convert_hpa import to_v2
from holdfast.sandbox.tables.text import NONE, UNKNOWN

_MOST: Final = 2
_FIELDS: Final = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}


def metrics(obj: Mapping[str, Any]) -> str:
    if obj.get("apiVersion") == "autoscaling/v1":
        found = copy.deepcopy(dict(obj))
        to_v2(found)
        obj = found
    specs = (obj.get("spec") or {}).get("metrics") or ()
    current = (obj.get("status") or {}).get("currentMetrics") or ()
    if not specs:
        return NONE
    shown = [_metric(spec, current[i] if i < len(current) else {}) for i, spec in enumerate(specs)]
    text = ", ".join(shown[:_MOST])
    return f"{text} + {len(shown) - _MOST} more..." if len(shown) > _MOST else text


def _metric(spec: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    field = _FIELDS.get(str(spec.get("type")))
    if field is None:
        return "<unknown type>"
    source = spec.get(field) or {}
    target, now = source.get("target") or {}, (status.get(field) or {}).get("current") or {}
    if field in ("resource", "containerResource"):
        return f"{source.get('name')}: {_resource(target, now)}"
    if field == "pods":
        return f"{now.get('averageValue', UNKNOWN)}/{target.get('averageValue')}"
    if target.get("averageValue") is not None:
        return f"{now.get('averageValue', UNKNOWN)}/{target['averageValue']} (avg)"
    return f"{now.get('value', UNKNOWN)}/{target.get('value')}"


def _resource(target: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if target.get("averageValue") is not None:
        return f"{now.get('averageValue', UNKNOWN)}/{target['averageValue']}"
    current = f"{now['averageUtilization']}%" if now.get("averageUtilization") is not None else UNKNOWN
    wanted = f"{target['averageUtilization']}%" if target.get("averageUtilization") is not None else "<auto>"
    return f"{current}/{wanted}"
