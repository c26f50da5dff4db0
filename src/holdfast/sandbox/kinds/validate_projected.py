"""Validation of projected volumes: several sources in one folder.

In: a projected volume's source. Out: field errors. Never: what the sources hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.validate_env import field_ref, resource_ref
from holdfast.sandbox.kinds.validate_sources import descending

_VOLUME_FIELDS = (
    "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
)  # fmt: skip
_MODE = "must be a number between 0 and 0777 (octal), both inclusive"


def relative(errs: Errors, text: str, path: str) -> None:
    """A path within a volume, none that the server keeps for itself."""
    descending(errs, text, path)
    if text.startswith("..") and not text.startswith("../") and text != "..":
        errs.invalid(path, text, "must not start with '..'")


def mode(errs: Errors, value: int | None, path: str) -> None:
    if value is not None and not 0 <= value <= 0o777:
        errs.invalid(path, value, _MODE)


def key_paths(errs: Errors, items: list[Any], path: str) -> None:
    for index, item in enumerate(items):
        _key_path(errs, item, f"{path}[{index}]")


def _key_path(errs: Errors, item: Manifest, path: str) -> None:
    if not item.get("key"):
        errs.required(f"{path}.key")
    if not item.get("path"):
        errs.required(f"{path}.path")
    else:
        relative(errs, item["path"], f"{path}.path")
    mode(errs, item.get("mode"), f"{path}.mode")


def downward(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    mode(errs, source.get("defaultMode"), f"{path}.defaultMode")
    for item in source.get("items") or ():
        _downward_file(errs, item, path)


def _downward_file(errs: Errors, item: Manifest, path: str) -> None:
    if not item.get("path"):
        errs.required(f"{path}.path")
    else:
        relative(errs, item["path"], f"{path}.path")
    if "fieldRef" in item:
        field_ref(errs, item["fieldRef"], f"{path}.fieldRef", _VOLUME_FIELDS, subscripts=True)
        if "resourceFieldRef" in item:
            errs.invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously")
    elif "resourceFieldRef" in item:
        resource_ref(errs, item["resourceFieldRef"], f"{path}.resourceFieldRef", volume=True)
    else:
        errs.required(path, "one of fieldRef and resourceFieldRef is required")
    mode(errs, item.get("mode"), f"{path}.mode")


class _Paths:
    """The paths taken so far in one volume."""

    def __init__(self, errs: Errors, volume: str) -> None:
        self._errs, self._volume = errs, volume
        self._taken: set[str] = set()

    def take(self, path: str, shown: str | None = None) -> None:
        if path and path in self._taken:
            self._errs.invalid(self._volume, path if shown is None else shown, "conflicting duplicate paths")
        self._taken.add(path)


_Projection = Callable[[Errors, Manifest, str, str, _Paths], None]
"""Errors, the source, its path, the volume's path, the paths taken."""


def projected(errs: Errors, source: Manifest, path: str, spec: Manifest) -> None:
    mode(errs, source.get("defaultMode"), f"{path}.defaultMode")
    paths = _Paths(errs, path)
    for index, item in enumerate(source.get("sources") or ()):
        place = f"{path}.sources[{index}]"
        given = [kind for kind in _PROJECTIONS if kind in item]
        for kind in given:
            _PROJECTIONS[kind](errs, item[kind], f"{place}.{kind}", path, paths)
        if len(given) > 1:
            errs.forbidden(place, "may not specify more than 1 volume type per source")


def _keys(errs: Errors, source: Manifest, path: str, volume: str, paths: _Paths) -> None:
    name = source.get("name") or ""
    if not name:
        errs.required(f"{path}.name")
    for index, item in enumerate(source.get("items") or ()):
        _key_path(errs, item, f"{path}.items[{index}]")
        paths.take(item.get("path") or "", name)


def _files(errs: Errors, source: Manifest, path: str, volume: str, paths: _Paths) -> None:
    for item in source.get("items") or ():
        _downward_file(errs, item, path)
        paths.take(item.get("path") or "")


def _token(errs: Errors, source: Manifest, path: str, volume: str, paths: _Paths) -> None:
    seconds = source.get("expirationSeconds") or 0
    if seconds < 600:
        errs.invalid(f"{path}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")
    elif seconds > 1 << 32:
        errs.invalid(f"{path}.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds")
    if not source.get("path"):
        errs.required(f"{volume}.path")
    else:
        relative(errs, source["path"], f"{volume}.path")


_PROJECTIONS: dict[str, _Projection] = {
    "secret": _keys,
    "configMap": _keys,
    "downwardAPI": _files,
    "serviceAccountToken": _token,
}
