"""Updates of core objects that are judged by their status or by what was stored."""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.sandbox.kinds.validate import validate_update


def _object(kind: str, **parts: Any) -> Manifest:
    meta = {"name": "a", "namespace": "n", "uid": "u", "resourceVersion": "1"}
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, **parts}


def _told(new: Manifest, old: Manifest, subresource: str = "") -> list[str]:
    return [found.field for found in validate_update(GroupVersionKind("", "v1", new["kind"]), new, old, subresource)]


def test_the_amounts_of_a_quotas_status_are_judged() -> None:
    new = _object("ResourceQuota", spec={}, status={"hard": {"pods": "1500m"}, "used": {"pods": "-1"}})
    assert _told(new, _object("ResourceQuota", spec={}), "status") == ["status.hard[pods]", "status.used[pods]"]


def test_an_empty_map_is_a_change_of_what_is_immutable() -> None:
    for kind in ("ConfigMap", "Secret"):
        extra = {"immutable": True, "type": "Opaque"}
        assert _told(_object(kind, data={}, **extra), _object(kind, **extra)) == ["data"]
        assert _told(_object(kind, **extra), _object(kind, data={}, **extra)) == []
