"""Binding, eviction, logs, scale and tokens."""

from __future__ import annotations

from typing import Any

import pytest

MERGE = "application/merge-patch+json"
PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
async def pod(api: Any) -> str:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    await api.call("POST", "/api/v1/namespaces/default/serviceaccounts", account)
    spec = {"containers": [{"name": "c", "image": "i"}]}
    await api.call("POST", PODS, {"metadata": {"name": "p", "labels": {"app": "a"}}, "spec": spec})
    return f"{PODS}/p"


async def test_a_pod_is_bound_once(api: Any, pod: str) -> None:
    binding = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}}
    assert (await api.call("POST", f"{pod}/binding", binding)).code == 201
    assert (await api.call("GET", pod)).body["spec"]["nodeName"] == "n"
    again = await api.call("POST", f"{pod}/binding", binding)
    assert again.code == 409 and 'already assigned to node "n"' in again.message


async def test_a_budget_that_is_used_up_refuses_the_eviction(api: Any, pod: str) -> None:
    budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}}
    await api.call("POST", budgets, {"metadata": {"name": "b"}, "spec": spec})
    state = {
        "observedGeneration": 1,
        "disruptionsAllowed": 0,
        "currentHealthy": 1,
        "desiredHealthy": 1,
        "expectedPods": 1,
    }
    await api.call("PATCH", f"{budgets}/b/status", {"status": state}, content_type=MERGE)
    await api.call("PATCH", f"{pod}/status", {"status": {"phase": "Running"}}, content_type=MERGE)
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
    refused = await api.call("POST", f"{pod}/eviction", eviction)
    assert refused.code == 429 and refused.body["details"]["causes"][0]["reason"] == "DisruptionBudget"
    await api.call("PATCH", f"{budgets}/b/status", {"status": {"disruptionsAllowed": 1}}, content_type=MERGE)
    assert (await api.call("POST", f"{pod}/eviction", eviction)).code == 201
    assert (await api.call("GET", pod)).code == 404
    assert (await api.call("GET", f"{budgets}/b")).body["status"]["disruptionsAllowed"] == 0


async def test_logs_before_a_node_are_empty_and_streams_say_why_not(api: Any, pod: str) -> None:
    assert (await api.call("GET", f"{pod}/log")).code == 204
    refused = await api.call("POST", f"{pod}/exec?command=ls")
    assert refused.code == 400 and refused.message == "pod p does not have a host assigned"


async def test_logs_are_shown_as_far_as_they_are_asked_for(api: Any, pod: str) -> None:
    note = {"metadata": {"annotations": {"sandbox.holdfast.dev/log": "one\ntwo\n"}}}
    await api.call("PATCH", pod, note, content_type=MERGE)
    await api.call("POST", f"{pod}/binding", {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}})
    state = {"status": {"phase": "Running", "startTime": "2026-01-01T00:00:00Z"}}
    await api.call("PATCH", f"{pod}/status", state, content_type=MERGE)
    assert (await api.call("GET", f"{pod}/log?tailLines=1")).body == "two\n"
    assert (await api.call("GET", f"{pod}/log?limitBytes=5")).body == "one\nt"
    told = await api.call("GET", f"{pod}/log?timestamps=true")
    assert told.body == "2026-01-01T00:00:00.000000000Z one\n2026-01-01T00:00:00.000000000Z two\n"


async def test_scale_reads_and_writes_replicas(api: Any) -> None:
    path = "/apis/apps/v1/namespaces/default/deployments"
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    await api.call("POST", path, {"metadata": {"name": "d"}, "spec": spec})
    scale = (await api.call("GET", f"{path}/d/scale")).body
    assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == ("Scale", {"replicas": 2}, "a=b")
    changed = await api.call("PATCH", f"{path}/d/scale", {"spec": {"replicas": 5}}, content_type=MERGE)
    assert changed.body["spec"] == {"replicas": 5}
    assert (await api.call("GET", f"{path}/d")).body["metadata"]["generation"] == 2
    negative = await api.call("PATCH", f"{path}/d/scale", {"spec": {"replicas": -1}}, content_type=MERGE)
    assert negative.code == 422


async def test_a_requested_token_is_its_account_until_that_is_gone(api: Any, pod: str) -> None:
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = (await api.call("POST", f"{accounts}/default/token", asked)).body["status"]["token"]
    me = await api.call(
        "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {"kind": "SelfSubjectReview"}, token=token
    )
    assert me.body["status"]["userInfo"]["username"] == "system:serviceaccount:default:default"
    await api.call("DELETE", f"{accounts}/default")
    assert (await api.call("GET", pod, token=token)).code == 401
