"""Field ownership of the API server: server-side apply, and managedFields of every other write.

In: the live object, what was sent, who sent it. Out: the new object with its ``metadata.managedFields``; refusals are
``StatusError`` with the real server's texts. Never stores anything and never looks at a clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from holdfast.kube import fieldset, ssa_managed, ssa_values
from holdfast.kube.fieldset import Fields
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kube.schema import Schema, builtin
from holdfast.kube.ssa_managed import (
    APPLY,
    BEFORE_FIRST_APPLY,
    UPDATE,
    Conflict,
    Conflicts,
    Manager,
    Managers,
    Updater,
    View,
)
from holdfast.kube.ssa_types import Type, type_of
from holdfast.sandbox import status
from holdfast.sandbox.kinds import zeros

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
KUBECTL: Final = "kubectl"

SchemaOfVersion = Callable[[str], Schema | None]
"""The schema of the object's kind in another apiVersion; None where that version is gone. May raise a StatusError."""
Convert = Callable[[Manifest, str], Manifest]
"""An object as it looks in another apiVersion."""

# --- fields that an endpoint does not write ---------------------------------------------------------------------------

_STATUS: Final = fieldset.of_names("status")
_SPEC: Final = fieldset.of_names("spec")
_NOT_BY_STATUS: Final[dict[tuple[str, str], Fields]] = {
    ("apps", "Deployment"): fieldset.of_names("spec", "metadata.labels"),
    ("", "Pod"): fieldset.of_names("spec", "metadata.deletionTimestamp", "metadata.ownerReferences"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): fieldset.of_names("metadata", "spec"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): fieldset.of_names("metadata", "spec"),
    ("storage.k8s.io", "VolumeAttachment"): fieldset.of_names("metadata", "spec"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): fieldset.of_names("metadata", "spec"),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): fieldset.of_names("metadata", "spec"),
}
_SIGNING: Final[dict[str, Fields]] = {
    "": fieldset.of_names("spec", "status"),
    "status": fieldset.of_names("spec", "status.conditions"),
    "approval": fieldset.of_names("spec", "status.certificate"),
}
"""Signing requests belong to the server: nobody owns what they ask for."""
_RESIZED: Final[Fields] = {fieldset.ANY: {"f:resources": {}, "f:resizePolicy": {}}}
_ONLY: Final[dict[str, Fields]] = {
    "ephemeralcontainers": {"f:spec": {"f:ephemeralContainers": {}}},
    "resize": {"f:spec": {"f:containers": _RESIZED, "f:initContainers": _RESIZED, "f:resources": {}}},
}
"""Subresources of a Pod that write a small part of it."""


def ignored_fields(gvk: GroupVersionKind, subresource: str, *, has_status: bool, custom: bool) -> Fields:
    """What the endpoint resets before it writes, so that nobody owns it through that endpoint."""
    key = (gvk.group, gvk.kind)
    if key == ("certificates.k8s.io", "CertificateSigningRequest"):
        return _SIGNING.get(subresource, _STATUS)
    if subresource == "status":
        return fieldset.of_names("metadata", "spec") if custom else _NOT_BY_STATUS.get(key, _SPEC)
    if (not subresource and has_status) or subresource == "finalize":
        return _STATUS
    return {}


# --- apply ------------------------------------------------------------------------------------------------------------


def apply_patch(
    live: Manifest | None,
    applied: Manifest,
    *,
    manager: str,
    force: bool,
    schema: Schema | None,
    api_version: str,
    subresource: str,
    now: str,
    kind: str = "",
    custom: bool = False,
    has_status: bool = True,
    versions: SchemaOfVersion | None = None,
    convert: Convert | None = None,
) -> Manifest:
    """The object after ``applied`` was applied by ``manager``; its own copy, free to be written to.

    ``live`` is None where the apply creates. ``custom`` says that the kind comes from a CRD, ``has_status`` that it has a
    /status endpoint; ``convert`` is given where the versions of the kind differ in more than their schema. Nulls and values in another notation are still in the result: the caller decodes and defaults it.
    """
    gvk = GroupVersionKind.parse(api_version, kind or str((live or applied).get("kind") or ""))
    _check_sent(applied, gvk)
    context = _Context(schema, gvk, subresource, custom, has_status, versions, convert)
    try:
        managers = ssa_managed.decode_entries(ssa_managed.entries_of(live or {}))
    except ssa_managed.BadEntryError as error:
        raise status.untyped(f"failed to decode managed fields: {error}") from error
    base = without_managers(live) if live is not None else {}
    unreadable = _unreadable(context, live) if live is not None else ""
    if unreadable and not managers:
        raise status.untyped(f"failed to create manager for existing fields: failed to convert new object {unreadable}")
    found = ssa_values.check(applied, context.type)
    if found:
        text = ssa_values.complaints_text(found)
        raise status.untyped(f"failed to create typed patch object ({described(applied)}): {text}")
    if unreadable:
        raise status.untyped(f"failed to create typed live object {unreadable.replace(' to smd typed:', ':')}")
    if not managers and live is not None:
        managers = context.updater.update(
            context.empty(), context.shown(base), {}, context.manager(BEFORE_FIRST_APPLY, UPDATE), now
        )
    merged, managers = _merge(context, base, applied, managers, manager, force, now)
    merged = copied(merged)
    if manager == KUBECTL:
        _refresh_last_applied(merged, applied)
    return with_managers(merged, managers)


