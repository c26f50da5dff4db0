from __future__ import annotations

from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.plan.order import deletion_order, staged


def obj(api_version: str, kind: str, name: str, namespace: str = "") -> Manifest:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}}


OBJECTS = [
    obj("example.com/v1", "Widget", "w", "a"),
    obj("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "v"),
    obj("apps/v1", "Deployment", "web", "a"),
    obj("v1", "ConfigMap", "z", "a"),
    obj("v1", "ConfigMap", "a", "b"),
    obj("v1", "Namespace", "a"),
    obj("storage.k8s.io/v1", "StorageClass", "fast"),
    obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.example.com"),
]


def test_stages_are_definitions_classes_and_the_rest_each_in_order() -> None:
    found = [(name, [str(ObjectRef.of(o)) for o in objects]) for name, objects in staged(OBJECTS)]
    assert found == [
        ("definitions", ["CustomResourceDefinition/widgets.example.com", "Namespace/a"]),
        ("classes", ["StorageClass/fast"]),
        (
            "rest",
            ["ConfigMap/a/z", "ConfigMap/b/a", "Deployment/a/web", "Widget/a/w", "ValidatingWebhookConfiguration/v"],
        ),
    ]


def test_kinds_that_the_operator_names_go_before_the_rest() -> None:
    early = frozenset({("example.com", "Widget")})
    assert [name for name, _ in staged(OBJECTS, early)] == ["definitions", "classes", "early", "rest"]


def test_deletion_goes_backwards() -> None:
    refs = [ObjectRef.of(o) for o in OBJECTS]
    assert [r.kind for r in deletion_order(refs)][:2] == ["ValidatingWebhookConfiguration", "Widget"]
    assert deletion_order(refs)[-1].kind == "CustomResourceDefinition"
