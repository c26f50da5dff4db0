"""Admission of pods, claims and other objects, by requests to a whole server."""

from __future__ import annotations

import copy
from typing import Any

from tests.unit.sandbox.auth.cluster import Cluster

PODS = "/api/v1/namespaces/default/pods"


def pod(name: str = "a", *, resources: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "nginx:1.25", **({"resources": resources} if resources else {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container], **spec}}


def test_a_pod_tolerates_an_unready_node_and_has_a_priority() -> None:
    found = Cluster().made(PODS, pod())
    assert [t["key"] for t in found["spec"]["tolerations"]] == [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ]
    assert found["spec"]["priority"] == 0 and found["spec"]["preemptionPolicy"] == "PreemptLowerPriority"


def test_a_priority_comes_from_its_class_only() -> None:
    cluster = Cluster()
    cluster.made("/apis/scheduling.k8s.io/v1/priorityclasses", {"metadata": {"name": "high"}, "value": 7})
    assert cluster.made(PODS, pod(priorityClassName="high"))["spec"]["priority"] == 7
    assert (
        cluster.send("POST", PODS, pod("b", priorityClassName="none")).message
        == 'pods "b" is forbidden: no PriorityClass with name none was found'
    )
    assert "(5) must not be provided in pod spec" in cluster.send("POST", PODS, pod("b", priority=5)).message


def limits(cluster: Cluster, **item: Any) -> None:
    cluster.made(
        "/api/v1/namespaces/default/limitranges",
        {"metadata": {"name": "l"}, "spec": {"limits": [{"type": "Container", **item}]}},
    )


