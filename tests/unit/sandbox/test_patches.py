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


SCALE = {"apiVersion": "autoscaling/v1", "kind": "Scale"}
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


async def deployed(api: Any) -> str:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    made = await api.call("POST", DEPLOYMENTS, {"metadata": {"name": "a"}, "spec": spec})
    assert made.code == 201
    return f"{DEPLOYMENTS}/a/scale"


@pytest.mark.parametrize(
    ("media", "change", "code", "why"),
    [
        (MERGE, {"spec": 1}, 422, "json: cannot unmarshal number into Go struct field Scale.spec of type v1.ScaleSpec"),
        (MERGE, {"kind": "X"}, 422, 'no kind "X" is registered for version "autoscaling/v1"'),
        (
            MERGE,
            {"metadata": {"uid": "x"}},
            409,
            'deployments/scale.apps "a": Precondition failed: UID in precondition: x',
        ),
        (MERGE, {"metadata": {"namespace": "o"}}, 400, "the namespace of the provided object does not match"),
        (STRATEGIC, {"spec": 1}, 422, '"map[spec:1]": cannot restore struct from: int64'),
        (APPLY, {**SCALE, "metadata": 1}, 500, ".metadata: expected map, got &{1}"),
        (APPLY, {**SCALE, "metadata": {"name": "b"}}, 400, "(b) does not match the name on the URL (a)"),
        (APPLY, {**SCALE, "metadata": {}, "spec": {"replicas": 2.5}}, 500, "cannot convert float64 to int32"),
        (APPLY, {**SCALE, "metadata": {}, "spec": {"replicas": 2**63}}, 500, "cannot convert float64 to int32"),
    ],
)
async def test_a_patch_of_a_scale_that_does_not_fit_is_refused(
    api: Any, media: str, change: dict[str, Any], code: int, why: str
) -> None:
    scale = await deployed(api)
    force = "&force=true" if media == APPLY else ""
    refused = await api.call("PATCH", f"{scale}?fieldManager=m{force}", change, content_type=media)
    assert refused.code == code and why in refused.message


async def test_a_scale_is_applied_to_the_object_of_its_path(api: Any) -> None:
    scale = await deployed(api)
    body = {**SCALE, "metadata": {}, "spec": {"replicas": 3}}
    answer = await api.call("PATCH", f"{scale}?fieldManager=m&force=true", body, content_type=APPLY)
    assert answer.code == 200 and answer.body["spec"] == {"replicas": 3}


async def test_what_is_not_there_is_told_before_what_is_applied_to_its_status(api: Any) -> None:
    refused = await api.call("PATCH", f"{DEPLOYMENTS}/none/status?fieldManager=m", {"kind": "X"}, content_type=APPLY)
    assert refused.code == 404


async def test_bytes_that_are_none_are_told_as_the_decoder_tells_them(api: Any) -> None:
    secrets = "/api/v1/namespaces/default/secrets"
    await api.call("POST", secrets, {"metadata": {"name": "a"}})
    refused = await api.call("PATCH", f"{secrets}/a", {"data": {"a": "!!"}}, content_type=STRATEGIC)
    assert refused.code == 422 and "error decoding from json: illegal base64 data at input byte 0" in refused.message
