"""Fields that an encoder writes even when nobody set them (``status: {}``, ``resources: {}``, ``rules: null``).

In: a kind and its object. Out: the same dict with those fields. Never: defaults with a meaning (see `defaults`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.sandbox.kinds.gotypes import Type, struct_of

_SCALAR_ZERO: dict[str, Any] = {"string": "", "int": 0, "float": 0, "bool": False, "quantity": "0", "int-or-string": 0}


def write_zeros(gvk: GroupVersionKind, obj: Manifest) -> None:
    struct = struct_of(gvk)
    if struct is not None:
        _write(struct, obj)


def zero_object(gvk: GroupVersionKind) -> Manifest:
    """What an empty object of this kind encodes to."""
    obj: Manifest = {}
    write_zeros(gvk, obj)
    return obj


def as_stored(gvk: GroupVersionKind, obj: Manifest) -> None:
    """What storage makes of fields that are always written: an empty list comes back as null."""
    struct = struct_of(gvk)
    if struct is not None:
        _null_empty(struct, obj)


def _null_empty(struct: Type, value: Manifest) -> None:
    for field, _ in struct.always:
        if value.get(field) == []:
            value[field] = None
    for field, kind in struct.walk if struct.walk is not None else _plan(struct):
        for inner in _structs(kind, value.get(field)):
            _null_empty(*inner)


def _structs(kind: Type, value: Any) -> Iterator[tuple[Type, Manifest]]:
    if kind.kind == "struct":
        if isinstance(value, dict):
            yield kind, value
    elif kind.element is not None and value:
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from _structs(kind.element, item)


def _write(struct: Type, value: Manifest) -> None:
    for field, kind in struct.always:
        if field not in value:
            value[field] = _zero(kind)
    for field, kind in struct.walk if struct.walk is not None else _plan(struct):
        inner = value.get(field)
        if inner or (inner is not None and kind.kind == "struct"):
            _descend(kind, inner)


def _descend(kind: Type, value: Any) -> None:
    if kind.kind == "struct":
        if isinstance(value, dict):
            _write(kind, value)
    elif kind.element is not None:
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            if item:
                _descend(kind.element, item)
            elif item == {} and kind.element.kind == "struct":
                _write(kind.element, item)


def _zero(kind: Type | None) -> Any:
    if kind is None:
        return None
    if kind.kind == "struct":
        value: Manifest = {}
        _write(kind, value)
        return value
    return _SCALAR_ZERO.get(kind.kind)


def _plan(struct: Type) -> list[tuple[str, Type]]:
    """The fields worth descending into, worked out once per type."""
    struct.walk = [(name, field.type) for name, field in struct.fields.items() if _has_zeros(field.type, set())]
    return struct.walk


def _has_zeros(kind: Type, seen: set[int]) -> bool:
    if id(kind) in seen:
        return False
    seen.add(id(kind))
    if kind.kind == "struct":
        return bool(kind.always) or any(_has_zeros(field.type, seen) for field in kind.fields.values())
    return kind.element is not None and _has_zeros(kind.element, seen)
