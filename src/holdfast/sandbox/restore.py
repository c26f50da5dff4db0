"""Merged data as a typed object again, the way server-side apply and strategic merge patches get there.

In: a built-in kind and plain data. Out: the same data, whole floats where integers belong made integers; or ``RestoreError``
with the converter's words, which are not those of a decoder. Never looks at meaning.

Source of the rules: apimachinery ``runtime.DefaultUnstructuredConverter``.
"""

from __future__ import annotations

from typing import Any, Final

from holdfast.base.errors import Stop
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.sandbox.kinds.gotypes import Type, struct_of

_KINDS: Final = {dict: "map", list: "slice", str: "string", bool: "bool", int: "int64", float: "float64"}
_SCALARS: Final = {"string": str, "bool": bool, "int": int, "float": float}
_NUMBERS: Final = (int, float)


class RestoreError(Stop):
    """``cannot convert float64 to int32``, ``cannot restore slice from map``."""


def restore(gvk: GroupVersionKind, obj: Manifest) -> None:
    """Checks ``obj`` in place. A kind that is not built in is left alone."""
    struct = struct_of(gvk)
    if struct is not None:
        _struct(struct, obj)


def _struct(kind: Type, value: Any) -> None:
    if value.__class__ is not dict:
        raise RestoreError(f"cannot restore struct from: {_kind_of(value)}")
    for name, field in kind.fields.items():
        item = value.get(name)
        if item is None or (item.__class__ is str and field.type.kind == "string"):
            continue
        new = _value(field.type, item)
        if new is not item:
            value[name] = new


def _value(kind: Type, value: Any) -> Any:
    if value is None:
        return value
    if kind.kind == "struct":
        _struct(kind, value)
    elif kind.kind == "array":
        _array(kind, value)
    elif kind.kind == "map":
        _map(kind, value)
    elif kind.kind in _SCALARS:
        return _scalar(kind, value)
    return value


def _array(kind: Type, value: Any) -> None:
    if value.__class__ is not list:
        raise RestoreError(f"cannot restore slice from {_kind_of(value)}")
    for index, item in enumerate(value):
        value[index] = _value(kind.element, item) if kind.element else item


def _map(kind: Type, value: Any) -> None:
    if value.__class__ is not dict:
        raise RestoreError(f"cannot restore map from {_kind_of(value)}")
    for key, item in value.items():
        value[key] = _value(kind.element, item) if kind.element else item


def _scalar(kind: Type, value: Any) -> Any:
    if value.__class__ is _SCALARS[kind.kind]:
        return value
    if kind.kind == "float" and value.__class__ is int:
        return value
    if kind.kind == "int" and value.__class__ is float and value.is_integer():
        return int(value)
    numeric = value.__class__ in _NUMBERS
    # Go can turn any number into another number, and an integer into a string; JSON must not.
    if numeric and (kind.kind in ("int", "float") or (kind.kind == "string" and value.__class__ is int)):
        raise RestoreError(f"cannot convert {_KINDS[value.__class__]} to {kind.go}")
    raise RestoreError(f"unrecognized type: {_go_kind(kind)}")


def _go_kind(kind: Type) -> str:
    """A named string type is a string to reflection."""
    return "string" if kind.kind == "string" else kind.go


def _kind_of(value: Any) -> str:
    return _KINDS.get(value.__class__, "interface")
