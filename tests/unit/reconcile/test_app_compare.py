"""What a comparison says of a whole application."""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import GroupVersionKind, ObjectRef
from holdfast.model.sync import Pair
from holdfast.reconcile.app_compare import homeless, summary


def test_an_object_that_needs_a_namespace_and_has_none_is_complained_about() -> None:
    def pair(kind: str, namespace: str) -> Pair:
        return Pair({}, None, ObjectRef("", kind, namespace, "a"), GroupVersionKind("", "v1", kind))

    scopes = {"ConfigMap": True, "Namespace": False, "Strange": None}
    pairs = [pair("ConfigMap", ""), pair("ConfigMap", "x"), pair("Namespace", ""), pair("Strange", "")]
    found = homeless(pairs, lambda group, kind: scopes[kind])
    assert [(c.type, c.message) for c in found] == [
        ("InvalidSpecError", "Namespace for a /v1, Kind=ConfigMap is missing.")
    ]


def test_the_summary_has_links_that_objects_carry_and_addresses_of_ingresses() -> None:
    def obj(kind: str, **annotations: str) -> dict[str, Any]:
        rules = [{"host": "a.example.com", "http": {"paths": [{"path": "/x*"}]}}]
        notes = {f"{k}.argocd.argoproj.io/more": v for k, v in annotations.items()}
        return {"kind": kind, "metadata": {"name": "a", "annotations": notes}, "spec": {"rules": rules}}

    lives = [
        obj("Ingress", link="https://b.example.com"),
        obj("Service", link="shop|http://c.example.com"),
        obj("Service", link="javascript:alert(1)"),
    ]
    assert summary(lives, (), "argoproj.io").urls == (
        "http://a.example.com/x",
        "https://b.example.com",
        "shop|http://c.example.com",
    )
    quiet = obj("Ingress")
    quiet["metadata"]["annotations"]["argocd.argoproj.io/ignore-default-links"] = "true"
    assert summary([quiet], (), "argoproj.io").urls == ()
