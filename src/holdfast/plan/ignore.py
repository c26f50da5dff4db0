"""Fields that are left alone: a field that another Apply manager owns is not sent, one that only we own is sent as it is live.

Paths are JSON pointers; a rule without a target holds for every object. Only fields that differ are touched, so that a rule
never makes us give up a field which agrees.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from holdfast.base.errors import Stop
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.model.delivery import IgnoreRule, Selector

_MISSING = object()


def matching_paths(obj: Mapping[str, Any], rules: Sequence[IgnoreRule]) -> tuple[str, ...]:
    return tuple(p for r in rules if r.target is None or matches(obj, r.target) for p in r.paths)


def matches(obj: Mapping[str, Any], target: Selector) -> bool:
    """Names are anchored regular expressions; selectors are of the ``key=value,other!=value,key`` form."""
    gvk, meta = GroupVersionKind.of(obj), obj.get("metadata") or {}
    pairs = (
        (target.group, gvk.group),
        (target.version, gvk.version),
        (target.kind, gvk.kind),
        (target.name, str(meta.get("name") or "")),
        (target.namespace, str(meta.get("namespace") or "")),
    )
    return (
        all(not wanted or re.fullmatch(wanted, found) for wanted, found in pairs)
        and _selected(target.label_selector, meta.get("labels") or {})
        and _selected(target.annotation_selector, meta.get("annotations") or {})
    )


def _selected(selector: str, values: Mapping[str, Any]) -> bool:
    for part in (p.strip() for p in selector.split(",")):
        if not part:
            continue
        key, sep, value = part.partition("!=")
        if sep:
            if values.get(key.strip()) == value.strip():
                return False
            continue
        key, sep, value = part.replace("==", "=").partition("=")
        if sep and values.get(key.strip()) != value.strip():
            return False
        if not sep and (key.removeprefix("!") in values) == key.startswith("!"):
            return False
    return True


def adjust(desired: Manifest, live: Mapping[str, Any], paths: Sequence[str], manager: str) -> Manifest:
    """The manifest to send instead of ``desired``, given what is live. Raises Stop for a path that is none."""
    out: Manifest = copy.deepcopy(desired)
    for path in paths:
        if path and not path.startswith("/"):
            raise Stop(f"replace operation does not apply: doc is missing path: {path}: missing value")
        keys = _keys(path)
        wanted, found = _get(desired, keys), _get(live, keys)
        if not keys or wanted is _MISSING or wanted == found:
            continue
        if found is _MISSING or _owned_by_other(live, keys, manager):
            _remove(out, keys)
        else:
            _set(out, keys, found)
    return out


def without(obj: Mapping[str, Any], paths: Sequence[str]) -> Manifest:
    """A copy that lacks the fields at the paths."""
    out: Manifest = copy.deepcopy(dict(obj))
    for path in paths:
        keys = _keys(path)
        if keys:
            _remove(out, keys)
    return out


def _keys(path: str) -> list[str]:
    return [k.replace("~1", "/").replace("~0", "~") for k in path.split("/")[1:]]


def _step(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(key, _MISSING)
    if isinstance(value, list) and key.isdigit() and int(key) < len(value):
        return value[int(key)]
    return _MISSING


def _get(value: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        value = _step(value, key)
        if value is _MISSING:
            return _MISSING
    return value


def _remove(value: Any, keys: Sequence[str]) -> None:
    parent = _get(value, keys[:-1])
    if isinstance(parent, dict):
        parent.pop(keys[-1], None)
    elif isinstance(parent, list) and keys[-1].isdigit() and int(keys[-1]) < len(parent):
        del parent[int(keys[-1])]


def _set(value: Any, keys: Sequence[str], found: Any) -> None:
    parent = _get(value, keys[:-1])
    if isinstance(parent, dict):
        parent[keys[-1]] = copy.deepcopy(found)
    elif isinstance(parent, list) and keys[-1].isdigit() and int(keys[-1]) < len(parent):
        parent[int(keys[-1])] = copy.deepcopy(found)


def _owned_by_other(live: Mapping[str, Any], keys: Sequence[str], manager: str) -> bool:
    return any(
        _has(entry.get("fieldsV1") or {}, live, keys)
        for entry in (live.get("metadata") or {}).get("managedFields") or ()
        if entry.get("operation") == "Apply" and not entry.get("subresource") and entry.get("manager") != manager
    )


def _has(fields: Mapping[str, Any], value: Any, keys: Sequence[str]) -> bool:
    """Whether a field set has the path as a member, or owns something below it."""
    for key in keys:
        if isinstance(value, list):
            item = _step(value, key)
            found = next((b for k, b in fields.items() if k.startswith("k:") and _fits(item, k[2:])), None)
        else:
            found = fields.get(f"f:{key}")
        if found is None:
            return False
        fields, value = found, _step(value, key)
    return True


def _fits(item: Any, key: str) -> bool:
    return isinstance(item, Mapping) and all(item.get(f) == v for f, v in json.loads(key).items())
