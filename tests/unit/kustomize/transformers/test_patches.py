"""Patches of both kinds."""

from __future__ import annotations

from typing import Any

import pytest

CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: '1'}\n"


def _patched(repo: Any, patches: str) -> Any:
    repo.write("c.yaml", CM).write("kustomization.yaml", f"resources: [c.yaml]\npatches:\n{patches}")
    return repo.result().resources


def test_a_target_selects_by_expression(repo: Any) -> None:
    patch = "- target: {name: 'c.*'}\n  patch: '[{op: add, path: /data/b, value: x}]'\n"
    assert "unable to parse SM or JSON patch" in _fails(repo, patch)
    patch = '- target: {name: "c.*"}\n  patch: \'[{"op": "add", "path": "/data/b", "value": "x"}]\'\n'
    assert _patched(repo, patch)[0].manifest["data"] == {"a": "1", "b": "x"}


def _fails(repo: Any, patches: str) -> str:
    repo.write("c.yaml", CM).write("kustomization.yaml", f"resources: [c.yaml]\npatches:\n{patches}")
    return str(repo.fails())


def test_a_patch_for_nobody_is_refused_without_a_target_and_passes_with_one(repo: Any) -> None:
    patch = "{apiVersion: v1, kind: ConfigMap, metadata: {name: z}, data: {a: x}}"
    assert "no resource matches strategic merge patch" in _fails(repo, f"- patch: '{patch}'\n")
    assert _patched(repo, f"- patch: '{patch}'\n  target: {{name: z}}\n")[0].manifest["data"] == {"a": "1"}


def test_a_name_changes_only_with_leave(repo: Any) -> None:
    patch = "- target: {kind: ConfigMap}\n  patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: new}}'\n"
    assert _patched(repo, patch)[0].name == "c"
    assert _patched(repo, patch + "  options: {allowNameChange: true}\n")[0].name == "new"


def test_delete_takes_the_whole_object_out(repo: Any) -> None:
    patch = "- patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, $patch: delete}'\n"
    assert _patched(repo, patch) == []


def test_a_number_over_a_quoted_text_stays_text(repo: Any) -> None:
    patch = "- patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: 2}}'\n"
    assert _patched(repo, patch)[0].manifest["data"] == {"a": "2"}


@pytest.mark.parametrize(
    ("written", "patches", "result"),
    [
        ("0", ['""', "1"], 1),
        ("x", ['"y"', "0"], 0),
        ('"x"', ["y", "0"], "0"),
        ('"1"', ["true", '"z"', "0x10"], "0x10"),
        ("null", ['"x"', "0"], 0),
        ("0", ['"a"', "null", '"x"', "2"], "2"),
        ('"a"', ["b", "null", "x", "2"], 2),
    ],
)
def test_what_is_patched_over_a_field_is_written_as_its_first_value_was(
    repo: Any, written: str, patches: list[str], result: Any
) -> None:
    # Results of kustomize 5.8.1: a text over a number loses its quotes, a field that was removed starts anew.
    gadget = "apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: g}\nspec: {added: VALUE, other: x}\n"
    repo.write("g.yaml", gadget.replace("VALUE", written))
    for number, value in enumerate(patches):
        repo.write(f"p{number}.yaml", gadget.replace("VALUE", value))
    paths = "".join(f"- path: p{number}.yaml\n" for number in range(len(patches)))
    repo.write("kustomization.yaml", f"resources: [g.yaml]\npatches:\n{paths}")
    assert repo.result().resources[0].manifest["spec"]["added"] == result


def test_a_selector_from_which_a_shared_label_was_removed_does_not_get_it_back(repo: Any) -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: c}\n"
    repo.write("base/s.yaml", service + "spec: {ports: [{port: 80}]}\n")
    repo.write("base/kustomization.yaml", "resources: [s.yaml]\ncommonLabels: {app: x}\n")
    repo.write("p.yaml", service + "spec: {selector: {app: null, b: c}}\n")
    repo.write("q.yaml", service.replace("name: c", "name: c, labels: {app: other}"))
    repo.write("kustomization.yaml", "resources: [base]\npatches: [{path: p.yaml}, {path: q.yaml}]\n")
    found = repo.result().resources[0]
    assert found.labels() == {"app": "other"}
    assert found.manifest["spec"]["selector"] == {"b": "c"}


def test_an_annotation_can_be_added_where_there_was_none(repo: Any) -> None:
    patch = "- target: {kind: ConfigMap}\n  patch: |-\n    - {op: add, path: /metadata/annotations/x, value: text}\n"
    assert _patched(repo, patch)[0].annotations() == {"x": "text"}


