"""Short names for contents: of what is desired, and of the part of a live object that a manager owns.

The two agree when nothing has to be sent: an object that server-side apply made from a manifest holds, at the fields the
manager owns, just that manifest. Where the API server rewrote a value (quantities, for one) they differ although nothing is
wrong; the plan then applies once and remembers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from holdfast.kube.refs import Manifest

_NOT_OWNED = frozenset(
    {"name", "namespace", "generateName", "uid", "resourceVersion", "creationTimestamp", "managedFields"}
)


def digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def desired_hash(obj: Manifest, ignored: Sequence[str] = ()) -> str:
    """Of a whole manifest, version and all; other fields that are left alone make it another one."""
    return digest([obj, *ignored] if ignored else obj)


def intended_hash(obj: Manifest) -> str:
    """Of the fields that applying ``obj`` makes the manager own."""
    content = {k: v for k, v in obj.items() if k not in ("apiVersion", "kind", "metadata")}
    meta = {k: v for k, v in (obj.get("metadata") or {}).items() if k not in _NOT_OWNED}
    if meta:
        content["metadata"] = meta
    return digest(_without_nulls(content))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(v) for v in value]
    return value


def owned_hash(live: Mapping[str, Any], manager: str) -> str:
    """Of the values at the fields that ``manager`` applied; "" where it applied none."""
    fields: dict[str, Any] | None = None
    for entry in (live.get("metadata") or {}).get("managedFields") or ():
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource"):
            found = entry.get("fieldsV1") or {}
            fields = found if fields is None else union(fields, found)
    return "" if fields is None else digest(project(live, fields))


def project(value: Any, fields: Mapping[str, Any]) -> Any:
    """The part of a value that a field set (fieldsV1) names. What it names and the value lacks is left out."""
    if not any(k != "." for k in fields):
        return value
    if isinstance(value, dict):
        return {
            key[2:]: project(value[key[2:]], below)
            for key, below in fields.items()
            if key.startswith("f:") and key[2:] in value
        }
    if isinstance(value, list):
        return _project_list(value, fields)
    return value


def _project_list(items: list[Any], fields: Mapping[str, Any]) -> list[Any]:
    keyed = [(json.loads(k[2:]), below) for k, below in fields.items() if k.startswith("k:")]
    values = [json.loads(k[2:]) for k in fields if k.startswith("v:")]
    indexed = {int(k[2:]): below for k, below in fields.items() if k.startswith("i:")}
    out: list[Any] = []
    for index, item in enumerate(items):
        if index in indexed:
            out.append(project(item, indexed[index]))
        elif item in values:
            out.append(item)
        elif isinstance(item, dict):
            below = next((b for key, b in keyed if all(item.get(f) == v for f, v in key.items())), None)
            if below is not None:
                out.append(project(item, below))
    return out


def union(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The field set that has the members of both."""
    out: dict[str, Any] = dict(one)
    for key, below in other.items():
        if key not in out:
            out[key] = below
        elif key != ".":
            out[key] = _join(out[key], below)
    return out


def _join(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    joined = union(one, other)
    # An entry without children is itself a member; once it has children that has to be said with a dot.
    if joined and (not one or not other):
        joined["."] = {}
    return joined
