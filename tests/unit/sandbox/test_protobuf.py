"""Protobuf bodies as Go clients send them. The bytes are put together here, field by field."""

from __future__ import annotations

import pytest

from holdfast.sandbox import protobuf
from holdfast.sandbox.protobuf import ProtobufError


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _len(field: int, body: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(body)) + body


def _int(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _envelope(version: str, kind: str, body: bytes) -> bytes:
    identity = _len(1, version.encode()) + _len(2, kind.encode())
    return b"k8s\0" + _len(1, identity) + _len(2, body)


def test_a_secret_keeps_its_bytes_as_base64() -> None:
    meta = _len(1, b"s") + _len(11, _len(1, b"owner") + _len(2, b"helm"))
    entry = _len(1, b"release") + _len(2, b"\x00\xff")
    found = protobuf.decode(_envelope("v1", "Secret", _len(1, meta) + _len(2, entry) + _len(3, b"helm.sh/release.v1")))
    assert found == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "labels": {"owner": "helm"}},
        "data": {"release": "AP8="},
        "type": "helm.sh/release.v1",
    }


def test_embedded_structs_lie_flat_and_quantities_are_text() -> None:
    limits = _len(1, _len(1, b"cpu") + _len(2, _len(1, b"100m")))
    probe = _len(1, _len(2, _len(1, b"/ok") + _len(2, _int(1, 1) + _len(3, b"web")))) + _int(2, 5)
    container = _len(1, b"c") + _len(2, b"img") + _len(8, limits) + _len(10, probe)
    volume = _len(1, b"v") + _len(2, _len(2, b""))
    pod = _len(1, _len(1, b"p")) + _len(2, _len(1, volume) + _len(2, container))
    spec = protobuf.decode(_envelope("v1", "Pod", pod))["spec"]
    assert spec["volumes"] == [{"name": "v", "emptyDir": {}}]
    assert spec["containers"][0]["resources"] == {"limits": {"cpu": "100m"}}
    assert spec["containers"][0]["livenessProbe"] == {
        "httpGet": {"path": "/ok", "port": "web"},
        "initialDelaySeconds": 5,
    }


def test_times_and_negative_numbers() -> None:
    meta = _len(1, b"c") + _len(8, _int(1, 1767225600)) + _int(10, (1 << 64) - 1)
    found = protobuf.decode(_envelope("v1", "ConfigMap", _len(1, meta)))
    assert found["metadata"] == {
        "name": "c",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "deletionGracePeriodSeconds": -1,
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"k8s\0\x0a\xff",
        _envelope("v1", "Nope", b""),
        _envelope("v1", "Secret", b"\x0a\x7f"),
        b"k8s\0" + b"\xff" * 20,
    ],
)
def test_bytes_that_are_something_else_are_refused(data: bytes) -> None:
    with pytest.raises(ProtobufError):
        protobuf.decode(data)


async def test_a_client_that_sends_protobuf_takes_json_back(api: object) -> None:
    body = _envelope("v1", "ConfigMap", _len(1, _len(1, b"c")) + _len(2, _len(1, b"k") + _len(2, b"v")))
    kind = "application/vnd.kubernetes.protobuf"
    answer = await api.call(  # type: ignore[attr-defined]
        "POST", "/api/v1/namespaces/default/configmaps", body, content_type=kind, accept=f"{kind},application/json"
    )
    assert answer.code == 201 and answer.body["data"] == {"k": "v"}
