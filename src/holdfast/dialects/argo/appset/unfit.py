"""What a patch holds that no Application can: a number where a text belongs, a table where a list does.

In: the patch as data. Out: what Go's JSON says of the first such thing, or nothing. Fields that nobody knows are no fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.dialects.argo.appset.types import application_schema

# The names that Argo CD's types have, by field; where a field is ambiguous, by the one above it too.
_STRUCTS = {
    "": "Application", "metadata": "ObjectMeta", "spec": "ApplicationSpec", "source": "ApplicationSource",
    "sources": "ApplicationSource", "helm": "ApplicationSourceHelm", "helm.parameters": "HelmParameter",
    "fileParameters": "HelmFileParameter", "kustomize": "ApplicationSourceKustomize", "patches": "KustomizePatch",
    "target": "KustomizeSelector", "replicas": "KustomizeReplica", "directory": "ApplicationSourceDirectory",
    "jsonnet": "ApplicationSourceJsonnet", "extVars": "JsonnetVar", "tlas": "JsonnetVar",
    "plugin": "ApplicationSourcePlugin", "plugin.parameters": "ApplicationSourcePluginParameter",
    "env": "EnvEntry", "destination": "ApplicationDestination", "syncPolicy": "SyncPolicy",
    "automated": "SyncPolicyAutomated", "retry": "RetryStrategy", "backoff": "Backoff",
    "managedNamespaceMetadata": "ManagedNamespaceMetadata", "ignoreDifferences": "ResourceIgnoreDifferences",
    "info": "Info", "sourceHydrator": "SourceHydrator", "drySource": "DrySource", "syncSource": "SyncSource",
    "hydrateTo": "HydrateTo",
}  # fmt: skip
_LISTS = {
    "sources": "v1alpha1.ApplicationSources", "images": "v1alpha1.KustomizeImages",
    "replicas": "v1alpha1.KustomizeReplicas", "patches": "v1alpha1.KustomizePatches",
    "env": "v1alpha1.Env", "plugin.parameters": "v1alpha1.ApplicationSourcePluginParameters",
    "syncOptions": "v1alpha1.SyncOptions", "ignoreDifferences": "v1alpha1.IgnoreDifferences",
}  # fmt: skip
_TEXTS = {"images": "v1alpha1.KustomizeImage"}


def unfit(patch: Mapping[str, Any]) -> str | None:
    return next(_faults(patch, application_schema(), ()), None)


def _faults(value: Any, schema: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    wanted = schema.get("type")
    if value is None or wanted is None or path[-1:] == ("valuesObject",):
        return
    below = schema.get("properties") or {}
    if wanted == "object" and isinstance(value, Mapping):
        each = schema.get("additionalProperties")
        for key in value:
            if key in below:
                yield from _faults(value[key], below[key], (*path, key))
            elif isinstance(each, Mapping):
                yield from _faults(value[key], each, path)
    elif wanted == "array" and isinstance(value, list):
        for item in value:
            yield from _faults(item, schema["items"], path)
    elif not _fits(value, wanted):
        shown = f"number {value!r}" if wanted == "integer" and isinstance(value, float) else _kind(value)
        inside = _named(_STRUCTS, path[:-1])
        yield (
            f"json: cannot unmarshal {shown} into Go struct field {inside}.{'.'.join(path)} of type {_type(schema, path)}"
        )


def _fits(value: Any, wanted: str) -> bool:
    if isinstance(value, bool):
        return wanted == "boolean"
    return (wanted, type(value)) in (("string", str), ("integer", int)) or (
        wanted == "number" and type(value) in (int, float)
    )


def _kind(value: Any) -> str:
    names = ((bool, "bool"), ((int, float), "number"), (str, "string"), (list, "array"))
    return next((name for kind, name in names if isinstance(value, kind)), "object")


def _named(table: Mapping[str, str], path: tuple[str, ...]) -> str:
    return table.get(".".join(path[-2:])) or table.get(path[-1] if path else "", "")


def _type(schema: Mapping[str, Any], path: tuple[str, ...]) -> str:
    wanted: str = schema["type"]
    if wanted == "array":
        return _named(_LISTS, path) or f"[]{_type(schema['items'], path)}"
    if wanted == "object":
        struct = _named(_STRUCTS, path)
        if struct:
            return f"v1.{struct}" if struct == "ObjectMeta" else f"v1alpha1.{struct}"
        return f"map[string]{_type(schema.get('additionalProperties') or {'type': 'string'}, ())}"
    if wanted == "string":
        return _named(_TEXTS, path) or "string"
    return {"boolean": "bool", "integer": "int64"}.get(wanted, wanted)
