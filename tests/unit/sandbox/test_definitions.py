"""Definitions at work: names, resources, and their end."""

from __future__ import annotations

import asyncio
from typing import Any

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def _crd(plural: str = "widgets", kind: str = "Widget") -> dict[str, Any]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": plural, "kind": kind}
    spec = {"group": "ex.com", "scope": "Namespaced", "names": names, "versions": [version]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.ex.com"},
        "spec": spec,
    }


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def _conditions(api: Any, name: str) -> dict[str, str]:
    crd = (await api.call("GET", f"{CRDS}/{name}")).body
    return {c["type"]: c["status"] for c in crd["status"]["conditions"]}


async def test_a_definition_is_established_after_the_answer_and_serves_its_resource(api: Any) -> None:
    fresh = (await api.call("POST", CRDS, _crd())).body
    assert fresh["status"]["conditions"] is None
    await _settled()
    assert await _conditions(api, "widgets.ex.com") == {"NamesAccepted": "True", "Established": "True"}
    path = "/apis/ex.com/v1/namespaces/default/widgets"
    made = await api.call(
        "POST", path, {"apiVersion": "ex.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"x": 1}}
    )
    assert made.code == 201
    items = (await api.call("GET", path)).body["items"]
    assert [(i["kind"], i["spec"]) for i in items] == [("Widget", {"x": 1})]


async def test_a_kind_in_use_is_accepted_once_the_other_goes(api: Any) -> None:
    await api.call("POST", CRDS, _crd())
    await _settled()
    await api.call("POST", CRDS, _crd("gadgets"))
    await _settled()
    assert (await _conditions(api, "gadgets.ex.com"))["NamesAccepted"] == "False"
    await api.call("DELETE", f"{CRDS}/widgets.ex.com")
    await _settled()
    assert await _conditions(api, "gadgets.ex.com") == {"NamesAccepted": "True", "Established": "True"}


async def test_a_definition_waits_for_its_last_object(api: Any) -> None:
    await api.call("POST", CRDS, _crd())
    await _settled()
    path = "/apis/ex.com/v1/namespaces/default/widgets"
    widget = {"apiVersion": "ex.com/v1", "kind": "Widget", "metadata": {"name": "w", "finalizers": ["ex.com/f"]}}
    made = await api.call("POST", path, widget)
    assert made.code == 201, made.body
    await api.call("DELETE", f"{CRDS}/widgets.ex.com")
    await _settled()
    crd = (await api.call("GET", f"{CRDS}/widgets.ex.com")).body
    assert crd["status"]["conditions"][2]["reason"] == "InstanceDeletionInProgress"
    free = {"metadata": {"finalizers": None}}
    await api.call("PATCH", f"{path}/w", free, content_type="application/merge-patch+json")
    await _settled()
    assert (await api.call("GET", f"{CRDS}/widgets.ex.com")).code == 404
    assert (await api.call("GET", path)).code == 404


async def test_emptying_the_stored_versions_names_the_storage_version_and_is_no_change(api: Any) -> None:
    await api.call("POST", CRDS, _crd())
    await _settled()
    path = f"{CRDS}/widgets.ex.com"
    before = (await api.call("GET", path)).body
    patch = {"status": {"storedVersions": []}}
    after = await api.call("PATCH", f"{path}/status", patch, content_type="application/merge-patch+json")
    assert after.body == before


async def test_a_custom_resource_is_created_by_a_post_wherever_it_goes(api: Any) -> None:
    await api.call("POST", CRDS, _crd())
    await _settled()
    path = "/apis/ex.com/v1/namespaces/default/widgets"
    body = {"apiVersion": "ex.com/v1", "kind": "Widget", "metadata": {"name": "w"}}
    assert (await api.call("POST", f"{path}/other", body)).body["metadata"]["name"] == "w"
    nameless = await api.call("PUT", path, body)
    assert (nameless.code, nameless.body["message"]) == (400, "name must be provided")
    assert (await api.call("PATCH", path, {})).code == 415


async def test_a_status_of_a_custom_resource_is_replaced_at_a_revision_only(api: Any) -> None:
    crd = _crd()
    crd["spec"]["versions"][0]["subresources"] = {"status": {}}
    await api.call("POST", CRDS, crd)
    await _settled()
    path = "/apis/ex.com/v1/namespaces/default/widgets"
    body = {"apiVersion": "ex.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "status": {"a": 1}}
    await api.call("POST", path, body)
    refused = await api.call("PUT", f"{path}/w/status", body)
    assert (refused.code, refused.body["details"]["causes"][0]["field"]) == (422, "metadata.resourceVersion")


def _typed(kind: str) -> dict[str, Any]:
    crd = _crd()
    spec = {"type": "object", "properties": {"a": {"type": kind}, "b": {"type": "integer"}}}
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = {"type": "object", "properties": {"spec": spec}}
    return crd


async def test_an_object_that_no_longer_fits_its_types_loses_its_managers_and_cannot_be_applied_to(api: Any) -> None:
    await api.call("POST", CRDS, _typed("string"))
    await _settled()
    path = "/apis/ex.com/v1/namespaces/default/widgets"
    body = {"apiVersion": "ex.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"a": "x"}}
    await api.call("POST", path, body)
    merge, apply = "application/merge-patch+json", "application/apply-patch+yaml"
    change = {"spec": {"versions": _typed("integer")["spec"]["versions"]}}
    await api.call("PATCH", f"{CRDS}/widgets.ex.com", change, content_type=merge)
    await _settled()
    changed = await api.call("PATCH", f"{path}/w", {"spec": {"b": 1}}, content_type=merge)
    assert "managedFields" not in changed.body["metadata"]
    refused = await api.call("PATCH", f"{path}/w?fieldManager=m", {**body, "spec": {"b": 2}}, content_type=apply)
    assert refused.code == 500
    assert "failed to create manager for existing fields: failed to convert new object (default/w" in refused.message


async def test_a_definition_that_somebody_else_keeps_says_that_its_objects_are_gone(api: Any) -> None:
    crd = _crd()
    crd["metadata"]["finalizers"] = ["a.b/c"]
    await api.call("POST", CRDS, crd)
    await _settled()
    await api.call("DELETE", f"{CRDS}/widgets.ex.com")
    await _settled()
    left = (await api.call("GET", f"{CRDS}/widgets.ex.com")).body
    assert left["metadata"]["finalizers"] == ["a.b/c"]
    (ended,) = [c for c in left["status"]["conditions"] if c["type"] == "Terminating"]
    assert (ended["status"], ended["reason"]) == ("False", "InstanceDeletionCompleted")
