"""What a structural schema means for expressions: types, the most that a value can hold, the least it takes as JSON.

In: a schema as JSON. Out: a `Decl`; `declared` gives its CEL type and the fields of its objects. Never: expressions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from holdfast.kube.refs import Manifest
from holdfast.sandbox.cel.types import DYN, Type, list_of, map_of

LARGEST: Final = 3 * 1024 * 1024
"""The largest request in bytes."""
RESERVED: Final = frozenset(
    [
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop",
        "package", "namespace", "return", "var", "void", "while",
    ]
)  # fmt: skip
_SPECIAL: Final = re.compile(r"(__|[-./])")
_ESCAPES: Final = {"__": "__underscores__", "-": "__dash__", ".": "__dot__", "/": "__slash__"}
_TEXT: Manifest = {"type": "string"}
_META: Manifest = {"type": "object", "properties": {"name": _TEXT, "generateName": _TEXT}}
_ROOT: Final = {"kind": _TEXT, "apiVersion": _TEXT, "metadata": _META}
_TIMES: Final = {"duration": ("duration", 3, 32), "date": ("timestamp", 12, 12), "date-time": ("timestamp", 21, 32)}
"""Formats with the type, the least size and the most characters."""
_SIMPLE: Final = {"boolean": ("bool", 4), "number": ("double", 1), "integer": ("int", 1)}


@dataclass(slots=True)
class Decl:
    kind: str
    least: int
    """The fewest bytes of such a value as JSON."""
    most: int = 0
    """The most characters or items."""
    fields: dict[str, Decl] | None = None
    item: Decl | None = None
    names: dict[str, str] = field(default_factory=dict)
    """Of properties, the identifiers by which they are fields."""


def escaped(name: str) -> str | None:
    """A property's name as an identifier; None where it cannot be one."""
    if not name or name[0].isdigit() or re.search(r"[^a-zA-Z0-9\-./_]", name):
        return None
    if name in RESERVED:
        return f"__{name}__"
    return _SPECIAL.sub(lambda match: _ESCAPES[match[0]], name)


def declare(schema: Manifest, root: bool = False) -> Decl | None:
    """None for what expressions cannot see."""
    if schema.get("x-kubernetes-int-or-string"):
        return Decl("dyn", 1, _length(schema))
    kind = schema.get("type") or ""
    if root:
        schema = {**schema, "properties": {**(schema.get("properties") or {}), **_ROOT}}
    if kind == "array":
        return _array(schema)
    if kind == "object":
        return _object(schema)
    if kind == "string":
        return _string(schema)
    if kind in _SIMPLE:
        name, least = _SIMPLE[kind]
        return Decl(name, least)
    return None


def _below(schema: object) -> Decl | None:
    if not isinstance(schema, dict):
        return None
    return declare(schema, bool(schema.get("x-kubernetes-embedded-resource")))


def _bound(schema: Manifest, key: str) -> int | None:
    limit = schema.get(key)
    return max(0, int(limit)) if limit is not None else None


def _array(schema: Manifest) -> Decl | None:
    item = _below(schema.get("items"))
    if item is None:
        return None
    limit = _bound(schema, "maxItems")
    return Decl("list", 2, limit if limit is not None else (LARGEST - 2) // (item.least + 1), item=item)


def _object(schema: Manifest) -> Decl | None:
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict):
        item = _below(additional)
        if item is None:
            return None
        limit = _bound(schema, "maxProperties")
        return Decl("map", 2, limit if limit is not None else (LARGEST - 2) // (item.least + 6), item=item)
    found = Decl("object", 2, fields={})
    required = schema.get("required") or ()
    for name, sub in (schema.get("properties") or {}).items():
        below = _below(sub)
        if below is None:
            continue
        identifier = escaped(name)
        if identifier is not None and found.fields is not None:
            found.fields[identifier] = below
            found.names[name] = identifier
        if name in required and sub.get("default") is None:
            found.least += len(name.encode()) + below.least + 4
    return found


def _length(schema: Manifest) -> int:
    limit = _bound(schema, "maxLength")
    return limit * 4 if limit is not None else LARGEST - 2


def _string(schema: Manifest) -> Decl:
    form = schema.get("format") or ""
    if form in _TIMES:
        return Decl(*_TIMES[form])
    if form == "byte":
        limit = _bound(schema, "maxLength")
        return Decl("bytes", 2, limit if limit is not None else LARGEST - 2)
    values = schema.get("enum")
    if values and schema.get("maxLength") is None:
        return Decl("string", 2, max((len(v.encode()) for v in values if isinstance(v, str)), default=0))
    return Decl("string", 2, _length(schema))


# --- types ------------------------------------------------------------------------


def declared(decl: Decl, name: str, fields: dict[str, dict[str, Type]]) -> Type:
    """The type of a declaration; the fields of its objects are added to ``fields`` by their names."""
    if decl.fields is not None:
        fields[name] = {key: declared(sub, f"{name}.{key}", fields) for key, sub in decl.fields.items()}
        return ("struct", name)
    if decl.kind == "list":
        assert decl.item is not None
        return list_of(declared(decl.item, f"{name}.@idx", fields))
    if decl.kind == "map":
        assert decl.item is not None
        return map_of(("string",), declared(decl.item, f"{name}.@elem", fields))
    return DYN if decl.kind == "dyn" else (decl.kind,)
