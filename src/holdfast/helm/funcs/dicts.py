"""Sprig's functions on maps. ``set``, ``unset`` and ``merge`` change the map they are given, as in Go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.helm.funcs.text import text_of
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.types import GoStruct, NilMap, strings, type_name

Map = dict[str, Any]


def _dict(*pairs: Any) -> Map:
    found: Map = {}
    for i in range(0, len(pairs), 2):
        found[text_of(pairs[i])] = pairs[i + 1] if i + 1 < len(pairs) else ""
    return found


def _get(values: Map | None, key: str) -> Any:
    return values[key] if values and key in values else ""


def _set(values: Map | None, key: str, value: Any) -> Map:
    if values is None or isinstance(values, NilMap):
        raise GoError("assignment to entry in nil map")
    values[key] = value
    return values


def _unset(values: Map | None, key: str) -> Map:
    if values:
        values.pop(key, None)
    return {} if values is None else values


def _has_key(values: Map | None, key: str) -> bool:
    return bool(values) and key in (values or {})


def _pluck(key: str, *maps: Map | None) -> list[Any]:
    return [m[key] for m in maps if m and key in m]


def _keys(*maps: Map | None) -> Any:
    # Go's order is random; sorted is one of the orders it may give.
    return strings(key for m in maps if m for key in sorted(m))


def _values(values: Map | None) -> list[Any]:
    return [values[k] for k in sorted(values)] if values else []


def _pick(values: Map | None, *names: str) -> Map:
    return {k: values[k] for k in names if k in values} if values else {}


def _omit(values: Map | None, *names: str) -> Map:
    return {k: v for k, v in (values or {}).items() if k not in names}


def _zero(value: Any) -> bool:
    """mergo's isEmptyValue."""
    return not isinstance(value, GoStruct) and not value


def merge_maps(target: Map, source: Map, overwrite: bool) -> None:
    """mergo: what the target lacks or has empty comes from the source; with ``overwrite`` the source wins."""
    for key, value in source.items():
        mine = target.get(key)
        if value is None:
            if overwrite:
                target[key] = None
            continue
        if isinstance(value, dict) and isinstance(mine, dict):
            merge_maps(mine, value, overwrite)
            if mine:
                continue
        if overwrite or _zero(mine):
            target[key] = value


def _merge(target: Map | None, *sources: Map | None) -> Any:
    return _merged(target, sources, False)


def _overwrite(target: Map | None, *sources: Map | None) -> Any:
    return _merged(target, sources, True)


def _merged(target: Map | None, sources: tuple[Map | None, ...], overwrite: bool) -> Any:
    found: Map = {} if target is None or isinstance(target, NilMap) else target
    for source in sources:
        if source:
            merge_maps(found, source, overwrite)
    return found


def _dig(*args: Any) -> Any:
    if len(args) < 3:
        raise GoError("dig needs at least three arguments")
    *path, fallback, values = args
    found = _as_map(values)
    names = [_as_name(p) for p in path]
    for name in names[:-1]:
        if name not in found:
            return fallback
        found = _as_map(found[name])
    return found.get(names[-1], fallback)


def _as_map(value: Any) -> Map:
    if isinstance(value, dict) and type_name(value) == "map[string]interface {}":
        return value
    shown = "nil" if value is None else type_name(value)
    raise GoError(f"interface conversion: interface {{}} is {shown}, not map[string]interface {{}}")


def _as_name(value: Any) -> str:
    if isinstance(value, str):
        return value
    shown = "nil" if value is None else type_name(value)
    raise GoError(f"interface conversion: interface {{}} is {shown}, not string")


_MAP = "map[string]interface {}"

TABLE: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("dict", "...any", _dict),
    ("get", f"{_MAP}, string", _get),
    ("set", f"{_MAP}, string, any", _set),
    ("unset", f"{_MAP}, string", _unset),
    ("hasKey", f"{_MAP}, string", _has_key),
    ("pluck", f"string, ...{_MAP}", _pluck),
    ("keys", f"...{_MAP}", _keys),
    ("values", _MAP, _values),
    ("pick", f"{_MAP}, ...string", _pick),
    ("omit", f"{_MAP}, ...string", _omit),
    ("merge", f"{_MAP}, ...{_MAP}", _merge),
    ("mustMerge", f"{_MAP}, ...{_MAP}", _merge),
    ("mergeOverwrite", f"{_MAP}, ...{_MAP}", _overwrite),
    ("mustMergeOverwrite", f"{_MAP}, ...{_MAP}", _overwrite),
    ("dig", "...any", _dig),
)