def _unreadable(context: _Context, obj: Manifest) -> str:
    """Why a stored object does not fit its schema's types any more; the definition has changed since."""
    found = ssa_values.check(without_managers(obj), context.type, duplicates=True) if context.custom else ()
    return f"({described(obj)}) to smd typed: {ssa_values.complaints_text(list(found))}" if found else ""


def _check_sent(applied: Manifest, gvk: GroupVersionKind) -> None:
    sent = GroupVersionKind.of(applied)
    if sent != gvk:
        raise status.bad_request(f"invalid object type: {_gvk_text(sent)}")
    metadata = applied.get("metadata")
    entries = metadata.get("managedFields") if isinstance(metadata, dict) else None
    # What is no list of objects is a wrong type, told like any other.
    if isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries):
        raise status.bad_request("metadata.managedFields must be nil")


def _merge(
    context: _Context, base: Manifest, applied: Manifest, managers: Managers, manager: str, force: bool, now: str
) -> tuple[Manifest, Managers]:
    who = context.manager(manager, APPLY)
    try:
        return context.updater.apply(base, applied, managers, who, force=force, now=now)
    except Conflicts as error:
        left = error
        if manager == KUBECTL:
            allowed = _allowed_by_last_applied(context, base)
            rest = [conflict for conflict in error.conflicts if not fieldset.has(allowed, conflict.path)]
            if not rest:
                return context.updater.apply(base, applied, managers, who, force=True, now=now)
            left = Conflicts(rest)
        raise _refusal(left) from error


def _refusal(conflicts: Conflicts) -> status.StatusError:
    return status.apply_conflict(conflicts.message, conflicts.causes())


class _Context:
    """One request's kind: its type, its updater and the names under which it writes."""

    def __init__(
        self,
        schema: Schema | None,
        gvk: GroupVersionKind,
        subresource: str,
        custom: bool,
        has_status: bool,
        versions: SchemaOfVersion | None,
        convert: Convert | None,
    ) -> None:
        self.gvk = gvk
        self.subresource = subresource
        self.custom = custom
        self.type: Type = type_of(schema)
        self._versions = versions
        self._convert = convert
        self.updater = Updater(
            self.type,
            gvk.api_version,
            ignored=ignored_fields(gvk, subresource, has_status=has_status, custom=custom),
            only=_ONLY.get(subresource),
            views=self._view,
        )

    def manager(self, name: str, operation: str) -> Manager:
        return Manager(
            name or "unknown", operation, "" if operation == APPLY else self.gvk.api_version, self.subresource
        )

    def empty(self) -> Manifest:
        """What a new object is before anything is set: Go's zero value writes some fields even then."""
        identity = {"apiVersion": self.gvk.api_version, "kind": self.gvk.kind}
        return identity if self.custom else {**identity, "metadata": {}, **zeros.zero_object(self.gvk)}

    def shown(self, obj: Manifest) -> Manifest:
        """``obj`` as it is encoded, with the fields that are always there."""
        if self.custom:
            return obj
        obj = copied(obj)
        zeros.write_zeros(self.gvk, obj)
        return obj

    def _view(self, version: str) -> View | None:
        if version.count("/") > 1:
            raise ssa_managed.BadEntryError(f"unexpected GroupVersion string: {version}")
        gvk = GroupVersionKind.parse(version, self.gvk.kind)
        if self._versions is not None:
            schema = self._versions(version)
        else:
            schema = builtin().lookup(gvk)
        if schema is None:
            return None
        convert = self._convert
        return type_of(schema), (lambda obj: convert(obj, version)) if convert else None


# --- kubectl's annotation ---------------------------------------------------------------------------------------------


