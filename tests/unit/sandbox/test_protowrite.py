"""Protobuf answers: what is written reads back as it was."""

from __future__ import annotations

from typing import Any

from holdfast.sandbox import protobuf, protowrite

PROTOBUF = "application/vnd.kubernetes.protobuf"
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "p",
        "labels": {"a": "b"},
        "creationTimestamp": "2024-02-03T04:05:06Z",
        "managedFields": [{"manager": "m", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:x": {}}}}],
    },
    "spec": {
        "terminationGracePeriodSeconds": -1,
        "volumes": [{"name": "v", "emptyDir": {}}, {"name": "s", "secret": {"secretName": "x"}}],
        "containers": [
            {
                "name": "c",
                "resources": {"limits": {"cpu": "100m"}},
                "livenessProbe": {"httpGet": {"path": "/ok", "port": "web"}, "initialDelaySeconds": 5},
                "env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": "x", "key": "k"}}}],
                "securityContext": {"privileged": True},
            }
        ],
    },
}


def test_an_object_reads_back_as_it_was() -> None:
    assert protobuf.decode(protowrite.encode(POD)) == POD


def test_bytes_and_micro_times_keep_their_precision() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "data": {"k": "AP8="}, "type": "t"}
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "spec": {"renewTime": "2024-02-03T04:05:06.000007Z"},
    }
    assert protobuf.decode(protowrite.encode(secret)) == secret
    assert protobuf.decode(protowrite.encode(lease)) == lease


def test_a_kind_without_a_message_cannot_be_written() -> None:
    kinds = protobuf.GroupVersionKind
    assert protowrite.can_write(kinds("apps", "v1", "Deployment"))
    assert not protowrite.can_write(kinds("ex.com", "v1", "Widget"))


async def test_who_accepts_nothing_else_gets_protobuf_even_of_a_refusal(api: Any) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}}
    made = await api.call("POST", path, body, accept=PROTOBUF)
    assert (made.code, made.content_type) == (201, PROTOBUF)
    assert protobuf.decode(made.body)["data"] == {"k": "v"}
    listed = await api.call("GET", path, accept=PROTOBUF)
    assert (listed.code, listed.content_type) == (200, PROTOBUF)
    assert b"ConfigMapList" in listed.body
    missing = await api.call("GET", f"{path}/none", accept=PROTOBUF)
    assert (missing.code, missing.content_type) == (404, PROTOBUF)
    assert b"NotFound" in missing.body


async def test_who_accepts_json_too_gets_json(api: Any) -> None:
    found = await api.call("GET", "/api/v1/namespaces", accept=f"{PROTOBUF},application/json")
    assert found.content_type == "application/json"
