"""The neighbours that give objects their meaning, behind one small face.

In: an object and its resource; out: the same object decoded, defaulted, prepared, or a list of field errors. Built-in kinds
go to ``kinds``, field ownership to ``apply``; nothing here decides by itself. A neighbour that is not there does nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.sandbox import gotext, status
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


@cache
def schema(gvk: GroupVersionKind) -> Any:
    """The built-in schema of a kind, or None."""
    builtin = _find("holdfast.kube.schema", "builtin")
    return builtin("1.36").lookup(gvk) if builtin else None


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


class DecodeFailure(status.StatusError):
    """A body that does not fit its kind. ``why`` is the decoder's part of the message."""

    def __init__(self, message: str, why: str) -> None:
        super().__init__(400, "BadRequest", message)
        self.why = why


def default(gvk: GroupVersionKind, obj: Manifest) -> None:
    apply_defaults = _kind("apply_defaults", "defaults")
    if apply_defaults:
        apply_defaults(gvk, obj)


def prepare_create(gvk: GroupVersionKind, obj: Manifest) -> None:
    prepare = _kind("prepare_create", "prepare")
    if prepare:
        prepare(gvk, obj)


def prepare_update(gvk: GroupVersionKind, obj: Manifest, old: Manifest) -> None:
    prepare = _kind("prepare_update", "prepare")
    if prepare:
        prepare(gvk, obj, old)


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
    write = _kind("write_zeros", "zeros")
    if write and not resource.crd:
        write(resource.gvk, obj)


def track_update(
    old: Manifest | None, new: Manifest, *, manager: str, api_version: str, subresource: str, now: str, shape: Any
) -> Manifest:
    track = _find("holdfast.sandbox.apply", "track_update")
    if track is None:
        return new
    found: Manifest = track(
        old,
        new,
        manager=manager,
        operation="Update",
        schema=shape,
        api_version=api_version,
        subresource=subresource,
        now=now,
    )
    return found


def apply_patch(
    live: Manifest | None,
    applied: Manifest,
    *,
    manager: str,
    force: bool,
    api_version: str,
    subresource: str,
    now: str,
    shape: Any,
) -> Manifest:
    apply = _find("holdfast.sandbox.apply", "apply_patch")
    if apply is None:
        raise status.untyped("server-side apply is not available", 501)
    found: Manifest = apply(
        live,
        applied,
        manager=manager,
        force=force,
        schema=shape,
        api_version=api_version,
        subresource=subresource,
        now=now,
    )
    return found


def json_patch(obj: Any, operations: Any) -> Any:
    patch = _find("holdfast.kube.patch", "json_patch")
    return patch(obj, operations) if patch else obj


def merge_patch(obj: Any, patch: Any) -> Any:
    found = _find("holdfast.kube.patch", "merge_patch")
    return found(obj, patch) if found else _merge(obj, patch)


def _merge(obj: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(obj) if isinstance(obj, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merge(result.get(key), value)
    return result


def strategic_merge(obj: Any, patch: Any, shape: Any) -> Any:
    found = _find("holdfast.kube.patch", "strategic_merge")
    return found(obj, patch, shape) if found else _merge(obj, patch)
