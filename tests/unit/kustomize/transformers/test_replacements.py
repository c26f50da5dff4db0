"""Replacements: sources, targets and paths."""

from __future__ import annotations

from typing import Any

import pytest

SOURCE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\ndata: {host: db.local:5432, n: '8'}\n"


def _replaced(repo: Any, target: str, path: str, extra: str = "", field: str = "data.host", source: str = "") -> Any:
    repo.write("source.yaml", SOURCE).write("target.yaml", target)
    repo.write(
        "kustomization.yaml",
        f"resources: [source.yaml, target.yaml]\nreplacements:\n- source: {{kind: ConfigMap, name: s, fieldPath: {field}{source}}}\n"
        f"  targets:\n  - select: {{kind: Gadget}}\n    fieldPaths: ['{path}']\n{extra}",
    )
    return next(r.manifest for r in repo.result(reorder="none").resources if r.kind == "Gadget")


GADGET = "apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: g}\n"


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        pytest.param("a: x\n", "a", {"a": "db.local:5432"}, id="a field"),
        pytest.param("l: [{k: 1, v: x}, {k: 2, v: y}]\n", "l.[k=2].v", {"l": [{"k": 1, "v": "x"}, {"k": 2, "v": "db.local:5432"}]}, id="an element by key"),
        pytest.param("l: [{v: x}, {v: y}]\n", "l.*.v", {"l": [{"v": "db.local:5432"}] * 2}, id="all elements"),
        pytest.param("l: [x, y]\n", "l.1", {"l": ["x", "db.local:5432"]}, id="an element by index"),
        pytest.param('j: \'{"a":{"b":"x"}}\'\n', "j.a.b", {"j": '{"a":{"b":"db.local:5432"}}'}, id="inside of JSON text"),
        pytest.param("y: |-\n  # kept\n  a: x\n", "y.a", {"y": "# kept\na: db.local:5432"}, id="inside of YAML text"),
    ],
)  # fmt: skip
def test_the_value_goes_where_the_path_leads(repo: Any, body: str, path: str, expected: Any) -> None:
    found = _replaced(repo, GADGET + body, path)
    assert {k: found[k] for k in expected} == expected


def test_a_part_of_a_text_is_replaced_by_a_part(repo: Any) -> None:
    found = _replaced(
        repo,
        GADGET + "url: http://x/path\n",
        "url",
        "    options: {delimiter: /, index: 2}\n",
        source=", options: {delimiter: ':', index: 0}",
    )
    assert found["url"] == "http://db.local/path"


def test_a_text_becomes_a_number_where_a_number_was(repo: Any) -> None:
    assert _replaced(repo, GADGET + "n: 1\n", "n", field="data.n")["n"] == 8


def test_missing_fields_are_made_on_demand_only(repo: Any) -> None:
    assert _replaced(repo, GADGET, "a.b", "    options: {create: true}\n")["a"] == {"b": "db.local:5432"}
    repo.write("kustomization.yaml", repo.files["kustomization.yaml"].decode().replace("create: true", "create: false"))
    assert 'unable to find field "a.b" in replacement target' in repo.fails()


def test_no_source_is_an_error_that_names_the_selector(repo: Any) -> None:
    repo.write("g.yaml", GADGET)
    repo.write(
        "kustomization.yaml",
        "resources: [g.yaml]\nreplacements:\n- source: {kind: Secret, name: x}\n  targets: [{select: {kind: Gadget}}]\n",
    )
    assert repo.fails() == "nothing selected by Secret.[noVer].[noGrp]/x.[noNs]"


COUNTED = "apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: g}\nspec: {count: 0, flag: true}\n"


def _with_text_for_a_number(repo: Any, overlay: str) -> Any:
    repo.write("base/g.yaml", COUNTED)
    repo.write(
        "base/kustomization.yaml",
        "resources: [g.yaml]\nreplacements:\n"
        "- {sourceValue: abc, targets: [{select: {kind: Gadget}, fieldPaths: [spec.count]}]}\n",
    )
    return repo.write("kustomization.yaml", "resources: [base]\n" + overlay)


def test_a_text_in_the_place_of_a_number_is_refused_in_the_end(repo: Any) -> None:
    failed = _with_text_for_a_number(repo, "").fails()
    assert str(failed) == "map[string]interface {}(nil): yaml: cannot decode !!str `abc` as a !!int"


