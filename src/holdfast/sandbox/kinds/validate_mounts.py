"""Validation of how containers use their pod's volumes: mounts and block devices.

In: a container and the volumes of its pod that are without mistakes. Out: field errors. Never: the volumes themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.validate_sources import descending

_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_RECURSIVE = ("Disabled", "Enabled", "IfPossible")


def mounts(errs: Errors, item: Manifest, volumes: Mapping[str, Manifest], path: str) -> None:
    devices = {d.get("name") or "": d.get("devicePath") or "" for d in item.get("volumeDevices") or ()}
    mounted = {m.get("name") or "": m.get("mountPath") or "" for m in item.get("volumeMounts") or ()}
    _mounts(errs, item, volumes, devices, f"{path}.volumeMounts")
    _devices(errs, item, volumes, mounted, f"{path}.volumeDevices")


def _mounts(
    errs: Errors, item: Manifest, volumes: Mapping[str, Manifest], devices: Mapping[str, str], path: str
) -> None:
    seen: set[str] = set()
    for index, mount in enumerate(item.get("volumeMounts") or ()):
        place, name, where = f"{path}[{index}]", mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            errs.required(f"{place}.name")
        if name not in volumes:
            errs.not_found(f"{place}.name", name)
        if not where:
            errs.required(f"{place}.mountPath")
        if where in seen:
            errs.invalid(f"{place}.mountPath", where, "must be unique")
        seen.add(where)
        if name in devices:
            errs.invalid(f"{place}.name", name, "must not already exist in volumeDevices")
        if where in devices.values():
            errs.invalid(f"{place}.mountPath", where, "must not already exist as a path in volumeDevices")
        # The real server leaves the index out of most of what follows.
        _sub_path(errs, mount, path, place)
        _propagation(errs, mount, item, path)
        _recursive(errs, mount, path)


def _sub_path(errs: Errors, mount: Manifest, path: str, place: str) -> None:
    plain, expression = mount.get("subPath"), mount.get("subPathExpr")
    if plain:
        descending(errs, plain, f"{path}.subPath")
    if expression:
        if plain:
            errs.invalid(f"{place}.subPathExpr", expression, "subPathExpr and subPath are mutually exclusive")
        descending(errs, expression, f"{path}.subPathExpr")


def _propagation(errs: Errors, mount: Manifest, item: Manifest, path: str) -> None:
    mode = mount.get("mountPropagation")
    errs.known(f"{path}.mountPropagation", mode, _PROPAGATIONS)
    if mode == "Bidirectional" and not (item.get("securityContext") or {}).get("privileged"):
        text = "Bidirectional mount propagation is available only to privileged containers"
        errs.forbidden(f"{path}.mountPropagation", text)


def _recursive(errs: Errors, mount: Manifest, path: str) -> None:
    mode = mount.get("recursiveReadOnly")
    if mode is None or mode == "Disabled":
        return
    if mode not in _RECURSIVE:
        errs.unsupported(f"{path}.recursiveReadOnly", mode, _RECURSIVE)
        return
    if not mount.get("readOnly"):
        errs.forbidden(f"{path}.recursiveReadOnly", "may only be specified when readOnly is true")
    if mount.get("mountPropagation") not in (None, "None"):
        text = "may only be specified when mountPropagation is None or not specified"
        errs.forbidden(f"{path}.recursiveReadOnly", text)


_BLOCK = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"


def _devices(
    errs: Errors, item: Manifest, volumes: Mapping[str, Manifest], mounted: Mapping[str, str], path: str
) -> None:
    seen_names: set[str] = set()
    seen_paths: set[str] = set()
    for index, device in enumerate(item.get("volumeDevices") or ()):
        place, name, where = f"{path}[{index}]", device.get("name") or "", device.get("devicePath") or ""
        if not name:
            errs.required(f"{place}.name")
        if name in seen_names:
            errs.invalid(f"{place}.name", name, "must be unique")
        source = volumes.get(name)
        if source is None:
            errs.not_found(f"{place}.name", name)
        elif "persistentVolumeClaim" not in source and "ephemeral" not in source:
            errs.invalid(f"{place}.name", name, _BLOCK)
        if not where:
            errs.required(f"{place}.devicePath")
        if where in seen_paths:
            errs.invalid(f"{place}.devicePath", where, "must be unique")
        if ".." in where.split("/"):
            errs.invalid(f"{place}.devicePath", where, "can not contain backsteps ('..')")
        else:
            seen_paths.add(where)
        if name in mounted:
            errs.invalid(f"{place}.name", name, "must not already exist in volumeMounts")
        if where in mounted.values():
            errs.invalid(f"{place}.devicePath", where, "must not already exist as a path in volumeMounts")
        if name:
            seen_names.add(name)
