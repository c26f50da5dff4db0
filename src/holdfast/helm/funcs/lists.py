"""Sprig's functions on lists. They never change a list, they return another."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from holdfast.helm.funcs.kinds import deep_equal, empty
from holdfast.helm.funcs.numbers import to_int
from holdfast.helm.go.errors import NIL_POINTER, GoError
from holdfast.helm.go.types import GoSlice, Uint8, kind_name

Items = list[Any]


def _items(value: Any, words: str) -> Items:
    """The elements of a slice; ``words`` have the kind in them at %s."""
    if isinstance(value, list):
        return value
    if value is None:
        raise GoError(NIL_POINTER)
    if isinstance(value, bytes):
        return [Uint8(b) for b in value]
    raise GoError(words % kind_name(value))


def nil_list() -> GoSlice:
    return GoSlice((), nil=True)


def _list(*values: Any) -> Items:
    return list(values)


def _append(items: Any, value: Any) -> Items:
    return [*_items(items, "Cannot push on type %s"), value]


def _prepend(items: Any, value: Any) -> Items:
    return [value, *_items(items, "Cannot prepend on type %s")]


def _first(items: Any) -> Any:
    found = _items(items, "Cannot find first on type %s")
    return found[0] if found else None


def _last(items: Any) -> Any:
    found = _items(items, "Cannot find last on type %s")
    return found[-1] if found else None


def _rest(items: Any) -> Items:
    found = _items(items, "Cannot find rest on type %s")
    return list(found[1:]) if found else nil_list()


def _initial(items: Any) -> Items:
    found = _items(items, "Cannot find initial on type %s")
    return list(found[:-1]) if found else nil_list()


def _reverse(items: Any) -> Items:
    return list(reversed(_items(items, "Cannot find reverse on type %s")))


def _compact(items: Any) -> Items:
    return [v for v in _items(items, "Cannot compact on type %s") if not empty(v)]


def _in(needle: Any, items: Items) -> bool:
    return any(deep_equal(needle, item) for item in items)


def _uniq(items: Any) -> Items:
    found: Items = []
    seen: set[Any] = set()
    for item in _items(items, "Cannot find uniq on type %s"):
        if type(item) in (str, int, bool):
            key = (type(item), item)
            if key not in seen:
                seen.add(key)
                found.append(item)
        elif not _in(item, found):
            found.append(item)
    return found


def _without(items: Any, *omit: Any) -> Items:
    return [v for v in _items(items, "Cannot find without on type %s") if not _in(v, list(omit))]


def _has(needle: Any, items: Any) -> bool:
    return items is not None and _in(needle, _items(items, "Cannot find has on type %s"))


def _slice(items: Any, *indices: Any) -> Any:
    found = _items(items, "list should be type of slice or array but %s")
    if not found:
        return None
    start = to_int(indices[0]) if indices else 0
    end = to_int(indices[1]) if len(indices) > 1 else len(found)
    # Go can slice up to the capacity; ours is the length, as for every list a literal or a values file makes.
    if start < 0 or end < start or end > len(found):
        raise GoError("reflect.Value.Slice: slice index out of bounds")
    part = found[start:end]
    return GoSlice(part, items.elem) if isinstance(items, GoSlice) else part


def _concat(*lists: Any) -> Any:
    found: Items = []
    for items in lists:
        found.extend(_items(items, "Cannot concat type %s as list"))
    return found or nil_list()


def _chunk(size: int, items: Any) -> GoSlice:
    found = _items(items, "Cannot chunk type %s")
    count = math.floor((len(found) - 1) / size) + 1 if size else -1
    if count < 0 or size < 0:
        raise GoError("runtime error: makeslice: len out of range")
    return GoSlice((list(found[i * size : (i + 1) * size]) for i in range(count)), "[]interface {}")


TABLE: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("list", "...any", _list),
    ("tuple", "...any", _list),
    *((name, "any, any", _append) for name in ("append", "push", "mustAppend", "mustPush")),
    *((name, "any, any", _prepend) for name in ("prepend", "mustPrepend")),
    *((name, "any", _first) for name in ("first", "mustFirst")),
    *((name, "any", _last) for name in ("last", "mustLast")),
    *((name, "any", _rest) for name in ("rest", "mustRest")),
    *((name, "any", _initial) for name in ("initial", "mustInitial")),
    *((name, "any", _reverse) for name in ("reverse", "mustReverse")),
    *((name, "any", _compact) for name in ("compact", "mustCompact")),
    *((name, "any", _uniq) for name in ("uniq", "mustUniq")),
    *((name, "any, ...any", _without) for name in ("without", "mustWithout")),
    *((name, "any, any", _has) for name in ("has", "mustHas")),
    *((name, "any, ...any", _slice) for name in ("slice", "mustSlice")),
    ("concat", "...any", _concat),
    *((name, "int, any", _chunk) for name in ("chunk", "mustChunk")),
)
