from __future__ import annotations

from typing import Any

import pytest

from holdfast.health.kstatus import completed_job, compute
from holdfast.model.health import HealthStatus as H

NOW = 1_700_000_000.0


def obj(api_version: str, kind: str, *, spec: Any = None, status: Any = None, **meta: Any) -> dict[str, Any]:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "a", **meta},
        "spec": spec or {},
        "status": status or {},
    }


def condition(type: str, status: str, reason: str = "R") -> dict[str, str]:
    return {"type": type, "status": status, "reason": reason, "message": "m"}


ROLLED_OUT = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
AVAILABLE = [condition("Available", "True"), condition("Progressing", "True", "NewReplicaSetAvailable")]


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (obj("v1", "ConfigMap"), H.CURRENT),
        (obj("v1", "ConfigMap", deletionTimestamp="2026-01-01T00:00:00Z"), H.TERMINATING),
        (obj("v1", "Service", spec={"type": "LoadBalancer"}), H.IN_PROGRESS),
        (obj("v1", "Service", spec={"type": "LoadBalancer", "clusterIP": "10.0.0.1"}), H.CURRENT),
        (obj("v1", "PersistentVolumeClaim", status={"phase": "Pending"}), H.IN_PROGRESS),
        (obj("v1", "PersistentVolumeClaim", status={"phase": "Bound"}), H.CURRENT),
        (obj("v1", "Pod", status={"phase": "Failed"}), H.CURRENT),
        (obj("v1", "Pod", status={"phase": "Odd"}), H.UNKNOWN),
        (obj("apps/v1", "Deployment"), H.IN_PROGRESS),
        (obj("apps/v1", "Deployment", status={**ROLLED_OUT, "conditions": AVAILABLE}), H.CURRENT),
        (
            obj(
                "apps/v1",
                "Deployment",
                status={"conditions": [condition("Progressing", "False", "ProgressDeadlineExceeded")]},
            ),
            H.FAILED,
        ),
        (
            obj(
                "apps/v1",
                "Deployment",
                generation=2,
                status={**ROLLED_OUT, "observedGeneration": 1, "conditions": AVAILABLE},
            ),
            H.IN_PROGRESS,
        ),
        (obj("apps/v1", "StatefulSet", spec={"updateStrategy": {"type": "OnDelete"}}), H.CURRENT),
        (obj("batch/v1", "Job", status={"startTime": "x"}), H.CURRENT),
        (obj("example.com/v1", "Widget"), H.CURRENT),
        (obj("example.com/v1", "Widget", status={"conditions": [condition("Ready", "False")]}), H.IN_PROGRESS),
        (obj("example.com/v1", "Widget", status={"conditions": [condition("Stalled", "True")]}), H.FAILED),
        (obj("apiextensions.k8s.io/v1", "CustomResourceDefinition"), H.IN_PROGRESS),
        (
            obj(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                status={"conditions": [condition("Established", "True")]},
            ),
            H.CURRENT,
        ),
    ],
)
def test_objects_are_judged_as_kstatus_judges_them(found: dict[str, Any], status: H) -> None:
    assert compute(found, now=NOW).status is status


def test_a_pod_that_cannot_be_scheduled_gets_a_moment_before_it_failed() -> None:
    status = {"phase": "Pending", "conditions": [condition("PodScheduled", "False", "Unschedulable")]}
    pod = obj("v1", "Pod", creationTimestamp="2023-11-14T22:13:20Z", status=status)
    assert compute(pod, now=NOW + 5).status is H.IN_PROGRESS
    assert compute(pod, now=NOW + 20).status is H.FAILED


def test_a_job_that_is_waited_for_has_to_complete() -> None:
    assert completed_job(obj("batch/v1", "Job", status={"startTime": "x"}), now=NOW).status is H.IN_PROGRESS
    assert completed_job(obj("batch/v1", "Job", spec={"suspend": True}), now=NOW).status is H.CURRENT
    failed = obj("batch/v1", "Job", status={"conditions": [condition("Failed", "True")]})
    assert completed_job(failed, now=NOW).status is H.FAILED
