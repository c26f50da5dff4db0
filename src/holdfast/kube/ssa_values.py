"""Typed values: check one, list its fields, compare two, merge two, take fields away.

In go JSON values and a ``Type``; out come new values, field sets or complaints. Inputs are never changed, but results share
unchanged parts with them, so a caller that goes on writing copies first.

Source of the rules: structured-merge-diff v6, ``typed``. Where that package distinguishes Go's nil (no value) from null, here
``MISSING`` and None do.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from holdfast.kube.fieldset import SELF, Fields, as_member, element_text, is_member
from holdfast.kube.ssa_types import LIST, MAP, SCALAR, BadItemError, Type
from holdfast.kube.yaml.gotext import go_float


class _Missing:
    """The absence of a value, where None is JSON's null."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
_LEAF: Final[Fields] = {}


def same(a: Any, b: Any) -> bool:
    """Equal as JSON: numbers by value, true is not 1, null is neither {} nor []."""
    if a is b:
        return True
    kind = a.__class__
    if kind is dict:
        return b.__class__ is dict and len(a) == len(b) and all(k in b and same(v, b[k]) for k, v in a.items())
    if kind is list:
        return b.__class__ is list and len(a) == len(b) and all(map(same, a, b))
    if kind is bool or b.__class__ is bool:
        return False
    return bool(a == b)


# --- checking -------------------------------------------------------------------------------------------------------


class Complaint(NamedTuple):
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def check(value: Any, kind: Type, *, duplicates: bool = False) -> list[Complaint]:
    """What keeps ``value`` from being of that type. ``duplicates`` allows an associative list to hold an item twice."""
    found: list[Complaint] = []
    _check(value, kind, "", duplicates, found)
    return found


def complaints_text(found: list[Complaint]) -> str:
    if len(found) == 1:
        return str(found[0])
    return "\n".join(["errors:", *(f"  {one}" for one in found)])


def _check(value: Any, kind: Type, path: str, duplicates: bool, found: list[Complaint]) -> None:
    shape = kind.shape(value)
    if shape == MAP:
        if value.__class__ is dict:
            _check_map(value, kind, path, duplicates, found)
        elif value is not None:
            found.append(Complaint(path, f"expected map, got {go_value(value)}"))
    elif shape == LIST:
        if value.__class__ is list:
            _check_list(value, kind, path, duplicates, found)
        elif value is not None:
            found.append(Complaint(path, f"expected list, got {go_value(value)}"))
    elif value is not None and (message := _scalar_complaint(kind.scalar, value)):
        found.append(Complaint(path, message))


def _check_map(value: dict[str, Any], kind: Type, path: str, duplicates: bool, found: list[Complaint]) -> None:
    for name, item in value.items():
        child = kind.field(name)
        if child is None:
            found.append(Complaint(f"{path}.{name}", "field not declared in schema"))
            return
        if item.__class__ is str and child.scalar == "string":
            continue
        _check(item, child, f"{path}.{name}", duplicates, found)


def _check_list(value: list[Any], kind: Type, path: str, duplicates: bool, found: list[Complaint]) -> None:
    items = kind.items
    seen: set[str] = set()
    for index, item in enumerate(value):
        if kind.list_atomic:
            _check(item, items, f"{path}[{index}]", duplicates, found)
            continue
        try:
            element = kind.item_element(item)
        except BadItemError as error:
            found.append(Complaint(path, f"element {index}: {error}"))
            return
        if element in seen and not duplicates:
            found.append(Complaint(path, f"duplicate entries for key {element_text(element)}"))
        seen.add(element)
        if items.shapes != _ONLY_SCALAR or not _fits(items.scalar, item):
            _check(item, items, path + element_text(element), duplicates, found)


_ONLY_SCALAR: Final = frozenset({SCALAR})


def _fits(scalar: str, value: Any) -> bool:
    return _scalar_complaint(scalar, value) == ""


def _scalar_complaint(scalar: str, value: Any) -> str:
    kind = value.__class__
    if scalar == "string":
        return "" if kind is str else f"expected string, got &value.valueUnstructured{{Value:{go_syntax(value)}}}"
    if scalar == "numeric":
        return (
            "" if kind is int or kind is float else f"expected numeric (int or float), got {_GO_TYPES.get(kind, '?')}"
        )
    if scalar == "boolean":
        return "" if kind is bool else f"expected boolean, got {go_value(value)}"
    return f"expected any scalar, got {go_value(value)}" if kind is dict or kind is list else ""


