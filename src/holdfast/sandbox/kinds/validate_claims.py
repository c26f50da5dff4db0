"""Validation of the specs of volume claims, wherever they are embedded.

In: a claim's spec and its path. Out: field errors. Never: what may change in a stored claim (see `validate_storage`).
"""

from __future__ import annotations

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import names, selectors
from holdfast.sandbox.kinds.field import Errors, raw
from holdfast.sandbox.kinds.quantities import parse

_ACCESS = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
MODES = ("Block", "Filesystem")


def access_modes(errs: Errors, modes: list[str], path: str) -> None:
    for mode in modes:
        if mode not in _ACCESS:
            errs.unsupported(path, mode, _ACCESS)
    if "ReadWriteOncePod" in modes and len(set(modes)) > 1:
        errs.forbidden(path, "may not use ReadWriteOncePod with other access modes")


def claim_spec(errs: Errors, spec: Manifest, path: str) -> None:
    modes = spec.get("accessModes") or []
    if not modes:
        errs.required(f"{path}.accessModes", "at least 1 access mode is required")
    selectors.label_selector(errs, spec.get("selector"), f"{path}.selector")
    access_modes(errs, modes, f"{path}.accessModes")
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if storage is None:
        errs.required(f"{path}.resources[storage]")
    else:
        positive(errs, storage, f"{path}.resources[storage]")
    if spec.get("storageClassName"):
        errs.name(f"{path}.storageClassName", spec["storageClassName"], names.dns_subdomain)
    mode = spec.get("volumeMode")
    if mode is not None and mode not in MODES:
        errs.unsupported(f"{path}.volumeMode", mode, MODES)
    for key in ("dataSource", "dataSourceRef"):
        if spec.get(key) is not None:
            _source(errs, spec[key], f"{path}.{key}")
    if (
        spec.get("dataSource") is not None
        and spec.get("dataSourceRef") is not None
        and not spec["dataSourceRef"].get("namespace")
    ):
        left, right = spec["dataSource"], spec["dataSourceRef"]
        if any((left.get(key) or "") != (right.get(key) or "") for key in ("apiGroup", "kind", "name")):
            errs.invalid(path, raw("{}"), "must match dataSourceRef")
    if spec.get("volumeAttributesClassName"):
        errs.name(f"{path}.volumeAttributesClassName", spec["volumeAttributesClassName"], names.dns_subdomain)


def _source(errs: Errors, source: Manifest, path: str) -> None:
    for key in ("name", "kind"):
        if not source.get(key):
            errs.required(f"{path}.{key}")
    group = source.get("apiGroup") or ""
    if not group and source.get("kind") != "PersistentVolumeClaim":
        errs.invalid(
            path, source.get("kind") or "", "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        )
    if group:
        errs.name(f"{path}.apiGroup", group, names.dns_subdomain)


def positive(errs: Errors, quantity: str, path: str) -> None:
    value = parse(quantity)
    if value.value <= 0:
        errs.invalid(path, value.text, "must be greater than zero")
