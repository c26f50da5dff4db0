"""Helm's merge on our side, for releases that do not use server-side apply: what was, what is wanted, what is live.

In: three versions of an object. Out: the JSON merge patch that makes the live one what is wanted and keeps what others added.
Lists of built-in kinds merge by their keys; those of custom resources are replaced whole. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kube.schema import Schema, builtin

_MISSING = object()


def merged(original: Manifest, target: Manifest, live: Manifest, *, three_way: bool = False) -> Manifest:
    """``three_way`` is for custom resources, for which Helm otherwise only sends what changed between two charts."""
    schema = builtin().lookup(GroupVersionKind.of(target))
    if schema is None and not three_way:
        return difference(original, target)
    result = _join(original, target, live, schema)
    return difference(live, result)


def difference(before: Any, after: Any) -> Manifest:
    """The JSON merge patch (RFC 7386) from one object to the other."""
    patch: Manifest = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key, _MISSING)
        if isinstance(value, dict) and isinstance(old, dict):
            below = difference(old, value)
            if below:
                patch[key] = below
        elif old is _MISSING or old != value:
            patch[key] = value
    return patch


def _join(original: Any, target: Any, live: Any, schema: Schema | None) -> Any:
    if isinstance(target, dict) and isinstance(live, dict):
        return _join_maps(original if isinstance(original, dict) else {}, target, live, schema)
    if isinstance(target, list) and isinstance(live, list) and schema is not None:
        return _join_lists(original if isinstance(original, list) else [], target, live, schema)
    return target


def _join_maps(
    original: Mapping[str, Any], target: Mapping[str, Any], live: Mapping[str, Any], schema: Schema | None
) -> dict[str, Any]:
    result = {k: v for k, v in live.items() if k not in original or k in target}
    for key, value in target.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _join(original.get(key), value, live.get(key), _below(schema, key))
    return result


def _join_lists(original: list[Any], target: list[Any], live: list[Any], schema: Schema) -> list[Any]:
    if "merge" not in schema.patch_strategies:
        return target
    key = schema.patch_merge_key
    if not key:
        kept = [v for v in live if v not in original and v not in target]
        return [*target, *kept]
    was, now = _by_key(original, key), _by_key(live, key)
    items = schema.items
    joined = [
        _join(was.get(_key(v, key)), v, now.get(_key(v, key), v), items) if _key(v, key) in now else v for v in target
    ]
    wanted = {_key(v, key) for v in target}
    return [*joined, *(v for k, v in now.items() if k not in wanted and k not in was)]


def _key(item: Any, key: str) -> Any:
    return item.get(key) if isinstance(item, dict) else None


def _by_key(items: list[Any], key: str) -> dict[Any, Any]:
    return {item[key]: item for item in items if isinstance(item, dict) and key in item}


def _below(schema: Schema | None, key: str) -> Schema | None:
    if schema is None:
        return None
    return schema.properties.get(key) or schema.additional
