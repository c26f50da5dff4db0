"""HorizontalPodAutoscalers between autoscaling/v2 (stored) and v1, which keeps in annotations what it cannot say. In place."""

from __future__ import annotations

import json
from typing import Any, Final

from holdfast.kube.refs import Manifest

_METRICS: Final = "autoscaling.alpha.kubernetes.io/metrics"
_CURRENT: Final = "autoscaling.alpha.kubernetes.io/current-metrics"
_CONDITIONS: Final = "autoscaling.alpha.kubernetes.io/conditions"
_BEHAVIOR: Final = "autoscaling.alpha.kubernetes.io/behavior"


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def to_v1(obj: Manifest) -> None:
    spec, state = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    notes = dict(obj["metadata"].get("annotations") or {})
    others = []
    for metric in spec.pop("metrics", None) or ():
        percent = _cpu(metric)
        if percent is None or "targetCPUUtilizationPercentage" in spec:
            others.append(_metric_v1(metric))
        else:
            spec["targetCPUUtilizationPercentage"] = percent
    if others:
        notes[_METRICS] = _compact(others)
    behavior = spec.pop("behavior", None)
    if behavior:
        notes[_BEHAVIOR] = _compact(_behavior_go(behavior))
    _status_v1(state, notes)
    obj["spec"], obj["status"] = spec, state
    _annotate(obj, notes)


def _annotate(obj: Manifest, notes: dict[str, str]) -> None:
    obj["metadata"] = {k: v for k, v in obj["metadata"].items() if k != "annotations"}
    if notes:
        obj["metadata"]["annotations"] = notes


def _cpu(metric: Manifest) -> int | None:
    resource = metric.get("resource") or {}
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    percent: int | None = (resource.get("target") or {}).get("averageUtilization")
    return percent


def _status_v1(state: Manifest, notes: dict[str, str]) -> None:
    current = []
    for metric in state.pop("currentMetrics", None) or ():
        resource = metric.get("resource") or {}
        percent = (resource.get("current") or {}).get("averageUtilization")
        if metric.get("type") == "Resource" and resource.get("name") == "cpu" and percent is not None:
            state["currentCPUUtilizationPercentage"] = percent
        current.append(metric)
    if current:
        notes[_CURRENT] = _compact(current)
    conditions = state.pop("conditions", None)
    if conditions:
        notes[_CONDITIONS] = _compact(conditions)
    state["currentReplicas"] = state.get("currentReplicas") or 0
    state["desiredReplicas"] = state.get("desiredReplicas") or 0


# Field of a target in v2 -> its name in v1's annotation, by type of metric.
_TARGETS: Final = {
    "Resource": {"averageUtilization": "targetAverageUtilization", "averageValue": "targetAverageValue"},
    "ContainerResource": {"averageUtilization": "targetAverageUtilization", "averageValue": "targetAverageValue"},
    "Pods": {"averageValue": "targetAverageValue"},
    "Object": {"value": "targetValue", "averageValue": "averageValue"},
    "External": {"value": "targetValue", "averageValue": "targetAverageValue"},
}


def _field(type_: str) -> str:
    return type_[:1].lower() + type_[1:]


def _metric_v1(metric: Manifest) -> Manifest:
    type_ = str(metric.get("type"))
    source = metric.get(_field(type_)) or {}
    found: Manifest = {}
    for key in ("name", "container"):
        if source.get(key):
            found[key] = source[key]
    if type_ == "Object":
        found["target"] = source.get("describedObject")
    identity = source.get("metric") or {}
    if identity.get("name"):
        found["metricName"] = identity["name"]
    for key, name in _TARGETS.get(type_, {}).items():
        value = (source.get("target") or {}).get(key)
        if value is not None:
            found[name] = value
    if identity.get("selector"):
        found["metricSelector" if type_ == "External" else "selector"] = identity["selector"]
    return {"type": type_, _field(type_): found}


def _metric_v2(metric: Manifest) -> Manifest:
    type_ = str(metric.get("type"))
    old = metric.get(_field(type_)) or {}
    source: Manifest = {k: old[k] for k in ("name", "container") if old.get(k)}
    if type_ == "Object":
        source["describedObject"] = old.get("target") or {}
    if type_ in ("Object", "Pods", "External"):
        source["metric"] = {"name": old.get("metricName", "")}
        selector = old.get("metricSelector") or old.get("selector")
        if selector:
            source["metric"]["selector"] = selector
    target = {key: old[name] for key, name in _TARGETS.get(type_, {}).items() if old.get(name) is not None}
    kind = "Utilization" if "averageUtilization" in target else "AverageValue" if "averageValue" in target else "Value"
    source["target"] = {"type": kind, **target}
    return {"type": type_, _field(type_): source}


_RULES: Final = (("StabilizationWindowSeconds", "stabilizationWindowSeconds"), ("SelectPolicy", "selectPolicy"))
_POLICY: Final = (("Type", "type"), ("Value", "value"), ("PeriodSeconds", "periodSeconds"))


def _behavior_go(behavior: Manifest) -> Manifest:
    """With the field names of the internal Go type, which is what ends up in the annotation."""
    return {go: _rules_go(behavior.get(name)) for go, name in (("ScaleUp", "scaleUp"), ("ScaleDown", "scaleDown"))}


def _rules_go(rules: Manifest | None) -> Manifest | None:
    if rules is None:
        return None
    found: Manifest = {go: rules.get(name) for go, name in _RULES}
    policies = rules.get("policies")
    found["Policies"] = [{go: p.get(name) for go, name in _POLICY} for p in policies] if policies else None
    found["Tolerance"] = rules.get("tolerance")
    return found


def _behavior_v2(behavior: Manifest) -> Manifest:
    pairs = (("ScaleUp", "scaleUp"), ("ScaleDown", "scaleDown"))
    return {name: _rules_v2(behavior[go]) for go, name in pairs if isinstance(behavior.get(go), dict)}


def _rules_v2(rules: Manifest) -> Manifest:
    found: Manifest = {name: rules[go] for go, name in _RULES if rules.get(go) is not None}
    if rules.get("Policies"):
        found["policies"] = [{name: p.get(go) for go, name in _POLICY} for p in rules["Policies"]]
    if rules.get("Tolerance") is not None:
        found["tolerance"] = rules["Tolerance"]
    return found


def to_v2(obj: Manifest) -> None:
    spec, state = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    notes = dict(obj["metadata"].get("annotations") or {})
    metrics = [_metric_v2(m) for m in _noted(notes, _METRICS, list)]
    percent = spec.pop("targetCPUUtilizationPercentage", None)
    if percent is not None:
        target = {"type": "Utilization", "averageUtilization": percent}
        metrics.insert(0, {"type": "Resource", "resource": {"name": "cpu", "target": target}})
    if metrics:
        spec["metrics"] = metrics
    behavior = _noted(notes, _BEHAVIOR, dict)
    if behavior:
        spec["behavior"] = _behavior_v2(behavior)
    state["currentMetrics"] = _noted(notes, _CURRENT, list) or None
    state.pop("currentCPUUtilizationPercentage", None)
    conditions = _noted(notes, _CONDITIONS, list)
    if conditions:
        state["conditions"] = conditions
    if not state.get("currentReplicas"):
        state.pop("currentReplicas", None)
    obj["spec"], obj["status"] = spec, state
    _annotate(obj, notes)


def _noted(notes: dict[str, str], key: str, kind: type) -> Any:
    """The JSON in an annotation, which is taken out; nonsense counts as nothing."""
    try:
        found = json.loads(notes.pop(key, "null"))
    except ValueError:
        return kind()
    return found if isinstance(found, kind) else kind()
