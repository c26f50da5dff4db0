"""Bases, components and the words of what goes wrong on the way to them."""

from __future__ import annotations

from typing import Any

import pytest

CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"


def test_a_component_changes_what_is_there_before_it(repo: Any) -> None:
    repo.write("app/kustomization.yaml", "resources: [c.yaml]\ncomponents: [../extra]\n").write("app/c.yaml", CM)
    repo.write(
        "extra/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -x\n"
    )
    repo.builds_to("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c-x\n", "app")


def test_the_same_resource_twice_is_refused_with_its_name(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [a.yaml, b.yaml]\n").write("a.yaml", CM).write("b.yaml", CM)
    text = repo.fails()
    assert "may not add resource with an already registered id: ConfigMap.v1.[noGrp]/c.[noNs]" in text
    assert "accumulating resources from 'b.yaml'" not in text
    assert "merging resources from 'b.yaml'" in text


def test_a_cycle_of_bases_is_found(repo: Any) -> None:
    repo.write("a/kustomization.yaml", "resources: [../b]\n").write("b/kustomization.yaml", "resources: [../a]\n")
    assert "cycle detected: candidate root '/a' contains visited root" in repo.fails("a")


def test_a_file_that_is_no_yaml_is_reported_with_its_name_only(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [bad.yaml]\n").write("bad.yaml", "a: [\n")
    text = repo.fails()
    assert "MalformedYAMLError" in text
    assert text.endswith("in File: bad.yaml")


def test_a_missing_resource_is_reported_as_file_and_as_directory(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [gone.yaml]\n")
    text = repo.fails()
    assert "accumulating resources from 'gone.yaml': evalsymlink failure on '/gone.yaml'" in text
    assert "must build at directory" in text


def test_a_remote_base_is_fetched_through_the_callable(repo: Any) -> None:
    from holdfast.base.tree import MemoryTree
    from holdfast.kustomize.options import Fetched

    repo.write("kustomization.yaml", "resources: ['https://github.com/org/repo//base?ref=v1']\n")
    tree = MemoryTree({"base/kustomization.yaml": b"resources: [c.yaml]\n", "base/c.yaml": CM.encode()})
    asked: list[str] = []

    def fetch(url: str) -> Fetched:
        asked.append(url)
        return Fetched(tree, "base")

    assert "name: c" in repo.build(fetch=fetch)
    assert asked == ["https://github.com/org/repo//base?ref=v1"]
    assert "not allowed here" in repo.fails()


def test_vars_replace_texts_and_warn_when_unused(repo: Any) -> None:
    repo.write(
        "kustomization.yaml",
        """
        resources: [all.yaml]
        vars:
        - {name: HOST, objref: {kind: Service, apiVersion: v1, name: s}}
        - {name: IDLE, objref: {kind: Service, apiVersion: v1, name: s}}
        """,
    )
    repo.write(
        "all.yaml",
        """
        {apiVersion: v1, kind: Service, metadata: {name: s}}
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: m, args: [--host=$(HOST)]}]}}
        """,
    )
    result = repo.result()
    assert result.resources[1].manifest["spec"]["containers"][0]["args"] == ["--host=s"]
    assert result.warnings[-1] == "well-defined vars that were never replaced: IDLE"


def test_charts_are_refused_until_helm_is_enabled_and_then_inflated(repo: Any) -> None:
    repo.write("kustomization.yaml", "helmCharts:\n- name: app\n  valuesInline: {a: 1}\nnamespace: prod\n")
    assert "must specify --enable-helm" in repo.fails()
    asked: list[Any] = []

    def helm(request: Any) -> str:
        asked.append(request)
        return CM

    assert "name: c" in repo.build(enable_helm=True, helm=helm)
    assert asked[0].values == {"a": 1}
    assert asked[0].chart["namespace"] == "prod"


def test_containers_are_refused_with_a_way_out(repo: Any) -> None:
    repo.write("kustomization.yaml", "transformers: [fn.yaml]\nresources: [c.yaml]\n").write("c.yaml", CM)
    repo.write(
        "fn.yaml",
        """
        apiVersion: example.com/v1
        kind: Fn
        metadata:
          name: f
          annotations:
            config.kubernetes.io/function: "container: {image: x}"
        """,
    )
    assert "external plugins disabled" in repo.fails()
    assert "container functions are not supported" in repo.fails(enable_plugins=True)


def test_a_field_of_all_kinds_gives_way_to_the_same_field_of_one_kind(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [c.yaml]\nnamePrefix: a-\nconfigurations: [names.yaml]\n")
    repo.write("c.yaml", CM + CM.replace("ConfigMap", "Secret").join(("---\n", "")))
    repo.write("names.yaml", "namePrefix:\n- path: metadata/name\n  kind: Secret\n")
    assert [m["metadata"]["name"] for m in repo.result().manifests] == ["c", "a-c"]


def test_an_origin_that_a_function_wrote_makes_a_transformer_of_it(repo: Any) -> None:
    repo.write("kustomization.yaml", "transformers: [fn.yaml]\nbuildMetadata: [transformerAnnotations]\n")
    repo.write(
        "fn.yaml",
        """
        kind: executable
        metadata:
          name: f
          annotations:
            config.kubernetes.io/function: "exec: {path: ./fn.sh}"
        """,
    )
    made = (
        CM.replace("{name: c}", "\n  name: c")
        + "  annotations:\n    config.kubernetes.io/origin: |\n      path: elsewhere.yaml\n"
    )
    text = repo.build(enable_plugins=True, enable_exec=True, function=lambda _: made)
    assert (
        "transformations: |\n      - configuredIn: fn.yaml\n        configuredBy:\n          kind: executable\n" in text
    )


@pytest.mark.parametrize(
    ("config", "wrong"),
    [
        (
            "kind: PatchTransformer\npatch: '[]'\ntarget: {name: true}\n",
            "bool into Go struct field Selector.target.ResId.name",
        ),
        (
            "kind: LabelTransformer\nfieldSpecs: [{path: a, kind: 1}]\n",
            "number into Go struct field FieldSpec.fieldSpecs.Gvk.kind",
        ),
        (
            "kind: ConfigMapGenerator\nbehavior: 1\n",
            "number into Go struct field ConfigMapGeneratorPlugin.ConfigMapArgs.GeneratorArgs.behavior",
        ),
    ],
)
def test_a_plugin_takes_a_number_for_a_text_but_not_in_embedded_types(repo: Any, config: str, wrong: str) -> None:
    field = "generators" if "Generator" in config else "transformers"
    repo.write("kustomization.yaml", f"{field}: [t.yaml]\n")
    repo.write("t.yaml", f"apiVersion: builtin\nmetadata: {{name: t}}\n{config}")
    assert f"cannot unmarshal {wrong} of type string" in repo.fails()
    repo.write("t.yaml", "apiVersion: builtin\nmetadata: {name: t}\nkind: LabelTransformer\nlabels: {a: 1}\n")
    repo.write("kustomization.yaml", "transformers: [t.yaml]\n")
    assert repo.build() == ""
