"""What a comparison says of a whole application."""

from __future__ import annotations

from holdfast.kube.refs import GroupVersionKind, ObjectRef
from holdfast.model.sync import Pair
from holdfast.reconcile.app_compare import homeless


def test_an_object_that_needs_a_namespace_and_has_none_is_complained_about() -> None:
    def pair(kind: str, namespace: str) -> Pair:
        return Pair({}, None, ObjectRef("", kind, namespace, "a"), GroupVersionKind("", "v1", kind))

    scopes = {"ConfigMap": True, "Namespace": False, "Strange": None}
    pairs = [pair("ConfigMap", ""), pair("ConfigMap", "x"), pair("Namespace", ""), pair("Strange", "")]
    found = homeless(pairs, lambda group, kind: scopes[kind])
    assert [(c.type, c.message) for c in found] == [
        ("InvalidSpecError", "Namespace for a /v1, Kind=ConfigMap is missing.")
    ]
