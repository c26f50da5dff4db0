"""Who owns each value of a live object."""

from __future__ import annotations

from typing import Any

from holdfast.kube.managers import managers_of


def entry(manager: str, fields: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": "Apply", "time": "T", "fieldsV1": fields, **more}


def test_values_are_told_by_who_owns_them_inside_of_lists_too() -> None:
    container = 'k:{"name":"app"}'
    managed = [
        entry("one", {"f:spec": {"f:replicas": {}, "f:containers": {container: {".": {}, "f:image": {}}}}}),
        entry("two", {"f:spec": {"f:replicas": {}}}, subresource="scale"),
        entry("kubelet", {"f:status": {"f:ready": {}}}, subresource="status"),
        entry("three", {"f:metadata": {"f:finalizers": {'v:"keep"': {}}, "f:labels": {}}}),
    ]
    obj = {
        "metadata": {"managedFields": managed, "finalizers": ["keep"], "labels": {"a": "b", "c.d/e": "f"}},
        "spec": {"replicas": 2, "containers": [{"name": "side"}, {"name": "app", "image": "x"}]},
        "status": {"ready": True},
    }
    assert managers_of(obj) == {
        ("spec", "replicas"): "one (Apply, T) and two (Apply, T)",
        ("spec", "containers", "[name=app]", "image"): "one (Apply, T)",
        ("metadata", "finalizers", "[0]"): "three (Apply, T)",
        ("metadata", "labels", "a"): "three (Apply, T)",
        ("metadata", "labels", "c.d/e"): "three (Apply, T)",
    }
