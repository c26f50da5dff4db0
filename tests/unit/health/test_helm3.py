"""What Helm 3 waits for."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.health.helm3 import judges, ready

APPS = "apps/v1"


def obj(api: str, kind: str, spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"generation": 2}, "spec": spec or {}, "status": status}


def current(kind: str, spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    return obj(APPS, kind, spec, observedGeneration=2, **status)


ROLLED = {"updatedReplicas": 4, "readyReplicas": 3, "replicas": 4}


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (obj("v1", "ConfigMap"), True),
        (obj("v1", "Pod", conditions=[{"type": "Ready", "status": "True"}]), True),
        (obj("v1", "Pod", phase="Succeeded"), False),
        (obj("batch/v1", "Job", {"completions": 1, "backoffLimit": 0}, succeeded=1), True),
        (obj("batch/v1", "Job", {"completions": 1, "backoffLimit": 0}, failed=1, succeeded=1), False),
        (obj("batch/v1", "Job", {"completions": 2}, succeeded=1), False),
        (current("Deployment", {"replicas": 4}, **ROLLED), True),
        (current("Deployment", {"replicas": 4, "strategy": {"type": "Recreate"}}, **ROLLED), False),
        (current("Deployment", {"replicas": 4}, **{**ROLLED, "replicas": 6}), False),
        (obj(APPS, "Deployment", {"replicas": 4}, **ROLLED), False),
        (obj(APPS, "Deployment", {"replicas": 4, "paused": True}), True),
        (current("Deployment", {"replicas": 0}), True),
        (current("Deployment", {"replicas": 1}, updatedReplicas=1, replicas=1), False),
        (current("DaemonSet", {}, desiredNumberScheduled=2, updatedNumberScheduled=2, numberReady=1), True),
        (current("DaemonSet", {}, desiredNumberScheduled=2, updatedNumberScheduled=1, numberReady=2), False),
        (current("DaemonSet", {"updateStrategy": {"type": "OnDelete"}}, desiredNumberScheduled=2), True),
        (current("StatefulSet", {"replicas": 2}, updatedReplicas=2, readyReplicas=2), True),
        (current("StatefulSet", {"replicas": 2}, updatedReplicas=2, readyReplicas=1), False),
        (
            current("StatefulSet", {}, updatedReplicas=1, readyReplicas=1, currentRevision="a", updateRevision="b"),
            False,
        ),
        (current("ReplicaSet", {}, readyReplicas=1), True),
        (obj("v1", "PersistentVolumeClaim", phase="Pending"), False),
        (obj("v1", "Service", {"type": "ExternalName"}), True),
        (obj("v1", "Service", {"clusterIP": "None"}), True),
        (obj("v1", "Service", {"clusterIP": "10.0.0.1", "type": "LoadBalancer"}), False),
        (obj("v1", "Service", {"clusterIP": "10.0.0.1", "type": "LoadBalancer", "externalIPs": ["1.1.1.1"]}), True),
        (
            obj(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                conditions=[{"type": "Established", "status": "True"}],
            ),
            True,
        ),
    ],
)
def test_ready_is_what_helm_3_calls_ready(found: dict[str, Any], wanted: bool) -> None:
    assert ready(found) is wanted


def test_other_kinds_are_not_looked_at() -> None:
    assert judges("apps", "Deployment") and not judges("example.com", "Deployment") and not judges("", "ConfigMap")
