"""Scalars keep the text they were written with where kustomize shows it."""

from __future__ import annotations

from typing import Any

import pytest

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n"
UNUSUAL = ["1.0", "True", "0x1F", "017", "1e3", "~", "Null", "+1", "2020-01-01"]


def only(repo: Any) -> Any:
    return repo.result().manifests[0]


@pytest.mark.parametrize("text", [*UNUSUAL, "8080", "true", "null", ""])
def test_an_annotation_is_the_text_that_was_written(repo: Any, text: str) -> None:
    repo.write("kustomization.yaml", "resources: [c.yaml]\nnamePrefix: a-\n")
    repo.write("c.yaml", f"{HEAD}  annotations:\n    x: {text}\n")
    assert only(repo)["metadata"]["annotations"] == {"x": text}


@pytest.mark.parametrize("text", UNUSUAL)
def test_a_patch_with_a_target_writes_its_labels_as_they_stand_there(repo: Any, text: str) -> None:
    repo.write("kustomization.yaml", "resources: [c.yaml]\npatches: [{path: p.yaml, target: {kind: ConfigMap}}]\n")
    repo.write("c.yaml", HEAD).write("p.yaml", f"{HEAD}  labels:\n    x: {text}\n")
    assert only(repo)["metadata"]["labels"] == {"x": text}


@pytest.mark.parametrize("text", ["1.0", "True", "0x1F", "2020-01-01"])
def test_a_generator_merges_into_data_as_it_was_written(repo: Any, text: str) -> None:
    repo.write(
        "kustomization.yaml", "resources: [c.yaml]\nconfigMapGenerator: [{name: c, behavior: merge, literals: [a=b]}]\n"
    )
    repo.write("c.yaml", f"{HEAD}data:\n  x: {text}\n")
    assert only(repo)["data"] == {"a": "b", "x": text}


@pytest.mark.parametrize("text", ["1.0", "1e3", "0x1F", "2020-01-01"])
def test_a_replacement_copies_what_was_written_into_a_text(repo: Any, text: str) -> None:
    repo.write(
        "kustomization.yaml",
        """
        resources: [c.yaml]
        replacements:
        - source: {kind: ConfigMap, fieldPath: list.0.x}
          targets: [{select: {kind: ConfigMap}, fieldPaths: [data.y]}]
        """,
    )
    repo.write("c.yaml", f"{HEAD}list:\n- x: {text}\ndata: {{y: text}}\n")
    assert only(repo)["data"] == {"y": text}


def test_a_whole_number_that_was_written_as_a_float_takes_a_float(repo: Any) -> None:
    repo.write(
        "kustomization.yaml",
        "resources: [c.yaml]\nreplacements: [{sourceValue: '1.5', targets: [{select: {}, fieldPaths: [x]}]}]\n",
    )
    repo.write("c.yaml", f"{HEAD}x: 1.0\n")
    assert only(repo)["x"] == 1.5
    repo.write("c.yaml", f"{HEAD}x: 1\n")
    assert "cannot decode !!float `1.5` as a !!int" in repo.fails()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1.0", "1"),
        ("2020-01-01", "2020-01-01"),
        ("~", "~"),
        ("+7", "7"),
        ("1000000.5", "1.0000005e+06"),
        ("True", "true"),
    ],
)
def test_a_var_stands_for_what_was_written(repo: Any, text: str, shown: str) -> None:
    objref = "objref: {apiVersion: v1, kind: ConfigMap, name: c}"
    repo.write(
        "kustomization.yaml", f"resources: [c.yaml]\nvars: [{{name: V, {objref}, fieldref: {{fieldPath: data.x}}}}]\n"
    )
    pod = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, args: ['-$(V)']}]}\n"
    repo.write("c.yaml", f"{HEAD}data:\n  x: {text}\n{pod}")
    assert repo.result().manifests[1]["spec"]["containers"][0]["args"] == [f"-{shown}"]


def test_a_var_of_a_hexadecimal_number_is_not_found(repo: Any) -> None:
    objref = "objref: {apiVersion: v1, kind: ConfigMap, name: c}"
    repo.write(
        "kustomization.yaml", f"resources: [c.yaml]\nvars: [{{name: V, {objref}, fieldref: {{fieldPath: data.x}}}}]\n"
    )
    repo.write("c.yaml", f"{HEAD}data:\n  x: 0x1F\n")
    assert "not found in corresponding resource" in repo.fails()


@pytest.mark.parametrize(("old", "new"), [("yes", 1), ("off", 1), ('"yes"', "1"), ("'a'", "1"), ("a", 1)])
def test_a_number_patched_over_a_text_goes_between_its_quotes_where_it_has_some(
    repo: Any, old: str, new: object
) -> None:
    repo.write("kustomization.yaml", "resources: [c.yaml]\npatches: [{path: p.yaml}]\n")
    repo.write("c.yaml", f"{HEAD}data:\n  x: {old}\n").write("p.yaml", f"{HEAD}data:\n  x: 1\n")
    assert only(repo)["data"] == {"x": new}


@pytest.mark.parametrize(
    ("number", "left"),
    [(9223372036854775807, 9223372036854776000), (10**22, 1e22), (9007199254740991, 9007199254740991)],
)
def test_a_json_patch_makes_floats_of_large_numbers(repo: Any, number: int, left: object) -> None:
    patch = '[{"op": "add", "path": "/spec", "value": {}}]'
    repo.write("kustomization.yaml", "resources: [c.yaml]\npatches: [{path: p.yaml, target: {kind: ConfigMap}}]\n")
    repo.write("c.yaml", f"{HEAD}list: [{{x: {number}}}]\n").write("p.yaml", patch)
    assert only(repo)["list"] == [{"x": left}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{a: , b: c}", {"a": "", "b": "c"}),
        ("[{a: }]", [{"a": ""}]),
        ("{a}", {"a": ""}),
        ("{a: ~}", {"a": None}),
        ("{a: !!null }", {"a": None}),
    ],
)
def test_nothing_between_brackets_is_an_empty_text(repo: Any, text: str, value: object) -> None:
    repo.write("kustomization.yaml", "resources: [c.yaml]\n").write("c.yaml", f"{HEAD}data: {text}\n")
    assert only(repo)["data"] == value


def test_nothing_between_brackets_is_gone_after_a_patch_of_the_object(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [c.yaml]\npatches: [{path: p.yaml}]\n")
    repo.write("c.yaml", f"{HEAD}data: {{a: , c: d}}\n").write("p.yaml", f"{HEAD}other: 1\n")
    assert only(repo)["data"] == {"c": "d"}


def test_nothing_between_brackets_removes_a_field_in_a_patch(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [c.yaml]\npatches: [{path: p.yaml}]\n")
    repo.write("c.yaml", f"{HEAD}data: {{a: b, c: d}}\n").write("p.yaml", f"{HEAD}data: {{a: }}\n")
    assert only(repo)["data"] == {"c": "d"}
