"""Who owns each value of a live object, by its ``managedFields``, in the paths of `kube.leaves`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.kube.leaves import Path, step_of


def managers_of(obj: Mapping[str, Any]) -> dict[Path, str]:
    """``manager (operation, time)`` by leaf path, several joined by `` and ``; values that nobody owns are absent."""
    found: dict[Path, list[str]] = {}
    for entry in (obj.get("metadata") or {}).get("managedFields") or ():
        if entry.get("subresource") == "status":
            continue
        name = f"{entry.get('manager')} ({entry.get('operation')}, {entry.get('time')})"
        for path in _owned(entry.get("fieldsV1") or {}, obj, ()):
            found.setdefault(path, []).append(name)
    return {path: " and ".join(names) for path, names in found.items()}


def _owned(fields: Mapping[str, Any], value: Any, path: Path) -> Iterator[Path]:
    """Everything below a field that is owned as a whole counts as owned."""
    inner = {k: v for k, v in fields.items() if k != "."}
    if not inner:
        yield from _below(value, path)
        return
    for name, below in inner.items():
        step = _step(name, value)
        if step is not None:
            yield from _owned(below, step[1], (*path, step[0]))


def _step(name: str, value: Any) -> tuple[str, Any] | None:
    kind, _, rest = name.partition(":")
    if kind == "f" and isinstance(value, Mapping) and rest in value:
        return rest, value[rest]
    if kind not in ("k", "v", "i") or not isinstance(value, list):
        return None
    for index, item in enumerate(value):
        if _is(kind, rest, index, item):
            return step_of(value, index), item
    return None


def _is(kind: str, rest: str, index: int, item: Any) -> bool:
    if kind == "i":
        return rest == str(index)
    wanted = json.loads(rest)
    if kind == "v":
        return bool(item == wanted)
    return isinstance(item, Mapping) and all(item.get(k) == v for k, v in wanted.items())


def _below(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _below(item, (*path, str(key)))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _below(item, (*path, step_of(value, index)))
    else:
        yield path
