"""PATCH, where the patch or its outcome is not what it should be."""

from __future__ import annotations

from typing import Any

import pytest

JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
ODD = [{"op": "add", "path": "/data/b", "value": "c", "zz": 1}]


async def test_members_that_no_operation_has_are_told_or_refused(api: Any, maps: str, make_map: Any) -> None:
    await api.call("POST", maps, make_map("a"))
    strict = await api.call("PATCH", f"{maps}/a?fieldValidation=Strict", ODD, content_type=JSON_PATCH)
    assert strict.code == 422 and strict.message.endswith('strict decoding error: json patch unknown field "[0].zz"')
    warned = await api.call("PATCH", f"{maps}/a", ODD, content_type=JSON_PATCH)
    assert warned.code == 200 and warned.warnings == ['299 - "json patch unknown field \\"[0].zz\\""']
    ignored = await api.call("PATCH", f"{maps}/a?fieldValidation=Ignore", ODD, content_type=JSON_PATCH)
    assert ignored.code == 200 and not ignored.warnings


async def test_a_patch_that_fails_tells_nothing_of_its_members(api: Any, maps: str, make_map: Any) -> None:
    await api.call("POST", maps, make_map("a"))
    nowhere = [{**ODD[0], "path": "/nope/b"}]
    assert (await api.call("PATCH", f"{maps}/a", nowhere, content_type=JSON_PATCH)).warnings == []


async def test_members_set_twice_are_told_once(api: Any, maps: str, make_map: Any) -> None:
    await api.call("POST", maps, make_map("a"))
    text = b'[{"op":"add","op":"add","op":"add","path":"/data/b","value":"c"}]'
    answer = await api.call("PATCH", f"{maps}/a", text, content_type=JSON_PATCH)
    assert answer.warnings == ['299 - "json patch duplicate field \\"[0].op\\""']


@pytest.mark.parametrize(
    ("media", "change", "why"),
    [
        (MERGE, {"kind": 1}, "json: cannot unmarshal number into Go struct field .kind of type string"),
        (MERGE, {"kind": "Pod"}, "converting (v1.Pod) to (core.ConfigMap): unknown conversion"),
        (MERGE, {"kind": "Foo"}, 'no kind "Foo" is registered for version "v1"'),
        (MERGE, {"apiVersion": "a/b/c"}, "unexpected GroupVersion string: a/b/c"),
        (STRATEGIC, {"kind": 1}, "cannot convert int64 to string"),
        (STRATEGIC, {"apiVersion": ["v1"]}, "unrecognized type: string"),
        (STRATEGIC, {"metadata": 2**63}, "map[metadata:9.223372036854776e+18]"),
    ],
)
async def test_a_patch_that_makes_something_else_is_refused(
    api: Any, maps: str, make_map: Any, media: str, change: dict[str, Any], why: str
) -> None:
    await api.call("POST", maps, make_map("a"))
    refused = await api.call("PATCH", f"{maps}/a", change, content_type=media)
    assert refused.code == 422 and why in refused.message


@pytest.mark.parametrize(
    ("change", "code", "why"),
    [
        (
            {"metadata": {"name": ["a"]}},
            500,
            ".metadata.name: expected string, got &value.valueUnstructured{Value:[]inter",
        ),
        ({"metadata": {"name": "a", "managedFields": 100}}, 500, ".metadata.managedFields: expected list, got &{100}"),
        ({"metadata": {"name": "a", "managedFields": [{}]}}, 400, "metadata.managedFields must be nil"),
        ({"metadata": 2**63}, 500, ".metadata: expected map, got &{9.223372036854776e+18}"),
        ({"kind": ["x"]}, 400, "invalid object type: /v1, Kind="),
        ({"apiVersion": "a/b/c"}, 400, "invalid object type: /, Kind="),
    ],
)
async def test_what_is_applied_has_the_types_of_its_kind(
    api: Any, maps: str, make_map: Any, change: dict[str, Any], code: int, why: str
) -> None:
    body = {**make_map("a"), **change}
    refused = await api.call("PATCH", f"{maps}/a?fieldManager=m", body, content_type=APPLY)
    assert refused.code == code and why in refused.message


@pytest.mark.parametrize(
    "body", [{"metadata": {"name": "A_"}}, {"metadata": {}}, {"metadata": {"resourceVersion": "3"}}]
)
async def test_a_namespace_that_is_not_there_is_told_before_what_is_wrong(api: Any, body: dict[str, Any]) -> None:
    refused = await api.call("POST", "/api/v1/namespaces/none/configmaps", body)
    assert (refused.code, refused.message) == (404, 'namespaces "none" not found')


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "POST", "DELETE"])
async def test_nothing_is_below_a_subresource(api: Any, method: str) -> None:
    answer = await api.call(method, "/apis/apps/v1/namespaces/default/deployments/a/scale/scale", {})
    assert (answer.code, answer.message) == (404, "the server could not find the requested resource")
