"""Argo CD's health of one object: its built-in checks, rules of the catalogue, and scripts of the user.

In: a live object and the user's scripts by kind. Out: an `AppHealth`, or None where nothing is known about a kind (such an
object does not count). Precedence: an object that is being deleted, the user's script, the catalogue, the check of a
built-in kind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from holdfast.base.globs import glob
from holdfast.health.catalogue import rule_for
from holdfast.health.lua import LuaError, judge
from holdfast.model.sync import AppHealth, AppHealthStatus

HEALTHY, PROGRESSING, DEGRADED, SUSPENDED, UNKNOWN = (
    AppHealthStatus.HEALTHY,
    AppHealthStatus.PROGRESSING,
    AppHealthStatus.DEGRADED,
    AppHealthStatus.SUSPENDED,
    AppHealthStatus.UNKNOWN,
)
HOOK_FINALIZER: Final = "argocd.argoproj.io/hook-finalizer"
ORDER: Final = (
    AppHealthStatus.HEALTHY,
    AppHealthStatus.SUSPENDED,
    AppHealthStatus.PROGRESSING,
    AppHealthStatus.MISSING,
    AppHealthStatus.DEGRADED,
    AppHealthStatus.UNKNOWN,
)
"""From best to worst."""
Object = Mapping[str, Any]
Check = Callable[[Object], AppHealth]


def assess(
    obj: Object, overrides: Mapping[str, str] | None = None, problems: list[str] | None = None
) -> AppHealth | None:
    """``overrides`` are Lua scripts by ``group/Kind`` (``Kind`` alone in the core group); globs are allowed. What goes wrong
    with them is told in ``problems``; the object's health is unknown then."""
    meta = _map(obj.get("metadata"))
    if meta.get("deletionTimestamp") and HOOK_FINALIZER not in (meta.get("finalizers") or ()):
        return AppHealth(PROGRESSING, "Pending deletion")
    key = kind_key(obj)
    script = override_for(key, overrides or {})
    if script:
        try:
            return judge(script, obj)
        except LuaError as error:
            if problems is not None:
                problems.append(_problem(obj, error.message))
            return AppHealth(UNKNOWN, error.message)
    rule = rule_for(key)
    if rule is not None:
        return rule.assess(obj)
    check = _CHECKS.get(key)
    return check(obj) if check is not None else None


def _problem(obj: Object, text: str) -> str:
    meta = _map(obj.get("metadata"))
    name, namespace = meta.get("name") or "", meta.get("namespace") or ""
    what = f'failed to get resource health for "{obj.get("kind")}" with name "{name}" in namespace "{namespace}"'
    return f"{what}: failed to get resource health for {namespace}/{name}: {text}"


def kind_key(obj: Object) -> str:
    group, slash, _ = str(obj.get("apiVersion") or "").rpartition("/")
    kind = str(obj.get("kind") or "")
    return f"{group}/{kind}" if slash else kind


def override_for(key: str, overrides: Mapping[str, str]) -> str:
    """An exact name counts before a pattern."""
    if key in overrides:
        return overrides[key]
    return next((script for pattern, script in overrides.items() if "*" in pattern and glob(pattern, key)), "")


def worst(found: Iterable[AppHealthStatus]) -> AppHealthStatus:
    """Healthy if there is nothing."""
    return max(found, key=ORDER.index, default=HEALTHY)


# --- looking into objects ---------------------------------------------------------------------------------------------


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _part(obj: Object, *path: str) -> Mapping[str, Any]:
    found = obj
    for key in path:
        found = _map(found.get(key))
    return found


def _number(part: Mapping[str, Any], key: str) -> int:
    value = part.get(key)
    return int(value) if isinstance(value, int | float) else 0


def _name(obj: Object) -> str:
    return str(_part(obj, "metadata").get("name") or "")


def _conditions(obj: Object) -> list[Mapping[str, Any]]:
    found = _part(obj, "status").get("conditions")
    return [c for c in found if isinstance(c, Mapping)] if isinstance(found, list) else []


