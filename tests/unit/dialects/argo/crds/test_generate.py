"""The definitions of Argo CD's kinds."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.dialects.argo.crds import KINDS, all_crds, crd


def _schema(definition: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


def test_there_is_one_for_each_of_the_three_kinds() -> None:
    assert [d["spec"]["names"]["kind"] for d in all_crds()] == ["Application", "AppProject", "ApplicationSet"]


def test_only_an_application_set_has_a_status_of_its_own_door() -> None:
    doors = {k.kind: crd(k)["spec"]["versions"][0].get("subresources") for k in KINDS}
    assert doors == {"Application": None, "AppProject": None, "ApplicationSet": {"status": {}}}


def test_an_application_needs_a_project_and_a_destination() -> None:
    spec = _schema(crd(KINDS[0]))["properties"]["spec"]
    assert spec["required"] == ["destination", "project"]


def test_an_operation_stands_beside_the_spec() -> None:
    properties = _schema(crd(KINDS[0]))["properties"]
    assert "syncStrategy" in properties["operation"]["properties"]["sync"]["properties"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.kind)
def test_a_status_keeps_what_is_written(kind: Any) -> None:
    assert _schema(crd(kind))["properties"]["status"]["x-kubernetes-preserve-unknown-fields"] is True


def test_generators_have_fields_of_their_own_down_to_the_nested_ones() -> None:
    generator = _schema(crd(KINDS[2]))["properties"]["spec"]["properties"]["generators"]["items"]["properties"]
    assert generator["git"]["required"] == ["repoURL", "revision"]
    nested = generator["matrix"]["properties"]["generators"]["items"]["properties"]
    assert set(generator) == set(nested)
    assert nested["git"] == generator["git"]
    assert nested["merge"] == {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
