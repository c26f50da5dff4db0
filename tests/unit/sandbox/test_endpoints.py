"""The verbs, as clients see them."""

from __future__ import annotations

from typing import Any

import pytest


async def test_a_created_object_has_identity_and_an_owner_of_its_fields(api: Any, maps: str, make_map: Any) -> None:
    answer = await api.call("POST", maps, make_map("a"))
    meta = answer.body["metadata"]
    assert answer.code == 201
    assert meta["namespace"] == "default" and meta["uid"] and meta["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert meta["managedFields"][0]["manager"] == "tests"


async def test_a_second_create_of_a_name_is_a_conflict(api: Any, maps: str, make_map: Any) -> None:
    await api.call("POST", maps, make_map("a"))
    answer = await api.call("POST", maps, make_map("a"))
    assert (answer.code, answer.reason, answer.message) == (409, "AlreadyExists", 'configmaps "a" already exists')


async def test_a_stale_replace_is_refused_and_one_without_a_revision_is_not(api: Any, maps: str, make_map: Any) -> None:
    first = (await api.call("POST", maps, make_map("a"))).body
    await api.call("PUT", f"{maps}/a", make_map("a", data={"k": "2"}))
    stale = await api.call("PUT", f"{maps}/a", first)
    assert (stale.code, stale.reason) == (409, "Conflict")
    assert (await api.call("GET", f"{maps}/a")).body["data"] == {"k": "2"}


async def test_a_write_that_changes_nothing_keeps_the_revision(api: Any, maps: str, make_map: Any) -> None:
    first = (await api.call("POST", maps, make_map("a"))).body
    again = (await api.call("PUT", f"{maps}/a", first)).body
    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_a_dry_run_answers_like_a_write_and_leaves_nothing(api: Any, maps: str, make_map: Any) -> None:
    answer = await api.call("POST", f"{maps}?dryRun=All", make_map("a"))
    assert answer.code == 201 and "resourceVersion" not in answer.body["metadata"]
    assert (await api.call("GET", f"{maps}/a")).code == 404


async def test_only_storage_minds_a_revision_sent_with_a_new_object(api: Any, maps: str) -> None:
    sent = {"metadata": {"name": "a", "resourceVersion": "5"}}
    refused = await api.call("POST", maps, sent)
    assert (refused.code, refused.body["message"]) == (
        500,
        "resourceVersion should not be set on objects to be created",
    )
    assert (await api.call("POST", maps, {**sent, "data": {"a b": "x"}})).code == 422
    dry = await api.call("POST", f"{maps}?dryRun=All", sent)
    assert (dry.code, dry.body["metadata"]["resourceVersion"]) == (201, "5")


async def test_generate_name_makes_a_suffix_of_five(api: Any, maps: str) -> None:
    answer = await api.call("POST", maps, {"metadata": {"generateName": "x-"}})
    name = answer.body["metadata"]["name"]
    assert name.startswith("x-") and len(name) == len("x-") + 5


async def test_items_of_a_typed_list_carry_no_kind(api: Any, maps: str, make_map: Any) -> None:
    await api.call("POST", maps, make_map("b"))
    await api.call("POST", maps, make_map("a"))
    body = (await api.call("GET", maps)).body
    assert (body["kind"], body["apiVersion"]) == ("ConfigMapList", "v1")
    assert [i["metadata"]["name"] for i in body["items"]] == ["a", "b"]
    assert all("kind" not in i for i in body["items"])


async def test_a_collection_is_deleted_by_label(api: Any, maps: str, make_map: Any) -> None:
    await api.call("POST", maps, make_map("a", metadata={"labels": {"t": "1"}}))
    await api.call("POST", maps, make_map("b"))
    gone = await api.call("DELETE", f"{maps}?labelSelector=t%3D1")
    assert [i["metadata"]["name"] for i in gone.body["items"]] == ["a"]
    left = await api.call("GET", maps)
    assert [i["metadata"]["name"] for i in left.body["items"]] == ["b"]


async def test_unknown_fields_warn_or_are_refused_as_asked(api: Any, maps: str, make_map: Any) -> None:
    warned = await api.call("POST", maps, make_map("a", dataz={}))
    assert warned.code == 201 and warned.warnings == ['299 - "unknown field \\"dataz\\""']
    refused = await api.call("POST", f"{maps}?fieldValidation=Strict", make_map("b", dataz={}))
    assert refused.code == 400 and 'unknown field "dataz"' in refused.message


async def test_a_body_for_another_endpoint_is_refused(api: Any, maps: str) -> None:
    answer = await api.call("POST", maps, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}})
    assert answer.code == 400 and answer.reason == "BadRequest"


