"""From a row of the table to a CustomResourceDefinition.

A status is kept as it is written: dashboards and clients of several Argo CD versions read and write it.
"""

from __future__ import annotations

from typing import Any

from holdfast.dialects.argo.crds.kinds import FRAGMENTS, GROUP, KINDS, VERSION, ArgoKind
from holdfast.kube.crdtext import parse
from holdfast.kube.refs import Manifest

INSTALLED_BY = "holdfast"


def all_crds() -> list[Manifest]:
    return [crd(kind) for kind in KINDS]


def crd(kind: ArgoKind) -> Manifest:
    names = {
        "kind": kind.kind,
        "listKind": f"{kind.kind}List",
        "plural": kind.plural,
        "singular": kind.kind.lower(),
        "shortNames": list(kind.short_names),
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{kind.plural}.{GROUP}",
            "labels": {"app.kubernetes.io/managed-by": INSTALLED_BY, "app.kubernetes.io/part-of": "argocd"},
            "annotations": {"kustomize.toolkit.fluxcd.io/substitute": "disabled"},
        },
        "spec": {"group": GROUP, "names": names, "scope": "Namespaced", "versions": [_version(kind)]},
    }


def _version(kind: ArgoKind) -> dict[str, Any]:
    properties = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        "spec": parse(kind.spec, FRAGMENTS),
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        **parse(kind.top, FRAGMENTS)["properties"],
    }
    schema = {
        "type": "object",
        "description": kind.description,
        "required": ["metadata", "spec"],
        "properties": properties,
    }
    version: dict[str, Any] = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": [_column(*column) for column in kind.columns],
    }
    if kind.status_subresource:
        version["subresources"] = {"status": {}}
    return version


def _column(name: str, type_: str, path: str, priority: int) -> dict[str, Any]:
    column: dict[str, Any] = {"name": name, "type": type_, "jsonPath": path}
    return {**column, "priority": priority} if priority else column
