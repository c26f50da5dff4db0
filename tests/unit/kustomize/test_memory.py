"""Patches that take all annotations away, and with them what kustomize keeps there."""

from __future__ import annotations

import json
from typing import Any

import pytest

POD = """---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {containers: [{name: a, envFrom: [{configMapRef: {name: c}}]}]}
"""
CM = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  annotations: {x: y}\n"
WIPES = [
    "annotations: null",
    "annotations: {$patch: delete}",
    "annotations: {$patch: replace, q: r}",
    "$patch: replace",
]
KEEPS = ["annotations: {x: null}", "annotations: {}", "labels: {a: b}"]


def referred(repo: Any) -> str:
    pod = next(m for m in repo.result("over").manifests if m["kind"] == "Pod")
    return str(pod["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"])


def layers(repo: Any, base: str, change: str, name: str) -> Any:
    repo.write("base/kustomization.yaml", f"resources: [r.yaml]\n{base}").write("base/r.yaml", CM + POD)
    patch = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  {change}\n"
    repo.write("over/p.yaml", patch)
    return repo.write("over/kustomization.yaml", "resources: [../base]\npatches: [{path: p.yaml}]\n")


@pytest.mark.parametrize(("change", "name"), [*((c, "c") for c in WIPES), *((c, "b-c") for c in KEEPS)])
def test_a_reference_loses_the_name_that_was_changed_below_a_patch_without_annotations(
    repo: Any, change: str, name: str
) -> None:
    assert referred(layers(repo, "namePrefix: b-\n", change, "b-c")) == name


@pytest.mark.parametrize(("change", "hashed"), [(WIPES[0], False), (WIPES[2], False), (KEEPS[0], True)])
def test_a_generated_object_loses_its_hash_with_its_annotations(repo: Any, change: str, hashed: bool) -> None:
    layers(repo, "configMapGenerator: [{name: c, literals: [a=b]}]\n", change, "c")
    repo.write("base/r.yaml", POD)
    assert referred(repo).startswith("c-") is hashed


def test_the_origin_is_the_patch_that_took_the_annotations(repo: Any) -> None:
    layers(repo, "", "annotations: null", "c")
    text = repo.files["over/kustomization.yaml"].decode()
    repo.write("over/kustomization.yaml", text + "buildMetadata: [originAnnotations]\n")
    assert (
        "kind: PatchTransformer"
        in repo.result("over").manifests[0]["metadata"]["annotations"]["config.kubernetes.io/origin"]
    )


@pytest.mark.parametrize(
    ("op", "origin"),
    [("add", "kind: PatchTransformer"), ("remove", "kind: PatchTransformer"), ("test", "path: r.yaml")],
)
def test_a_json_patch_takes_the_origin_but_no_names(repo: Any, op: str, origin: str) -> None:
    path = "/data" if op == "test" else "/metadata/annotations"
    patch = f"  patch: '{json.dumps([{'op': op, 'path': path, 'value': {'x': 'y'}}])}'\n"
    head = "resources: [r.yaml]\nnamePrefix: b-\nbuildMetadata: [originAnnotations]\n"
    repo.write("over/kustomization.yaml", f"{head}patches:\n- target: {{kind: ConfigMap}}\n{patch}")
    repo.write("over/r.yaml", f"{CM}data: {{x: y}}\n{POD}")
    found = repo.result("over").manifests[0]["metadata"]["annotations"]["config.kubernetes.io/origin"]
    assert origin in found
    assert referred(repo) == "b-c"
