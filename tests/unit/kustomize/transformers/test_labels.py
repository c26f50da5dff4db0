"""Labels and annotations."""

from __future__ import annotations

from typing import Any


def test_labels_reach_selectors_only_when_asked_to(web: Any) -> None:
    web.write("kustomization.yaml", "resources: [web.yaml]\nlabels:\n- pairs: {a: b}\n")
    manifest = web.result().resources[0].manifest
    assert manifest["metadata"]["labels"] == {"a": "b"}
    assert "selector" not in manifest["spec"]
    web.write("kustomization.yaml", "resources: [web.yaml]\nlabels:\n- pairs: {a: b}\n  includeSelectors: true\n")
    spec = web.result().resources[0].manifest["spec"]
    assert spec["selector"] == {"matchLabels": {"a": "b"}}
    assert spec["template"]["metadata"]["labels"] == {"a": "b"}


def test_labels_in_templates_leave_selectors_alone(web: Any) -> None:
    web.write("kustomization.yaml", "resources: [web.yaml]\nlabels:\n- pairs: {a: b}\n  includeTemplates: true\n")
    spec = web.result().resources[0].manifest["spec"]
    assert "selector" not in spec
    assert spec["template"]["metadata"]["labels"] == {"a": "b"}


def test_a_label_that_was_put_in_several_places_at_once_changes_in_all_of_them(web: Any) -> None:
    web.write("base/kustomization.yaml", "resources: [web.yaml]\nlabels:\n- pairs: {a: b}\n  includeSelectors: true\n")
    web.files["base/web.yaml"] = web.files["web.yaml"]
    web.write("kustomization.yaml", "resources: [base]\nlabels:\n- pairs: {a: c}\n")
    spec = web.result().resources[0].manifest["spec"]
    assert spec["selector"] == {"matchLabels": {"a": "c"}}


def test_a_configuration_of_ones_own_says_where_else_labels_go(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [g.yaml]\ncommonLabels: {a: b}\nconfigurations: [c.yaml]\n")
    repo.write("c.yaml", "commonLabels:\n- path: spec/pick\n  create: true\n  kind: Gadget\n")
    repo.write("g.yaml", "apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: g}\n")
    assert repo.result().resources[0].manifest["spec"] == {"pick": {"a": "b"}}


def annotated_twice(repo: Any, more: str) -> Any:
    repo.files["base/web.yaml"] = repo.files["web.yaml"]
    repo.write("base/kustomization.yaml", "resources: [web.yaml]\ncommonAnnotations: {a: b}\n")
    patch = "apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web, annotations: {a: c}}\n"
    repo.write("kustomization.yaml", f"resources: [base]\n{more}patches:\n- patch: |\n    {patch}")
    return repo.result().resources[0].manifest["spec"]["template"]["metadata"]["annotations"]


def test_an_annotation_in_several_places_changes_in_all_of_them(web: Any) -> None:
    assert annotated_twice(web, "") == {"a": "c"}


def test_an_annotation_stands_alone_once_the_build_keeps_notes_beside_it(web: Any) -> None:
    assert annotated_twice(web, "buildMetadata: [originAnnotations]\n") == {"a": "b"}
    assert annotated_twice(web, "buildMetadata: [transformerAnnotations]\n") == {"a": "b"}
