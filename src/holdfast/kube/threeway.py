"""kubectl's three-way merge: what was applied last, what is wanted now, what is live; and the patch from one object to another.

In go three versions of an object and its kind's schema, out comes the live object as it will be. What was applied and is no
longer wanted goes, what is wanted is set, what others added stays. Lists of built-in kinds merge by their keys where the kind
says so; without a schema every list is replaced whole, as in a JSON merge patch.

Source of the rules: apimachinery ``util/strategicpatch`` and ``util/jsonmergepatch``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from holdfast.kube.refs import Manifest
from holdfast.kube.schema import Schema

_MISSING: Final = object()


def joined(original: Manifest, wanted: Manifest, live: Manifest, schema: Schema | None) -> Manifest:
    """The live object after an apply. Null in ``wanted`` means: not there."""
    return _maps(original, wanted, live, schema)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Manifest:
    """The JSON merge patch (RFC 7386) from one object to the other; empty if there is nothing to change."""
    patch: Manifest = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key, _MISSING)
        if isinstance(value, dict) and isinstance(old, dict):
            below = difference(old, value)
            if below:
                patch[key] = below
        elif old is _MISSING or not same(old, value):
            patch[key] = value
    return patch


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 is 1.0, but true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _join(original: Any, wanted: Any, live: Any, schema: Schema | None) -> Any:
    if isinstance(wanted, dict):
        was = original if isinstance(original, dict) else {}
        if schema is not None and "replace" in schema.patch_strategies:
            return without_nulls(wanted)
        if isinstance(live, dict):
            found = _maps(was, wanted, live, schema)
            if schema is not None and "retainKeys" in schema.patch_strategies and not same(found, live):
                found = {k: v for k, v in found.items() if k in wanted}
            return found
        return without_nulls(wanted)
    if isinstance(wanted, list) and isinstance(live, list) and schema is not None:
        return _lists(original if isinstance(original, list) else [], wanted, live, schema)
    return without_nulls(wanted) if isinstance(wanted, list) and schema is not None else wanted


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(v) for v in value] if isinstance(value, list) else value


def _maps(
    original: Mapping[str, Any], wanted: Mapping[str, Any], live: Mapping[str, Any], schema: Schema | None
) -> dict[str, Any]:
    result = {k: v for k, v in live.items() if k not in original or k in wanted}
    for key, value in wanted.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _join(original.get(key), value, live.get(key), _field(schema, key))
    return result


def _field(schema: Schema | None, key: str) -> Schema | None:
    if schema is None:
        return None
    return schema.properties.get(key) or schema.additional


def _lists(original: list[Any], wanted: list[Any], live: list[Any], schema: Schema) -> list[Any]:
    if "merge" not in schema.patch_strategies:
        return [without_nulls(v) for v in wanted]
    key = schema.patch_merge_key
    if not key:
        return _in_live_order(wanted, [v for v in live if v not in original and v not in wanted], live)
    was, now, new = _by_key(original, key), _by_key(live, key), _by_key(wanted, key)
    if min(len(new) - len(wanted), len(now) - len(live)) < 0:  # an item without a key, or two with the same
        return [without_nulls(v) for v in wanted]
    found = {k: _join(was.get(k), v, now.get(k), schema.items) for k, v in new.items()}
    kept = [v for k, v in now.items() if k not in new and k not in was]
    return _in_live_order(list(found.values()), kept, [found.get(k, v) for k, v in now.items()])


def _by_key(items: list[Any], key: str) -> dict[Any, Any]:
    """Items with a scalar at the key."""
    pairs = ((i[key], i) for i in items if isinstance(i, dict) and key in i)
    return {k: v for k, v in pairs if isinstance(k, str | int | float)}


def _in_live_order(wanted: list[Any], kept: list[Any], live: list[Any]) -> list[Any]:
    """What is wanted in its own order; what others added stays behind whatever it was behind."""
    result: list[Any] = []
    rest = list(kept)
    for item in wanted:
        place = _index(live, item)
        while rest and 0 <= _index(live, rest[0]) < place:
            result.append(rest.pop(0))
        result.append(item)
    return result + rest


def _index(items: list[Any], item: Any) -> int:
    return next((i for i, other in enumerate(items) if other is item or same(other, item)), -1)
