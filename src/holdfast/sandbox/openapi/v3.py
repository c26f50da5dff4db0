"""OpenAPI v3: one document for each group and version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.sandbox.openapi import paths, schemas
from holdfast.sandbox.resources import Resource

Json = dict[str, Any]


def document(definitions: Mapping[str, Json], group: str, version: str, resources: list[Resource]) -> Json:
    roots = schemas.names_of(definitions, group, version)
    if any(s.name == "scale" for r in resources for s in r.subresources):
        roots.append("io.k8s.api.autoscaling.v1.Scale")
    found = schemas.closure(definitions, roots)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.3"},
        "paths": paths.of(resources, v3=True),
        "components": {"schemas": {name: converted(raw, name) for name, raw in found.items()}},
    }


def converted(raw: Mapping[str, Any], name: str = "") -> Json:
    """One schema in v3's form: references wrapped so that they may have siblings, zero defaults of plain values written out."""
    if name == schemas.INT_OR_STRING:
        return {
            "description": raw.get("description", ""),
            "format": "int-or-string",
            "oneOf": [{"type": "integer"}, {"type": "string"}],
        }
    if name == schemas.QUANTITY:
        return {"description": raw.get("description", ""), "oneOf": [{"type": "string"}, {"type": "number"}]}
    found = {k: _value(k, v) for k, v in raw.items() if k not in ("$ref", "properties")}
    if "$ref" in raw:
        found["allOf"] = [{"$ref": raw["$ref"].replace("#/definitions/", "#/components/schemas/")}]
    if "properties" in raw:
        found["properties"] = _properties(raw)
    return found


_STRUCTS = ("metadata", "spec", "status")


def _properties(raw: Mapping[str, Any]) -> Json:
    required = raw.get("required") or ()
    found: Json = {}
    for name, prop in raw["properties"].items():
        shown = found[name] = converted(prop)
        top = "x-kubernetes-group-version-kind" in raw
        if "$ref" in prop:
            if top and name in _STRUCTS and "default" not in shown:
                shown["default"] = {}
        elif name in required and prop.get("type") in _ZEROS:
            shown.setdefault("default", _ZEROS[prop["type"]])
    return found


_ZEROS: Json = {"string": "", "integer": 0, "number": 0, "boolean": False}


def _value(key: str, value: Any) -> Any:
    if key in ("items", "additionalProperties") and isinstance(value, Mapping):
        found = converted(value)
        if "$ref" in value and not value["$ref"].endswith(("Quantity", "IntOrString", "Time")):
            found.setdefault("default", {})
        elif value.get("type") == "string" and "format" not in value:
            found.setdefault("default", "")
        return found
    return value
