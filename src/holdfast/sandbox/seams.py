"""The neighbours that give objects their meaning, behind one small face.

In: an object and its resource; out: the same object decoded, defaulted, prepared, or a list of field errors. Built-in kinds
go to ``kinds``, field ownership to ``apply``; nothing here decides by itself. A neighbour that is not there does nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

from holdfast.kube import patch
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kube.schema import Schema, builtin, custom_resource
from holdfast.kube.ssa_managed import VersionError
from holdfast.sandbox import apply, gotext, status
from holdfast.sandbox.conversion import between, converts
from holdfast.sandbox.kinds import zeros
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.status import FieldError


@cache
def _find(module: str, name: str) -> Callable[..., Any] | None:
    try:
        found: Callable[..., Any] | None = getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError:
        return None
    return found


def _kind(name: str, module: str = "") -> Callable[..., Any] | None:
    return _find(f"holdfast.sandbox.kinds{'.' + module if module else ''}", name)


def schema(resource: Resource) -> Schema | None:
    """How objects of the resource are merged and owned."""
    if resource.crd:
        return custom_resource((resource.spec.get("schema") or {}).get("openAPIV3Schema"))
    return builtin("1.36").lookup(resource.gvk)


def builtin_schema(kind: GroupVersionKind) -> Schema | None:
    return builtin("1.36").lookup(kind)


def decode(gvk: GroupVersionKind, obj: Manifest, mode: str, raw: bytes | None) -> list[str]:
    """Brings ``obj`` into canonical form in place; the warnings. Raises BadRequest with the decoder's words."""
    check = _kind("check", "decode")
    if check is None:
        return []
    try:
        found: list[str] = check(gvk, obj, None, mode, raw)
    except Exception as error:
        if type(error).__name__ != "DecodeError":
            raise
        why = str(error)
        message = f"{gvk.kind} in version {gotext.quote(gvk.version)} cannot be handled as a {gvk.kind}: {why}"
        raise DecodeFailure(message, why) from None
    return found


def decode_custom(
    resource: Resource, obj: Manifest, mode: str, raw: bytes | None, *, merged: bool = False
) -> list[str]:
    """The same for a custom resource: unknown fields dropped, defaults filled."""
    from holdfast.sandbox.crd import custom
    from holdfast.sandbox.kinds.decode import DecodeError

    try:
        return custom.decode(resource.spec, resource.kind, obj, mode, raw, merged=merged)
    except DecodeError as error:
        why = str(error)
        message = (
            f"{resource.kind} in version {gotext.quote(resource.version)} cannot be handled as a {resource.kind}: {why}"
        )
        raise DecodeFailure(message, why) from None


class DecodeFailure(status.StatusError):
    """A body that does not fit its kind. ``why`` is the decoder's part of the message."""

    def __init__(self, message: str, why: str) -> None:
        super().__init__(400, "BadRequest", message)
        self.why = why


def default(gvk: GroupVersionKind, obj: Manifest) -> None:
    apply_defaults = _kind("apply_defaults", "defaults")
    if apply_defaults:
        apply_defaults(gvk, obj)


def validate_create(gvk: GroupVersionKind, obj: Manifest) -> list[FieldError]:
    validate = _kind("validate_create")
    return list(validate(gvk, obj)) if validate else []


def validate_update(gvk: GroupVersionKind, obj: Manifest, old: Manifest) -> list[FieldError]:
    validate = _kind("validate_update")
    return list(validate(gvk, obj, old)) if validate else []


def kind_warnings(gvk: GroupVersionKind, obj: Manifest) -> list[str]:
    find = _kind("warnings")
    return list(find(gvk, obj)) if find else []


def write_zeros(resource: Resource, obj: Manifest) -> None:
    """The object as storage would give it back: what is always written is there."""
    if not resource.crd:
        zeros.write_zeros(resource.gvk, obj)
        zeros.as_stored(resource.gvk, obj)


Versions = Callable[[str], Any]
"""The schema of a kind in another apiVersion, or None."""


def track_update(
    resource: Resource,
    old: Manifest | None,
    new: Manifest,
    *,
    manager: str,
    subresource: str,
    now: str,
    shape: Any,
    versions: Versions,
) -> Manifest:
    return apply.track_update(
        old,
        new,
        manager=manager,
        schema=shape,
        api_version=resource.api_version,
        subresource=subresource,
        now=now,
        custom=bool(resource.crd),
        has_status=resource.subresource("status") is not None,
        versions=versions,
        convert=between if converts(resource) else None,
    )


def apply_patch(
    resource: Resource,
    live: Manifest | None,
    applied: Manifest,
    *,
    manager: str,
    force: bool,
    subresource: str,
    now: str,
    shape: Any,
    versions: Versions,
) -> Manifest:
    try:
        return apply.apply_patch(
            live,
            applied,
            manager=manager,
            force=force,
            schema=shape,
            api_version=resource.api_version,
            subresource=subresource,
            now=now,
            kind=resource.kind,
            custom=bool(resource.crd),
            has_status=resource.subresource("status") is not None,
            versions=versions,
            convert=between if converts(resource) else None,
        )
    except VersionError as error:
        raise status.untyped(str(error)) from error


json_patch = patch.json_patch
merge_patch = patch.merge_patch
strategic_merge = patch.strategic_merge