def _condition(obj: Object, kind: str) -> Mapping[str, Any] | None:
    return next((c for c in _conditions(obj) if c.get("type") == kind), None)


def _generation(obj: Object) -> int:
    return _number(_part(obj, "metadata"), "generation")


def _observed(obj: Object) -> int:
    return _number(_part(obj, "status"), "observedGeneration")


# --- workloads --------------------------------------------------------------------------------------------------------


def _deployment(obj: Object) -> AppHealth:
    spec, status = _part(obj, "spec"), _part(obj, "status")
    if spec.get("paused"):
        return AppHealth(SUSPENDED, "Deployment is paused")
    prefix = "Waiting for rollout to finish: "
    if _generation(obj) > _observed(obj):
        return AppHealth(PROGRESSING, f"{prefix}observed deployment generation less than desired generation")
    progressing = _condition(obj, "Progressing")
    if progressing is not None and progressing.get("reason") == "ProgressDeadlineExceeded":
        return AppHealth(DEGRADED, f'Deployment "{_name(obj)}" exceeded its progress deadline')
    wanted = spec.get("replicas")
    updated, available = _number(status, "updatedReplicas"), _number(status, "availableReplicas")
    if wanted is not None and updated < int(wanted):
        return AppHealth(PROGRESSING, f"{prefix}{updated} out of {wanted} new replicas have been updated...")
    old = _number(status, "replicas") - updated
    if old > 0:
        return AppHealth(PROGRESSING, f"{prefix}{old} old replicas are pending termination...")
    if available < updated:
        return AppHealth(PROGRESSING, f"{prefix}{available} of {updated} updated replicas are available...")
    return AppHealth(HEALTHY)


def _stateful_set(obj: Object) -> AppHealth:
    spec, status = _part(obj, "spec"), _part(obj, "status")
    if not _observed(obj) or _generation(obj) > _observed(obj):
        return AppHealth(PROGRESSING, "Waiting for statefulset spec update to be observed...")
    wanted, ready = spec.get("replicas"), _number(status, "readyReplicas")
    if wanted is not None and ready < int(wanted):
        return AppHealth(PROGRESSING, f"Waiting for {int(wanted) - ready} pods to be ready...")
    strategy = _part(obj, "spec", "updateStrategy")
    if strategy.get("type") == "RollingUpdate" and isinstance(strategy.get("rollingUpdate"), Mapping):
        return _partitioned(strategy["rollingUpdate"].get("partition"), wanted, _number(status, "updatedReplicas"))
    if strategy.get("type") == "OnDelete":
        return AppHealth(HEALTHY, f"statefulset has {ready} ready pods")
    update, current = str(status.get("updateRevision") or ""), str(status.get("currentRevision") or "")
    if update != current:
        count = _number(status, "updatedReplicas")
        text = f"waiting for statefulset rolling update to complete {count} pods at revision {update}..."
        return AppHealth(PROGRESSING, text)
    count = _number(status, "currentReplicas")
    return AppHealth(HEALTHY, f"statefulset rolling update complete {count} pods at revision {current}...")


def _partitioned(partition: Any, wanted: Any, updated: int) -> AppHealth:
    if partition is not None and wanted is not None and updated < int(wanted) - int(partition):
        goal = int(wanted) - int(partition)
        text = f"Waiting for partitioned roll out to finish: {updated} out of {goal} new pods have been updated..."
        return AppHealth(PROGRESSING, text)
    return AppHealth(HEALTHY, f"partitioned roll out complete: {updated} new pods have been updated...")


