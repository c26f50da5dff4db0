"""Sources as they come over gRPC are the sources that an Application declares."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.base.protowire import WireError
from holdfast.dialects.argo.messages import MESSAGES, source_of
from holdfast.dialects.argo.sources import read_source

HELM: dict[str, Any] = {
    "repoURL": "https://x/r",
    "path": "chart",
    "targetRevision": "main",
    "helm": {
        "valueFiles": ["a.yaml"],
        "parameters": [{"name": "n", "value": "1", "forceString": True}],
        "valuesObject": {"raw": b'{"deep":{"k":[1]}}'},
        "skipCrds": True,
    },
}
KUSTOMIZE: dict[str, Any] = {
    "repoURL": "https://x/r",
    "path": "k",
    "kustomize": {
        "namePrefix": "a-",
        "commonLabels": {"l": "v"},
        "replicas": [
            {"name": "d", "count": {"type": 0, "intVal": 3}},
            {"name": "e", "count": {"type": 1, "strVal": "4"}},
        ],
        "patches": [
            {
                "path": "",
                "patch": "- op: remove",
                "target": {"resId": {"gvk": {"group": "apps", "version": "", "kind": "Deployment"}, "name": "d"}},
                "options": {"allowNameChange": True},
            }
        ],
    },
}


def _through(source: dict[str, Any]) -> dict[str, Any]:
    return source_of(MESSAGES.decode("Source", MESSAGES.encode("Source", source)))


def test_values_that_are_objects_come_as_json_within() -> None:
    found = read_source(_through(HELM))
    assert found.helm.values_object == {"deep": {"k": [1]}} and found.helm.skip_crds
    assert found.helm.parameters[0].force_string and found.helm.value_files == ("a.yaml",)


def test_numbers_that_may_be_texts_and_flat_selectors_are_as_in_json() -> None:
    found = read_source(_through(KUSTOMIZE)).kustomize
    assert found.replicas == (("d", "3"), ("e", "4")) and found.common_labels == {"l": "v"}
    assert found.patches == (
        {
            "patch": "- op: remove",
            "target": {"group": "apps", "kind": "Deployment", "name": "d"},
            "options": {"allowNameChange": True},
        },
    )


def test_values_that_are_no_json_are_refused() -> None:
    with pytest.raises(WireError):
        _through({"helm": {"valuesObject": {"raw": b"{"}}})
