"""The kustomization file itself."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("resourcs: []\n", 'json: unknown field "resourcs"', id="a field nobody knows"),
        pytest.param(
            "images: [{name: a, newTag: 1}]\n",
            "json: cannot unmarshal number into Go struct field Image.images.newTag of type string",
            id="a number for a text",
        ),
        pytest.param("kind: Kustomization\n", "kustomization.yaml is empty", id="nothing to do"),
        pytest.param("kind: Other\nnamePrefix: a\n", "kind should be Kustomization or Component", id="another kind"),
        pytest.param("a: [\n", "invalid Kustomization: ", id="no YAML"),
        pytest.param(
            "apiVersion: v1\nnamePrefix: a\n",
            "apiVersion for Kustomization should be kustomize.config.k8s.io/v1beta1",
            id="another version",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_the_field_at_fault(repo: Any, text: str, problem: str) -> None:
    assert problem in repo.write("kustomization.yaml", text).fails()


def test_two_kustomizations_in_a_directory_are_refused(repo: Any) -> None:
    repo.write("kustomization.yaml", "namePrefix: a\n").write("Kustomization", "namePrefix: a\n")
    assert "Found multiple kustomization files under: /" in repo.fails()


def test_no_kustomization_is_reported_with_the_names_looked_for(repo: Any) -> None:
    text = repo.write("x", "").fails()
    assert text == "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '/'"


def test_deprecated_fields_still_work_and_warn(repo: Any) -> None:
    repo.write("b/kustomization.yaml", "resources: [c.yaml]\n")
    repo.write("b/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
    result = repo.write("kustomization.yaml", "bases: [b]\ncommonLabels: {a: b}\n").result()
    assert [w.split(".")[0] for w in result.warnings] == [
        "# Warning: 'bases' is deprecated",
        "# Warning: 'commonLabels' is deprecated",
    ]
    assert result.resources[0].labels() == {"a": "b"}


def test_field_names_match_without_regard_to_case(repo: Any) -> None:
    repo.write("kustomization.yaml", "NamePrefix: a-\nresources: [c.yaml]\n")
    repo.write("c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
    assert "name: a-c" in repo.build()
