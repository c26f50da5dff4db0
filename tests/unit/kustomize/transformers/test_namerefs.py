"""References by name through renames."""

from __future__ import annotations

from typing import Any

CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volumes: [{configMap: {name: conf}}]}\n"


def _volume(repo: Any, path: str) -> list[str]:
    return [
        r.manifest["spec"]["volumes"][0]["configMap"]["name"] for r in repo.result(path).resources if r.kind == "Pod"
    ]


def test_two_overlays_of_one_base_keep_their_references_apart(repo: Any) -> None:
    repo.write("base/kustomization.yaml", "resources: [all.yaml]\n").write("base/all.yaml", CM + "---\n" + POD)
    for name in ("a", "b"):
        repo.write(f"{name}/kustomization.yaml", f"resources: [../base]\nnamePrefix: {name}-\n")
    repo.write("top/kustomization.yaml", "resources: [../a, ../b]\nnameSuffix: -x\n")
    assert _volume(repo, "top") == ["a-conf-x", "b-conf-x"]


def test_a_name_in_another_namespace_is_another_name(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [a, p.yaml]\n").write("p.yaml", POD)
    repo.write("a/kustomization.yaml", "resources: [c.yaml]\nnamePrefix: a-\nnamespace: other\n").write("a/c.yaml", CM)
    assert _volume(repo, "") == ["conf"]


def test_a_reference_from_outside_of_two_overlays_means_neither(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [a, b, p.yaml]\n").write("p.yaml", POD)
    for name in ("a", "b"):
        repo.write(f"{name}/kustomization.yaml", f"resources: [c.yaml]\nnamePrefix: {name}-\n")
        repo.write(f"{name}/c.yaml", CM)
    assert _volume(repo, "") == ["conf"]


def test_a_field_of_ones_own_can_be_a_reference(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [all.yaml]\nnamePrefix: a-\nconfigurations: [n.yaml]\n")
    repo.write("all.yaml", CM + "---\napiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: g}\nuse: conf\n")
    repo.write("n.yaml", "nameReference:\n- kind: ConfigMap\n  fieldSpecs: [{path: use, kind: Gadget}]\n")
    gadget = next(r for r in repo.result().resources if r.kind == "Gadget")
    assert gadget.manifest["use"] == "a-conf"


def test_a_secret_of_an_ingress_is_followed_through_two_names_and_that_of_a_pod_through_one(repo: Any) -> None:
    repo.write(
        "kustomization.yaml",
        "resources: [all.yaml]\nnamePrefix: a-\n"
        "secretGenerator:\n"
        "- {name: hashed, literals: [k=v]}\n"
        "- {name: plain, literals: [k=v], options: {disableNameSuffixHash: true}}\n"
        "replacements:\n"
        "- {source: {kind: Ingress}, targets: [{select: {kind: Secret}}]}\n",
    )
    repo.write(
        "all.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec: {tls: [{secretName: plain}]}\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volumes: [{secret: {secretName: plain}}]}\n",
    )
    specs = {r.kind: r.manifest.get("spec") for r in repo.result().resources}
    # As kustomize 5.8.1 prints it: both Secrets are called "a-web" before one of them gets its hash.
    assert specs["Ingress"] == {"tls": [{"secretName": "a-web-ftgtgc4t9f"}]}
    assert specs["Pod"] == {"volumes": [{"secret": {"secretName": "a-web"}}]}
