"""Strategic merge patch: a merge patch that knows how each list of a kind is merged, with directives of its own.

In go an object, a patch and the kind's schema; out comes a new object. Directives: ``$patch`` (replace, delete),
``$retainKeys``, ``$setElementOrder/<list>``, ``$deleteFromPrimitiveList/<list>``. Problems are ``PatchError`` with the API
server's texts. kustomize's own dialect of this lives with kustomize.

Source of the rules: apimachinery ``util/strategicpatch``. Where that iterates over a Go map at random, here the order is that
of the patch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from holdfast.kube.patch_json import PatchError
from holdfast.kube.schema import Schema
from holdfast.kube.ssa_values import go_plain

_PATCH: Final = "$patch"
_RETAIN: Final = "$retainKeys"
_ORDER: Final = "$setElementOrder"
_DELETE: Final = "$deleteFromPrimitiveList"

_GO_TYPES: Final[dict[type, str]] = {
    dict: "map[string]interface {}",
    list: "[]interface {}",
    str: "string",
    bool: "bool",
    int: "int64",
    float: "float64",
    type(None): "%!s(<nil>)",
}

Map = dict[str, Any]
Items = list[Any]


def strategic_merge(obj: Map, patch: Map, schema: Schema | None) -> Map:
    """``obj`` after the patch. ``schema`` is a built-in kind's; a custom kind has no strategic merge patch."""
    if schema is None:
        raise PatchError("strategic merge patch format is not supported", code=400)
    return _merge_map(_copy(obj), _copy(patch), schema)


def _copy(value: Any) -> Any:
    if value.__class__ is dict:
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if value.__class__ is list else value


# --- complaints -------------------------------------------------------------------------------------------------------


def _error(message: str) -> PatchError:
    return PatchError(message, code=500)


def _bad_format(what: str) -> PatchError:
    return PatchError(f"invalid patch format of {what}", code=400)


def _no_merge_key(item: Map, key: str) -> PatchError:
    return _error(f"map: {go_plain(item)} does not contain declared merge key: {key}")


def _bad_type(expected: type, actual: Any) -> PatchError:
    return _error(f"expected a {_GO_TYPES[expected]}, but received a {_GO_TYPES.get(actual.__class__, '?')}")


def _unknown_directive(directive: Any, patch: Map) -> PatchError:
    return _error(f"unknown patch type: {go_plain(directive)} in map: {go_plain(patch)}")


# --- maps -------------------------------------------------------------------------------------------------------------


def _merge_map(original: Map, patch: Map, schema: Schema | None) -> Map:
    """Merges into ``original`` and uses up ``patch``; both are copies already."""
    if _PATCH in patch:
        return _directed_map(patch)
    _retain_keys(original, patch)
    _merge_ordered(original, patch, schema)
    for key, value in patch.items():
        deletes = key.startswith(_DELETE)
        if deletes:
            key = _target(key, _DELETE, "primitive list")
        if value is None:
            original.pop(key, None)
        elif key not in original or original[key].__class__ is not value.__class__:
            if not deletes:
                _take(original, key, _without_nulls(value))
        elif isinstance(value, dict):
            field = _field(schema, key)
            strategies = field.patch_strategies if field else frozenset()
            original[key] = value if "replace" in strategies else _merge_map(original[key], value, field)
        elif isinstance(value, list):
            original[key] = _merge_lists(original[key], value, _field(schema, key), deletes=deletes)
        else:
            original[key] = value
    return original


def _directed_map(patch: Map) -> Map:
    directive = patch[_PATCH]
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != _PATCH}
    if directive == "delete":
        return {}
    raise _unknown_directive(directive, patch)


def _take(original: Map, key: str, value: Any) -> None:
    """A value that is new, or of another type, without directives in it."""
    value, keep = _without_directives(value)
    if keep:
        original[key] = value
    else:
        original.pop(key, None)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _without_directives(value: Any) -> tuple[Any, bool]:
    if isinstance(value, dict):
        if _PATCH in value:
            return None, False
        found = {key: _without_directives(item) for key, item in value.items()}
        return {key: item for key, (item, keep) in found.items() if keep}, True
    if isinstance(value, list):
        return [item for item, keep in map(_without_directives, value) if keep], True
    return value, True


