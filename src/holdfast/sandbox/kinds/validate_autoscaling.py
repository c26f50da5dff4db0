"""Validation of HorizontalPodAutoscalers.

In: a defaulted autoscaler in the form of autoscaling/v2 or v1. Out: field errors. Never: scaling.
"""

from __future__ import annotations

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.quantities import parse
from holdfast.sandbox.kinds.validate_resources import container_resource_name


def autoscaler(errs: Errors, obj: Manifest) -> None:
    spec = obj.get("spec") or {}
    least, most = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    if least is not None and least < 1:
        errs.invalid("spec.minReplicas", least, "must be greater than or equal to 1")
    if most == 0:
        errs.required("spec.maxReplicas", "must be set and greater than 0")
    elif most < 0:
        errs.invalid("spec.maxReplicas", most, "must be greater than or equal to 1")
    if least is not None and most < least:
        errs.invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    _reference(errs, spec.get("scaleTargetRef") or {}, "spec.scaleTargetRef", group_needed=True)
    cpu = spec.get("targetCPUUtilizationPercentage")
    if cpu is not None and cpu < 1:
        errs.invalid("spec.metrics[0].resource.target.averageUtilization", cpu, "must be greater than 0")
    for index, metric in enumerate(spec.get("metrics") or ()):
        _metric(errs, metric, f"spec.metrics[{index}]")
    kinds = {metric.get("type") for metric in spec.get("metrics") or ()}
    if least == 0 and not kinds & {"Object", "External"}:
        errs.forbidden(
            "spec.metrics", "must specify at least one Object or External metric to support scaling to zero replicas"
        )
    for key in ("scaleUp", "scaleDown"):
        rules = (spec.get("behavior") or {}).get(key)
        if rules is not None:
            _scaling(errs, rules, f"spec.behavior.{key}")


def autoscaler_status(errs: Errors, obj: Manifest, old: Manifest) -> None:
    for key in ("currentReplicas", "desiredReplicas"):
        errs.non_negative(f"status.{key}", (obj.get("status") or {}).get(key))


def _reference(errs: Errors, found: Manifest, path: str, group_needed: bool) -> None:
    for key in ("kind", "name"):
        if not found.get(key):
            errs.required(f"{path}.{key}")
        else:
            errs.name(f"{path}.{key}", found[key], names.path_segment)
    version = found.get("apiVersion") or ""
    if version.count("/") > 1:
        errs.invalid(f"{path}.apiVersion", version, f"unexpected GroupVersion string: {version}")
    elif group_needed and (not version.partition("/")[1] or version.startswith("/")):
        errs.invalid(f"{path}.apiVersion", version, "apiVersion must specify API group")


_METRICS = {
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
    "External": "external",
    "ContainerResource": "containerResource",
}


_ORDER = ("object", "external", "pods", "resource", "containerResource")
"""Only the first source that is given is looked into."""


def _metric(errs: Errors, metric: Manifest, path: str) -> None:
    kind = metric.get("type") or ""
    if not kind:
        errs.required(f"{path}.type", "must specify a metric source type")
    if kind not in _METRICS:
        # Twice, as the real server looks twice.
        errs.unsupported(f"{path}.type", kind, tuple(_METRICS))
    given = [key for key in _METRICS.values() if key in metric]
    for key in [key for key in _ORDER if key in given][:1]:
        _source(errs, key, metric[key], f"{path}.{key}")
    expected = _METRICS.get(kind)
    if expected is None:
        errs.unsupported(f"{path}.type", kind, tuple(_METRICS))
    elif expected not in given:
        errs.required(f"{path}.{expected}", "must populate information for the given metric source")
    for key in given if len(given) > 1 else ():
        if key != expected:
            errs.forbidden(f"{path}.{key}", "must populate the given metric source only")


