"""Sprig's functions about emptiness, types and equality."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.types import INVALID, GoSlice, GoStruct, is_nil, kind_name, type_name


def empty(value: Any) -> bool:
    """Sprig's empty: zero values, nil and what has no length; structs never."""
    if value is None or value is INVALID:
        return True
    if isinstance(value, GoStruct):
        return False
    return not value


def _default(fallback: Any, *given: Any) -> Any:
    return given[0] if given and not empty(given[0]) else fallback


def _coalesce(*values: Any) -> Any:
    return next((v for v in values if not empty(v)), None)


def _all(*values: Any) -> bool:
    return not any(map(empty, values))


def _any(*values: Any) -> bool:
    return not all(map(empty, values))


def _ternary(yes: Any, no: Any, value: bool) -> Any:
    return yes if value else no


def _type_is(wanted: str, value: Any) -> bool:
    return type_name(value) == wanted


def _type_is_like(wanted: str, value: Any) -> bool:
    found = type_name(value)
    return wanted == found or "*" + wanted == found


def _kind_is(wanted: str, value: Any) -> bool:
    return kind_name(value) == wanted


def deep_equal(a: Any, b: Any) -> bool:
    """reflect.DeepEqual: types have to agree, nil is not empty."""
    if a is None or b is None:
        return a is b
    if type_name(a) != type_name(b):
        return False
    if isinstance(a, dict):
        return len(a) == len(b) and all(k in b and deep_equal(v, b[k]) for k, v in a.items())
    if isinstance(a, list):
        same = is_nil(a) == is_nil(b) and len(a) == len(b)
        return same and all(deep_equal(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float) and math.isnan(a):
        return False
    if isinstance(a, GoStruct):
        return a is b or a == b or _same_fields(a, b)
    return bool(a == b)


def _same_fields(a: GoStruct, b: GoStruct) -> bool:
    names = [n for cls in type(a).__mro__ for n in getattr(cls, "__slots__", ())]
    return bool(names) and all(deep_equal(getattr(a, n), getattr(b, n)) for n in names)


def _deep_copy(value: Any) -> Any:
    if isinstance(value, dict):
        found = type(value)()
        for key, item in value.items():
            found[key] = _deep_copy(item)
        return found
    if isinstance(value, GoSlice):
        return GoSlice((_deep_copy(v) for v in value), value.elem, nil=value.nil, named=value.named)
    if isinstance(value, list):
        return [_deep_copy(v) for v in value]
    return value


def _copied(value: Any) -> Any:
    if value is None:
        raise GoError("reflect: call of reflect.Value.Type on zero Value")
    return _deep_copy(value)


TABLE: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("default", "any, ...any", _default),
    ("empty", "any", empty),
    ("coalesce", "...any", _coalesce),
    ("all", "...any", _all),
    ("any", "...any", _any),
    ("ternary", "any, any, bool", _ternary),
    ("typeOf", "any", type_name),
    ("typeIs", "string, any", _type_is),
    ("typeIsLike", "string, any", _type_is_like),
    ("kindOf", "any", kind_name),
    ("kindIs", "string, any", _kind_is),
    ("deepEqual", "any, any", deep_equal),
    ("deepCopy", "any", _copied),
    ("mustDeepCopy", "any", _copied),
)