async def test_a_put_creates_only_kinds_that_allow_it(api: Any, maps: str, make_map: Any) -> None:
    assert (await api.call("PUT", f"{maps}/a", make_map("a"))).code == 404
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}, "spec": {}}
    made = await api.call("PUT", "/apis/coordination.k8s.io/v1/namespaces/default/leases/l", lease)
    assert made.code == 201


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preconditions": "u"}, "cannot unmarshal string into Go struct field DeleteOptions.preconditions"),
        (
            {"preconditions": {"uid": 1}},
            "number into Go struct field Preconditions.preconditions.uid of type types.UID",
        ),
        ({"propagationPolicy": 1}, "number into Go struct field DeleteOptions.propagationPolicy"),
        ({"gracePeriodSeconds": 1.5}, "number 1.5 into Go struct field DeleteOptions.gracePeriodSeconds of type int64"),
        ({"kind": 1}, "cannot unmarshal number into Go struct field .kind of type string"),
        ({"kind": "Status"}, "converting (v1.Status) to (v1.DeleteOptions): unknown conversion"),
        ({"kind": "Pod", "apiVersion": "v1"}, 'no kind "Pod" is registered for version "v1"'),
    ],
)
async def test_delete_options_of_a_wrong_type_are_refused(
    api: Any, maps: str, make_map: Any, options: dict[str, Any], message: str
) -> None:
    await api.call("POST", maps, make_map("a"))
    refused = await api.call("DELETE", f"{maps}/a", options)
    assert refused.code == 400 and message in refused.message
    assert (await api.call("GET", f"{maps}/a")).code == 200


async def test_preconditions_in_a_query_guard_a_delete(api: Any, maps: str, make_map: Any) -> None:
    meta = (await api.call("POST", maps, make_map("a"))).body["metadata"]
    for query in ("resourceVersion=1", "uid=u", f"uid={meta['uid']}&resourceVersion=1"):
        assert (await api.call("DELETE", f"{maps}/a?{query}")).code == 409
    namespace = await api.call("DELETE", "/api/v1/namespaces/default?resourceVersion=0")
    assert namespace.code in (403, 409)
    right = f"uid={meta['uid']}&resourceVersion={meta['resourceVersion']}"
    assert (await api.call("DELETE", f"{maps}/a?{right}")).code == 200


LISTED = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


async def test_an_answer_that_cannot_be_shown_is_refused_after_the_deed(api: Any, maps: str, make_map: Any) -> None:
    assert (await api.call("GET", f"{maps}/a", accept=LISTED)).code == 404
    shown = await api.call("POST", maps, make_map("a"), accept=LISTED)
    assert (shown.code, shown.reason) == (406, "NotAcceptable") and "(*core.ConfigMap)" in shown.message
    assert (await api.call("POST", maps, make_map("a"), accept=LISTED)).code == 409
    assert (await api.call("DELETE", f"{maps}/a", accept=LISTED)).code == 200


@pytest.mark.parametrize(
    ("identity", "why"),
    [
        ({"kind": 1}, "cannot unmarshal number into Go struct field .kind of type string ({"),
        ({"apiVersion": ["v1"]}, "cannot unmarshal array into Go struct field .apiVersion of type string ({"),
        ({"apiVersion": "a/b/c"}, "unexpected GroupVersion string: a/b/c"),
        ({"apiVersion": "v1", "kind": "List"}, "converting (v1.List) to ({package}.{kind}): unknown conversion"),
        ({"kind": "APIGroup"}, "converting (v1.APIGroup) to ({package}.{kind}): unknown conversion"),
        ({"kind": "Foo"}, 'cannot be handled as a {kind}: no kind "Foo" is registered'),
    ],
)
@pytest.mark.parametrize(
    ("path", "api_version", "package", "kind"),
    [
        ("configmaps", "v1", "core", "ConfigMap"),
        ("pods/a/binding", "v1", "core", "Binding"),
        ("pods/a/eviction", "policy/v1", "policy", "Eviction"),
    ],
)
async def test_a_body_that_is_something_else_is_refused(
    api: Any, path: str, api_version: str, package: str, kind: str, identity: dict[str, Any], why: str
) -> None:
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}, **identity}
    refused = await api.call("POST", f"/api/v1/namespaces/default/{path}", body)
    wanted = why.replace("{package}", package).replace("{kind}", kind)
    assert refused.code == 400 and wanted in refused.message


@pytest.mark.parametrize(("path", "kind"), [("binding", "Binding"), ("eviction", "Eviction")])
async def test_a_binding_or_eviction_is_about_the_pod_of_its_path(api: Any, path: str, kind: str) -> None:
    pod = f"/api/v1/namespaces/default/pods/a/{path}"
    for metadata in ({}, {"name": "b"}):
        refused = await api.call("POST", pod, {"metadata": metadata})
        assert (refused.code, refused.message) == (400, f"name in URL does not match name in {kind} object")
    elsewhere = await api.call("POST", pod, {"metadata": {"name": "a", "namespace": "other"}})
    assert elsewhere.code == 400 and elsewhere.message.startswith("the namespace of the provided object")
