"""The verbs, as clients see them."""

from __future__ import annotations

from typing import Any


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
