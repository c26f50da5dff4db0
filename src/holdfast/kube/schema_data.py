"""Kubernetes' own schemas as plain data: from the kubernetes-validate package, kept in a compact form for the next start.

In goes a version such as ``1.36``; out come the definitions by Go type name, each decoded only when asked for. Nothing is
ever downloaded, and a cache that cannot be read or written only costs the few milliseconds it would have saved.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import marshal
import os
import re
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from holdfast.base.errors import Stop

FORMAT = 1
"""Raised whenever the layout of the compact form changes, so that an old file is not read as a new one."""

Raw = dict[str, Any]
GVKKey = tuple[str, str, str]


class UnknownVersionError(Stop):
    """No schemas are at hand for that Kubernetes version."""


@functools.cache
def data_directory() -> Path:
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or not spec.submodule_search_locations:
        raise UnknownVersionError(
            "the Python package kubernetes-validate, which holds Kubernetes' schemas, is not installed",
            hint="install holdfast with its dependencies: pip install holdfast",
        )
    return Path(next(iter(spec.submodule_search_locations))) / "kubernetes-json-schema"


@functools.cache
def versions() -> tuple[str, ...]:
    """Every version at hand, oldest first: ``("1.25", ..., "1.37")``."""
    found = [m for d in data_directory().iterdir() if (m := re.fullmatch(r"v(\d+)\.(\d+)\.0-local", d.name))]
    return tuple(f"{major}.{minor}" for major, minor in sorted((int(m[1]), int(m[2])) for m in found))


def normalised(version: str) -> str:
    """``v1.36.3``, ``1.36`` and ``1.36.0+k3s1`` are all ``1.36``."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    short = f"{found[1]}.{found[2]}" if found else version
    if short not in versions():
        raise UnknownVersionError(
            f"no schemas for Kubernetes {version}", hint=f"known versions: {versions()[0]} to {versions()[-1]}"
        )
    return short


def cache_directory() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "holdfast" / "schemas"


class Definitions:
    """The definitions of one Kubernetes version. ``get`` decodes one; ``full`` is the untouched document with its texts."""

    def __init__(self, source: Path, blobs: Mapping[str, bytes], gvks: Mapping[GVKKey, str]) -> None:
        self._source = source
        self._blobs = blobs
        self.gvks = gvks

    def __contains__(self, name: str) -> bool:
        return name in self._blobs

    def names(self) -> list[str]:
        return list(self._blobs)

    def get(self, name: str) -> Raw:
        """Without descriptions. KeyError for an unknown name."""
        raw: Raw = marshal.loads(self._blobs[name])
        return raw

    @functools.cached_property
    def full(self) -> dict[str, Raw]:
        return read_source(self._source)


def read_source(source: Path) -> dict[str, Raw]:
    """The definitions as published, with the package's own additions taken out (see ``_published``)."""
    document = json.loads(source.read_bytes())
    return {name: _published(raw) for name, raw in document["$defs"].items()}


def _published(raw: Raw) -> Raw:
    """kubernetes-validate lets every optional value be null and pins apiVersion and kind; the API's own schema does neither."""
    raw = _without_null(raw)
    if "x-kubernetes-group-version-kind" in raw:
        for name in ("apiVersion", "kind"):
            raw.get("properties", {}).get(name, {}).pop("enum", None)
    return raw


def _without_null(raw: Any) -> Any:
    if isinstance(raw, list):
        return [_without_null(item) for item in raw]
    if not isinstance(raw, dict):
        return raw.replace("#/$defs/", "#/definitions/") if isinstance(raw, str) and raw.startswith("#/$defs/") else raw
    out = {key: _without_null(value) for key, value in raw.items()}
    kind = out.get("type")
    if isinstance(kind, list):
        rest = [t for t in kind if t != "null"]
        out["type"] = rest[0] if len(rest) == 1 else rest
    return out


def load(version: str) -> Definitions:
    """Of a version from ``versions()``."""
    source = data_directory() / f"v{version}.0-local" / "_definitions.json"
    stat = source.stat()
    stamp = (FORMAT, stat.st_size, int(stat.st_mtime))
    return cached(cache_directory() / f"{version}.bin", stamp, source, lambda: compile_source(source))


Compact = tuple[dict[str, bytes], dict[GVKKey, str]]


def cached(file: Path, stamp: tuple[int, ...], source: Path, make: Callable[[], Compact]) -> Definitions:
    kept = _read_cache(file, stamp)
    if kept is None:
        kept = make()
        _write_cache(file, stamp, kept)
    return Definitions(source, *kept)


def compile_source(source: Path) -> Compact:
    blobs: dict[str, bytes] = {}
    gvks: dict[GVKKey, str] = {}
    for name, raw in read_source(source).items():
        blobs[name] = marshal.dumps(_without_texts(raw))
        for gvk in raw.get("x-kubernetes-group-version-kind", ()):
            gvks.setdefault((gvk["group"], gvk["version"], gvk["kind"]), name)
    return blobs, gvks


def _without_texts(raw: Any) -> Any:
    if isinstance(raw, list):
        return [_without_texts(item) for item in raw]
    if not isinstance(raw, dict):
        return raw
    # A property may itself be called "description"; only the keyword has a string.
    return {k: _without_texts(v) for k, v in raw.items() if not (k == "description" and isinstance(v, str))}


def _read_cache(file: Path, stamp: tuple[int, ...]) -> Compact | None:
    try:
        data = file.read_bytes()
        # marshal trusts its input, so a torn or foreign file must not reach it.
        if int.from_bytes(data[:4], "big") != zlib.crc32(data[4:]):
            return None
        found, blobs, gvks = marshal.loads(data[4:])
    except (OSError, ValueError, EOFError, TypeError):
        return None
    return (blobs, gvks) if found == (*stamp, marshal.version) else None


def _write_cache(file: Path, stamp: tuple[int, ...], compact: Compact) -> None:
    payload = marshal.dumps(((*stamp, marshal.version), *compact))
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_bytes(zlib.crc32(payload).to_bytes(4, "big") + payload)
        os.replace(scratch, file)
    except OSError:
        return