def _retain_keys(original: Map, patch: Map) -> None:
    if _RETAIN not in patch:
        return
    keys = patch.pop(_RETAIN)
    if not isinstance(keys, list):
        raise _bad_format("retainKeys")
    for key, value in patch.items():
        if value is not None and not key.startswith((_DELETE, _ORDER)) and key not in keys:
            raise _bad_format("retainKeys")
    for key in [key for key in original if key not in keys]:
        del original[key]


def _field(schema: Schema | None, key: str) -> Schema | None:
    if schema is None:
        return None
    found = schema.properties.get(key)
    if found is None and schema.additional is None and schema.properties:
        name = schema.name.rpartition(".")[2]
        raise _error(f'unable to find api field in struct {name} for the json field "{key}"')
    return found or schema.additional


def _target(key: str, prefix: str, what: str) -> str:
    head, slash, name = key.partition("/")
    if not slash or head != prefix:
        raise _bad_format(what)
    return name


# --- lists ------------------------------------------------------------------------------------------------------------


def _merge_lists(original: Items, patch: Items, field: Schema | None, *, deletes: bool) -> Items:
    strategies = field.patch_strategies if field else frozenset()
    if "merge" not in strategies and not deletes:
        return patch
    if not original and not patch:
        return original
    key = field.patch_merge_key if field else ""
    if _item_type(original, patch) is not dict:
        if deletes:
            return [item for item in original if not _among(item, patch)]
        merged = _distinct(original + patch)
        key = ""
    else:
        if not key:
            raise _error(f"cannot merge lists without merge key for {'struct' if field else 'map'}")
        original, patch = _carry_out_items(original, patch, key)
        merged = _merge_items(original, patch, key, field.items if field else None)
    return _in_order(merged, patch, original, key)


def _item_type(*lists: Items) -> type:
    found: type | None = None
    for item in (item for items in lists for item in items):
        if found is None:
            found = item.__class__
            if found is list:
                raise PatchError("lists of lists are not supported", code=422)
        elif item.__class__ is not found:
            raise _error(f"list element types are not identical: {go_plain(list(lists))}")
    if found is None:
        raise _error("no elements in any of the given slices")
    return found


def _distinct(items: Items) -> Items:
    """Each scalar once. A duplicate's place goes to the last item, as upstream does it."""
    out = list(items)
    i = 0
    while i < len(out):
        j = i + 1
        while j < len(out):
            if _equal(out[i], out[j]):
                last = out.pop()
                if j < len(out):
                    out[j] = last
            else:
                j += 1
        i += 1
    return out


def _carry_out_items(original: Items, patch: Items, key: str) -> tuple[Items, Items]:
    """Items that are directives are carried out; the rest of the patch remains."""
    rest: Items = []
    replace = False
    for item in patch:
        directive = item.get(_PATCH) if _PATCH in item else None
        if _PATCH not in item:
            rest.append(item)
        elif directive == "delete":
            if key not in item:
                raise _no_merge_key(item, key)
            original = [old for old in original if not _equal(old.get(key), item[key]) or key not in old]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise _error("merging lists cannot yet be specified in the patch")
        else:
            raise _unknown_directive(directive, item)
    return (rest, []) if replace else (original, rest)


def _merge_items(original: Items, patch: Items, key: str, items: Schema | None) -> Items:
    merged = list(original)
    for item in patch:
        if key not in item:
            raise _no_merge_key(item, key)
        place = _place(merged, item[key], key)
        if place < 0:
            merged.append(item)
        else:
            merged[place] = _merge_map(merged[place], item, items)
    return merged


def _place(items: Items, value: Any, key: str) -> int:
    for index, item in enumerate(items):
        if key in item and _equal(item[key], value):
            return index
    return -1


def _equal(a: Any, b: Any) -> bool:
    return a.__class__ is b.__class__ and bool(a == b)


def _among(item: Any, items: Iterable[Any]) -> bool:
    return any(_equal(item, other) for other in items)


# --- order ------------------------------------------------------------------------------------------------------------