def test_a_limit_range_fills_in_and_says_so() -> None:
    cluster = Cluster()
    limits(cluster, default={"cpu": "1"}, defaultRequest={"cpu": "100m"})
    found = cluster.made(PODS, pod())
    assert found["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "1"}, "requests": {"cpu": "100m"}}
    assert (
        found["metadata"]["annotations"]["kubernetes.io/limit-ranger"]
        == "LimitRanger plugin set: cpu request for container c; cpu limit for container c"
    )


def test_a_limit_range_refuses_what_is_out_of_bounds() -> None:
    cluster = Cluster()
    limits(cluster, max={"cpu": "1"}, min={"cpu": "100m"})
    answer = cluster.send("POST", PODS, pod(resources={"limits": {"cpu": "2"}, "requests": {"cpu": "50m"}}))
    assert answer.message == (
        'pods "a" is forbidden: [minimum cpu usage per Container is 100m, but request is 50m, maximum cpu usage per Container is 1, but limit is 2]'
    )


def quota(cluster: Cluster, **hard: str) -> None:
    path = "/api/v1/namespaces/default/resourcequotas"
    found = cluster.made(path, {"metadata": {"name": "q"}, "spec": {"hard": hard}})
    found["status"] = {"hard": hard, "used": dict.fromkeys(hard, "0")}
    assert cluster.send("PUT", f"{path}/q/status", found).code == 200


def test_a_quota_counts_and_refuses_what_exceeds_it() -> None:
    cluster = Cluster()
    quota(cluster, pods="1")
    cluster.made(PODS, pod("a"))
    assert cluster.send("POST", PODS, pod("b")).message == (
        'pods "b" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1'
    )
    assert cluster.send("GET", "/api/v1/namespaces/default/resourcequotas/q").body["status"]["used"] == {"pods": "1"}


def test_an_invalid_pod_and_a_dry_run_count_nothing() -> None:
    cluster = Cluster()
    quota(cluster, pods="1")
    assert cluster.send("POST", PODS, pod("Bad_Name")).code == 422
    assert cluster.send("POST", PODS, pod("a"), query={"dryRun": "All"}).code == 201
    assert cluster.send("GET", "/api/v1/namespaces/default/resourcequotas/q").body["status"]["used"] == {"pods": "0"}


def test_a_compute_quota_wants_every_container_to_say_what_it_needs() -> None:
    cluster = Cluster()
    quota(cluster, **{"requests.cpu": "1"})
    assert (
        cluster.send("POST", PODS, pod()).message
        == 'pods "a" is forbidden: failed quota: q: must specify requests.cpu for: c'
    )


def test_the_restricted_standard_lists_what_a_pod_lacks() -> None:
    cluster = Cluster()
    cluster.made(
        "/api/v1/namespaces",
        {"metadata": {"name": "r", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}},
    )
    text = cluster.send("POST", "/api/v1/namespaces/r/pods", pod()).message
    assert text.startswith(
        'pods "a" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c" must set'
    )
    assert text.endswith(
        'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'
    )


def test_the_baseline_standard_forbids_the_host() -> None:
    cluster = Cluster()
    cluster.made(
        "/api/v1/namespaces", {"metadata": {"name": "b", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    )
    host = pod(hostNetwork=True, volumes=[{"name": "v", "hostPath": {"path": "/x"}}])
    text = cluster.send("POST", "/api/v1/namespaces/b/pods", host).message
    assert 'host namespaces (hostNetwork=true), hostPath volumes (volume "v")' in text


def test_the_newest_default_class_is_written_into_a_claim() -> None:
    cluster = Cluster()
    marked = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
    cluster.made(
        "/apis/storage.k8s.io/v1/storageclasses", {"metadata": {"name": "s", **marked}, "provisioner": "e.com/p"}
    )
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    path = "/api/v1/namespaces/default/persistentvolumeclaims"
    found = cluster.made(path, {"metadata": {"name": "a"}, "spec": spec})
    assert found["spec"]["storageClassName"] == "s" and found["metadata"]["finalizers"] == [
        "kubernetes.io/pvc-protection"
    ]
    assert (
        cluster.made(path, {"metadata": {"name": "b"}, "spec": {**copy.deepcopy(spec), "storageClassName": ""}})[
            "spec"
        ]["storageClassName"]
        == ""
    )


def test_a_runtime_class_brings_overhead_and_selector() -> None:
    cluster = Cluster()
    body = {
        "metadata": {"name": "rt"},
        "handler": "h",
        "overhead": {"podFixed": {"cpu": "10m"}},
        "scheduling": {"nodeSelector": {"rt": "x"}},
    }
    cluster.made("/apis/node.k8s.io/v1/runtimeclasses", body)
    spec = cluster.made(PODS, pod(runtimeClassName="rt"))["spec"]
    assert spec["overhead"] == {"cpu": "10m"} and spec["nodeSelector"] == {"rt": "x"}


def test_nothing_is_created_in_a_namespace_that_goes_away() -> None:
    cluster = Cluster()
    cluster.made("/api/v1/namespaces", {"metadata": {"name": "gone"}})
    cluster.send("DELETE", "/api/v1/namespaces/gone")
    answer = cluster.send("POST", "/api/v1/namespaces/gone/configmaps", {"metadata": {"name": "a"}})
    assert answer.code == 403 and answer.body["details"]["causes"][0]["reason"] == "NamespaceTerminating"


def test_an_unreachable_webhook_fails_the_write_unless_it_may_be_ignored() -> None:
    cluster = Cluster()
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}]
    hook = {
        "name": "h.e.com",
        "clientConfig": {"url": "https://127.0.0.1:1/x"},
        "rules": rules,
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 1,
    }
    path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    cluster.made(path, {"metadata": {"name": "w"}, "webhooks": [hook]})
    maps, body = "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "a"}}
    assert cluster.send("POST", maps, body).message == (
        'Internal error occurred: failed calling webhook "h.e.com": failed to call webhook: Post "https://127.0.0.1:1/x?timeout=1s": '
        "dial tcp 127.0.0.1:1: connect: connection refused"
    )
    assert (
        cluster.send(
            "PUT",
            f"{path}/w",
            {**cluster.send("GET", f"{path}/w").body, "webhooks": [{**hook, "failurePolicy": "Ignore"}]},
        ).code
        == 200
    )
    assert cluster.send("POST", maps, body).code == 201
