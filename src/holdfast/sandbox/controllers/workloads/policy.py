"""PodDisruptionBudgets and HorizontalPodAutoscalers: the statuses that others read."""

from __future__ import annotations

import math
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.kube.selectors import label_selector
from holdfast.sandbox.controllers.workloads.actions import (
    Action,
    Update,
    View,
    condition,
    is_finished,
    is_going,
    is_ready,
    status_change,
)

BUDGETS = "poddisruptionbudgets.policy"
AUTOSCALERS = "horizontalpodautoscalers.autoscaling"
_TARGETS = {"Deployment": "deployments.apps", "StatefulSet": "statefulsets.apps", "ReplicaSet": "replicasets.apps"}


def decide_budget(view: View, budget: Manifest) -> list[Action]:
    if is_going(budget):
        return []
    pods = [p for p in view.all("pods", budget["metadata"]["namespace"]) if _matches(budget["spec"].get("selector"), p)]
    pods = [p for p in pods if not is_finished(p)]
    healthy = sum(1 for p in pods if is_ready(p) and not is_going(p))
    wanted = _wanted(budget, len(pods))
    allowed = max(0, healthy - wanted) if pods else 0
    stamp = view.timestamp
    reason = "SufficientPods" if allowed else "InsufficientPods"
    before = budget.get("status") or {}
    status = {
        **{k: v for k, v in before.items() if k == "disruptedPods"},
        "conditions": condition(
            before.get("conditions"),
            "DisruptionAllowed",
            "True" if allowed else "False",
            reason,
            "",
            stamp,
            observedGeneration=budget["metadata"].get("generation", 1),
        ),
        "currentHealthy": healthy,
        "desiredHealthy": wanted,
        "disruptionsAllowed": allowed,
        "expectedPods": len(pods),
        "observedGeneration": budget["metadata"].get("generation", 1),
    }
    for entry in status["conditions"]:
        entry.setdefault("message", "")
    return status_change(BUDGETS, budget, status)


def _wanted(budget: Manifest, expected: int) -> int:
    spec = budget["spec"]
    if spec.get("maxUnavailable") is not None:
        return max(0, expected - _share(spec["maxUnavailable"], expected))
    return _share(spec.get("minAvailable", 1), expected)


def _share(value: Any, total: int) -> int:
    if isinstance(value, str) and value.endswith("%"):
        return math.ceil(total * int(value[:-1]) / 100)
    return int(value)


def _matches(selector: Manifest | None, pod: Manifest) -> bool:
    return selector is not None and label_selector(selector).matches(pod["metadata"].get("labels"))


def decide_autoscaler(view: View, scaler: Manifest) -> list[Action]:
    if is_going(scaler):
        return []
    target = scaler["spec"]["scaleTargetRef"]
    resource = _TARGETS.get(target["kind"], "")
    found = view.get(resource, scaler["metadata"]["namespace"], target["name"])
    low, high = int(scaler["spec"].get("minReplicas") or 1), int(scaler["spec"]["maxReplicas"])
    actions: list[Action] = []
    current = int(found["spec"].get("replicas", 1)) if found is not None else 0
    wanted = min(max(current, low), high) if current else 0
    if found is not None and current and wanted != current:
        actions.append(Update(resource, {**found, "spec": {**found["spec"], "replicas": wanted}}))
    stamp, before = view.timestamp, scaler.get("status") or {}
    if found is None:
        text = f'the HPA controller was unable to get the target\'s current scale: {target["kind"].lower()}s.apps "{target["name"]}" not found'
        conditions = condition(before.get("conditions"), "AbleToScale", "False", "FailedGetScale", text, stamp)
    else:
        conditions = condition(
            before.get("conditions"),
            "AbleToScale",
            "True",
            "ReadyForNewScale",
            "recommended size matches current size",
            stamp,
        )
        conditions = condition(
            conditions,
            "ScalingActive",
            "True",
            "ValidMetricFound",
            "the HPA was able to successfully calculate a replica count",
            stamp,
        )
    status: Manifest = {
        "conditions": conditions,
        "currentMetrics": before.get("currentMetrics"),
        "currentReplicas": current,
        "desiredReplicas": wanted,
        **({"lastScaleTime": before["lastScaleTime"]} if before.get("lastScaleTime") else {}),
    }
    if status["currentMetrics"] is None:
        del status["currentMetrics"]
    return [*actions, *status_change(AUTOSCALERS, scaler, status)]