_GO_TYPES: Final[dict[type, str]] = {
    str: "string",
    bool: "bool",
    int: "int64",
    float: "float64",
    dict: "map[string]interface {}",
    list: "[]interface {}",
}


def go_value(value: Any) -> str:
    """Go's %v of a wrapped value: ``&{yes}``, ``&{[x]}``, ``&{map[a:1]}``."""
    return "&{" + go_plain(value) + "}"


def go_plain(value: Any) -> str:
    if isinstance(value, dict):
        return "map[" + " ".join(f"{k}:{go_plain(value[k])}" for k in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(go_plain, value)) + "]"
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return go_float(value) if isinstance(value, float) else str(value)


def go_syntax(value: Any) -> str:
    """Go's %#v of plain data: ``5``, ``"a"``, ``[]interface {}{"x"}``."""
    if isinstance(value, dict):
        inner = ", ".join(f'"{k}":{go_syntax(value[k])}' for k in sorted(value))
        return "map[string]interface {}{" + inner + "}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(map(go_syntax, value)) + "}"
    if value is None:
        return "interface {}(nil)"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return go_plain(value)


# --- listing fields ---------------------------------------------------------------------------------------------------


def fields_of(value: Any, kind: Type) -> Fields:
    """What somebody who applies ``value`` means to own: leaves and list items, not the maps and lists around them."""
    return _fields_of(value, kind) or {}


def _fields_of(value: Any, kind: Type) -> Fields | None:
    shape = kind.shape(value)
    if shape == MAP:
        if kind.map_atomic:
            return _LEAF
        return _map_fields(value, kind) if value.__class__ is dict else None
    if shape == LIST:
        if kind.list_atomic:
            return _LEAF
        return _list_fields(value, kind) if value.__class__ is list else None
    return _LEAF


def _map_fields(value: dict[str, Any], kind: Type) -> Fields | None:
    out: Fields = {}
    for name, item in value.items():
        child = kind.field(name) or kind
        node = _LEAF if child.shapes == _ONLY_SCALAR else _fields_of(item, child)
        if item is None or (item.__class__ is dict and not item) or not kind.declares(name):
            node = as_member(node)
        if node is not None:
            out["f:" + name] = node
    return out or None


def _list_fields(value: list[Any], kind: Type) -> Fields | None:
    out: Fields = {}
    twice: set[str] = set()
    for item in value:
        element = element_of(kind, item)
        if element is None:
            continue
        if element in out:
            twice.add(element)
        out[element] = as_member(_fields_of(item, kind.items))
    for element in twice:
        out[element] = _LEAF
    return out or None


def element_of(kind: Type, item: Any) -> str | None:
    try:
        return kind.item_element(item)
    except BadItemError:
        return None


def all_fields(value: Any, kind: Type) -> Fields:
    """Every path of ``value`` with the maps and lists on the way: what appears when it appears."""
    shape = kind.shape(value)
    if shape == MAP and not kind.map_atomic and value and value.__class__ is dict:
        out: Fields = {SELF: _LEAF}
        for name, item in value.items():
            child = kind.field(name) or kind
            out["f:" + name] = _LEAF if child.shapes == _ONLY_SCALAR else all_fields(item, child)
        return out
    if shape == LIST and not kind.list_atomic and value and value.__class__ is list:
        out = {SELF: _LEAF}
        for item in value:
            element = element_of(kind, item)
            if element is not None:
                out[element] = _LEAF if element in out else all_fields(item, kind.items)
        return out
    return _LEAF


# --- comparing --------------------------------------------------------------------------------------------------------


class Comparison(NamedTuple):
    """Paths that are gone, that changed, and that are new on the right side."""

    removed: Fields
    modified: Fields
    added: Fields

    @property
    def is_same(self) -> bool:
        return not (self.removed or self.modified or self.added)


_SAME: Final = Comparison({}, {}, {})


def compare(left: Any, right: Any, kind: Type) -> Comparison:
    found = _compare(left, right, kind)
    # The whole object is no path, even where one side is no map at all.
    return (
        Comparison(*({k: v for k, v in part.items() if k != SELF} if part else {} for part in found))
        if found
        else _SAME
    )


