"""A built-in kind's manifest as its Go type would hold it: fields that the type does not have are gone.

Flux converts the objects it knows to their types and back before it applies them, which drops unknown fields without a word;
a value that does not fit its field stops the conversion, and the object goes to the API server as it is.
"""

from __future__ import annotations

import base64
import binascii
import functools
from typing import Any

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kube.schema import Schema, Schemas, builtin


class _Mismatch(Exception):
    pass


_PLAIN: dict[str, type | tuple[type, ...]] = {"string": str, "boolean": bool, "integer": int, "number": (int, float)}


@functools.cache
def _schemas() -> Schemas:
    return builtin()


def as_typed(obj: Manifest) -> Manifest:
    """A changed copy; the object itself where it is of no built-in kind or does not fit it."""
    schema = _schemas().lookup(GroupVersionKind.of(obj))
    if schema is None:
        return obj
    try:
        found: Manifest = _held(obj, schema)
    except _Mismatch:
        return obj
    return found


def _held(value: Any, schema: Schema) -> Any:
    if schema.int_or_string or schema.preserve_unknown or not schema.type:
        return value
    if schema.type == "object":
        return _object(value, schema)
    if schema.type == "array":
        if not isinstance(value, list):
            raise _Mismatch
        return value if schema.items is None else [_item(v, schema.items) for v in value]
    if schema.format == "quantity" and isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if schema.format == "byte" and not (isinstance(value, str) and is_base64(value)):
        raise _Mismatch
    if not isinstance(value, _PLAIN.get(schema.type, object)) or (isinstance(value, bool) and schema.type != "boolean"):
        raise _Mismatch
    return value


def is_base64(text: str) -> bool:
    """As Go decodes it: padded, line ends count for nothing."""
    try:
        base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _item(value: Any, schema: Schema) -> Any:
    return value if value is None else _held(value, schema)


def _object(value: Any, schema: Schema) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Mismatch
    if schema.additional is not None:
        return {k: _item(v, schema.additional) for k, v in value.items()}
    if not schema.properties:
        return value
    properties = schema.properties
    return {k: _item(v, properties[k]) for k, v in value.items() if k in properties}
