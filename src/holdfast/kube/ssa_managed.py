"""Who owns what: managedFields entries, and how applying or writing an object moves ownership.

In go typed objects and the managers known so far; out come the managers after the write, or ``Conflicts``. Never looks at a
clock and never decides what the new object of a plain write is.

Source of the rules: structured-merge-diff v6 ``merge`` and apimachinery ``util/managedfields``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from holdfast.base.errors import Stop
from holdfast.kube import fieldset, ssa_values
from holdfast.kube.fieldset import BadFieldsError, Fields, Path, difference, intersection, union
from holdfast.kube.refs import Manifest
from holdfast.kube.ssa_types import Type
from holdfast.kube.ssa_values import Comparison

APPLY: Final = "Apply"
UPDATE: Final = "Update"
BEFORE_FIRST_APPLY: Final = "before-first-apply"
ANCIENT_CHANGES: Final = "ancient-changes"
MAX_UPDATE_MANAGERS: Final = 10

STRIPPED: Final = fieldset.of_names(
    "apiVersion",
    "kind",
    "metadata",
    "metadata.name",
    "metadata.namespace",
    "metadata.creationTimestamp",
    "metadata.selfLink",
    "metadata.uid",
    "metadata.clusterName",
    "metadata.generation",
    "metadata.managedFields",
    "metadata.resourceVersion",
)
"""What identifies an object or belongs to the server: nobody owns it."""


class BadEntryError(Stop):
    """A managedFields list from outside that cannot be read."""


class VersionError(BadEntryError):
    """An object that does not fit the schema of the version in which somebody wrote it."""


class Manager(NamedTuple):
    """Who, in the sense in which two entries are one: an applier is one in all versions, an updater one per version."""

    name: str
    operation: str
    version: str = ""
    """Empty for Apply."""
    subresource: str = ""

    def identity(self) -> str:
        """The JSON text by which upstream sorts managers in messages."""
        parts = {"manager": self.name, "operation": self.operation, "apiVersion": self.version}
        parts["subresource"] = self.subresource
        return json.dumps({k: v for k, v in parts.items() if v}, ensure_ascii=False, separators=(",", ":"))

    def __str__(self) -> str:
        text = fieldset.value_text(self.name)
        if self.subresource:
            text += f" with subresource {fieldset.value_text(self.subresource)}"
        return f"{text} using {self.version}" if self.operation == UPDATE else text


@dataclass(frozen=True, slots=True)
class Owned:
    """What one manager owns, in terms of one version of the API."""

    fields: Fields
    version: str
    time: str = ""

    def with_fields(self, fields: Fields) -> Owned:
        return Owned(fields, self.version, self.time)


Managers = dict[Manager, Owned]


class Conflict(NamedTuple):
    manager: Manager
    path: Path


class Conflicts(Stop):
    """An apply without force met fields that others own with other values."""

    def __init__(self, conflicts: Iterable[Conflict]) -> None:
        self.conflicts = sorted(conflicts, key=lambda c: c.manager.identity())
        super().__init__(self._text(), reason="Conflict")

    def _text(self) -> str:
        if len(self.conflicts) == 1:
            only = self.conflicts[0]
            return f"Apply failed with 1 conflict: conflict with {only.manager}: {fieldset.path_text(only.path)}"
        lines: list[str] = []
        for number, conflict in enumerate(self.conflicts):
            if not number or conflict.manager != self.conflicts[number - 1].manager:
                lines.append(f"conflicts with {conflict.manager}:")
            lines.append(f"- {fieldset.path_text(conflict.path)}")
        return f"Apply failed with {len(self.conflicts)} conflicts: " + "\n".join(lines)

    def causes(self) -> list[dict[str, str]]:
        """As ``details.causes`` of the Status."""
        return [
            {
                "reason": "FieldManagerConflict",
                "message": f"conflict with {conflict.manager}",
                "field": fieldset.path_text(conflict.path),
            }
            for conflict in self.conflicts
        ]


# --- entries ----------------------------------------------------------------------------------------------------------


def decode_entries(entries: Any) -> Managers:
    """Of ``metadata.managedFields``. BadEntryError as soon as one entry cannot be read."""
    out: Managers = {}
    for entry in entries or ():
        if not isinstance(entry, dict):
            raise BadEntryError("a managedFields entry must be an object")
        operation, version = entry.get("operation"), entry.get("apiVersion")
        if operation not in (APPLY, UPDATE):
            raise BadEntryError("operation must be `Apply` or `Update`")
        if not version or not isinstance(version, str):
            raise BadEntryError("apiVersion must not be empty")
        if entry.get("fieldsType") != "FieldsV1":
            raise BadEntryError(f"invalid fieldsType {entry.get('fieldsType')!r}")
        try:
            fields = fieldset.decode(entry.get("fieldsV1"))
        except BadFieldsError as error:
            raise BadEntryError(f"error decoding set: {error}") from error
        key = Manager(
            str(entry.get("manager") or ""),
            operation,
            "" if operation == APPLY else version,
            str(entry.get("subresource") or ""),
        )
        out[key] = Owned(fields, version, str(entry.get("time") or ""))
    return out


def encode_entries(managers: Mapping[Manager, Owned]) -> list[dict[str, Any]]:
    """Ordered as the API server orders them: Apply first, then by time, manager, version and subresource."""
    ordered = sorted(
        managers.items(), key=lambda e: (e[0].operation, e[1].time, e[0].name, e[1].version, e[0].subresource)
    )
    return [_encode_entry(manager, owned) for manager, owned in ordered]


def _encode_entry(manager: Manager, owned: Owned) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    if manager.name:
        entry["manager"] = manager.name
    entry["operation"] = manager.operation
    entry["apiVersion"] = owned.version
    if owned.time:
        entry["time"] = owned.time
    entry["fieldsType"] = "FieldsV1"
    entry["fieldsV1"] = fieldset.in_order(owned.fields)
    if manager.subresource:
        entry["subresource"] = manager.subresource
    return entry


def entries_of(obj: Mapping[str, Any]) -> Any:
    metadata = obj.get("metadata")
    return metadata.get("managedFields") if isinstance(metadata, dict) else None


def asks_for_reset(entries: Any) -> bool:
    """``[]`` and ``[{}]`` give up all tracking; null and absence leave it as it was."""
    return isinstance(entries, list) and (not entries or entries in ([{}], [None]))


# --- moving ownership -------------------------------------------------------------------------------------------------

View = tuple[Type, Callable[[Manifest], Manifest] | None]
"""Another version of the API: its type, and how an object of any version looks in it; None where it looks the same."""
Views = Callable[[str], View | None]
"""Finds a version; None where it does not exist any more, whose entries are then dropped. May raise."""


class Updater:
    """Moves ownership for objects of one kind, written in ``version``.

    ``ignored`` are the fields that this endpoint does not write (status at the main resource, spec at /status): changes there
    are nobody's. Where ``only`` is given, it is the pattern of the few fields that the endpoint does write. ``views`` knows the versions; without it they all look the same.
    """

    def __init__(
        self,
        kind: Type,
        version: str,
        *,
        ignored: Fields | None = None,
        only: Fields | None = None,
        views: Views | None = None,
    ) -> None:
        self.kind = kind
        self.version = version
        self._ignored = ignored or {}
        self._only = only or {}
        self._views: dict[str, View | None] = {}
        self._find_view: Views = views or (lambda _: (kind, None))

    def _view(self, version: str) -> View | None:
        if version not in self._views:
            found = self._find_view(version)
            self._views[version] = (self.kind, None) if found is None and version == self.version else found
        return self._views[version]

    def _seen(self, obj: Manifest, version: str) -> Manifest:
        view = self._view(version)
        if not obj or view is None or view[1] is None or obj.get("apiVersion") == version:
            return obj
        return view[1](obj)

    def _written(self, fields: Fields) -> Fields:
        return fieldset.matching(fieldset.recursive_difference(fields, self._ignored), self._only)

    def update(self, live: Manifest, new: Manifest, managers: Managers, manager: Manager, now: str) -> Managers:
        """A plain write: what changed belongs to ``manager``, and to nobody else any more."""
        managers, compare = self._move(live, new, self._reconciled(managers), None, force=True)
        fields = difference(union(compare.modified, compare.added), STRIPPED)
        if fields:
            before = managers.get(manager)
            managers[manager] = Owned(union(fields, before.fields) if before else fields, self.version, now)
        return managers

    def apply(
        self, live: Manifest, config: Manifest, managers: Managers, manager: Manager, *, force: bool, now: str
    ) -> tuple[Manifest, Managers]:
        """The object and its managers after ``config`` was applied. Conflicts is raised unless ``force``.

        An apply that changes no value gives a new co-owner no time, as upstream has it.
        """
        managers = self._reconciled(managers)
        merged = ssa_values.merge(live, config, self.kind)
        last = managers.get(manager)
        applied = self._written(ssa_values.fields_of(config, self.kind))
        managers[manager] = Owned(applied, self.version, last.time if last else "")
        if last is not None and last.fields:
            merged = self._pruned(merged, managers, last, applied)
        managers, _ = self._move(live, merged, managers, manager, force=force)
        owned = managers.pop(manager, None)
        fields = difference(owned.fields, STRIPPED) if owned else {}
        if owned and fields:
            time = owned.time if ssa_values.same(live, merged) else now
            managers[manager] = Owned(fields, self.version, time)
        return merged, managers

    def _check_views(self, live: Manifest, new: Manifest, versions: set[str]) -> None:
        """VersionError where somebody wrote in a version that does not know all the fields that are there now."""
        for version in sorted(versions):
            view = self._view(version)
            if view is None:
                continue
            for name, obj in (("old", live), ("new", new)):
                found = ssa_values.check(self._seen(obj, version), view[0], duplicates=True)
                if found:
                    raise VersionError(f"failed to convert {name} object: {ssa_values.complaints_text(found)}")

    def _reconciled(self, managers: Managers) -> Managers:
        out: Managers = {}
        for manager, owned in managers.items():
            view = self._view(owned.version)
            if view is not None:
                fields = ssa_values.reconciled(owned.fields, view[0])
                out[manager] = owned if fields is owned.fields else owned.with_fields(fields)
        return out

    def _move(
        self, live: Manifest, new: Manifest, managers: Managers, writer: Manager | None, *, force: bool
    ) -> tuple[Managers, Comparison]:
        """Takes from everybody but ``writer`` what the step from ``live`` to ``new`` changed or removed."""
        self._check_views(live, new, {o.version for m, o in managers.items() if m != writer} - {self.version})
        comparisons: dict[str, Comparison] = {}
        found: list[Conflict] = []
        out: Managers = {}
        for manager, owned in managers.items():
            if manager == writer:
                out[manager] = owned
                continue
            compare = self._compared(live, new, owned.version, comparisons)
            if compare.is_same:
                out[manager] = owned
                continue
            lost = intersection(owned.fields, union(compare.modified, compare.added))
            found += [Conflict(manager, path) for path in fieldset.paths(lost)]
            out[manager] = owned.with_fields(difference(difference(owned.fields, lost), compare.removed))
        if found and not force:
            raise Conflicts(found)
        left = {manager: owned for manager, owned in out.items() if owned.fields}
        return left, self._compared(live, new, self.version, comparisons)

    def _compared(self, live: Manifest, new: Manifest, version: str, known: dict[str, Comparison]) -> Comparison:
        compare = known.get(version)
        if compare is None:
            view = None if version == self.version else self._view(version)
            kind = view[0] if view else self.kind
            compare = ssa_values.compare(self._seen(live, version), self._seen(new, version), kind)
            if not compare.is_same:
                compare = Comparison(*map(self._written, compare))
            known[version] = compare
        return compare

    def _pruned(self, merged: Manifest, managers: Managers, last: Owned, applied: Fields) -> Manifest:
        """``merged`` less what the manager owned, applies no more, and nobody else owns."""
        view = self._view(last.version)
        if view is None or (last.version == self.version and not difference(last.fields, applied)):
            return merged
        kind = view[0]
        named = ssa_values.with_named_fields
        before = named(last.fields, kind)
        whole = self._seen(merged, last.version)
        pruned: Manifest = ssa_values.without(whole, before, kind)
        managed: dict[str, Fields] = {last.version: {}}
        for owned in managers.values():
            managed[owned.version] = union(managed.get(owned.version, {}), owned.fields)
        for version, fields in managed.items():
            pruned = self._with_owned(whole, pruned, version, fields)
        pruned = self._seen(pruned, last.version)
        gone = difference(_named_fields(whole, kind), _named_fields(pruned, kind))
        left: Manifest = ssa_values.without(whole, intersection(gone, before), kind)
        return self._seen(left, self.version)

    def _with_owned(self, whole: Manifest, pruned: Manifest, version: str, managed: Fields) -> Manifest:
        """``pruned`` with what ``managed``, in terms of ``version``, still owns of the ``whole``."""
        view = self._view(version)
        if view is None:
            return pruned
        whole, pruned = self._seen(whole, version), self._seen(pruned, version)
        kept = union(_named_fields(pruned, view[0]), ssa_values.with_named_fields(managed, view[0]))
        back: Manifest = ssa_values.without(whole, difference(_named_fields(whole, view[0]), kept), view[0])
        return back


def _named_fields(obj: Manifest, kind: Type) -> Fields:
    return ssa_values.with_named_fields(ssa_values.fields_of(obj, kind), kind)


def capped(managers: Managers) -> Managers:
    """At most ten updaters: the oldest are folded into one ``ancient-changes`` per version."""
    updaters = [manager for manager in managers if manager.operation == UPDATE]
    if len(updaters) <= MAX_UPDATE_MANAGERS:
        return managers
    updaters.sort(key=lambda m: (managers[m].time, m.identity()))
    out = dict(managers)
    left = len(updaters)
    first_of: dict[str, Manager] = {}
    for manager in updaters:
        if left <= MAX_UPDATE_MANAGERS:
            break
        version = out[manager].version
        if version not in first_of:
            first_of[version] = manager
            continue
        bucket = Manager(ANCIENT_CHANGES, UPDATE, version)
        if bucket not in out:
            out[bucket] = out.pop(first_of[version])
        owned = out.pop(manager)
        out[bucket] = Owned(union(owned.fields, out[bucket].fields), version, owned.time)
        left -= 1
    return out