_Parts = tuple[Fields | None, Fields | None, Fields | None]


def _compare(left: Any, right: Any, kind: Type) -> _Parts | None:
    """Nodes of what is removed, modified and added at this path; None where nothing differs."""
    if left is right:
        return None
    ls, rs = kind.shape(left), kind.shape(right)
    if ls == rs:
        return _compare_as(left, right, kind, ls)
    one, two = _compare_as(left, right, kind, ls), _compare_as(left, right, kind, rs)
    if one is None or two is None:
        return one or two
    return _joined(one[0], two[0]), _joined(one[1], two[1]), _joined(one[2], two[2])


def _joined(a: Fields | None, b: Fields | None) -> Fields | None:
    if a is None or b is None:
        return b if a is None else a
    if not a or not b:
        return as_member(a or b)
    return {**a, **b}


def _compare_as(left: Any, right: Any, kind: Type, shape: int) -> _Parts | None:
    if shape == MAP:
        lm = left if left.__class__ is dict else None
        rm = right if right.__class__ is dict else None
        if not kind.map_atomic and (lm or rm):
            return _compare_maps(lm or {}, rm or {}, kind)
    elif shape == LIST:
        ll = left if left.__class__ is list else None
        rl = right if right.__class__ is list else None
        if not kind.list_atomic and (ll or rl):
            return _compare_lists(ll or [], rl or [], kind)
    return None if same(left, right) else (None, _LEAF, None)


def _compare_maps(left: dict[str, Any], right: dict[str, Any], kind: Type) -> _Parts | None:
    removed: Fields = {}
    modified: Fields = {}
    added: Fields = {}
    for name, new in right.items():
        old = left.get(name, MISSING)
        if old is new or (old.__class__ is str and old == new):
            continue
        child = kind.field(name) or kind
        if old is MISSING:
            added["f:" + name] = all_fields(new, child)
            continue
        found = _compare(old, new, child)
        if found is not None:
            _put(found, "f:" + name, removed, modified, added)
    for name, old in left.items():
        if name not in right:
            removed["f:" + name] = all_fields(old, kind.field(name) or kind)
    return (removed or None, modified or None, added or None) if removed or modified or added else None


def _put(found: _Parts, element: str, removed: Fields, modified: Fields, added: Fields) -> None:
    if found[0] is not None:
        removed[element] = found[0]
    if found[1] is not None:
        modified[element] = found[1]
    if found[2] is not None:
        added[element] = found[2]


def _compare_lists(left: list[Any], right: list[Any], kind: Type) -> _Parts | None:
    old, new = _grouped(left, kind), _grouped(right, kind)
    removed: Fields = {}
    modified: Fields = {}
    added: Fields = {}
    items = kind.items
    for element in {**old, **new}:
        ours, theirs = old.get(element, ()), new.get(element, ())
        if len(ours) == 1 and len(theirs) == 1:
            found = _compare(ours[0], theirs[0], items)
            if found is not None:
                _put(found, element, removed, modified, added)
        elif len(ours) > 1 and len(theirs) > 1:
            if not same(list(ours), list(theirs)):
                modified[element] = _LEAF
        else:
            if ours:
                removed[element] = all_fields(ours[0], items) if len(ours) == 1 else _LEAF
            if theirs:
                added[element] = all_fields(theirs[0], items) if len(theirs) == 1 else _LEAF
    return (removed or None, modified or None, added or None) if removed or modified or added else None


def _grouped(values: list[Any], kind: Type) -> dict[str, list[Any]]:
    """Items by path element. Duplicates, which only a plain write can bring in, stay together."""
    out: dict[str, list[Any]] = {}
    for item in values:
        element = element_of(kind, item)
        if element is not None:
            out.setdefault(element, []).append(item)
    return out


# --- merging ----------------------------------------------------------------------------------------------------------


def merge(left: Any, right: Any, kind: Type) -> Any:
    """``right`` laid over ``left``: its leaves win, maps and associative lists are joined."""
    if right is MISSING:
        return left
    if left is MISSING:
        return right
    shape = kind.shape(right)
    if shape == MAP and not kind.map_atomic:
        old = left if left.__class__ is dict else {}
        new = right if right.__class__ is dict else {}
        if old or new:
            return _merge_maps(old, new, kind)
    elif shape == LIST and not kind.list_atomic:
        olds = left if left.__class__ is list else []
        news = right if right.__class__ is list else []
        if olds or news:
            return _merge_lists(olds, news, kind)
    return right


