"""How an Application's specification is written once it has been through Argo CD's types: without what is empty.

Only so can what a set wants be compared with what the API server holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.dialects.argo.appset.types import typed_spec

# Tables of the user's own keys: nothing in them is ours to leave out.
_TABLES = frozenset(
    ("annotations", "labels", "commonLabels", "commonAnnotations", "map", "options", "valuesObject", "manifests")
)
# Objects that say something by being there, though they say nothing.
_PRESENT = frozenset(
    (
        "destination", "source", "automated", "retry", "backoff", "managedNamespaceMetadata", "sourceHydrator",
        "drySource", "syncSource", "hydrateTo", "target", "plugin", "syncPolicy",
    )
)  # fmt: skip
# Texts and switches that are written even when they are empty.
_WRITTEN = frozenset(("repoURL", "project"))
_ALL_WRITTEN = frozenset(("drySource", "syncSource", "hydrateTo", "info", "env", "extVars", "tlas", "replicas"))
_SWITCHES = frozenset(("prune", "selfHeal", "allowEmpty", "enabled"))


def normal_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """As Argo CD's controllers write it, with the defaults that they fill in."""
    out = _object(typed_spec(spec), "spec")
    out["project"] = out.get("project") or "default"
    out.setdefault("destination", {})
    if not out.get("syncPolicy", True):
        del out["syncPolicy"]
    for source in (out.get("source"), *(out.get("sources") or ())):
        if isinstance(source, dict):
            source.setdefault("repoURL", "")
            for engine in ("kustomize", "helm", "directory"):
                if not source.get(engine, True):
                    del source[engine]
    return out


def _object(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    out = {}
    for key, below in value.items():
        kept = _value(below, key, name)
        if kept is not _NOTHING:
            out[key] = kept
    return out


_NOTHING = object()


def _value(value: Any, key: str, parent: str) -> Any:
    if value is None:
        return _NOTHING
    if key in _TABLES:
        return value if value or key == "valuesObject" else _NOTHING
    if isinstance(value, Mapping):
        found = _object(value, key)
        return found if found or key in _PRESENT or key in ("kustomize", "helm", "directory") else _NOTHING
    if isinstance(value, list):
        items = [_object(v, key) if isinstance(v, Mapping) else v for v in value]
        return items or _NOTHING
    if (key, parent) == ("kind", "ignoreDifferences"):
        return value
    if key == "code" and value is False:
        return _NOTHING
    if parent in _ALL_WRITTEN or key in _WRITTEN or (key in _SWITCHES and parent == "automated"):
        return value
    return _NOTHING if value is False or value == "" or (key == "limit" and value == 0) else value