def _daemon_set(obj: Object) -> AppHealth:
    status = _part(obj, "status")
    if _generation(obj) > _observed(obj):
        text = "Waiting for rollout to finish: observed daemon set generation less than desired generation"
        return AppHealth(PROGRESSING, text)
    updated, wanted = _number(status, "updatedNumberScheduled"), _number(status, "desiredNumberScheduled")
    if _part(obj, "spec", "updateStrategy").get("type") == "OnDelete":
        return AppHealth(HEALTHY, f"daemon set {updated} out of {wanted} new pods have been updated")
    prefix = f'Waiting for daemon set "{_name(obj)}" rollout to finish: '
    if updated < wanted:
        return AppHealth(PROGRESSING, f"{prefix}{updated} out of {wanted} new pods have been updated...")
    available = _number(status, "numberAvailable")
    if available < wanted:
        return AppHealth(PROGRESSING, f"{prefix}{available} of {wanted} updated pods are available...")
    return AppHealth(HEALTHY)


def _replica_set(obj: Object) -> AppHealth:
    prefix = "Waiting for rollout to finish: "
    if _generation(obj) > _observed(obj):
        return AppHealth(PROGRESSING, f"{prefix}observed replica set generation less than desired generation")
    failure = _condition(obj, "ReplicaFailure")
    if failure is not None and failure.get("status") == "True":
        return AppHealth(DEGRADED, str(failure.get("message") or ""))
    wanted, available = _part(obj, "spec").get("replicas"), _number(_part(obj, "status"), "availableReplicas")
    if wanted is not None and available < int(wanted):
        return AppHealth(PROGRESSING, f"{prefix}{available} out of {wanted} new replicas are available...")
    return AppHealth(HEALTHY)


def _job(obj: Object) -> AppHealth:
    """Any condition of these kinds ends a job, whatever its status; only a suspension has to be true."""
    ended = [c for c in _conditions(obj) if c.get("type") in ("Complete", "Suspended", "Failed")]
    failed = [c for c in ended if c["type"] == "Failed"]
    if not ended:
        return AppHealth(PROGRESSING)
    if failed:
        return AppHealth(DEGRADED, str(failed[-1].get("message") or ""))
    if any(c["type"] == "Suspended" and c.get("status") == "True" for c in ended):
        return AppHealth(SUSPENDED)
    return AppHealth(HEALTHY, str(ended[-1].get("message") or ""))


# --- pods -------------------------------------------------------------------------------------------------------------


def _containers(obj: Object, key: str) -> list[Mapping[str, Any]]:
    found = _part(obj, "status").get(key)
    return [c for c in found if isinstance(c, Mapping)] if isinstance(found, list) else []


def _pod(obj: Object) -> AppHealth:
    status = _part(obj, "status")
    policy = _part(obj, "spec").get("restartPolicy")
    if policy == "Always":
        # A pod that ends by itself is often a hook: it may not fail for what may still pass, such as a missing image.
        stuck = [_map(_part(c, "state").get("waiting")) for c in _containers(obj, "containerStatuses")]
        stuck = [w for w in stuck if _is_trouble(str(w.get("reason") or ""))]
        if stuck:
            return AppHealth(DEGRADED, ", ".join(str(w.get("message") or "") for w in stuck))
    message, phase = str(status.get("message") or ""), status.get("phase")
    if phase == "Pending":
        return AppHealth(PROGRESSING, message)
    if phase == "Succeeded":
        return AppHealth(HEALTHY, message)
    if phase == "Failed":
        return AppHealth(DEGRADED, message or _failure(obj))
    if phase == "Running" and policy in ("Always", "OnFailure", "Never"):
        return _running(obj, policy, message)
    return AppHealth(UNKNOWN, message)


def _is_trouble(reason: str) -> bool:
    return reason.startswith("Err") or reason.endswith(("Error", "BackOff"))


def _running(obj: Object, policy: str, message: str) -> AppHealth:
    if policy != "Always":
        return AppHealth(PROGRESSING, message)
    ready = _condition(obj, "Ready")
    if ready is not None and ready.get("status") == "True":
        return AppHealth(HEALTHY, message)
    ended = any(_map(c.get("lastState")).get("terminated") for c in _containers(obj, "containerStatuses"))
    return AppHealth(DEGRADED if ended else PROGRESSING, message)


