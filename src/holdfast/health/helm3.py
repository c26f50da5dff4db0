"""When Helm 3 calls an object ready: what a HelmRelease with ``waitStrategy: legacy`` waits for. Object in, verdict out.

Kinds that Helm 3 does not look at are ready as they are, and nothing ever counts as failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def ready(obj: Mapping[str, Any]) -> bool:
    """For Jobs: that they came to their end."""
    group = str(obj.get("apiVersion") or "").rpartition("/")[0]
    rule = _RULES.get((group, str(obj.get("kind") or "")))
    return rule is None or rule(obj, obj.get("spec") or {}, obj.get("status") or {})


def judges(group: str, kind: str) -> bool:
    return (group, kind) in _RULES


def _current(obj: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    return int(status.get("observedGeneration") or 0) == int((obj.get("metadata") or {}).get("generation") or 0)


def _of(value: Any, total: int, default: Any, *, up: bool) -> int:
    """A number, or a share of the total; what is neither is the total."""
    value = default if value is None else value
    if isinstance(value, int):
        return value
    text = str(value).removesuffix("%")
    if not text.isdigit():
        return total
    share = int(text) * total
    return -(-share // 100) if up else share // 100


def _pod(obj: Mapping[str, Any], spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or ())


def _job(obj: Mapping[str, Any], spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    limit = spec.get("backoffLimit")
    if int(status.get("failed") or 0) > (6 if limit is None else int(limit)):
        return False
    return int(status.get("succeeded") or 0) >= int(spec.get("completions") or 0)


def _deployment(obj: Mapping[str, Any], spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    if spec.get("paused"):
        return True
    wanted = 1 if spec.get("replicas") is None else int(spec["replicas"])
    updated, ready = int(status.get("updatedReplicas") or 0), int(status.get("readyReplicas") or 0)
    older = max(0, int(status.get("replicas") or 0) - updated)
    return _current(obj, status) and min(updated, ready - older) >= wanted - _unavailable(spec, wanted)


def _unavailable(spec: Mapping[str, Any], wanted: int) -> int:
    strategy = spec.get("strategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate" or not wanted:
        return 0
    rolling = strategy.get("rollingUpdate") or {}
    allowed = _of(rolling.get("maxUnavailable"), wanted, "25%", up=False)
    if not allowed and not _of(rolling.get("maxSurge"), wanted, "25%", up=True):
        allowed = 1
    return min(allowed, wanted)


def _daemon_set(obj: Mapping[str, Any], spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    strategy = spec.get("updateStrategy") or {}
    if not _current(obj, status) or strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return _current(obj, status)
    wanted = int(status.get("desiredNumberScheduled") or 0)
    if int(status.get("updatedNumberScheduled") or 0) != wanted:
        return False
    allowed = _of((strategy.get("rollingUpdate") or {}).get("maxUnavailable"), wanted, 1, up=True)
    return int(status.get("numberReady") or 0) >= wanted - allowed


def _stateful_set(obj: Mapping[str, Any], spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    strategy = spec.get("updateStrategy") or {}
    if not _current(obj, status) or strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return _current(obj, status)
    wanted = 1 if spec.get("replicas") is None else int(spec["replicas"])
    partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    if int(status.get("updatedReplicas") or 0) < wanted - partition or int(status.get("readyReplicas") or 0) != wanted:
        return False
    return bool(partition) or status.get("currentRevision") == status.get("updateRevision")


def _replicas(obj: Mapping[str, Any], spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    wanted = 1 if spec.get("replicas") is None else int(spec["replicas"])
    return _current(obj, status) and int(status.get("readyReplicas") or 0) >= wanted


def _claim(obj: Mapping[str, Any], spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    return status.get("phase") == "Bound"


def _service(obj: Mapping[str, Any], spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    if spec.get("type") == "ExternalName":
        return True
    if not spec.get("clusterIP"):
        return False
    balanced = spec.get("externalIPs") or (status.get("loadBalancer") or {}).get("ingress")
    return spec.get("type") != "LoadBalancer" or bool(balanced)


def _definition(obj: Mapping[str, Any], spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    """A conflict of names is not for the release to solve."""
    said = {(c.get("type"), c.get("status")) for c in status.get("conditions") or ()}
    return bool(said & {("Established", "True"), ("NamesAccepted", "False")})


_RULES = {
    ("", "Pod"): _pod,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Service"): _service,
    ("", "ReplicationController"): _replicas,
    ("apps", "Deployment"): _deployment,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "ReplicaSet"): _replicas,
    ("batch", "Job"): _job,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
}
