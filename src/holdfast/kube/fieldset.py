"""Sets of field paths, as managedFields writes them, and their algebra.

A set *is* its FieldsV1 JSON: nested dicts whose keys are path elements (``f:spec``, ``k:{"name":"c"}``, ``v:"a"``, ``i:3``).
A path is a member if its node is ``{}`` or holds the key ``"."``; the outermost dict is the whole object, which is never a
member, so there ``{}`` is the empty set. Nothing here changes a set in place: parts are shared between results freely.

Source of the rules: structured-merge-diff v6, ``fieldpath``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import Any, Final

from holdfast.base.errors import Stop

Fields = dict[str, Any]
"""A field set or one node of it."""
Path = tuple[str, ...]
"""Path elements from the outside in."""

SELF: Final = "."
_NODE: Final[Fields] = {}


class BadFieldsError(Stop):
    """A fieldsV1 value that is none."""


def is_member(node: Fields) -> bool:
    return not node or SELF in node


def as_member(node: Fields | None) -> Fields:
    """The same node with its own path in the set."""
    if not node:
        return {}
    return node if SELF in node else {SELF: {}, **node}


def union(a: Fields, b: Fields) -> Fields:
    if a is b or not b:
        return a
    if not a:
        return b
    out = dict(a)
    for key, theirs in b.items():
        ours = out.get(key)
        if ours is None:
            out[key] = theirs
        elif ours is not theirs:
            out[key] = _union_nodes(ours, theirs)
    return out


def _union_nodes(a: Fields, b: Fields) -> Fields:
    if not a:
        return as_member(b)
    return union(a, b) if b else as_member(a)


def difference(a: Fields, b: Fields) -> Fields:
    """The paths of ``a`` that are not members of ``b``; their children stay."""
    if not b or not a:
        return a
    out: Fields = {}
    for key, ours in a.items():
        if key == SELF:
            continue
        theirs = b.get(key)
        if theirs is None:
            out[key] = ours
            continue
        left = difference(ours, theirs) if ours else _NODE
        if SELF in left:
            left = {k: v for k, v in left.items() if k != SELF}
        if is_member(ours) and not is_member(theirs):
            out[key] = as_member(left)
        elif left:
            out[key] = left
    return out


def recursive_difference(a: Fields, b: Fields) -> Fields:
    """The paths of ``a`` that are neither members of ``b`` nor below one."""
    if not b or not a:
        return a
    out: Fields = {}
    for key, ours in a.items():
        theirs = b.get(key)
        if theirs is None:
            out[key] = ours
        elif not is_member(theirs):
            left = recursive_difference({k: v for k, v in ours.items() if k != SELF}, theirs)
            if is_member(ours):
                out[key] = as_member(left)
            elif left:
                out[key] = left
    return out


def intersection(a: Fields, b: Fields) -> Fields:
    if a is b:
        return a
    out: Fields = {}
    for key, ours in a.items():
        theirs = b.get(key)
        if theirs is None or key == SELF:
            continue
        both = intersection(ours, theirs) if ours and theirs else _NODE
        if is_member(ours) and is_member(theirs):
            out[key] = as_member(both)
        elif both:
            out[key] = both
    return out


ANY: Final = "*"
"""In a pattern: whatever path element stands here."""


def matching(a: Fields, pattern: Fields) -> Fields:
    """What lies on or below the paths of ``pattern``, a set whose elements may be ``ANY``; {} in it matches all below."""
    if not pattern:
        return a
    out: Fields = {}
    for key, node in a.items():
        if key == SELF:
            out[key] = node
            continue
        below = pattern.get(ANY, pattern.get(key))
        if below is None:
            continue
        kept = matching(node, below) if node else node
        if kept or not node:
            out[key] = kept
    return out


def leaves(a: Fields) -> Fields:
    """The members without members below them."""
    return {key: leaves(node) for key, node in a.items() if key != SELF}


def has(a: Fields, path: Path) -> bool:
    node = a
    for element in path:
        found = node.get(element)
        if found is None:
            return False
        node = found
    return bool(path) and is_member(node)


def of_path(*path: str) -> Fields:
    node: Fields = {}
    for element in reversed(path):
        node = {element: node}
    return node


def of_names(*dotted: str) -> Fields:
    """Of paths of plain field names: ``of_names("status", "metadata.labels")``."""
    out: Fields = {}
    for text in dotted:
        out = union(out, of_path(*("f:" + name for name in text.split("."))))
    return out


def paths(a: Fields) -> Iterator[Path]:
    """Every member: of each level first its own members, then what lies deeper, both in order of their elements."""
    yield from _paths(a, ())


def _paths(node: Fields, prefix: Path) -> Iterator[Path]:
    keys = ordered(node)
    for key in keys:
        if is_member(node[key]):
            yield (*prefix, key)
    for key in keys:
        if node[key]:
            yield from _paths(node[key], (*prefix, key))


def ordered(node: Fields) -> list[str]:
    """The path elements of one level in the order of the API: names, keys, values, indexes."""
    keys = [key for key in node if key != SELF]
    if all(key[0] == "f" for key in keys):
        keys.sort()
    else:
        keys.sort(key=_order)
    return keys


def _order(element: str) -> tuple[Any, ...]:
    kind, _, rest = element.partition(":")
    if kind == "f":
        return (0, rest)
    if kind == "k":
        return (1, [(name, _value_order(value)) for name, value in sorted(json.loads(rest).items())])
    if kind == "v":
        return (2, _value_order(json.loads(rest)))
    return (3, int(rest))


def _value_order(value: Any) -> tuple[int, Any]:
    """Numbers, strings, booleans, then the rest."""
    if isinstance(value, bool):
        return (2, value)
    if isinstance(value, (int, float)):
        return (0, value)
    return (1, value) if isinstance(value, str) else (3, json.dumps(value, sort_keys=True))


def in_order(a: Fields) -> Fields:
    """The same set, its keys in the order in which the API server writes them."""
    if not a:
        return a
    out: Fields = {SELF: {}} if SELF in a else {}
    for key in ordered(a):
        node = a[key]
        out[key] = in_order(node) if node else node
    return out


def value_element(value: Any) -> str:
    return "v:" + json_text(value)


def key_element(pairs: list[tuple[str, Any]]) -> str:
    """Of an associative list's key fields and values, sorted by field."""
    return "k:{" + ",".join(f"{encode_basestring(name)}:{json_text(value)}" for name, value in pairs) + "}"