def test_several_documents_in_one_patch_change_several_objects(repo: Any) -> None:
    repo.write("d.yaml", CM.replace("name: c", "name: d"))
    repo.write("p.yaml", "\n---\n".join(CM.replace("a: '1'", "b: '2'").replace("name: c", f"name: {n}") for n in "cd"))
    repo.write("c.yaml", CM).write("kustomization.yaml", "resources: [c.yaml, d.yaml]\npatches: [{path: p.yaml}]\n")
    assert [r.manifest["data"] for r in repo.result().resources] == [{"a": "1", "b": "2"}] * 2


def patched(repo: Any, resource: str, patch: str, target: str = "") -> Any:
    repo.write("kustomization.yaml", f"resources: [r.yaml]\npatches:\n- path: p.yaml\n{target}")
    repo.write("p.yaml", patch)
    return repo.write("r.yaml", resource)


ANY = "  target: {name: '.*'}\n"


def test_a_name_and_a_kind_that_are_numbers_stay_numbers_when_a_patch_has_others(repo: Any) -> None:
    patched(
        repo, "apiVersion: v1\nkind: 1\nmetadata:\n  name: 2\n", "kind: A\nmetadata: {name: x, labels: {a: b}}\n", ANY
    )
    repo.builds_to("apiVersion: v1\nkind: 1\nmetadata:\n  labels:\n    a: b\n  name: 2\n")


def test_a_resource_without_an_api_version_has_none_after_a_patch_that_has_one(repo: Any) -> None:
    patched(repo, "kind: A\nmetadata:\n  name: a\n", "apiVersion: v1\nkind: A\nmetadata: {name: a}\nspec: 1\n", ANY)
    repo.builds_to("apiVersion: null\nkind: A\nmetadata:\n  name: a\nspec: 1\n")


def test_an_api_version_of_nothing_stays_one_after_a_patch_with_a_target(repo: Any) -> None:
    patched(repo, "apiVersion:\nkind: A\nmetadata:\n  name: a\n", "kind: A\nmetadata: {name: a}\nspec: 1\n", ANY)
    assert repo.result().manifests[0]["apiVersion"] is None


DOUBLED = "apiVersion: v1\nkind: A\nmetadata: {name: a}\nspec:\n  x: 1\n  x: 2\n"


def test_of_a_key_that_a_patch_has_twice_the_first_counts_where_there_is_something_to_patch(repo: Any) -> None:
    patched(repo, "apiVersion: v1\nkind: A\nmetadata:\n  name: a\nspec: {z: 3}\n", DOUBLED)
    repo.builds_to("apiVersion: v1\nkind: A\nmetadata:\n  name: a\nspec:\n  x: 1\n  z: 3\n")


def test_a_key_that_a_patch_has_twice_in_something_new_is_refused(repo: Any) -> None:
    patched(repo, "apiVersion: v1\nkind: A\nmetadata:\n  name: a\n", DOUBLED)
    assert 'mapping key "x" already defined at line 5' in repo.fails()


def test_a_json_patch_without_operations_needs_no_target(web: Any) -> None:
    web.write("kustomization.yaml", "resources: [web.yaml]\npatches:\n- patch: '[]'\n")
    assert web.result().resources[0].name == "web"


def test_a_patch_that_replaces_the_whole_object_changes_nothing(repo: Any) -> None:
    resource = "apiVersion: v1\nkind: A\nmetadata:\n  name: a\nspec:\n  z: 3\n"
    patched(repo, resource, "apiVersion: v1\nkind: A\nmetadata: {name: a}\n$patch: replace\nspec: {x: 1}\n")
    repo.builds_to(resource)


@pytest.mark.parametrize(
    ("own", "patch", "left"),
    [("a: b", "{a: null}", {"a": "null"}), ("a: b", "null", {"a": "b"}), ("a: b", "{$patch: delete}", None)],
)
def test_a_patch_that_may_change_names_writes_its_annotations_as_texts(
    repo: Any, own: str, patch: str, left: dict[str, str] | None
) -> None:
    resource = f"apiVersion: v1\nkind: A\nmetadata:\n  name: a\n  annotations: {{{own}}}\n"
    text = f"apiVersion: v1\nkind: A\nmetadata:\n  name: a\n  annotations: {patch}\n"
    patched(repo, resource, text, "  options: {allowNameChange: true}\n")
    assert repo.result().manifests[0]["metadata"].get("annotations") == left
