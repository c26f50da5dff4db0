"""Objects that kubectl could not even read."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.apply.sync_decode import metadata_fault, rbac_fault


@pytest.mark.parametrize(
    ("metadata", "fault"),
    [
        ({"name": "a", "labels": {"a": "b"}, "annotations": None, "finalizers": ["x"]}, ""),
        (None, ""),
        ({"name": True}, "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.name of type string"),
        (
            {"labels": {"b": 1, "a": True}},
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            {"labels": ["a"]},
            "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
        ),
        (
            {"finalizers": "x"},
            "json: cannot unmarshal string into Go struct field ObjectMeta.metadata.finalizers of type []string",
        ),
    ],
)
def test_metadata_is_judged_by_its_types(metadata: Any, fault: str) -> None:
    assert metadata_fault({"kind": "ConfigMap", "metadata": metadata}) == fault


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        (
            {"rules": [{"verbs": ["get"]}, {"resources": [False]}]},
            "bool into Go struct field PolicyRule.rules.resources",
        ),
        ({"subjects": [{"name": 1}]}, "number into Go struct field Subject.subjects.name"),
        ({"metadata": {"name": {}}}, "object into Go struct field ObjectMeta.metadata.name"),
    ],
)
def test_roles_and_bindings_are_judged_as_a_whole(fields: dict[str, Any], path: str) -> None:
    assert rbac_fault({"kind": "Role", **fields}) == f"json: cannot unmarshal {path} of type string"
    assert rbac_fault({"kind": "Role", "rules": [{"verbs": ["get"]}], "subjects": None}) == ""