def _merge_maps(left: dict[str, Any], right: dict[str, Any], kind: Type) -> dict[str, Any]:
    out = dict(left)
    for name, new in right.items():
        old = left.get(name, MISSING)
        if old is MISSING or new.__class__ is str:
            out[name] = new
        elif old is not new:
            out[name] = merge(old, new, kind.field(name) or kind)
    return out


def _merge_lists(left: list[Any], right: list[Any], kind: Type) -> list[Any]:
    """The applier's order holds for its own items; others keep their place before the next item both sides have."""
    old = [(element_of(kind, item) or f"?{i}", item) for i, item in enumerate(left)]
    new = [(element_of(kind, item) or f"!{i}", item) for i, item in enumerate(right)]
    olds: dict[str, Any] = {}
    for element, item in old:
        # A duplicated item is not merged with the applied one but replaced by it.
        olds[element] = MISSING if element in olds else item
    news = dict(new)
    shared = iter([element for element, _ in new if element in olds])
    wanted = next(shared, None)
    out: list[Any] = []
    done: set[str] = set()
    li = ri = 0
    while li < len(old) or ri < len(new):
        if li < len(old):
            element, item = old[li]
            if element not in news:
                out.append(item)
                li += 1
                continue
            here = ri < len(new) and element == new[ri][0]
            if not here and ri < len(new) and wanted is not None and wanted != element:
                li += 1
                continue
            if here or element in done:
                li += 1
        if ri < len(new):
            element, item = new[ri]
            out.append(merge(olds.get(element, MISSING), item, kind.items))
            done.add(element)
            ri += 1
            if element == wanted:
                wanted = next(shared, None)
    return out


# --- taking away ------------------------------------------------------------------------------------------------------


def without(value: Any, fields: Fields, kind: Type) -> Any:
    """``value`` less the members of ``fields``. A map or list that loses its last entry this way becomes null."""
    shape = kind.shape(value)
    if shape == MAP:
        if value.__class__ is not dict or not value or kind.map_atomic:
            return None
        return _map_without(value, fields, kind) or None
    if shape == LIST:
        if value.__class__ is not list or not value or kind.list_atomic:
            return None
        return _list_without(value, fields, kind) or None
    return value


def _map_without(value: dict[str, Any], fields: Fields, kind: Type) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, item in value.items():
        node = fields.get("f:" + name)
        if node is None:
            out[name] = item
        elif not is_member(node):
            out[name] = without(item, node, kind.field(name) or kind)
    return out


def _list_without(value: list[Any], fields: Fields, kind: Type) -> list[Any]:
    out = []
    for item in value:
        node = fields.get(element_of(kind, item) or "")
        if node is None:
            out.append(item)
        elif not is_member(node):
            out.append(without(item, node, kind.items))
    return out


def with_named_fields(fields: Fields, kind: Type | None) -> Fields:
    """The set with every declared struct field on the way to a member made a member too."""
    out: Fields = {}
    for element, node in fields.items():
        if not node:
            out[element] = node
            continue
        child = _child_type(kind, element)
        node = with_named_fields(node, child)
        if kind is not None and element[0] == "f" and kind.declares(element[2:]):
            node = as_member(node)
        out[element] = node
    return out


def _child_type(kind: Type | None, element: str) -> Type | None:
    if kind is None:
        return None
    if element[0] == "f" and MAP in kind.shapes:
        return kind.field(element[2:])
    if element[0] == "k" and LIST in kind.shapes:
        return kind.items
    return None


def reconciled(fields: Fields, kind: Type) -> Fields:
    """The set after parts of the schema turned from granular to atomic: who owned something inside owns the whole."""
    if not fields:
        return fields
    if kind.first == MAP:
        if kind.is_open_map:
            return fields
        if kind.map_atomic:
            return _LEAF
    elif kind.first == SCALAR:
        return fields
    elif kind.list_atomic:
        return _LEAF
    out: Fields = {}
    changed = False
    for element, node in fields.items():
        child = _child_type(kind, element) if node else None
        out[element] = fresh = reconciled(node, child) if child is not None else node
        changed = changed or fresh is not node
    return out if changed else fields
