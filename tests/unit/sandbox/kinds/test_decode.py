"""Typed decoding: bodies are read as Go structs would read them."""

import json
from typing import Any

import pytest

from holdfast.kube.refs import GroupVersionKind
from holdfast.sandbox.kinds import DecodeError, check
from holdfast.sandbox.kinds.decode import bad_base64_at, duplicates, time_error

POD = GroupVersionKind("", "v1", "Pod")
DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
SECRET = GroupVersionKind("", "v1", "Secret")


def refusal(gvk: GroupVersionKind, body: dict[str, Any]) -> str:
    raw = json.dumps(body).encode()
    with pytest.raises(DecodeError) as caught:
        check(gvk, json.loads(raw), None, "Warn", raw)
    return caught.value.message


@pytest.mark.parametrize(
    ("gvk", "body", "words"),
    [
        (DEPLOYMENT, {"spec": {"replicas": "3"}}, "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        (DEPLOYMENT, {"spec": {"replicas": 3e9}}, "json: cannot unmarshal number 3000000000.0 into Go struct field DeploymentSpec.spec.replicas of type int32"),
        (POD, {"spec": []}, "json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec"),
        (POD, {"metadata": {"labels": {"a": True}}}, "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string"),
        (POD, {"spec": {"containers": [{"livenessProbe": {"httpGet": {"port": False}}}]}},
         "json: cannot unmarshal bool into Go struct field HTTPGetAction.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32"),
        (POD, {"spec": {"containers": [{"imagePullPolicy": 5}]}}, "json: cannot unmarshal number into Go struct field Container.spec.containers.imagePullPolicy of type v1.PullPolicy"),
        (SECRET, {"data": {"a": "%"}}, "illegal base64 data at input byte 0"),
    ],
)  # fmt: skip
def test_a_wrong_type_is_named_with_its_struct_and_path(
    gvk: GroupVersionKind, body: dict[str, Any], words: str
) -> None:
    assert refusal(gvk, body) == words


def test_unknown_fields_are_dropped_and_told_in_document_order() -> None:
    body: dict[str, Any] = {
        "metadata": {"name": "a", "lables": {}},
        "spec": {"containers": [{"Image": "x", "name": "c"}]},
        "zz": 1,
    }
    warnings = check(POD, body, None, "Warn", None)
    assert warnings == [
        'unknown field "metadata.lables"',
        'unknown field "spec.containers[0].Image"',
        'unknown field "zz"',
    ]
    assert body == {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c"}]}}


def test_strict_mode_joins_duplicate_and_unknown_fields() -> None:
    raw = b'{"metadata":{"name":"a","name":"b"},"dataz":{}}'
    with pytest.raises(DecodeError) as caught:
        check(GroupVersionKind("", "v1", "ConfigMap"), json.loads(raw), None, "Strict", raw)
    assert caught.value.message == 'strict decoding error: duplicate field "metadata.name", unknown field "dataz"'


def test_duplicates_are_found_inside_of_lists() -> None:
    assert duplicates(b'{"a":[{"x":1,"x":2}],"b":{"y":1,"y":1,"y":1}}') == [
        'duplicate field "a[0].x"',
        'duplicate field "b.y"',
    ]


def test_nulls_and_empty_optional_fields_go_and_pointers_keep_their_zero() -> None:
    spec = {
        "hostNetwork": False,
        "nodeSelector": {},
        "hostname": "",
        "terminationGracePeriodSeconds": 0,
        "volumes": None,
        "containers": [None],
    }
    body: dict[str, Any] = {"spec": spec}
    check(POD, body, None, "Ignore", None)
    assert body == {"spec": {"terminationGracePeriodSeconds": 0, "containers": [{}]}}


def test_times_are_written_in_utc() -> None:
    body: dict[str, Any] = {"metadata": {"creationTimestamp": "2024-01-01T02:00:00.5+02:00"}}
    check(POD, body, None, "Ignore", None)
    assert body["metadata"]["creationTimestamp"] == "2024-01-01T00:00:00Z"


def test_a_bad_time_is_told_with_the_element_that_failed() -> None:
    layout = "2006-01-02T15:04:05Z07:00"
    assert (
        time_error("yesterday", layout) == f'parsing time "yesterday" as "{layout}": cannot parse "yesterday" as "2006"'
    )
    assert time_error("2024-13-01T00:00:00Z", layout) == 'parsing time "2024-13-01T00:00:00Z": month out of range'


@pytest.mark.parametrize(("text", "place"), [("%", 0), ("YQ=", 3), ("YQ", 0), ("YWJ-", 3)])
def test_bad_base64_is_located_as_go_does(text: str, place: int) -> None:
    assert bad_base64_at(text) == place
