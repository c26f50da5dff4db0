"""Validation of metadata: names, labels, annotations, owners, finalizers.

In: an object's metadata. Out: field errors. Never: the kind's own fields.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.field import IMMUTABLE, Errors
from holdfast.sandbox.status import Literal

ANNOTATIONS_LIMIT = 256 * 1024
_GUARDED = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")


_LONGEST_MANAGER = 128


def validate(meta: Manifest, namespaced: bool, rule: names.NameRule, path: str = "metadata") -> Errors:
    """A new object's metadata."""
    errs = Errors()
    prefix, name = meta.get("generateName"), meta.get("name")
    if prefix:
        errs.name(f"{path}.generateName", prefix, names.for_prefix(rule))
    if not name:
        errs.required(f"{path}.name", "name or generateName is required")
    else:
        errs.name(f"{path}.name", name, rule)
    if namespaced:
        if not meta.get("namespace"):
            errs.required(f"{path}.namespace")
        else:
            errs.name(f"{path}.namespace", meta["namespace"], names.dns_label)
    elif meta.get("namespace"):
        errs.forbidden(f"{path}.namespace", "not allowed on this type")
    errs.non_negative(f"{path}.generation", meta.get("generation"))
    common(errs, meta, path)
    finalizers(errs, meta.get("finalizers") or [], f"{path}.finalizers")
    return errs


def validate_update(meta: Manifest, old: Manifest, path: str = "metadata") -> Errors:
    """Metadata of an update against the stored one."""
    errs = Errors()
    if old.get("deletionTimestamp"):
        extra = sorted(set(meta.get("finalizers") or ()) - set(old.get("finalizers") or ()))
        if extra:
            listed = "[]string{" + ", ".join(f'"{name}"' for name in extra) + "}"
            errs.forbidden(
                f"{path}.finalizers",
                f"no new finalizers can be added if the object is being deleted, found new finalizers {listed}",
            )
    for key in _GUARDED:
        if meta.get(key) != old.get(key):
            errs.invalid(f"{path}.{key}", meta.get(key), IMMUTABLE)
    common(errs, meta, path)
    return errs


def managers(errs: Errors, entries: list[Any], path: str) -> None:
    for index, entry in enumerate(entries):
        if len(str(entry.get("manager") or "").encode()) > _LONGEST_MANAGER:
            errs.too_long(f"{path}[{index}].manager", _LONGEST_MANAGER)


def common(errs: Errors, meta: Manifest, path: str = "metadata") -> None:
    """What creates and updates judge alike: labels, annotations, owners and managers."""
    if meta.get("labels"):
        check_labels(errs, meta["labels"], f"{path}.labels")
    if meta.get("annotations"):
        check_annotations(errs, meta["annotations"], f"{path}.annotations")
    if meta.get("ownerReferences"):
        owners(errs, meta["ownerReferences"], f"{path}.ownerReferences")
    if meta.get("managedFields"):
        managers(errs, meta["managedFields"], f"{path}.managedFields")


def check_labels(errs: Errors, found: Mapping[str, str], path: str) -> None:
    for key, value in found.items():
        errs.name(path, key, names.qualified)
        errs.name(path, value, names.label_value)


def check_annotations(errs: Errors, found: Mapping[str, str], path: str) -> None:
    size = 0
    for key, value in found.items():
        for problem in names.qualified(key.lower()):
            errs.invalid(path, key, problem)
        size += len(key.encode()) + len(value.encode())
    if size > ANNOTATIONS_LIMIT:
        errs.too_long(path, ANNOTATIONS_LIMIT)


_OWNER_FIELDS = ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion")


def owners(errs: Errors, references: list[Any], path: str) -> None:
    controller = ""
    for owner in references:
        _owner(errs, owner, path)
        if not owner.get("controller"):
            continue
        current = f"{owner.get('kind')}/{owner.get('name')}"
        if controller:
            errs.invalid(
                path,
                Literal(json.dumps([_ordered(o) for o in references], separators=(",", ":"), ensure_ascii=False)),
                f'Only one reference can have Controller set to true. Found "true" in references for {controller} and {current}',
            )
        else:
            controller = current


def _owner(errs: Errors, owner: Manifest, path: str) -> None:
    version = owner.get("apiVersion") or ""
    group, slash, last = version.rpartition("/")
    if not (last if slash else version) or "/" in group:
        errs.invalid(f"{path}.apiVersion", version, "version must not be empty")
    for key in ("kind", "name", "uid"):
        if not owner.get(key):
            errs.invalid(f"{path}.{key}", "", "must not be empty")
    if version == "v1" and owner.get("kind") == "Event":
        shown = Literal(json.dumps(_ordered(owner), separators=(",", ":"), ensure_ascii=False))
        errs.invalid(path, shown, "/v1, Kind=Event is disallowed from being an owner")


def _ordered(owner: Manifest) -> Manifest:
    """In the order of the Go struct, with the fields that are always written."""
    always = {"apiVersion": "", "kind": "", "name": "", "uid": ""}
    return {k: owner.get(k, always.get(k)) for k in _OWNER_FIELDS if k in owner or k in always}


def standard_finalizers(errs: Errors, found: list[str], path: str) -> None:
    """What built-in kinds ask beyond the machinery: a finalizer without a domain is one of the three known ones."""
    for index, name in enumerate(found):
        standard_finalizer(errs, name, f"{path}[{index}]")


def standard_finalizer(errs: Errors, name: str, path: str) -> None:
    if "/" not in name and name not in ("kubernetes", "orphan", "foregroundDeletion"):
        errs.invalid(path, name, "name is neither a standard finalizer name nor is it fully qualified")


def finalizers(errs: Errors, found: list[str], path: str) -> None:
    for name in found:
        errs.name(path, name, names.qualified)
    if "orphan" in found and "foregroundDeletion" in found:
        errs.invalid(path, found, "finalizer orphan and foregroundDeletion cannot be both set")
