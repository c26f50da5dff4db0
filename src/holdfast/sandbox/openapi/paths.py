"""The paths of the documents: which methods each resource has, and the parameters that clients look for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from holdfast.sandbox.resources import Resource

Json = dict[str, Any]

_WRITE_PARAMETERS: Final = ("dryRun", "fieldManager", "fieldValidation")
_ACTIONS: Final = {
    "get": ("get", ()),
    "update": ("put", _WRITE_PARAMETERS),
    "patch": ("patch", (*_WRITE_PARAMETERS, "force")),
    "delete": ("delete", ("dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy")),
    "create": ("post", _WRITE_PARAMETERS),
    "list": ("get", ("continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "watch")),
    "deletecollection": ("delete", ("dryRun", "fieldSelector", "labelSelector", "propagationPolicy")),
}
_BOOLEANS: Final = frozenset({"force", "orphanDependents", "watch"})
_INTEGERS: Final = frozenset({"gracePeriodSeconds", "limit"})
_MEDIA: Final = ("application/json", "application/yaml")
_PATCH_MEDIA: Final = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)


def of(resources: Iterable[Resource], *, v3: bool) -> Json:
    found: Json = {}
    for resource in resources:
        base = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
        scope = "/namespaces/{namespace}" if resource.namespaced else ""
        place = f"{base}{scope}/{resource.plural}"
        _add(found, place, resource, ("list", "create", "deletecollection"), v3)
        _add(found, place + "/{name}", resource, ("get", "update", "patch", "delete"), v3)
        for sub in resource.subresources:
            if sub.name in ("status", "scale"):
                _add(found, f"{place}/{{name}}/{sub.name}", resource, ("get", "update", "patch"), v3)
        if resource.namespaced:
            _add(found, f"{base}/{resource.plural}", resource, ("list",), v3)
    return found


def _add(found: Json, path: str, resource: Resource, verbs: Iterable[str], v3: bool) -> None:
    item: Json = {}
    for verb in verbs:
        if verb not in resource.verbs:
            continue
        method, parameters = _ACTIONS[verb]
        action = method if verb not in ("list", "deletecollection") else verb
        item[method] = _operation(resource, action, verb, parameters, v3)
    if item:
        found[path] = item


def _operation(resource: Resource, action: str, verb: str, parameters: Iterable[str], v3: bool) -> Json:
    operation: Json = {
        "operationId": f"{verb}{resource.kind}",
        "parameters": [_parameter(p, v3) for p in parameters],
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {
            "group": resource.group,
            "version": resource.version,
            "kind": resource.kind,
        },
    }
    if verb == "patch" and v3:
        operation["requestBody"] = {"content": {m: {"schema": {"type": "object"}} for m in _PATCH_MEDIA}}
    elif verb == "patch":
        operation["consumes"] = list(_PATCH_MEDIA)
    return operation


def _parameter(name: str, v3: bool) -> Json:
    type_ = "boolean" if name in _BOOLEANS else "integer" if name in _INTEGERS else "string"
    kind: Json = {"schema": {"type": type_, "uniqueItems": True}} if v3 else {"type": type_, "uniqueItems": True}
    return {"name": name, "in": "query", **kind}
