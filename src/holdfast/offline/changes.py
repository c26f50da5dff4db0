"""What differs between two states of objects: added, changed field by field, removed. Pure.

Immutable fields, restarts and removals are called out, so that a reader sees the risk before the values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.offline.placeholders import PLACEHOLDER


class Kind(Enum):
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Field:
    """One field that differs; ``before`` or ``after`` is MISSING where it is not there."""

    path: str
    before: Any
    after: Any


MISSING = object()


@dataclass(frozen=True, slots=True)
class Change:
    ref: ObjectRef
    kind: Kind
    fields: tuple[Field, ...] = ()
    notes: tuple[str, ...] = ()
    after: Manifest | None = field(default=None, compare=False, repr=False)


_SERVER_FIELDS = ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink")
_MERGE_KEYS = ("name", "containerPort", "port", "mountPath", "key", "ip", "topologyKey")
_IMMUTABLE = {
    "Deployment": (".spec.selector",),
    "DaemonSet": (".spec.selector",),
    "ReplicaSet": (".spec.selector",),
    "StatefulSet": (".spec.selector", ".spec.serviceName", ".spec.volumeClaimTemplates", ".spec.podManagementPolicy"),
    "Job": (".spec.selector", ".spec.template", ".spec.completions", ".spec.completionMode"),
    "Service": (".spec.clusterIP",),
    "PersistentVolumeClaim": (".spec.accessModes", ".spec.storageClassName", ".spec.volumeName", ".spec.selector"),
    "RoleBinding": (".roleRef",),
    "ClusterRoleBinding": (".roleRef",),
    "StorageClass": (".provisioner", ".parameters", ".reclaimPolicy", ".volumeBindingMode"),
    "Secret": (".type",),
}
_ROLLING = ("Deployment", "StatefulSet", "DaemonSet")
_PRECIOUS = ("Namespace", "CustomResourceDefinition", "PersistentVolumeClaim", "PersistentVolume", "StatefulSet")


def compare(before: Iterable[Manifest], after: Iterable[Manifest]) -> list[Change]:
    """In the order of ``after``, removals at the end."""
    old = {ObjectRef.of(o): o for o in before}
    new = {ObjectRef.of(o): o for o in after}
    renamed = _hashed(old, new)
    found = [c for ref, obj in new.items() if (c := _one(ref, old.get(renamed.get(ref, ref)), obj)) is not None]
    found = [_renamed(c, renamed[c.ref]) if c.ref in renamed else c for c in found]
    gone = [Change(r, Kind.REMOVED, notes=_removal_notes(r)) for r in old if r not in new and r not in renamed.values()]
    return found + gone


_HASH = re.compile(r"-[bcdfghkmt2456789]{10}$")


def _hashed(old: Mapping[ObjectRef, Manifest], new: Mapping[ObjectRef, Manifest]) -> dict[ObjectRef, ObjectRef]:
    """New -> old where a generator's hash at the end of a name is all that makes it another object."""
    stems = {(r.kind, r.namespace, _HASH.sub("", r.name)): r for r in old if r not in new and _HASH.search(r.name)}
    found = {r: stems.get((r.kind, r.namespace, _HASH.sub("", r.name))) for r in new if r not in old}
    return {r: other for r, other in found.items() if other is not None and _HASH.search(r.name)}


def _renamed(change: Change, earlier: ObjectRef) -> Change:
    fields = tuple(f for f in change.fields if f.path != ".metadata.name")
    note = f"its name follows its content: {earlier.name} becomes {change.ref.name}"
    return replace(change, fields=fields, notes=(note, *change.notes))


def _removal_notes(ref: ObjectRef) -> tuple[str, ...]:
    return (f"a {ref.kind} goes with everything in it",) if ref.kind in _PRECIOUS else ()


def _one(ref: ObjectRef, old: Manifest | None, new: Manifest) -> Change | None:
    if old is None:
        return Change(ref, Kind.ADDED, after=new)
    fields = tuple(differences(clean(old), clean(new)))
    if not fields:
        return None
    shown = tuple(_masked(f) for f in fields) if ref.kind == "Secret" else fields
    return Change(ref, Kind.CHANGED, shown, tuple(_notes(ref, fields)))


def clean(obj: Manifest) -> Manifest:
    """Without what the server writes by itself."""
    meta = {k: v for k, v in (obj.get("metadata") or {}).items() if k not in _SERVER_FIELDS}
    body = {k: v for k, v in obj.items() if k not in ("status", "metadata")}
    return {**body, "metadata": meta}


def _masked(field: Field) -> Field:
    """Values of Secrets are never shown, only that they differ."""
    if not field.path.startswith((".data", ".stringData")):
        return field
    return Field(
        field.path,
        MISSING if field.before is MISSING else "*** (before)",
        MISSING if field.after is MISSING else (PLACEHOLDER if field.after == PLACEHOLDER else "*** (after)"),
    )


def _notes(ref: ObjectRef, fields: Iterable[Field]) -> Iterator[str]:
    paths = [f.path for f in fields]
    for fixed in _IMMUTABLE.get(ref.kind, ()):
        if any(p == fixed or p.startswith((fixed + ".", fixed + "[")) for p in paths):
            yield f"{fixed} is immutable: the object has to be recreated (spec.force), or the change is refused"
    if ref.kind in _ROLLING and any(p.startswith(".spec.template") for p in paths):
        yield "its pods restart"


def differences(before: Any, after: Any, path: str = "") -> Iterator[Field]:
    """Fields that differ. Items of lists are matched by their merge key where they all have one."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}, key=str):
            yield from differences(before.get(key, MISSING), after.get(key, MISSING), f"{path}.{_quoted(str(key))}")
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, path)
    elif (before != after or type(before) is not type(after)) and not (_empty(before) and _empty(after)):
        yield Field(path, before, after)


def _empty(value: Any) -> bool:
    return value is MISSING or value is None or value == {} or value == []


def _quoted(key: str) -> str:
    return f'"{key}"' if "." in key or "/" in key else key


def _lists(before: list[Any], after: list[Any], path: str) -> Iterator[Field]:
    key = next((k for k in _MERGE_KEYS if _keyed(before, k) and _keyed(after, k)), None)
    if key is None:
        for index in range(max(len(before), len(after))):
            old = before[index] if index < len(before) else MISSING
            new = after[index] if index < len(after) else MISSING
            yield from differences(old, new, f"{path}[{index}]")
        return
    old_items: Mapping[Any, Any] = {item[key]: item for item in before}
    new_items: Mapping[Any, Any] = {item[key]: item for item in after}
    for name in [*old_items, *(n for n in new_items if n not in old_items)]:
        yield from differences(old_items.get(name, MISSING), new_items.get(name, MISSING), f"{path}[{key}={name}]")


def _keyed(items: list[Any], key: str) -> bool:
    names = [i.get(key) if isinstance(i, dict) else None for i in items]
    return all(isinstance(n, str | int) for n in names) and len(set(map(str, names))) == len(names)
