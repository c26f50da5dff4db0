"""A schema as the server prints its internal struct: Go's names, every field, null where nothing is set."""

from __future__ import annotations

from typing import Any, Final

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.crd.rules import rule_dump

_FIELDS: Final = (
    ("ID", "id", "text"), ("Schema", "$schema", "text"), ("Ref", "$ref", "plain"), ("Description", "description", "text"), ("Type", "type", "text"),
    ("Nullable", "nullable", "truth"), ("Format", "format", "text"), ("Title", "title", "text"), ("Default", "default", "plain"),
    ("Maximum", "maximum", "plain"), ("ExclusiveMaximum", "exclusiveMaximum", "truth"), ("Minimum", "minimum", "plain"),
    ("ExclusiveMinimum", "exclusiveMinimum", "truth"), ("MaxLength", "maxLength", "plain"), ("MinLength", "minLength", "plain"),
    ("Pattern", "pattern", "text"), ("MaxItems", "maxItems", "plain"), ("MinItems", "minItems", "plain"), ("UniqueItems", "uniqueItems", "truth"),
    ("MultipleOf", "multipleOf", "plain"), ("Enum", "enum", "plain"), ("MaxProperties", "maxProperties", "plain"),
    ("MinProperties", "minProperties", "plain"), ("Required", "required", "plain"), ("Items", "items", "items"), ("AllOf", "allOf", "list"),
    ("OneOf", "oneOf", "list"), ("AnyOf", "anyOf", "list"), ("Not", "not", "schema"), ("Properties", "properties", "map"),
    ("AdditionalProperties", "additionalProperties", "either"), ("PatternProperties", "patternProperties", "map"),
    ("Dependencies", "dependencies", "plain"), ("AdditionalItems", "additionalItems", "either"), ("Definitions", "definitions", "map"),
    ("ExternalDocs", "externalDocs", "docs"), ("Example", "example", "plain"),
    ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields", "plain"),
    ("XEmbeddedResource", "x-kubernetes-embedded-resource", "truth"), ("XIntOrString", "x-kubernetes-int-or-string", "truth"),
    ("XListMapKeys", "x-kubernetes-list-map-keys", "plain"), ("XListType", "x-kubernetes-list-type", "plain"),
    ("XMapType", "x-kubernetes-map-type", "plain"), ("XValidations", "x-kubernetes-validations", "rules"),
)  # fmt: skip
AT_ROOT: Final = (
    "Description", "Type", "Format", "Title", "Maximum", "ExclusiveMaximum", "Minimum", "ExclusiveMinimum", "MaxLength", "MinLength", "Pattern",
    "MaxItems", "MinItems", "UniqueItems", "MultipleOf", "Required", "Items", "Properties", "ExternalDocs", "Example", "XPreserveUnknownFields",
    "XValidations",
)  # fmt: skip
"""What may stand at the root of a schema whose status is a subresource."""


def others_at_root(schema: Manifest) -> bool:
    """Whether something else stands there."""
    return any(go not in AT_ROOT and _set(schema.get(key)) for go, key, _ in _FIELDS)


def _set(value: Any) -> bool:
    return value is not None and value is not False and value != ""


def dump(schema: Manifest | None) -> str:
    if schema is None:
        return "null"
    return "{" + ",".join(f'"{go}":{_value(schema.get(key), kind)}' for go, key, kind in _FIELDS) + "}"


def _value(value: Any, kind: str) -> str:
    if kind == "text":
        return gotext.dumps(value or "")
    if kind == "truth":
        return gotext.dumps(bool(value))
    if value is None or (kind in ("list", "map", "rules") and not value):
        return "null"
    return _nested(value, kind)


def _nested(value: Any, kind: str) -> str:
    if kind == "schema":
        return dump(value)
    if kind == "list":
        return "[" + ",".join(dump(one) for one in value) + "]"
    if kind == "map":
        return "{" + ",".join(f"{gotext.dumps(name)}:{dump(value[name])}" for name in sorted(value)) + "}"
    if kind == "items":
        one, several = (None, value) if isinstance(value, list) else (value, None)
        return f'{{"Schema":{dump(one)},"JSONSchemas":{_value(several, "list")}}}'
    if kind == "either":
        allows, one = (value, None) if isinstance(value, bool) else (True, value)
        return f'{{"Allows":{gotext.dumps(allows)},"Schema":{dump(one)}}}'
    if kind == "rules":
        return "[" + ",".join(rule_dump(rule) for rule in value) + "]"
    if kind == "docs":
        texts = (gotext.dumps(value.get(key) or "") for key in ("description", "url"))
        return '{{"Description":{},"URL":{}}}'.format(*texts)
    return gotext.dumps(value)
