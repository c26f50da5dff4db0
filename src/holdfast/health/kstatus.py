"""The readiness rules of kstatus (sigs.k8s.io/cli-utils, ``pkg/kstatus/status``): object in, `Result` out.

Precedence, from the top: deletion, observed generation, the standard conditions Reconciling and Stalled, the rule of a
built-in kind, a Ready condition, and at last "current", because nothing says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from holdfast.model.health import HealthStatus

_SCHEDULE_WINDOW = 15.0  # seconds a pod may be unschedulable before that counts as a failure
_NO_DEADLINE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class StandardCondition:
    """A condition every object would have if it followed the conventions: Reconciling or Stalled."""

    type: str
    status: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Result:
    status: HealthStatus
    message: str = ""
    conditions: tuple[StandardCondition, ...] = ()


Object = Mapping[str, Any]
Rule = Callable[[Object, float], Result]


def compute(obj: Object, *, now: float) -> Result:
    """The status of one object; ``now`` in seconds since the epoch decides only how long a pod may wait for a node."""
    generic = _generic(obj)
    if generic is not None:
        return generic
    rule = _RULES.get(_group_kind(obj))
    if rule is not None:
        return rule(obj, now)
    return _ready_condition(obj) or _current("Resource is current")


def _current(message: str) -> Result:
    return Result(HealthStatus.CURRENT, message)


def in_progress(reason: str, message: str) -> Result:
    return Result(HealthStatus.IN_PROGRESS, message, (StandardCondition("Reconciling", "True", reason, message),))


def failed(reason: str, message: str) -> Result:
    return Result(HealthStatus.FAILED, message, (StandardCondition("Stalled", "True", reason, message),))


def _group_kind(obj: Object) -> str:
    group, slash, _ = str(obj.get("apiVersion") or "").rpartition("/")
    kind = str(obj.get("kind") or "")
    return f"{group}/{kind}" if slash else kind


def _dig(obj: Object, *path: str) -> Any:
    value: Any = obj
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def _int(obj: Object, default: int, *path: str) -> int:
    value = _dig(obj, *path)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _str(obj: Object, default: str, *path: str) -> str:
    value = _dig(obj, *path)
    return value if isinstance(value, str) else default


def _conditions(obj: Object) -> list[dict[str, str]]:
    found = _dig(obj, "status", "conditions")
    if not isinstance(found, list):
        return []
    keys = ("type", "status", "reason", "message")
    return [{k: str(c.get(k) or "") for k in keys} for c in found if isinstance(c, Mapping)]


def _generic(obj: Object) -> Result | None:
    if _dig(obj, "metadata", "deletionTimestamp"):
        return Result(HealthStatus.TERMINATING, "Resource scheduled for deletion")
    generation, observed = _dig(obj, "metadata", "generation"), _dig(obj, "status", "observedGeneration")
    if isinstance(generation, int) and isinstance(observed, int) and generation != observed:
        kind = obj.get("kind") or ""
        return in_progress(
            "LatestGenerationNotObserved",
            f"{kind} generation is {generation}, but latest observed generation is {observed}",
        )
    for c in _conditions(obj):
        if c["type"] == "Reconciling" and c["status"] == "True":
            return in_progress(c["reason"], c["message"])
        if c["type"] == "Stalled" and c["status"] == "True":
            return failed(c["reason"], c["message"])
    return None


def _ready_condition(obj: Object) -> Result | None:
    for c in _conditions(obj):
        if c["type"] == "Ready" and c["status"] == "True":
            return _current("Resource is Ready")
        if c["type"] == "Ready" and c["status"] in ("False", "Unknown"):
            return in_progress(c["reason"], c["message"])
    return None


def _always(obj: Object, now: float) -> Result:
    return _current("Resource is always ready")


def _stateful_set(obj: Object, now: float) -> Result:
    if _str(obj, "", "spec", "updateStrategy", "type") == "OnDelete":
        return _current("StatefulSet is using the ondelete update strategy")
    wanted = _int(obj, 1, "spec", "replicas")
    ready, current, updated, replicas = (
        _int(obj, 0, "status", k) for k in ("readyReplicas", "currentReplicas", "updatedReplicas", "replicas")
    )
    partition = _int(obj, -1, "spec", "updateStrategy", "rollingUpdate", "partition")
    if wanted > replicas:
        return in_progress("LessReplicas", f"Replicas: {replicas}/{wanted}")
    if wanted > ready:
        return in_progress("LessReady", f"Ready: {ready}/{wanted}")
    if replicas > wanted:
        return in_progress("ExtraPods", f"Pending termination: {replicas - wanted}")
    if partition != -1:
        if updated < wanted - partition:
            return in_progress("PartitionRollout", f"updated: {updated}/{wanted - partition}")
        return _current(f"Partition rollout complete. updated: {updated}")
    if wanted > current:
        return in_progress("LessCurrent", f"current: {current}/{wanted}")
    if _str(obj, "", "status", "currentRevision") != _str(obj, "", "status", "updateRevision"):
        return in_progress("RevisionMismatch", "Waiting for updated revision to match current")
    return _current(f"All replicas scheduled as expected. Replicas: {replicas}")


def _deployment(obj: Object, now: float) -> Result:
    # Without a deadline the controller never sets Progressing, so its absence says nothing.
    progressing = _int(obj, _NO_DEADLINE, "spec", "progressDeadlineSeconds") == _NO_DEADLINE
    available = False
    for c in _conditions(obj):
        if c["type"] == "Progressing" and c["reason"] == "ProgressDeadlineExceeded":
            stalled = StandardCondition("Stalled", "True", c["reason"], c["message"])
            return Result(HealthStatus.FAILED, "Progress deadline exceeded", (stalled,))
        if c["type"] == "Progressing" and c["status"] == "True" and c["reason"] == "NewReplicaSetAvailable":
            progressing = True
        if c["type"] == "Available" and c["status"] == "True":
            available = True
    return _deployment_counts(obj) or _deployment_conditions(obj, progressing=progressing, available=available)


def _deployment_counts(obj: Object) -> Result | None:
    wanted = _int(obj, 1, "spec", "replicas")
    replicas, updated, ready, available = (
        _int(obj, 0, "status", k) for k in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    )
    if wanted > replicas:
        return in_progress("LessReplicas", f"Replicas: {replicas}/{wanted}")
    if wanted > updated:
        return in_progress("LessUpdated", f"Updated: {updated}/{wanted}")
    if replicas > wanted:
        return in_progress("ExtraPods", f"Pending termination: {replicas - wanted}")
    if updated > available:
        return in_progress("LessAvailable", f"Available: {available}/{updated}")
    if wanted > ready:
        return in_progress("LessReady", f"Ready: {ready}/{wanted}")
    return None


def _deployment_conditions(obj: Object, *, progressing: bool, available: bool) -> Result:
    if not progressing:
        return in_progress("ReplicaSetNotAvailable", "ReplicaSet not Available")
    if not available:
        return in_progress("DeploymentNotAvailable", "Deployment not Available")
    return _current(f"Deployment is available. Replicas: {_int(obj, 0, 'status', 'replicas')}")


def _replica_set(obj: Object, now: float) -> Result:
    if any(c["type"] == "ReplicaFailure" and c["status"] == "True" for c in _conditions(obj)):
        return in_progress("ReplicaFailure", "Replica Failure condition. Check Pods")
    wanted = _int(obj, 1, "spec", "replicas")
    replicas, ready, available, labelled = (
        _int(obj, 0, "status", k) for k in ("replicas", "readyReplicas", "availableReplicas", "fullyLabeledReplicas")
    )
    if wanted > labelled:
        return in_progress("LessLabelled", f"Labelled: {labelled}/{wanted}")
    if wanted > available:
        return in_progress("LessAvailable", f"Available: {available}/{wanted}")
    if wanted > ready:
        return in_progress("LessReady", f"Ready: {ready}/{wanted}")
    if replicas > wanted:
        return in_progress("ExtraPods", f"Pending termination: {replicas - wanted}")
    return _current(f"ReplicaSet is available. Replicas: {replicas}")


def _daemon_set(obj: Object, now: float) -> Result:
    kind = obj.get("kind") or ""
    if not isinstance(_dig(obj, "metadata", "generation"), int):
        return in_progress("NoGeneration", f"{kind} metadata.generation not found")
    if not isinstance(_dig(obj, "status", "observedGeneration"), int):
        return in_progress("NoObservedGeneration", f"{kind} status.observedGeneration not found")
    desired = _int(obj, -1, "status", "desiredNumberScheduled")
    if desired == -1:
        return in_progress("NoDesiredNumber", "Missing .status.desiredNumberScheduled")
    for field, reason, word in (
        ("currentNumberScheduled", "LessCurrent", "Current"),
        ("updatedNumberScheduled", "LessUpdated", "Updated"),
        ("numberAvailable", "LessAvailable", "Available"),
        ("numberReady", "LessReady", "Ready"),
    ):
        count = _int(obj, 0, "status", field)
        if desired > count:
            return in_progress(reason, f"{word}: {count}/{desired}")
    return _current(f"All replicas scheduled as expected. Replicas: {desired}")


def _claim(obj: Object, now: float) -> Result:
    phase = _str(obj, "unknown", "status", "phase")
    return (
        _current("PVC is Bound") if phase == "Bound" else in_progress("NotBound", f"PVC is not Bound. phase: {phase}")
    )


def _pod(obj: Object, now: float) -> Result:
    match _str(obj, "", "status", "phase"):
        case "Succeeded":
            return _current("Pod has completed successfully")
        case "Failed":
            return _current("Pod has completed, but not successfully")
        case "Running":
            return _running_pod(obj)
        case "Pending":
            return _pending_pod(obj, now)
        case "":
            return in_progress("PodNotObserved", "Pod phase not available")
        case phase:
            return Result(HealthStatus.UNKNOWN, f"unknown phase {phase}")


def _running_pod(obj: Object) -> Result:
    if any(c["type"] == "Ready" and c["status"] == "True" for c in _conditions(obj)):
        return _current("Pod is Ready")
    containers = _dig(obj, "status", "containerStatuses")
    looping = [
        str(c.get("name"))
        for c in (containers if isinstance(containers, list) else [])
        if isinstance(c, Mapping) and _dig(c, "state", "waiting", "reason") == "CrashLoopBackOff" and "name" in c
    ]
    if looping:
        return failed("ContainerCrashLooping", f"Containers in CrashLoop state: {','.join(looping)}")
    return in_progress("PodRunningNotReady", "Pod is running but is not Ready")


def _pending_pod(obj: Object, now: float) -> Result:
    scheduled = next((c for c in _conditions(obj) if c["type"] == "PodScheduled" and c["status"] == "False"), None)
    if scheduled is None or scheduled["reason"] != "Unschedulable":
        return in_progress("PodPending", "Pod is in the Pending phase")
    if now - _timestamp(_dig(obj, "metadata", "creationTimestamp")) < _SCHEDULE_WINDOW:
        return in_progress("PodNotScheduled", "Pod has not been scheduled")
    return failed("PodUnschedulable", "Pod could not be scheduled")


def _timestamp(text: object) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0


def _disruption_budget(obj: Object, now: float) -> Result:
    return _current("AllowedDisruptions has been computed.")


def _job(obj: Object, now: float) -> Result:
    finished = _finished_job(obj)
    if finished is not None:
        return finished
    if not _str(obj, "", "status", "startTime"):
        return in_progress("JobNotStarted", "Job not started")
    return _current(_job_progress(obj))


def _finished_job(obj: Object) -> Result | None:
    completions = _int(obj, _int(obj, 1, "spec", "parallelism"), "spec", "completions")
    for c in _conditions(obj):
        if c["type"] == "Complete" and c["status"] == "True":
            return _current(f"Job Completed. succeeded: {_int(obj, 0, 'status', 'succeeded')}/{completions}")
        if c["type"] == "Failed" and c["status"] == "True":
            return failed("JobFailed", f"Job Failed. failed: {_int(obj, 0, 'status', 'failed')}/{completions}")
    return None


def _job_progress(obj: Object) -> str:
    succeeded, active, failures = (_int(obj, 0, "status", k) for k in ("succeeded", "active", "failed"))
    return f"Job in progress. success:{succeeded}, active: {active}, failed: {failures}"


def completed_job(obj: Object, *, now: float) -> Result:
    """The stricter rule that Flux waits with: a Job counts as current when it is complete or suspended, not when it runs."""
    generic = _generic(obj)
    if generic is not None:
        return generic
    if _dig(obj, "spec", "suspend") is True:
        return _current("Job is suspended")
    finished = _finished_job(obj)
    if finished is not None:
        return finished
    if not _str(obj, "", "status", "startTime"):
        parallelism = _int(obj, 1, "spec", "parallelism")
        return in_progress("JobNotStarted", f"Job not started. active: 0/{parallelism}")
    return in_progress("JobInProgress", _job_progress(obj))


def _service(obj: Object, now: float) -> Result:
    if _str(obj, "ClusterIP", "spec", "type") == "LoadBalancer" and not _str(obj, "", "spec", "clusterIP"):
        return in_progress("NoIPAssigned", "ClusterIP not set. Service type: LoadBalancer")
    return _current("Service is ready")


def _custom_resource_definition(obj: Object, now: float) -> Result:
    for c in _conditions(obj):
        if c["type"] == "NamesAccepted" and c["status"] == "False":
            return failed(c["reason"], c["message"])
        if c["type"] == "Established":
            if c["status"] == "False" and c["reason"] != "Installing":
                return failed(c["reason"], c["message"])
            if c["status"] == "True":
                return _current("CRD is established")
    return in_progress("Installing", "Install in progress")


_RULES: dict[str, Rule] = {
    "Service": _service,
    "Pod": _pod,
    "Secret": _always,
    "PersistentVolumeClaim": _claim,
    "apps/StatefulSet": _stateful_set,
    "apps/DaemonSet": _daemon_set,
    "extensions/DaemonSet": _daemon_set,
    "apps/Deployment": _deployment,
    "extensions/Deployment": _deployment,
    "apps/ReplicaSet": _replica_set,
    "extensions/ReplicaSet": _replica_set,
    "policy/PodDisruptionBudget": _disruption_budget,
    "batch/CronJob": _always,
    "ConfigMap": _always,
    "batch/Job": _job,
    "apiextensions.k8s.io/CustomResourceDefinition": _custom_resource_definition,
}