def test_a_text_in_the_place_of_a_number_may_be_replaced_in_time(repo: Any) -> None:
    overlay = "replacements:\n- {sourceValue: '4', targets: [{select: {kind: Gadget}, fieldPaths: [spec.count]}]}\n"
    assert _with_text_for_a_number(repo, overlay).result().resources[0].manifest["spec"] == {"count": 4, "flag": True}


def test_a_text_in_the_place_of_a_number_can_be_the_source_of_another_field(repo: Any) -> None:
    overlay = (
        "replacements:\n- source: {kind: Gadget, fieldPath: spec.count}\n"
        "  targets: [{select: {kind: Gadget}, fieldPaths: [spec.added], options: {create: true}}]\n"
        "- {sourceValue: '4', targets: [{select: {kind: Gadget}, fieldPaths: [spec.count]}]}\n"
    )
    spec = _with_text_for_a_number(repo, overlay).result().resources[0].manifest["spec"]
    assert spec == {"count": 4, "flag": True, "added": "abc"}


def test_a_json_patch_cannot_read_a_text_in_the_place_of_a_number(repo: Any) -> None:
    patch = '[{"op": "replace", "path": "/spec/count", "value": 3}]'
    overlay = f"patches:\n- target: {{kind: Gadget}}\n  patch: '{patch}'\n"
    assert "cannot decode !!str `abc` as a !!int" in str(_with_text_for_a_number(repo, overlay).fails())


@pytest.mark.parametrize(
    ("step", "field", "result"),
    [
        ("namespace: other", "metadata.namespace", "12"),
        ("namePrefix: a-", "metadata.name", 12),
        ("nameSuffix: -b", "metadata.name", 12),
        ("images: [{name: nginx, newTag: v1}]", "spec.containers.0.image", 12),
        ("images: [{name: redis, newTag: v1}]", "spec.containers.1.image", "12"),
        ("patches: [{patch: '{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {x: y}}}'}]", "metadata.name", 12),
    ],
)
def test_names_and_images_that_were_rewritten_take_any_type_unless_in_quotes(
    repo: Any, step: str, field: str, result: Any
) -> None:
    # Results of kustomize 5.8.1.
    repo.write(
        "p.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
        'spec: {containers: [{name: a, image: nginx}, {name: b, image: "redis"}]}\n',
    )
    target = f"{{select: {{kind: Pod}}, fieldPaths: [{field}]}}"
    repo.write(
        "kustomization.yaml",
        f"resources: [p.yaml]\n{step}\nreplacements:\n- {{sourceValue: '12', targets: [{target}]}}\n",
    )
    found: Any = repo.result().resources[0].manifest
    for part in field.split("."):
        found = found[int(part) if part.isdigit() else part]
    assert found == result


def test_a_field_made_for_an_empty_text_is_one(repo: Any) -> None:
    repo.write("g.yaml", COUNTED)
    target = "{select: {kind: Gadget}, fieldPaths: [spec.added], options: {create: true}}"
    repo.write(
        "kustomization.yaml",
        f"resources: [g.yaml]\nreplacements:\n- {{sourceValue: '', targets: [{target}]}}\n",
    )
    assert repo.result().resources[0].manifest["spec"]["added"] == ""


def test_an_empty_list_of_targets_is_none(repo: Any) -> None:
    repo.write("kustomization.yaml", "replacements: [{sourceValue: x, targets: []}]\n")
    assert repo.fails().endswith("replacements must specify a source and at least one target")


def test_an_empty_text_in_a_new_field_is_no_text(repo: Any) -> None:
    target = "{select: {kind: ConfigMap}, fieldPaths: [new, old], options: {create: true}}"
    repo.write("kustomization.yaml", f"resources: [c.yaml]\nreplacements: [{{sourceValue: '', targets: [{target}]}}]\n")
    repo.write("c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\nold: x\n")
    manifest = repo.result().manifests[0]
    assert (manifest["new"], manifest["old"]) == (None, "")


def test_an_element_is_found_by_what_its_key_looks_like_in_yaml(repo: Any) -> None:
    target = "{select: {kind: X}, fieldPaths: ['list.[name=web].v']}"
    repo.write("kustomization.yaml", f"resources: [x.yaml]\nreplacements: [{{sourceValue: q, targets: [{target}]}}]\n")
    repo.write("x.yaml", "apiVersion: v1\nkind: X\nmetadata: {name: x}\nlist: [{name: [web], v: a}]\n")
    assert repo.result().manifests[0]["list"] == [{"name": ["web"], "v": "q"}]