def _source(errs: Errors, key: str, source: Manifest, path: str) -> None:
    target = source.get("target") or {}
    if key in ("resource", "containerResource"):
        if not source.get("name"):
            errs.required(f"{path}.name", "must specify a resource name")
        elif key == "containerResource":
            container_resource_name(errs, source["name"], f"{path}.name")
        if key == "containerResource":
            if not source.get("container"):
                errs.required(f"{path}.container", "must specify a container")
            else:
                errs.name(f"{path}.container", source["container"], names.dns_label)
    else:
        if key == "object":
            _reference(errs, source.get("describedObject") or {}, f"{path}.describedObject", group_needed=False)
        name = (source.get("metric") or {}).get("name")
        if not name:
            errs.required(f"{path}.metric.name", "must specify a metric name")
        else:
            errs.name(f"{path}.metric.name", name, names.path_segment)
    _target(errs, target, f"{path}.target")
    _chosen_value(errs, key, target, f"{path}.target")


def _chosen_value(errs: Errors, key: str, target: Manifest, path: str) -> None:
    """Which of the target's figures have to be there, and which exclude each other."""
    whole, average = target.get("value") is not None, target.get("averageValue") is not None
    if key in ("resource", "containerResource"):
        share = target.get("averageUtilization") is not None
        if share and average:
            errs.forbidden(f"{path}.averageValue", "may not set both a target raw value and a target utilization")
        elif not share and not average:
            errs.required(f"{path}.averageUtilization", "must set either a target raw value or a target utilization")
    elif key == "pods" and not average:
        errs.required(f"{path}.averageValue", "must specify a positive target averageValue")
    elif key == "object" and not whole and not average:
        errs.required(f"{path}.averageValue", "must set either a target value or averageValue")
    elif key == "external" and not whole and not average:
        errs.required(f"{path}.averageValue", "must set either a target value for metric or a per-pod target")
    elif key == "external" and whole and average:
        errs.forbidden(f"{path}.value", "may not set both a target value for metric and a per-pod target")


def _target(errs: Errors, target: Manifest, path: str) -> None:
    kind = target.get("type") or ""
    if not kind:
        errs.required(f"{path}.type", "must specify a metric target type")
    if kind not in ("Utilization", "Value", "AverageValue"):
        errs.invalid(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue")
    for key in ("value", "averageValue"):
        if target.get(key) is not None and parse(target[key]).value <= 0:
            errs.invalid(f"{path}.{key}", target[key], "must be positive")
    utilization = target.get("averageUtilization")
    if utilization is not None and utilization < 1:
        errs.invalid(f"{path}.averageUtilization", utilization, "must be greater than 0")


def _scaling(errs: Errors, rules: Manifest, path: str) -> None:
    window = rules.get("stabilizationWindowSeconds")
    if window is not None:
        if window < 0:
            errs.invalid(f"{path}.stabilizationWindowSeconds", window, "must be greater than or equal to zero")
        if window > 3600:
            errs.invalid(f"{path}.stabilizationWindowSeconds", window, "must be less than or equal to 3600")
    chosen = rules.get("selectPolicy")
    if chosen is not None and chosen not in ("Disabled", "Max", "Min"):
        errs.unsupported(f"{path}.selectPolicy", chosen, ("Disabled", "Max", "Min"))
    policies = rules.get("policies") or []
    if not policies:
        errs.required(f"{path}.policies", "must specify at least one Policy")
    for index, policy in enumerate(policies):
        place = f"{path}.policies[{index}]"
        kind = policy.get("type") or ""
        if kind not in ("Percent", "Pods"):
            errs.unsupported(f"{place}.type", kind, ("Percent", "Pods"))
        if (policy.get("value") or 0) <= 0:
            errs.invalid(f"{place}.value", policy.get("value") or 0, "must be greater than zero")
        seconds = policy.get("periodSeconds") or 0
        if seconds <= 0:
            errs.invalid(f"{place}.periodSeconds", seconds, "must be greater than zero")
        elif seconds > 1800:
            errs.invalid(f"{place}.periodSeconds", seconds, "must be less than or equal to 1800")
    tolerance = rules.get("tolerance")
    if tolerance is not None and parse(tolerance).value < 0:
        errs.invalid(f"{path}.tolerance", tolerance, "must be greater than or equal to 0")
