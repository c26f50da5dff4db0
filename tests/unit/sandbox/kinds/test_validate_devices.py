"""Device classes, claims, templates and slices are refused in the words of a real server (kube-apiserver 1.36.3)."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from holdfast.kube.refs import GroupVersionKind
from holdfast.sandbox.kinds.validate import validate_create, validate_update

EXACT: dict[str, Any] = {"deviceClassName": "c", "allocationMode": "ExactCount", "count": 1}
CLAIM: dict[str, Any] = {"devices": {"requests": [{"name": "r", "exactly": EXACT}]}}
SLICE: dict[str, Any] = {
    "driver": "d.e",
    "pool": {"name": "p", "resourceSliceCount": 1},
    "nodeName": "n",
    "devices": [{"name": "a"}],
}


def made(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    meta = {"name": "x"} if kind in ("DeviceClass", "ResourceSlice") else {"name": "x", "namespace": "n"}
    return {"apiVersion": "resource.k8s.io/v1", "kind": kind, "metadata": meta, "spec": spec}


def told(kind: str, spec: dict[str, Any]) -> list[str]:
    return [str(e) for e in validate_create(GroupVersionKind("resource.k8s.io", "v1", kind), made(kind, spec))]


def claim(**devices: Any) -> dict[str, Any]:
    return {"devices": {**CLAIM["devices"], **devices}}


def requested(**more: Any) -> dict[str, Any]:
    return claim(requests=[{"name": "r", "exactly": {**EXACT, **more}}])


NOT_NAMED = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (CLAIM, []),
        (claim(requests=[{"name": "r"}]), ["spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required"]),
        (
            claim(requests=CLAIM["devices"]["requests"] * 2),
            ['spec.devices.requests[1]: Duplicate value: "r"'],
        ),
        (requested(count=0), ["spec.devices.requests[0].exactly.count: Invalid value: 0: must be greater than zero"]),
        (requested(selectors=[{}]), ["spec.devices.requests[0].exactly.selectors[0].cel: Required value"]),
        (
            requested(selectors=[{"cel": {"expression": "device.driver"}}]),
            ['spec.devices.requests[0].exactly.selectors[0].cel.expression: Invalid value: "device.driver": must evaluate to bool or the unknown type, not string'],
        ),
        (claim(constraints=[{"requests": ["z"], "matchAttribute": "a.b/c"}]), [f'spec.devices.constraints[0].requests[0]: Invalid value: "z": {NOT_NAMED}']),
        (
            claim(constraints=[{"matchAttribute": "c"}]),
            ['spec.devices.constraints[0].matchAttribute: Invalid value: "c": a fully qualified name must be a domain and a name separated by a slash'],
        ),
        (claim(config=[{}]), ["spec.devices.config[0].opaque: Required value"]),
        (
            claim(config=[{"opaque": {"driver": "d", "parameters": 1}}]),
            ['spec.devices.config[0].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object'],
        ),
    ],
)  # fmt: skip
def test_a_claim_asks_for_what_there_may_be(spec: dict[str, Any], words: list[str]) -> None:
    assert told("ResourceClaim", spec) == words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, []),
        ({"nodeName": None}, ["spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"]),
        ({"pool": {"name": "p"}}, ["spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero"]),
        (
            {"devices": [{"name": "a", "attributes": {"v": {"version": "1"}}}]},
            ['spec.devices[0].attributes[v].version: Invalid value: "1": must be a string compatible with semver.org spec 2.0.0'],
        ),
        ({"devices": [{"name": "a", "attributes": {"v": {}}}]}, ['spec.devices[0].attributes[v]: Invalid value: "": exactly one value must be specified']),
        ({"devices": [{"name": "a", "taints": [{"key": "k"}]}]}, ["spec.devices[0].taints[0].effect: Required value"]),
        ({"sharedCounters": [{"name": "a", "counters": {"c": {"value": "1"}}}]}, ['spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed']),
    ],
)  # fmt: skip
def test_a_slice_says_where_its_devices_are_and_what(change: dict[str, Any], words: list[str]) -> None:
    assert told("ResourceSlice", {**SLICE, **change}) == words


def test_what_a_claim_asks_for_stays_as_it_is() -> None:
    kind = GroupVersionKind("resource.k8s.io", "v1", "ResourceClaim")
    old = made("ResourceClaim", CLAIM)
    new = copy.deepcopy(old)
    new["spec"]["devices"]["requests"][0]["exactly"]["count"] = 2
    (error,) = validate_update(kind, new, old)
    assert str(error).startswith(
        'spec: Invalid value: {"Devices":{"Requests":[{"Name":"r","Exactly":{"DeviceClassName":"c"'
    )
    assert str(error).endswith("field is immutable")


def test_a_class_names_an_extended_resource() -> None:
    assert told("DeviceClass", {"extendedResourceName": "a.b/c"}) == []
    assert told("DeviceClass", {"extendedResourceName": "cpu"}) == [
        'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name'
    ]