def _merge_ordered(original: Map, patch: Map, schema: Schema | None) -> None:
    """Every ``$setElementOrder`` and the list that it orders; both leave the patch."""
    for directive in [key for key in patch if key.startswith(_ORDER)]:
        order = patch.pop(directive)
        if not isinstance(order, list):
            raise _bad_type(list, order)
        key = _target(directive, _ORDER, "setElementOrder list")
        live, sent = original.get(key), patch.get(key)
        for one, here in ((live, key in original), (sent, key in patch)):
            if here and not isinstance(one, list):
                raise _bad_type(list, one)
        field = _field(schema, key)
        merge_key = field.patch_merge_key if field else ""
        _check_order(sent or [], order, merge_key)
        if key not in original and key not in patch:
            continue
        if key not in patch:
            merged = live or []
        elif key not in original:
            merged = [item for item, keep in map(_without_directives, sent or []) if keep]
        else:
            merged = _merge_lists(live or [], sent or [], field, deletes=False)
            live = _reused(live or [], sent or [], merge_key)
        patch.pop(key, None)
        _item_type(live or [], sent or [])
        original[key] = _in_order(merged, order, live or [], merge_key)


def _reused(live: Items, sent: Items, key: str) -> Items:
    """The live list as upstream's merge leaves its memory: deleted items closed up, new ones written over the freed places.

    The order of items that the directive does not name is taken from this, so it shows in results.
    """
    if not key or any(item.get(_PATCH) == "replace" for item in sent):
        return live
    left = list(live)
    for item in sent:
        if item.get(_PATCH) == "delete":
            left = [old for old in left if not _same_item(old, item, key)]
    used = len(left)
    stale = live[:]
    stale[:used] = left
    new = [item for item in sent if _PATCH not in item and _place(left, item[key], key) < 0]
    for place, item in zip(range(used, len(live)), new, strict=False):
        stale[place] = item
    return stale


def _check_order(sent: Items, order: Items, key: str) -> None:
    """The items of the patch must appear in the order list, in that order."""
    if not order or not sent:
        return
    if key:
        for item in sent:
            if not isinstance(item, dict):
                raise _bad_type(dict, item)
    wanted = [item for item in sent if not (isinstance(item, dict) and item.get(_PATCH) == "delete")]
    at = place = 0
    while at < len(wanted) and place < len(order):
        if isinstance(wanted[at], dict) and _PATCH in wanted[at]:
            at += 1
            continue
        at += _same_item(wanted[at], order[place], key)
        place += 1
    if at < len(wanted) and place >= len(order):
        raise _error(f"The order in patch list:\n{go_plain(sent)}\n doesn't match {_ORDER} list:\n{go_plain(order)}\n")


def _same_item(a: Any, b: Any, key: str) -> bool:
    if not key:
        return _equal(a, b)
    for one in (a, b):
        if not isinstance(one, dict):
            raise _bad_type(dict, one)
        if key not in one:
            raise _no_merge_key(one, key)
    return _equal(a[key], b[key])


def _in_order(merged: Items, order: Items, live: Items, key: str) -> Items:
    """Items of ``order`` in its order; the others keep their place among them as far as ``live`` tells it."""
    mine: Items = []
    others: Items = []
    for item in merged:
        if key and (not isinstance(item, dict) or key not in item):
            raise _no_merge_key(item, key) if isinstance(item, dict) else _bad_type(dict, item)
        (mine if _index(order, item, key) >= 0 else others).append(item)
    mine, others = _sorted(mine, order, key), _sorted(others, live, key)
    out: Items = []
    while mine and others:
        left, right = _index(live, others[0], key), _index(live, mine[0], key)
        out.append((others if 0 <= left < right else mine).pop(0))
    return out + mine + others


def _index(items: Items, item: Any, key: str) -> int:
    for index, other in enumerate(items):
        if _equal(other.get(key), item.get(key)) if key and isinstance(other, dict) else _equal(other, item):
            return index
    return -1


def _sorted(items: Items, order: Items, key: str) -> Items:
    """Insertion sort by place in ``order``; an item that is not there goes before what stands there already."""
    out: Items = []
    for item in items:
        here = _index(order, item, key)
        at = len(out)
        while at and _before(here, _index(order, out[at - 1], key)):
            at -= 1
        out.insert(at, item)
    return out


def _before(left: int, right: int) -> bool:
    return left < right if left >= 0 and right >= 0 else True
