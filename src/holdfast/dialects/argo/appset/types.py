"""The type that an Application has, as its CustomResourceDefinition tells it, and the parts that no set may set left out.

``typed`` is what is left of data once it has been through that type: unknown fields go, required ones are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from holdfast.dialects.argo.crds.generate import crd
from holdfast.dialects.argo.crds.kinds import KINDS

_META = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
        "finalizers": {"type": "array", "items": {"type": "string"}},
    },
}
_ZERO: dict[str | None, Any] = {"string": "", "boolean": False, "integer": 0, None: 0}


@cache
def application_schema() -> dict[str, Any]:
    found = crd(next(k for k in KINDS if k.kind == "Application"))
    properties = found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    spec = _with_switches(properties["spec"])
    return {"type": "object", "properties": {"metadata": _META, "spec": spec}}


def _with_switches(schema: Mapping[str, Any], name: str = "") -> dict[str, Any]:
    """A definition says only that a patch's options are a table; they are switches."""
    if name == "options":
        return {"type": "object", "additionalProperties": {"type": "boolean"}}
    out = dict(schema)
    if "properties" in out:
        out["properties"] = {k: _with_switches(v, k) for k, v in out["properties"].items()}
    if "items" in out:
        out["items"] = _with_switches(out["items"])
    return out


def typed_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = _typed(spec, application_schema()["properties"]["spec"])
    return found


def _typed(value: Any, schema: Mapping[str, Any]) -> Any:
    known = schema.get("properties")
    if known and isinstance(value, Mapping):
        out = {k: _typed(v, known[k]) for k, v in value.items() if k in known and v is not None}
        for key in schema.get("required") or ():
            if key not in out:
                below = known[key]
                out[key] = _typed({}, below) if below.get("type") == "object" else _ZERO.get(below.get("type"), "")
        return out
    items = schema.get("items")
    if items and isinstance(value, list):
        return [_typed(v, items) for v in value]
    return value
