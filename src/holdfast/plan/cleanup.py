"""Undoing what kubectl left behind: its field managers are folded into ours, so that the next apply removes their extras.

As Flux does it (fluxcd/pkg ``ssa/patch.go``): managers whose name begins with one of the prefixes, deprecated annotations, and
the last-applied annotation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.plan.hashing import union

_ANNOTATIONS = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "kustomize.toolkit.fluxcd.io/checksum",
    "fluxcd.io/sync-checksum",
)
_LABELS = ("fluxcd.io/sync-gc-mark",)


def is_foreign(live: Mapping[str, Any], manager: str) -> bool:
    """Whether `cleanup` would have anything to do."""
    return bool(cleanup(live, manager))


def cleanup(live: Mapping[str, Any], manager: str) -> list[dict[str, Any]]:
    """A JSON patch (RFC 6902); empty where nothing is to be cleaned up."""
    meta = live.get("metadata") or {}
    operations: list[dict[str, Any]] = []
    for field, keys in (("annotations", _ANNOTATIONS), ("labels", _LABELS)):
        for key in keys:
            if key in (meta.get(field) or {}):
                operations.append({"op": "remove", "path": f"/metadata/{field}/{key.replace('/', '~1')}"})
    entries = _folded(list(meta.get("managedFields") or ()), manager)
    if entries is not None:
        operations.append({"op": "replace", "path": "/metadata/managedFields", "value": entries})
    return operations


def _is_ours_to_fold(entry: Mapping[str, Any], manager: str) -> bool:
    if entry.get("subresource"):
        return False
    name, operation = str(entry.get("manager") or ""), entry.get("operation")
    if name.startswith("kubectl"):
        return operation in ("Apply", "Update")
    return operation == "Update" and name.startswith(("before-first-apply", manager))


def _folded(entries: list[dict[str, Any]], manager: str) -> list[dict[str, Any]] | None:
    folded = [e for e in entries if _is_ours_to_fold(e, manager)]
    if not folded:
        return None
    own = [
        e for e in entries if e.get("manager") == manager and e.get("operation") == "Apply" and not e.get("subresource")
    ]
    rest = [e for e in entries if e not in folded and e not in own]
    first = own[0] if own else folded[0]
    fields: dict[str, Any] = {}
    for entry in (*own, *folded):
        fields = union(fields, entry.get("fieldsV1") or {})
    return [*rest, {**first, "manager": manager, "operation": "Apply", "fieldsV1": fields}]