_HTML: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def json_text(value: Any) -> str:
    """Compact JSON as Go writes it: sorted keys, HTML characters escaped, whole floats without a point."""
    if value.__class__ is str:
        text = encode_basestring(value)
    elif value.__class__ is int:
        return str(value)
    elif isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        text = str(int(value))
    else:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.translate(_HTML)


def path_text(path: Path) -> str:
    """For messages: ``.spec.containers[name="c"].image``."""
    return "".join(element_text(element) for element in path)


def element_text(element: str) -> str:
    kind, _, rest = element.partition(":")
    if kind == "f":
        return "." + rest
    if kind == "k":
        return "[" + ",".join(f"{name}={value_text(value)}" for name, value in json.loads(rest).items()) + "]"
    if kind == "v":
        return f"[={value_text(json.loads(rest))}]"
    return f"[{rest}]"


def value_text(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return json_text(value)


def decode(raw: Any) -> Fields:
    """Of a fieldsV1 value from outside. Elements of kinds nobody knows are dropped. BadFieldsError where it is no field set."""
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise BadFieldsError("fieldsV1 must be an object")
    return _decode(raw)


def _decode(raw: Fields) -> Fields:
    out: Fields = {}
    for key, node in raw.items():
        if key == SELF:
            out[SELF] = {}
            continue
        element = _decode_element(key)
        if not isinstance(node, dict):
            raise BadFieldsError(f"the value of {key} must be an object")
        if element is not None:
            out[element] = _decode(node) if node else {}
    if len(out) == 1 and SELF in out:
        return {}
    return out


def _decode_element(text: str) -> str | None:
    if len(text) < 2:
        raise BadFieldsError("key must be 2 characters long:")
    if text[1] != ":":
        raise BadFieldsError(f"missing colon: {text}")
    kind, rest = text[0], text[2:]
    if kind == "f":
        return text
    try:
        if kind == "k":
            return key_element(sorted(json.loads(rest).items()))
        if kind == "v":
            return value_element(json.loads(rest))
        if kind == "i":
            return f"i:{int(rest)}"
    except (ValueError, AttributeError) as error:
        raise BadFieldsError(f"{text}: {error}") from error
    return None
