"""Renderings of small trees, as a Kustomization would ask for them."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.base.tree import MemoryTree, Tree
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.delivery import Image, KustomizeBuild, Ownership, Patch, Selector, Substitution, UnitKey
from holdfast.model.rendered import Rendered, RenderRequest
from holdfast.render.memo import RenderMemo, agrees
from holdfast.render.render import PathNotFound, RenderError, render, require_directory

OWNER = Ownership("kustomize-controller", "kustomize.toolkit.fluxcd.io")


def tree(**files: str) -> MemoryTree:
    """Keyword names are paths with ``__`` for a slash and ``_yaml`` for the ending."""
    return MemoryTree(
        {k.replace("__", "/").replace("_yaml", ".yaml").replace("_yml", ".yml"): v.encode() for k, v in files.items()}
    )


def config_map(name: str, value: str = "1", annotations: str = "") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n{annotations}data:\n  a: {value}\n"


def request(
    files: Tree, *, variables: dict[str, str] | None = None, identity: str = "1", **build: Any
) -> RenderRequest:
    return RenderRequest(
        unit=UnitKey("Kustomization", "apps", "web"),
        owner=OWNER,
        build=KustomizeBuild(**build),
        tree=files,
        tree_identity=identity,
        variables=variables or {},
    )


def names(rendered: Rendered) -> list[str]:
    return [str(ObjectRef.of(o)) for o in rendered.objects]


def data(rendered: Rendered) -> list[Any]:
    return [o.get("data") for o in rendered.objects]


def labels(obj: Manifest) -> Any:
    return obj["metadata"]["labels"]


def test_a_plain_directory_is_built_from_all_yaml_below_it() -> None:
    files = tree(
        d__a_yaml=config_map("one", "'1'"), d__s__b_yml=config_map("two", "'1'"), d__c="{}", e_yaml=config_map("no")
    )
    rendered = render(request(files, path="./d"))
    assert names(rendered) == ["ConfigMap/one", "ConfigMap/two"]


def test_a_directory_below_with_a_kustomization_is_taken_as_a_base() -> None:
    files = tree(
        a_yaml=config_map("one", "x"),
        s__kustomization_yaml="namePrefix: p-\nresources: [b.yaml]\n",
        s__b_yaml=config_map("two", "x"),
        s__ignored_yaml=config_map("three", "x"),
    )
    assert names(render(request(files))) == ["ConfigMap/one", "ConfigMap/p-two"]


def test_objects_carry_their_owner_and_the_common_metadata() -> None:
    rendered = render(
        request(tree(a_yaml=config_map("one", "x")), common_labels={"l": "1"}, common_annotations={"n": "2"})
    )
    assert labels(rendered.objects[0]) == {
        "kustomize.toolkit.fluxcd.io/name": "web",
        "kustomize.toolkit.fluxcd.io/namespace": "apps",
        "l": "1",
    }
    assert rendered.objects[0]["metadata"]["annotations"] == {"n": "2"}


def test_a_units_fields_join_those_of_the_kustomization() -> None:
    deployment = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {a: b}}\n"
        "  template:\n    metadata: {labels: {a: b}}\n    spec:\n      containers: [{name: c, image: nginx:1}]\n"
    )
    kustomization = "resources: [d.yaml]\nimages: [{name: nginx, newTag: '2'}]\nunknown: field\n"
    rendered = render(
        request(
            tree(kustomization_yaml=kustomization, d_yaml=deployment),
            target_namespace="ns",
            name_prefix="p-",
            name_suffix="-s",
            images=(Image("nginx", new_name="other"),),
            patches=(Patch("- {op: add, path: /spec/replicas, value: 3}", Selector(kind="Deployment")),),
        )
    )
    (obj,) = rendered.objects
    assert names(rendered) == ["Deployment/ns/p-web-s"]
    assert obj["spec"]["replicas"] == 3
    assert obj["spec"]["template"]["spec"]["containers"][0]["image"] == "other:2"


def test_variables_are_substituted_object_by_object() -> None:
    switched_off = "  annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}\n"
    files = tree(a_yaml=config_map("one", "${x}-${y:=d}"), b_yaml=config_map("two", "${x}", switched_off))
    rendered = render(request(files, variables={"x": "from"}, substitution=Substitution({"x": "inline"})))
    assert data(rendered) == [{"a": "inline-d"}, {"a": "${x}"}]


def test_without_a_variable_nothing_is_substituted_unless_always() -> None:
    files = tree(a_yaml=config_map("one", "${y:=d}"))
    assert data(render(request(files, substitution=Substitution()))) == [{"a": "${y:=d}"}]
    assert data(render(request(files, substitution=Substitution(always=True)))) == [{"a": "d"}]


def test_quotes_are_lost_before_substitution() -> None:
    files = tree(a_yaml=config_map("one", '"${n}"'))
    assert data(render(request(files, substitution=Substitution({"n": "7"})))) == [{"a": 7}]


@pytest.mark.parametrize(
    ("files", "build", "message"),
    [
        (
            {"a_yaml": config_map("one", "${x}")},
            {"substitution": Substitution({"y": "1"})},
            (
                "post build failed for 'ConfigMap.v1.[noGrp]/one': envsubst error: variable substitution failed: "
                'variable not set (strict mode): "x"'
            ),
        ),
        (
            {"a_yaml": "apiVersion: v1\nmetadata:\n  name: x\n"},
            {},
            (
                "failed to decode Kubernetes YAML from /tmp/kustomization-web/a.yaml: "
                "missing kind in object {{v1 } {{x } map[] map[]}}"
            ),
        ),
        (
            {"a_yaml": "- a\n"},
            {},
            "failed to decode Kubernetes YAML from /tmp/kustomization-web/a.yaml: missing Resource metadata",
        ),
        (
            {"a_yaml": "apiVersion: v1\nkind: {a: b}\nmetadata:\n  name: x\n"},
            {},
            (
                "failed to decode Kubernetes YAML from /tmp/kustomization-web/a.yaml: "
                "missing kind in object {{v1 } {{x } map[] map[]}}"
            ),
        ),
        (
            {"a_yaml": "apiVersion: [v1]\nkind: A\nmetadata:\n  name: x\n"},
            {},
            (
                "failed to decode Kubernetes apiVersion, kind and name from: "
                "apiVersion:\n- v1\nkind: A\nmetadata:\n  name: x\n"
            ),
        ),
        (
            {"a_yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  labels: [a]\n"},
            {},
            "ConfigMap.v1.[noGrp]/x: metadata.labels has to be a mapping of strings, not a list",
        ),
        ({}, {"components": ("https://x/y",)}, "component path 'https://x/y' must be local and relative"),
    ],
)
def test_what_is_wrong_is_told_in_fluxs_words(files: dict[str, str], build: dict[str, Any], message: str) -> None:
    with pytest.raises(RenderError) as error:
        render(request(tree(**files), **build))
    assert error.value.message == message


def test_a_path_that_is_not_there_is_told() -> None:
    with pytest.raises(
        PathNotFound, match="kustomization path not found: stat /tmp/kustomization-web/x/y: no such file"
    ):
        render(request(tree(a_yaml=""), path="./x/y"))


def test_a_path_above_the_tree_stays_in_it() -> None:
    with pytest.raises(PathNotFound, match=r"stat /tmp/kustomization-web/etc: no such file"):
        render(request(tree(a_yaml=""), path="../../etc"))


def test_a_path_to_a_file_is_told_by_the_build() -> None:
    files = tree(a_yaml=config_map("one"))
    require_directory(files, "a.yaml", "web")
    with pytest.raises(
        RenderError, match=r"open /tmp/kustomization-web/a.yaml/kustomization.yaml: not a directory remove"
    ):
        render(request(files, path="a.yaml"))


def test_a_secret_that_does_not_fit_its_type_stays_as_it_is() -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: 'ENC[x]'}\nsops: {mac: x}\n"
    (found,) = render(request(tree(a_yaml=secret))).objects
    assert found["sops"] == {"mac": "x"}


def test_labels_that_substitution_made_numbers_are_texts_again() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, labels: {v: '${v}', on: '${on}'}}\n"
    found = render(request(tree(a_yaml=text), variables={"v": "1.5", "on": "true"}, substitution=Substitution()))
    assert {k: labels(found.objects[0])[k] for k in ("v", "on")} == {"v": "1.5", "on": "true"}


def test_an_empty_directory_renders_to_nothing() -> None:
    assert render(request(tree(readme="x"))).objects == ()


def test_links_are_followed_inside_the_tree_only() -> None:
    files = MemoryTree({"real/a.yaml": config_map("one", "x").encode()}, {"link": "real", "out": "../../real"})
    assert names(render(request(files, path="link"))) == ["ConfigMap/one"]
    assert names(render(request(files, path="../../out"))) == ["ConfigMap/one"]


def test_secrets_and_ports_are_made_stable_and_status_is_dropped() -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: b}\nsops: {mac: x}\n"
    service = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}]}\nstatus: {}\nunknown: 1\n"
    )
    found = render(request(tree(a_yaml=secret, b_yaml=service))).objects
    assert found[0]["data"] == {"a": "Yg=="} and "stringData" not in found[0] and "sops" not in found[0]
    assert found[1]["spec"] == {"ports": [{"port": 80, "protocol": "TCP"}]}
    assert "status" not in found[1] and "unknown" not in found[1]


def test_a_memo_renders_again_only_for_files_that_were_read() -> None:
    memo = RenderMemo()
    first = tree(d__a_yaml=config_map("one", "x"), other="1")
    unrelated = tree(d__a_yaml=config_map("one", "x"), other="2")
    touched = tree(d__a_yaml=config_map("one", "y"), other="2")
    added = tree(d__a_yaml=config_map("one", "y"), d__b_yaml=config_map("two", "y"), other="2")
    for number, (files, renders) in enumerate([(first, 1), (unrelated, 1), (touched, 2), (added, 3)]):
        memo.render(request(files, identity=str(number), path="d"))
        assert memo.renders == renders


def test_reads_agree_with_the_tree_they_came_from_and_no_other() -> None:
    files = tree(d__a_yaml=config_map("one", "x"))
    reads = render(request(files, path="d")).reads
    assert agrees(files, reads)
    assert not agrees(tree(d__a_yaml=config_map("one", "y")), reads)
    assert not agrees(tree(x=""), reads)