def _allowed_by_last_applied(context: _Context, live: Manifest) -> Fields:
    """Fields that client-side apply had set to the value they still have: kubectl may take them over."""
    text = ((live.get("metadata") or {}).get("annotations") or {}).get(LAST_APPLIED)
    try:
        last = json.loads(text or "")
    except ValueError:
        return {}
    if not isinstance(last, dict) or last.get("apiVersion") != context.gvk.api_version:
        return {}
    if ssa_values.check(last, context.type) or ssa_values.check(live, context.type):
        return {}
    allowed = ssa_values.fields_of(last, context.type)
    for changed in ssa_values.compare(last, live, context.type):
        allowed = fieldset.difference(allowed, changed)
    return allowed


def _refresh_last_applied(obj: Manifest, applied: Manifest) -> None:
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    if not annotations.get(LAST_APPLIED):
        return
    last = dict(applied)
    metadata = dict(last.get("metadata") or {})
    if isinstance(metadata.get("annotations"), dict):
        kept = {k: v for k, v in metadata["annotations"].items() if k != LAST_APPLIED}
        metadata["annotations"] = kept
    last["metadata"] = metadata
    annotations[LAST_APPLIED] = fieldset.json_text(last) + "\n"


# --- every other write ------------------------------------------------------------------------------------------------


def track_update(
    old: Manifest | None,
    new: Manifest,
    *,
    manager: str,
    operation: str = UPDATE,
    schema: Schema | None,
    api_version: str,
    subresource: str,
    now: str,
    custom: bool = False,
    has_status: bool = True,
    versions: SchemaOfVersion | None = None,
    convert: Convert | None = None,
) -> Manifest:
    """``new`` with the managedFields that a plain write by ``manager`` leaves. ``old`` is None for a create.

    An object that nobody tracks (its entries are gone) stays so. Entries that were sent and cannot be read are ignored.
    """
    gvk = GroupVersionKind.parse(api_version, str(new.get("kind") or ""))
    context = _Context(schema, gvk, subresource, custom, has_status, versions, convert)
    managers = _known_managers(old, new, sent_counts=not subresource)
    bare = without_managers(new)
    if not managers and old is not None:
        return bare
    before = without_managers(old) if old is not None else context.empty()
    judged = (bare, before) if old is not None else (bare,)
    if custom and any(ssa_values.check(obj, context.type, duplicates=True) for obj in judged):
        # Nobody's fields can be told in an object that does not fit its schema's types.
        return bare
    try:
        managers = context.updater.update(
            before, context.shown(bare), managers, context.manager(manager, operation), now
        )
    except (ssa_managed.BadEntryError, status.StatusError):
        return bare
    return with_managers(bare, ssa_managed.capped(managers))


def _known_managers(old: Manifest | None, new: Manifest, *, sent_counts: bool) -> Managers:
    sent = ssa_managed.entries_of(new)
    if sent_counts:
        if ssa_managed.asks_for_reset(sent):
            return {}
        found = _decoded_or_none(sent)
        if found:
            return found
    return _decoded_or_none(ssa_managed.entries_of(old or {}))


def _decoded_or_none(entries: Any) -> Managers:
    try:
        return ssa_managed.decode_entries(entries)
    except ssa_managed.BadEntryError:
        return {}


# --- helpers ----------------------------------------------------------------------------------------------------------


def described(obj: Manifest) -> str:
    """``namespace/name; group/version, Kind=Kind`` of an object as it was sent."""
    metadata = obj.get("metadata") if isinstance(obj.get("metadata"), dict) else {}
    assert isinstance(metadata, dict)
    namespace, name = (found if isinstance(found := metadata.get(key), str) else "" for key in ("namespace", "name"))
    return f"{namespace}/{name}; {_gvk_text(GroupVersionKind.of(obj))}"


def _gvk_text(gvk: GroupVersionKind) -> str:
    return f"{gvk.group}/{gvk.version}, Kind={gvk.kind}"


def without_managers(obj: Manifest) -> Manifest:
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return obj
    return {**obj, "metadata": {k: v for k, v in metadata.items() if k != "managedFields"}}


def with_managers(obj: Manifest, managers: Managers) -> Manifest:
    metadata = dict(obj.get("metadata") or {})
    if managers:
        metadata["managedFields"] = ssa_managed.encode_entries(managers)
    return {**obj, "metadata": metadata}


def copied(value: Any) -> Any:
    """A deep copy of JSON data."""
    if value.__class__ is dict:
        return {k: copied(v) if v.__class__ is dict or v.__class__ is list else v for k, v in value.items()}
    if value.__class__ is list:
        return [copied(v) if v.__class__ is dict or v.__class__ is list else v for v in value]
    return value


__all__ = ["Conflict", "apply_patch", "copied", "described", "ignored_fields", "track_update"]
