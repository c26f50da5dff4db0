"""Deleting: preconditions, finalizers, grace, namespaces."""

from __future__ import annotations

from typing import Any

MERGE = "application/merge-patch+json"
PODS = "/api/v1/namespaces/default/pods"


async def test_a_plain_object_is_gone_and_the_answer_says_which(api: Any, maps: str, make_map: Any) -> None:
    made = (await api.call("POST", maps, make_map("a"))).body
    answer = await api.call("DELETE", f"{maps}/a")
    assert answer.body["status"] == "Success"
    assert answer.body["details"] == {"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]}


async def test_a_finalizer_keeps_the_object_until_it_is_taken_away(api: Any, maps: str, make_map: Any) -> None:
    await api.call("POST", maps, make_map("a", metadata={"finalizers": ["ex.com/f"]}))
    marked = await api.call("DELETE", f"{maps}/a")
    assert marked.body["metadata"]["deletionTimestamp"] and marked.body["metadata"]["deletionGracePeriodSeconds"] == 0
    more = await api.call(
        "PATCH", f"{maps}/a", {"metadata": {"finalizers": ["ex.com/f", "ex.com/g"]}}, content_type=MERGE
    )
    assert more.code == 422
    last = await api.call("PATCH", f"{maps}/a", {"metadata": {"finalizers": None}}, content_type=MERGE)
    assert last.code == 200
    assert (await api.call("GET", f"{maps}/a")).code == 404


async def test_a_precondition_that_does_not_hold_keeps_the_object(api: Any, maps: str, make_map: Any) -> None:
    await api.call("POST", maps, make_map("a"))
    answer = await api.call("DELETE", f"{maps}/a", {"preconditions": {"uid": "other"}})
    assert answer.code == 409 and "the UID in the precondition (other)" in answer.message
    assert (await api.call("GET", f"{maps}/a")).code == 200


async def test_propagation_becomes_a_finalizer(api: Any, maps: str, make_map: Any) -> None:
    await api.call("POST", maps, make_map("a"))
    answer = await api.call("DELETE", f"{maps}/a?propagationPolicy=Foreground")
    assert answer.body["metadata"]["finalizers"] == ["foregroundDeletion"]


async def _bound_pod(api: Any) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    await api.call("POST", "/api/v1/namespaces/default/serviceaccounts", account)
    await api.call("POST", PODS, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
    await api.call("POST", f"{PODS}/p/binding", {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}})


async def test_grace_of_a_running_pod_can_only_shrink(api: Any) -> None:
    await _bound_pod(api)
    marked = (await api.call("DELETE", f"{PODS}/p")).body["metadata"]
    assert marked["deletionGracePeriodSeconds"] == 30 and marked["deletionTimestamp"] == "2026-01-01T00:00:30Z"
    shorter = (await api.call("DELETE", f"{PODS}/p?gracePeriodSeconds=5")).body["metadata"]
    assert shorter["deletionGracePeriodSeconds"] == 5 and shorter["deletionTimestamp"] == "2026-01-01T00:00:05Z"
    longer = (await api.call("DELETE", f"{PODS}/p?gracePeriodSeconds=60")).body["metadata"]
    assert longer["deletionGracePeriodSeconds"] == 5
    await api.call("DELETE", f"{PODS}/p?gracePeriodSeconds=0")
    assert (await api.call("GET", f"{PODS}/p")).code == 404


async def test_a_namespace_ends_when_its_finalizers_are_taken_away(api: Any) -> None:
    await api.call("POST", "/api/v1/namespaces", {"metadata": {"name": "x"}})
    marked = await api.call("DELETE", "/api/v1/namespaces/x")
    assert marked.body["status"]["phase"] == "Terminating" and marked.body["spec"]["finalizers"] == ["kubernetes"]
    inside = await api.call("POST", "/api/v1/namespaces/x/configmaps", {"metadata": {"name": "a"}})
    assert inside.code == 403 and inside.body["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    await api.call("PUT", "/api/v1/namespaces/x/finalize", {"metadata": {"name": "x"}, "spec": {}})
    assert (await api.call("GET", "/api/v1/namespaces/x")).code == 404


async def test_the_first_namespaces_stay(api: Any) -> None:
    answer = await api.call("DELETE", "/api/v1/namespaces/default")
    assert answer.code == 403 and "this namespace may not be deleted" in answer.message