def _failure(obj: Object) -> str:
    """Why a pod failed, by the first container that tells."""
    for container in (*_containers(obj, "initContainerStatuses"), *_containers(obj, "containerStatuses")):
        ended = _part(container, "state", "terminated")
        if ended.get("message"):
            return str(ended["message"])
        if ended.get("reason") == "OOMKilled":
            return "OOMKilled"
        if _number(ended, "exitCode"):
            return f'container "{container.get("name")}" failed with exit code {ended["exitCode"]}'
    return ""


# --- other kinds ------------------------------------------------------------------------------------------------------


def _claim(obj: Object) -> AppHealth:
    phases = {"Lost": DEGRADED, "Pending": PROGRESSING, "Bound": HEALTHY}
    return AppHealth(phases.get(str(_part(obj, "status").get("phase") or ""), UNKNOWN))


def _service(obj: Object) -> AppHealth:
    waits = _part(obj, "spec").get("type") == "LoadBalancer" and not _part(obj, "status", "loadBalancer").get("ingress")
    return AppHealth(PROGRESSING if waits else HEALTHY)


def _ingress(obj: Object) -> AppHealth:
    return AppHealth(HEALTHY if _part(obj, "status", "loadBalancer").get("ingress") else PROGRESSING)


_WAITING_AUTOSCALER: Final = AppHealth(PROGRESSING, "Waiting to Autoscale")
_BROKEN_AUTOSCALER: Final = {
    "AbleToScale": ("FailedGetScale", "FailedUpdateScale"),
    "ScalingActive": (
        "FailedGetResourceMetric",
        "FailedGetObjectMetric",
        "FailedGetPodsMetric",
        "FailedGetExternalMetric",
        "FailedComputeMetricsReplicas",
        "InvalidSelector",
    ),
}


def _autoscaler(obj: Object) -> AppHealth:
    found = _conditions(obj)
    if str(obj.get("apiVersion")) == "autoscaling/v1":
        text = _part(obj, "metadata", "annotations").get("autoscaling.alpha.kubernetes.io/conditions")
        try:
            read = json.loads(str(text)) if text else []
        except ValueError as error:
            return AppHealth(UNKNOWN, f"failed to convert conditions annotation to typed: {error}")
        found = [c for c in read if isinstance(c, Mapping)] if isinstance(read, list) else []
    for condition in found:
        if condition.get("reason") in _BROKEN_AUTOSCALER.get(str(condition.get("type")), ()):
            return AppHealth(DEGRADED, str(condition.get("message") or ""))
    for condition in found:
        if condition.get("type") in ("AbleToScale", "ScalingLimited") and condition.get("status") == "True":
            return AppHealth(HEALTHY, str(condition.get("message") or ""))
    return _WAITING_AUTOSCALER


def _api_service(obj: Object) -> AppHealth:
    found = _condition(obj, "Available")
    if found is None:
        return AppHealth(PROGRESSING, "Waiting to be processed")
    status = HEALTHY if found.get("status") == "True" else PROGRESSING
    return AppHealth(status, f"{found.get('reason') or ''}: {found.get('message') or ''}")


def _workflow(obj: Object) -> AppHealth:
    status = _part(obj, "status")
    phases = {"": PROGRESSING, "Pending": PROGRESSING, "Running": PROGRESSING, "Succeeded": HEALTHY}
    phases |= {"Failed": DEGRADED, "Error": DEGRADED}
    return AppHealth(phases.get(str(status.get("phase") or ""), UNKNOWN), str(status.get("message") or ""))


_CHECKS: Final[Mapping[str, Check]] = {
    "apps/Deployment": _deployment,
    "apps/StatefulSet": _stateful_set,
    "apps/DaemonSet": _daemon_set,
    "apps/ReplicaSet": _replica_set,
    "batch/Job": _job,
    "Pod": _pod,
    "PersistentVolumeClaim": _claim,
    "Service": _service,
    "extensions/Ingress": _ingress,
    "networking.k8s.io/Ingress": _ingress,
    "autoscaling/HorizontalPodAutoscaler": _autoscaler,
    "apiregistration.k8s.io/APIService": _api_service,
    "argoproj.io/Workflow": _workflow,
}
