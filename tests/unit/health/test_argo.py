"""Argo CD's health of the built-in kinds, with the texts that stand in operations."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.health.argo import ORDER, assess, worst
from holdfast.model.sync import AppHealthStatus


def obj(api_version: str, kind: str, spec: Any = None, status: Any = None, **meta: Any) -> dict[str, Any]:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "web", "generation": 2, **meta},
        "spec": spec or {},
        "status": status or {},
    }


def cond(kind: str, status: str = "True", reason: str = "", message: str = "") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": message}


ROLLOUT = "Waiting for rollout to finish: "
SEEN = {"observedGeneration": 2}
CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("a paused Deployment", obj("apps/v1", "Deployment", {"paused": True}), "Suspended", "Deployment is paused"),
    ("an unseen Deployment", obj("apps/v1", "Deployment"), "Progressing",
     ROLLOUT + "observed deployment generation less than desired generation"),
    ("a stuck Deployment", obj("apps/v1", "Deployment", {}, {**SEEN, "conditions": [cond("Progressing", "False", "ProgressDeadlineExceeded")]}),
     "Degraded", 'Deployment "web" exceeded its progress deadline'),
    ("a Deployment being updated", obj("apps/v1", "Deployment", {"replicas": 3}, {**SEEN, "updatedReplicas": 1}), "Progressing",
     ROLLOUT + "1 out of 3 new replicas have been updated..."),
    ("old replicas", obj("apps/v1", "Deployment", {"replicas": 1}, {**SEEN, "updatedReplicas": 1, "replicas": 2}), "Progressing",
     ROLLOUT + "1 old replicas are pending termination..."),
    ("unavailable replicas", obj("apps/v1", "Deployment", {"replicas": 1}, {**SEEN, "updatedReplicas": 1, "replicas": 1}),
     "Progressing", ROLLOUT + "0 of 1 updated replicas are available..."),
    ("a good Deployment", obj("apps/v1", "Deployment", {"replicas": 1}, {**SEEN, "updatedReplicas": 1, "replicas": 1, "availableReplicas": 1}),
     "Healthy", ""),
    ("an unseen StatefulSet", obj("apps/v1", "StatefulSet"), "Progressing", "Waiting for statefulset spec update to be observed..."),
    ("a StatefulSet waiting", obj("apps/v1", "StatefulSet", {"replicas": 2}, {**SEEN, "readyReplicas": 1}), "Progressing",
     "Waiting for 1 pods to be ready..."),
    ("a partition", obj("apps/v1", "StatefulSet", {"replicas": 2, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}},
     {**SEEN, "readyReplicas": 2}), "Progressing",
     "Waiting for partitioned roll out to finish: 0 out of 1 new pods have been updated..."),
    ("OnDelete", obj("apps/v1", "StatefulSet", {"replicas": 1, "updateStrategy": {"type": "OnDelete"}}, {**SEEN, "readyReplicas": 1}),
     "Healthy", "statefulset has 1 ready pods"),
    ("revisions differ", obj("apps/v1", "StatefulSet", {}, {**SEEN, "updateRevision": "b", "currentRevision": "a", "updatedReplicas": 1}),
     "Progressing", "waiting for statefulset rolling update to complete 1 pods at revision b..."),
    ("an unseen DaemonSet", obj("apps/v1", "DaemonSet"), "Progressing",
     ROLLOUT + "observed daemon set generation less than desired generation"),
    ("a DaemonSet being updated", obj("apps/v1", "DaemonSet", {}, {**SEEN, "desiredNumberScheduled": 2}), "Progressing",
     'Waiting for daemon set "web" rollout to finish: 0 out of 2 new pods have been updated...'),
    ("a good DaemonSet", obj("apps/v1", "DaemonSet", {}, SEEN), "Healthy", ""),
    ("a failing ReplicaSet", obj("apps/v1", "ReplicaSet", {}, {**SEEN, "conditions": [cond("ReplicaFailure", message="quota")]}),
     "Degraded", "quota"),
    ("a ReplicaSet waiting", obj("apps/v1", "ReplicaSet", {"replicas": 1}, SEEN), "Progressing",
     ROLLOUT + "0 out of 1 new replicas are available..."),
    ("a running Job", obj("batch/v1", "Job"), "Progressing", ""),
    ("a failed Job", obj("batch/v1", "Job", {}, {"conditions": [cond("Failed", message="limit")]}), "Degraded", "limit"),
    ("a finished Job", obj("batch/v1", "Job", {}, {"conditions": [cond("Complete", message="done")]}), "Healthy", "done"),
    ("a suspended Job", obj("batch/v1", "Job", {}, {"conditions": [cond("Suspended")]}), "Suspended", ""),
    ("a resumed Job", obj("batch/v1", "Job", {}, {"conditions": [cond("Suspended", "False", message="resumed")]}), "Healthy", "resumed"),
    ("a pending Pod", obj("v1", "Pod", {}, {"phase": "Pending", "message": "m"}), "Progressing", "m"),
    ("a Pod without its image", obj("v1", "Pod", {"restartPolicy": "Always"}, {"phase": "Pending", "containerStatuses": [
        {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no image"}}}]}), "Degraded", "no image"),
    ("a hook Pod without its image", obj("v1", "Pod", {"restartPolicy": "Never"}, {"phase": "Pending", "containerStatuses": [
        {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no image"}}}]}), "Progressing", ""),
    ("a failed Pod", obj("v1", "Pod", {}, {"phase": "Failed", "containerStatuses": [
        {"name": "c", "state": {"terminated": {"exitCode": 3}}}]}), "Degraded", 'container "c" failed with exit code 3'),
    ("a ready Pod", obj("v1", "Pod", {"restartPolicy": "Always"}, {"phase": "Running", "conditions": [cond("Ready")]}), "Healthy", ""),
    ("a restarted Pod", obj("v1", "Pod", {"restartPolicy": "Always"}, {"phase": "Running", "containerStatuses": [
        {"lastState": {"terminated": {"exitCode": 1}}}]}), "Degraded", ""),
    ("a running hook Pod", obj("v1", "Pod", {"restartPolicy": "Never"}, {"phase": "Running"}), "Progressing", ""),
    ("a bound claim", obj("v1", "PersistentVolumeClaim", {}, {"phase": "Bound"}), "Healthy", ""),
    ("a lost claim", obj("v1", "PersistentVolumeClaim", {}, {"phase": "Lost"}), "Degraded", ""),
    ("a claim without a phase", obj("v1", "PersistentVolumeClaim"), "Unknown", ""),
    ("a load balancer", obj("v1", "Service", {"type": "LoadBalancer"}), "Progressing", ""),
    ("a plain Service", obj("v1", "Service"), "Healthy", ""),
    ("an Ingress with an address", obj("networking.k8s.io/v1", "Ingress", {}, {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}),
     "Healthy", ""),
    ("an Ingress without one", obj("networking.k8s.io/v1", "Ingress"), "Progressing", ""),
    ("an autoscaler", obj("autoscaling/v2", "HorizontalPodAutoscaler", {}, {"conditions": [cond("AbleToScale", message="ok")]}),
     "Healthy", "ok"),
    ("an autoscaler without metrics", obj("autoscaling/v2", "HorizontalPodAutoscaler", {}, {"conditions": [
        cond("AbleToScale"), cond("ScalingActive", "False", "FailedGetResourceMetric", "no metrics")]}), "Degraded", "no metrics"),
    ("a new autoscaler", obj("autoscaling/v2", "HorizontalPodAutoscaler"), "Progressing", "Waiting to Autoscale"),
    ("an old autoscaler", obj("autoscaling/v1", "HorizontalPodAutoscaler", annotations={
        "autoscaling.alpha.kubernetes.io/conditions": '[{"type":"AbleToScale","status":"True","message":"m"}]'}), "Healthy", "m"),
    ("an APIService", obj("apiregistration.k8s.io/v1", "APIService", {}, {"conditions": [cond("Available", "True", "Passed", "all")]}),
     "Healthy", "Passed: all"),
    ("a Workflow", obj("argoproj.io/v1alpha1", "Workflow", {}, {"phase": "Failed", "message": "m"}), "Degraded", "m"),
    ("something that is deleted", obj("v1", "Service", deletionTimestamp="2026-01-01T00:00:00Z"), "Progressing", "Pending deletion"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "live", "status", "message"), CASES, ids=[c[0] for c in CASES])
def test_a_built_in_kind_is_judged_as_argo_cd_does(what: str, live: dict[str, Any], status: str, message: str) -> None:
    health = assess(live)
    assert health is not None
    assert (health.status.value, health.message) == (status, message)


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret", "ServiceAccount"])
def test_plain_data_has_no_health(kind: str) -> None:
    assert assess({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}}) is None


def test_a_deleted_hook_that_we_hold_is_judged_by_its_own_state() -> None:
    live = obj(
        "batch/v1", "Job", {}, {"conditions": [cond("Complete")]}, deletionTimestamp="2026-01-01T00:00:00Z",
        finalizers=["argocd.argoproj.io/hook-finalizer"],
    )  # fmt: skip
    assert assess(live).status is AppHealthStatus.HEALTHY  # type: ignore[union-attr]


def test_a_script_of_the_user_counts_before_everything_else() -> None:
    script = 'return {status = "Degraded", message = "mine"}'
    live = obj("apps/v1", "Deployment", {"paused": True})
    assert assess(live, {"apps/Deployment": script}).message == "mine"  # type: ignore[union-attr]
    assert assess(live, {"apps/*": script}).message == "mine"  # type: ignore[union-attr]
    assert assess(live, {"batch/*": script}).status is AppHealthStatus.SUSPENDED  # type: ignore[union-attr]


def test_a_script_that_fails_makes_the_object_unknown_and_says_why() -> None:
    problems: list[str] = []
    health = assess(obj("v1", "ConfigMap", namespace="ns"), {"ConfigMap": "while true do end"}, problems)
    assert health is not None
    assert (health.status, health.message) == (AppHealthStatus.UNKNOWN, "<string>:1: context deadline exceeded")
    assert problems == [
        (
            'failed to get resource health for "ConfigMap" with name "web" in namespace "ns": '
            "failed to get resource health for ns/web: <string>:1: context deadline exceeded"
        )
    ]


@given(st.lists(st.sampled_from(AppHealthStatus)))
def test_the_worst_is_one_of_them_and_no_other_is_worse(found: list[AppHealthStatus]) -> None:
    got = worst(found)
    assert got in found or (not found and got is AppHealthStatus.HEALTHY)
    assert all(ORDER.index(f) <= ORDER.index(got) for f in found)
