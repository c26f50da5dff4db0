"""Vars become replacements: the targets that are found, and the placeholders left in the files."""

from __future__ import annotations

import posixpath
from typing import Any

import pytest

from holdfast.kustomize import KustomizeError
from holdfast.kustomize.edit.vars import convert

VAR = {"name": "HOST", "objref": {"kind": "Service", "name": "web", "apiVersion": "v1"}}


class Files:
    """A directory in memory."""

    def __init__(self, **files: str) -> None:
        self.files = {name.replace("__", "/") + ".yaml": text.encode() for name, text in files.items()}

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def names(self, directory: str) -> list[str]:
        return [posixpath.basename(f) for f in self.files if posixpath.dirname(f) == posixpath.normpath(directory)]


def converted(files: Files, **data: Any) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    whole = {"vars": [VAR], **data}
    changed = convert(whole, files)
    assert "vars" not in whole
    return whole["replacements"], changed


def config_map(value: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  k: {value}\n"


@pytest.mark.parametrize(
    ("value", "options"),
    [
        ("$(HOST)", None),
        ("$(HOST):80", {"delimiter": ":"}),
        ("http://$(HOST)", {"delimiter": "/", "index": 2}),
        ("a-$(HOST)-b", {"delimiter": "-", "index": 1}),
    ],
)
def test_a_reference_becomes_a_target_and_a_placeholder(value: str, options: dict[str, Any] | None) -> None:
    made, changed = converted(Files(c=config_map(value)), resources=["c.yaml"])
    target = {"select": {"version": "v1", "kind": "ConfigMap", "name": "c"}, "fieldPaths": ["data.k"]}
    if options:
        target["options"] = options
    assert made == [{"source": {"version": "v1", "kind": "Service", "name": "web"}, "targets": [target]}]
    assert changed == {"c.yaml": config_map(value.replace("$(HOST)", "HOST_PLACEHOLDER")).encode()}


def test_a_reference_that_no_character_sets_apart_is_refused_and_changes_nothing() -> None:
    data = {"vars": [VAR], "resources": ["c.yaml"]}
    with pytest.raises(
        KustomizeError, match=r"error with c.yaml: cannot convert all vars .* \$\(HOST\) is not delimited"
    ):
        convert(data, Files(c=config_map("a-$(HOST)/b")))
    assert data["vars"] == [VAR]


def test_the_source_names_the_field_in_any_spelling() -> None:
    var = {**VAR, "objref": {"kind": "Job", "name": "j", "namespace": "n", "apiVersion": "batch/v1"}}
    made, changed = converted(Files(), vars=[{**var, "fieldref": {"fieldpath": "spec.x"}}])
    source = {"group": "batch", "version": "v1", "kind": "Job", "name": "j", "namespace": "n", "fieldPath": "spec.x"}
    assert (made, changed) == ([{"source": source}], {})


def test_references_in_bases_and_lists_are_found() -> None:
    files = Files(
        base__kustomization="resources: [c.yaml]\n", base__c="kind: List\nitems:\n- {kind: A, x.y: [$(HOST)]}\n"
    )
    made, changed = converted(files, resources=["base"])
    assert made[0]["targets"] == [{"select": {"kind": "A"}, "fieldPaths": ["[x.y].0"]}]
    assert list(changed) == ["base/c.yaml"]


@pytest.mark.parametrize(
    ("patch", "select"),
    [
        ({}, {}),
        ({"target": {"kind": "X", "labelSelector": "a=b"}}, {"kind": "X", "labelSelector": "a=b"}),
        ({"target": {"kind": "X"}, "options": {"allowNameChange": True}}, {"kind": "X", "name": "c"}),
        (
            {"options": {"allowNameChange": True, "allowKindChange": True}},
            {"version": "v1", "kind": "ConfigMap", "name": "c"},
        ),
    ],
)
def test_a_patch_is_for_what_its_target_says(patch: dict[str, Any], select: dict[str, str]) -> None:
    made, _ = converted(Files(c=config_map("$(HOST)")), patches=[{"path": "c.yaml", **patch}])
    assert [target["select"] for target in made[0]["targets"]] == [select]


def test_what_an_alias_stands_for_is_one_target() -> None:
    made, _ = converted(Files(a="kind: A\na: &x $(HOST)\nb: *x\n"), resources=["a.yaml"])
    assert [target["fieldPaths"] for target in made[0]["targets"]] == [["a"]]


def test_replacements_that_are_there_stay() -> None:
    made, _ = converted(Files(), replacements=[{"path": "r.yaml"}])
    assert made[0] == {"path": "r.yaml"}


def test_bases_in_a_circle_are_refused() -> None:
    with pytest.raises(KustomizeError, match="cycle detected"):
        converted(Files(base__kustomization="resources: [base]\n"), resources=["base"])


def test_vars_without_an_entry_go_away() -> None:
    data: dict[str, Any] = {"vars": None, "replacements": [{"path": "r.yaml"}]}
    assert convert(data, Files()) == {}
    assert data == {"replacements": [{"path": "r.yaml"}]}
