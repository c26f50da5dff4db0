from __future__ import annotations

from typing import Any

from holdfast.plan.cleanup import cleanup, is_foreign

MANAGER = "kustomize-controller"


def entry(manager: str, operation: str, fields: dict[str, Any], **more: str) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        **more,
    }


def live(*entries: dict[str, Any], **meta: Any) -> dict[str, Any]:
    return {"metadata": {"managedFields": list(entries), **meta}}


OURS = entry(MANAGER, "Apply", {"f:data": {"f:a": {}}})


def test_an_object_that_only_we_write_needs_nothing() -> None:
    assert not is_foreign(live(OURS, entry("hpa", "Update", {"f:spec": {}})), MANAGER)


def test_kubectls_fields_become_ours_so_that_the_next_apply_removes_them() -> None:
    found = cleanup(live(OURS, entry("kubectl-edit", "Update", {"f:data": {"f:b": {}}})), MANAGER)
    assert found == [
        {
            "op": "replace",
            "path": "/metadata/managedFields",
            "value": [entry(MANAGER, "Apply", {"f:data": {"f:a": {}, "f:b": {}}})],
        }
    ]


def test_the_first_of_kubectls_managers_is_renamed_where_we_have_none() -> None:
    found = cleanup(live(entry("kubectl", "Apply", {"f:data": {"f:b": {}}})), MANAGER)
    assert found[0]["value"] == [entry(MANAGER, "Apply", {"f:data": {"f:b": {}}})]


def test_entries_of_a_subresource_and_of_others_are_left_alone() -> None:
    status = entry("kubectl", "Update", {"f:status": {}}, subresource="status")
    assert cleanup(live(OURS, status, entry("other", "Apply", {})), MANAGER) == []


def test_the_last_applied_annotation_goes() -> None:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "keep": "me"}
    assert cleanup(live(OURS, annotations=annotations), MANAGER) == [
        {"op": "remove", "path": "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"}
    ]
