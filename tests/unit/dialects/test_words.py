"""No room but the dialects, and what binds or prints them, knows a dialect's field names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import holdfast
from holdfast.dialects.argo.crds import all_crds as argo_crds
from holdfast.dialects.flux.crds import all_crds as flux_crds

SOURCE = Path(holdfast.__file__).parent
ROOMS = ("base", "kube", "model", "source", "render/tools", "plan/sync", "reconcile")
KUBERNETES = frozenset(
    {"apiVersion", "matchLabels", "matchExpressions", "lastTransitionTime", "observedGeneration", "secretName"}
)
ENGINES = frozenset(
    {
        "namePrefix", "nameSuffix", "commonLabels", "commonAnnotations", "kubeVersion", "apiVersions", "releaseName",
        "skipTests", "appVersion", "mediaType",
    }
)  # fmt: skip
KNOWN = {
    "reconcile/helm_digest.py": {"ociDigest"},  # the digest of a release is that of its JSON
    "reconcile/targets.py": {"serviceAccountName"},  # a key of the ConfigMap that tells how a cluster is reached
}


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from _names(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _names(item)


def _fields() -> frozenset[str]:
    """Names that only a dialect has: those of several words, but for what Kubernetes and the engines call so too."""
    found = {name for crd in (*argo_crds(), *flux_crds()) for name in _names(crd["spec"]["versions"])}
    written = {"operationState", "syncResult", "comparedTo", "reconciledAt"}  # a status is free in its schema
    return frozenset(n for n in found | written if not n.islower()) - KUBERNETES - ENGINES


def _literals(file: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value, node.lineno


def _named(files: Iterator[Path]) -> list[str]:
    fields = _fields()
    return [
        f"{file.relative_to(SOURCE)}:{line} {text}"
        for file in sorted(files)
        for text, line in _literals(file)
        if text in fields and text not in KNOWN.get(str(file.relative_to(SOURCE)), ())
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_without_dialect_names_no_field_of_one(room: str) -> None:
    assert {"syncPolicy", "targetRevision", "sourceRef"} <= _fields()
    assert _named((SOURCE / room).rglob("*.py")) == []


def test_what_binds_applications_leaves_their_fields_to_the_dialect() -> None:
    assert _named((SOURCE / "controller").glob("app_*.py")) == []
