"""Whole builds: what is decided once, at the outermost kustomization."""

from __future__ import annotations

import sys
from typing import Any

import pytest


def test_a_prefix_a_hash_and_the_references_to_both_meet_in_the_output(web: Any) -> None:
    web.write(
        "kustomization.yaml",
        """
        namePrefix: dev-
        resources: [web.yaml]
        configMapGenerator:
        - name: conf
          literals: [a=b]
        patches:
        - patch: |-
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              template:
                spec:
                  volumes:
                  - name: v
                    configMap: {name: conf}
        """,
    )
    web.builds_to(
        """
        apiVersion: v1
        data:
          a: b
        kind: ConfigMap
        metadata:
          name: dev-conf-4h2mbtbbt6
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: dev-web
        spec:
          template:
            spec:
              containers:
              - image: nginx:1.25
                name: main
              volumes:
              - configMap:
                  name: dev-conf-4h2mbtbbt6
                name: v
        """
    )


def test_two_builds_of_the_same_tree_do_not_know_of_each_other(web: Any) -> None:
    web.write("kustomization.yaml", "resources: [web.yaml]\nnameSuffix: -x\n")
    assert web.build() == web.build()


def test_the_reads_are_every_path_looked_at_with_its_content_id(web: Any) -> None:
    web.write("over/kustomization.yaml", "resources: [../base]\n")
    web.write("base/kustomization.yaml", "resources: [cm.yaml]\n")
    web.write("base/cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
    reads = web.result("over").reads
    assert reads["over/kustomization.yml"] == ""
    assert reads["base/cm.yaml"] != ""
    assert "web.yaml" not in reads


def test_objects_for_tools_only_stay_out_of_the_output(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [all.yaml]\n")
    repo.write(
        "all.yaml",
        """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: tool
          annotations: {config.kubernetes.io/local-config: "true"}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: real}
        """,
    )
    repo.builds_to("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: real\n")


def test_output_is_sorted_as_kubectl_likes_it_unless_asked_not_to_be(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [all.yaml]\n")
    repo.write(
        "all.yaml",
        """
        {apiVersion: v1, kind: Service, metadata: {name: s}}
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: n}}
        """,
    )
    assert [r.kind for r in repo.result().resources] == ["Namespace", "Service"]
    assert [r.kind for r in repo.result(reorder="none").resources] == ["Service", "Namespace"]


def test_origin_annotations_name_file_and_generator(web: Any) -> None:
    web.write(
        "kustomization.yaml",
        """
        resources: [web.yaml]
        buildMetadata: [originAnnotations]
        configMapGenerator:
        - name: conf
        """,
    )
    origins = {r.kind: r.annotations()["config.kubernetes.io/origin"] for r in web.result().resources}
    assert origins["Deployment"] == "path: web.yaml\n"
    assert origins["ConfigMap"] == (
        "configuredIn: kustomization.yaml\nconfiguredBy:\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n"
    )


def test_each_step_can_be_observed_with_the_resources_it_left(web: Any) -> None:
    web.write("kustomization.yaml", "resources: [web.yaml]\nnamePrefix: a-\nnameSuffix: -b\n")
    seen: list[tuple[str, str]] = []
    web.build(observe=lambda step, resources: seen.append((step.kind, resources[0].name)))
    assert seen == [
        ("resources", "web"),
        ("generators", "web"),
        ("PrefixTransformer", "a-web"),
        ("SuffixTransformer", "a-web-b"),
        ("finish", "a-web-b"),
    ]


def test_annotations_come_out_as_text_whatever_they_were(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [c.yaml]\n")
    repo.write(
        "c.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  annotations: {a: 1, b: true, c: null, d: }\n",
    )
    repo.builds_to(
        """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          annotations:
            a: "1"
            b: "true"
            c: "null"
            d: ""
          name: c
        """
    )


CM = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n"


@pytest.mark.parametrize(
    "data", ["  1: a\n", "  true: a\n", "  x: [{1.5: a}]\n", "  2020-01-01: a\n", "  ? null\n  : a\n"]
)
def test_a_key_below_the_top_has_to_be_a_string(repo: Any, data: str) -> None:
    repo.write("kustomization.yaml", "resources: [c.yaml]\nnamePrefix: a-\n").write("c.yaml", f"{CM}data:\n{data}")
    assert "is not a string: json: unsupported type: map[interface {}]interface {}" in repo.fails()


@pytest.mark.parametrize("key", ["1", "1.5", "true", "null", "2020-01-01"])
@pytest.mark.parametrize(
    "kustomization",
    [
        "resources: [c.yaml]\ncommonAnnotations: {'KEY': v}\n",
        "resources: [c.yaml]\nlabels: [{pairs: {'KEY': v}}]\n",
        "configMapGenerator: [{name: x, literals: [KEY=v]}]\n",
        "secretGenerator: [{name: x, literals: [KEY=v]}]\n",
        "configMapGenerator: [{name: x, literals: [a=v], options: {labels: {'KEY': v}}}]\n",
    ],
)
def test_a_new_key_that_reads_as_something_else_than_a_text_is_refused(repo: Any, kustomization: str, key: str) -> None:
    repo.write("kustomization.yaml", kustomization.replace("KEY", key)).write("c.yaml", CM)
    assert f"key {key} in " in repo.fails()


def test_keys_in_quotes_stay_texts_but_for_annotations_which_are_written_anew(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [c.yaml]\nlabels: [{pairs: {'1': b}}]\n")
    repo.write("c.yaml", f'{CM}  labels: {{"1": a}}\n')
    assert '"1": b' in repo.build()
    repo.write("c.yaml", f'{CM}  annotations: {{"1": a}}\n')
    assert "key 1 in ConfigMap c is not a string" in repo.fails()


def odd(repo: Any, data: str, patch: str) -> Any:
    text = f"{CM}{patch}\n".replace("\n", "\n    ")
    repo.write("kustomization.yaml", f"resources: [c.yaml]\npatches:\n- patch: |\n    {text}")
    return repo.write("c.yaml", f"{CM}data:\n  {data}\n")


@pytest.mark.parametrize(
    ("data", "patch"), [("a: b", "data: {1: b}"), ("1: a", "data: {1: b}"), ("1: a", 'data: {"1": b}')]
)
def test_a_key_that_is_no_string_comes_from_a_patch_as_well(repo: Any, data: str, patch: str) -> None:
    assert "key 1 in ConfigMap c is not a string" in odd(repo, data, patch).fails()


def test_a_key_in_a_patch_finds_the_same_text_and_what_is_removed_is_not_asked(repo: Any) -> None:
    odd(repo, "'1': a", "data: {1: b}").builds_to(
        "apiVersion: v1\ndata:\n  '1': b\nkind: ConfigMap\nmetadata:\n  name: c\n".replace("'", '"')
    )
    odd(repo, "1: a", "data: null").build()


def test_above_the_root_of_a_disk_is_the_root(repo: Any) -> None:
    repo.write("x/kustomization.yaml", "resources: [../../../../x/c.yaml, ../../../y]\n").write("x/c.yaml", CM)
    repo.write("y/kustomization.yaml", "resources: [d.yaml]\n").write("y/d.yaml", CM.replace("name: c", "name: d"))
    assert "is not in or below" in repo.fails("x")
    assert [m["metadata"]["name"] for m in repo.result("x", whole_disk=True).manifests] == ["c", "d"]


def test_what_is_nested_too_deeply_is_refused_and_not_a_defect(repo: Any) -> None:
    for level in range(1000):
        repo.write(f"d{level}/kustomization.yaml", f"resources: [../d{level + 1}]")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    try:
        assert "nested too deeply" in repo.fails("d0")
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize(
    ("kind", "more", "text"), [("List", "", "a\n\n b"), ("List", "---\n" + CM, "a\n b"), ("FooList", "", "a\n b")]
)
def test_items_of_a_list_that_is_taken_apart_late_keep_their_folded_lines(
    repo: Any, kind: str, more: str, text: str
) -> None:
    item = CM.replace("name: c", "name: d").replace("\n", "\n  ") + "data:\n    x: >-\n      a\n       b\n"
    repo.write("kustomization.yaml", "resources: [c.yaml]\n")
    repo.write("c.yaml", f"apiVersion: v1\nkind: {kind}\nitems:\n- {item}{more}")
    assert {"x": text} in [m.get("data") for m in repo.result().manifests]
