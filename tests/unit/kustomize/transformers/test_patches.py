"""Patches of both kinds."""

from __future__ import annotations

from typing import Any

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


def test_an_annotation_can_be_added_where_there_was_none(repo: Any) -> None:
    patch = "- target: {kind: ConfigMap}\n  patch: |-\n    - {op: add, path: /metadata/annotations/x, value: text}\n"
    assert _patched(repo, patch)[0].annotations() == {"x": "text"}


def test_several_documents_in_one_patch_change_several_objects(repo: Any) -> None:
    repo.write("d.yaml", CM.replace("name: c", "name: d"))
    repo.write("p.yaml", "\n---\n".join(CM.replace("a: '1'", "b: '2'").replace("name: c", f"name: {n}") for n in "cd"))
    repo.write("c.yaml", CM).write("kustomization.yaml", "resources: [c.yaml, d.yaml]\npatches: [{path: p.yaml}]\n")
    assert [r.manifest["data"] for r in repo.result().resources] == [{"a": "1", "b": "2"}] * 2
