"""Every value of a rendered object is traced to the line that wrote it."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.kube.leaves import parsed, shown
from holdfast.kube.refs import ObjectRef
from holdfast.model.delivery import Image, KustomizeBuild, Ownership, Patch, Substitution, UnitKey
from holdfast.model.rendered import RenderRequest
from holdfast.render.blame import HIDDEN, FieldOrigin, blame

FILES = {
    "base/web.yaml": """\
        apiVersion: v1
        kind: Service
        metadata:
          name: web
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          replicas: 1
          template:
            spec:
              containers:
                - name: app
                  image: example.org/app:1.0
                  env:
                    - name: HOST
                      value: ${host}
                - name: side
                  image: example.org/side:1.0
        """,
    "base/kustomization.yaml": """\
        resources:
          - web.yaml
        labels:
          - pairs:
              team: blue
        """,
    "overlay/kustomization.yaml": """\
        namespace: prod
        resources:
          - ../base
        images:
          - name: example.org/side
            newTag: "2.0"
        replicas:
          - name: web
            count: 3
        patches:
          - path: memory.yaml
          - target:
              kind: Deployment
            patch: |
              - op: add
                path: /spec/paused
                value: true
        configMapGenerator:
          - name: settings
            files:
              - app.ini
            literals:
              - colour=red
        secretGenerator:
          - name: keys
            literals:
              - token=hidden
        """,
    "overlay/memory.yaml": """\
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          template:
            spec:
              containers:
                - name: app
                  resources:
                    limits:
                      memory: 1Gi
        """,
    "overlay/app.ini": "a=1\n",
}
DEPLOYMENT = ObjectRef("apps", "Deployment", "prod", "web")


def fields(ref: ObjectRef, **build: Any) -> dict[str, FieldOrigin]:
    tree = MemoryTree({name: textwrap.dedent(text).encode() for name, text in FILES.items()})
    request = RenderRequest(
        unit=UnitKey("Kustomization", "flux-system", "apps"),
        owner=Ownership("kustomize-controller", "kustomize.toolkit.fluxcd.io"),
        build=KustomizeBuild(path="overlay", **build),
        tree=tree,
        tree_identity="one",
    )
    found = blame(request, ref)
    assert found is not None
    return {shown(f.path): f for f in found}


def place(field: FieldOrigin) -> tuple[str, int]:
    return field.origin.file, field.origin.line


@pytest.mark.parametrize(
    ("path", "file", "line"),
    [
        ("spec.template.spec.containers[name=app].image", "base/web.yaml", 16),
        ("spec.template.spec.containers[name=side].image", "overlay/kustomization.yaml", 6),
        ("spec.replicas", "overlay/kustomization.yaml", 9),
        ("metadata.namespace", "overlay/kustomization.yaml", 1),
        ("metadata.labels.team", "base/kustomization.yaml", 5),
        ("spec.template.spec.containers[name=app].resources.limits.memory", "overlay/memory.yaml", 12),
        ("spec.paused", "overlay/kustomization.yaml", 15),
        ("kind", "base/web.yaml", 7),
    ],
)
def test_a_value_is_traced_to_its_line(path: str, file: str, line: int) -> None:
    assert place(fields(DEPLOYMENT)[path]) == (file, line)


def test_what_a_value_was_before_is_told_too() -> None:
    field = fields(DEPLOYMENT)["spec.replicas"]
    assert [(value, origin.file, origin.line) for value, origin in field.earlier] == [(1, "base/web.yaml", 11)]


def test_generated_data_is_traced_to_its_file_or_literal() -> None:
    found = fields(ObjectRef("", "ConfigMap", "prod", _names("ConfigMap")[0]))
    assert place(found['data."app.ini"']) == ("overlay/app.ini", 1)
    assert place(found["data.colour"]) == ("overlay/kustomization.yaml", 23)


def _names(kind: str) -> list[str]:
    from holdfast.kustomize import BuildOptions, build

    tree = MemoryTree({name: textwrap.dedent(text).encode() for name, text in FILES.items()})
    return [r.name for r in build(tree, "overlay", BuildOptions(load_restrictions="none")).resources if r.kind == kind]


def test_values_of_secrets_are_hidden() -> None:
    found = fields(ObjectRef("", "Secret", "prod", _names("Secret")[0]))
    assert found["data.token"].value == HIDDEN
    assert place(found["data.token"]) == ("overlay/kustomization.yaml", 27)


def test_a_variable_is_named_beside_the_line_that_uses_it() -> None:
    found = fields(DEPLOYMENT, substitution=Substitution(inline={"host": "example.com"}))
    field = found["spec.template.spec.containers[name=app].env[name=HOST].value"]
    assert field.value == "example.com"
    assert place(field) == ("base/web.yaml", 19)
    assert "${host}" in field.origin.how


def test_what_the_unit_itself_adds_is_said_to_be_the_units() -> None:
    found = fields(
        DEPLOYMENT,
        images=(Image("example.org/app", new_tag="9"),),
        patches=(
            Patch("kind: Deployment\napiVersion: apps/v1\nmetadata:\n  name: web\nspec:\n  minReadySeconds: 5\n"),
        ),
        common_labels={"common": "yes"},
    )
    unit = "Kustomization/flux-system/apps"
    assert found["spec.template.spec.containers[name=app].image"].origin.how == f"spec.images of {unit}"
    assert found["spec.minReadySeconds"].origin.how == f"spec.patches of {unit}"
    assert found["metadata.labels.common"].origin.how == f"spec.commonMetadata of {unit}"
    assert found['metadata.labels."kustomize.toolkit.fluxcd.io/name"'].origin.how == f"owner label of {unit}"


def test_paths_read_as_they_are_written() -> None:
    path = ("metadata", "annotations", "a.b/c", "[name=x]", "[2]", "image")
    assert parsed(shown(path)) == path
    assert parsed(".spec.replicas") == ("spec", "replicas")
