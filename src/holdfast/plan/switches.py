"""The per-object switches: annotations or labels such as ``kustomize.toolkit.fluxcd.io/prune: disabled``.

Values compare without case, and a label counts as much as an annotation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMES = ("prune", "reconcile", "ssa", "force")


def switches(obj: Mapping[str, Any], group: str) -> dict[str, frozenset[str]]:
    """Name to lower-cased values, for the switches that are set."""
    meta = obj.get("metadata") or {}
    labels, annotations = meta.get("labels") or {}, meta.get("annotations") or {}
    out: dict[str, frozenset[str]] = {}
    for name in NAMES:
        key = f"{group}/{name}"
        values = frozenset(str(m[key]).lower() for m in (labels, annotations) if m.get(key))
        if values:
            out[name] = values
    return out


def on(found: Mapping[str, frozenset[str]], name: str, value: str) -> bool:
    return value in found.get(name, ())
