"""OpenAPI v2: one document for everything, as JSON and as the protobuf message that Go clients ask for.

The encoder below writes just the fields of gnostic's openapi.v2.Document that Kubernetes' documents use
(https://github.com/google/gnostic-models, openapiv2/OpenAPIv2.proto).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from holdfast.base.protowire import tagged, varint
from holdfast.sandbox import gotext
from holdfast.sandbox.openapi import paths
from holdfast.sandbox.resources import Resource

Json = dict[str, Any]


def document(definitions: Mapping[str, Json], resources: Iterable[Resource]) -> Json:
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": "v1.36.3"},
        "paths": paths.of(resources, v3=False),
        "definitions": {name: without_defaults(definitions[name]) for name in sorted(definitions)},
    }


def without_defaults(raw: Any) -> Any:
    """v2 has no defaults; a property may itself be called ``default`` and stays."""
    if not isinstance(raw, Mapping):
        return raw
    found: Json = {}
    for key, value in raw.items():
        if key == "default":
            continue
        if key == "properties":
            found[key] = {k: without_defaults(v) for k, v in value.items()}
        elif key in ("items", "additionalProperties"):
            found[key] = without_defaults(value)
        else:
            found[key] = value
    return found


# --- protobuf ---


def protobuf(doc: Json) -> bytes:
    items = b"".join(tagged(2, _named(path, _path_item(item))) for path, item in doc["paths"].items())
    definitions = b"".join(tagged(1, _named(name, _schema(raw))) for name, raw in doc["definitions"].items())
    info = _text(1, doc["info"]["title"]) + _text(2, doc["info"]["version"])
    return _text(1, doc["swagger"]) + tagged(2, info) + tagged(8, items) + tagged(9, definitions)


def _text(field: int, text: str) -> bytes:
    return tagged(field, text.encode()) if text else b""


def _flag(field: int, value: Any) -> bytes:
    return varint(field << 3) + b"\x01" if value else b""


def _number(field: int, value: Any) -> bytes:
    return varint(field << 3) + varint(int(value)) if value is not None else b""


def _named(name: str, body: bytes) -> bytes:
    return _text(1, name) + tagged(2, body)


def _any(value: Any) -> bytes:
    """openapi.v2.Any: the value as YAML text; JSON is YAML."""
    return _text(2, gotext.dumps(value) + "\n")


def _extensions(field: int, raw: Mapping[str, Any]) -> bytes:
    return b"".join(tagged(field, _named(k, _any(v))) for k, v in sorted(raw.items()) if k.startswith("x-"))


_METHODS = {"get": 2, "put": 3, "post": 4, "delete": 5, "patch": 8}


def _path_item(item: Mapping[str, Any]) -> bytes:
    return b"".join(tagged(_METHODS[method], _operation(op)) for method, op in item.items())


def _operation(op: Mapping[str, Any]) -> bytes:
    body = _text(5, op["operationId"])
    body += b"".join(_text(7, media) for media in op.get("consumes") or ())
    for parameter in op["parameters"]:
        query = _text(2, "query") + _text(4, parameter["name"]) + _text(6, parameter["type"])
        # ParametersItem.parameter, Parameter.non_body_parameter, NonBodyParameter.query_parameter_sub_schema.
        body += tagged(8, tagged(1, tagged(2, tagged(3, query))))
    return body + _extensions(13, op)


def _schema(raw: Mapping[str, Any]) -> bytes:
    body = _text(1, raw.get("$ref", "")) + _text(2, raw.get("format", "")) + _text(3, raw.get("title", ""))
    body += _text(4, raw.get("description", ""))
    body += _number(11, raw.get("maxLength")) + _number(12, raw.get("minLength")) + _text(13, raw.get("pattern", ""))
    body += _number(14, raw.get("maxItems")) + _number(15, raw.get("minItems")) + _flag(16, raw.get("uniqueItems"))
    body += b"".join(_text(19, name) for name in raw.get("required") or ())
    body += b"".join(tagged(20, _any(value)) for value in raw.get("enum") or ())
    more = raw.get("additionalProperties")
    if isinstance(more, Mapping):
        body += tagged(21, tagged(1, _schema(more)))
    elif more is not None:
        body += tagged(21, _flag(2, more))
    body += _type(raw.get("type"))
    if isinstance(raw.get("items"), Mapping):
        body += tagged(23, tagged(1, _schema(raw["items"])))
    properties = raw.get("properties")
    if properties:
        body += tagged(25, b"".join(tagged(1, _named(k, _schema(v))) for k, v in sorted(properties.items())))
    return body + _extensions(31, raw)


def _type(value: Any) -> bytes:
    names = [value] if isinstance(value, str) else list(value or ())
    return tagged(22, b"".join(_text(1, name) for name in names)) if names else b""
