"""Content hashes behind the names of generated ConfigMaps and Secrets.

Example: ``app-config`` becomes ``app-config-m2mg5mb749``. The hash is over kind, name and data as JSON. Source: kustomize
``api/hasher``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.scalars import text_of

if TYPE_CHECKING:
    from holdfast.kube.refs import Manifest

_LETTERS = str.maketrans("013ae", "ghkmt")


def add_hashes(resources: ResMap) -> None:
    """Append the hash to the names that ask for one."""
    for resource in resources:
        if resource.needs_hash:
            suffix = content_hash(resource.manifest)
            resource.store_previous()
            resource.set_name(f"{resource.name}-{suffix}")
    resources.touched()


def content_hash(manifest: Manifest) -> str:
    """The ten letters for a manifest."""
    kind = text_of(manifest.get("kind", ""))
    if kind == "ConfigMap":
        content: Any = _content(manifest, "ConfigMap", ("data",), "binaryData")
    elif kind == "Secret":
        content = _content(manifest, "Secret", ("data", "type"), "stringData")
    else:
        content = manifest
    digest: str = _sha256()(go_json(content).encode()).hexdigest()
    return digest[:10].translate(_LETTERS)


@cache
def _encoder() -> Callable[[Any], str]:
    import json

    return json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


@cache
def _sha256() -> Callable[[bytes], Any]:
    """Python's own SHA-256: hashlib loads OpenSSL, which takes as long as a thousand hashes."""
    from importlib import import_module

    for name in ("_sha2", "_sha256"):
        try:
            found: Callable[[bytes], Any] = import_module(name).sha256
        except (ImportError, AttributeError):
            continue
        return found
    import hashlib

    return hashlib.sha256


def _content(manifest: Manifest, kind: str, fields: tuple[str, ...], optional: str) -> dict[str, Any]:
    # kustomize looks for a field called "metadata/name", which there is none of; the name is therefore always empty.
    content: dict[str, Any] = {"kind": kind, "name": ""}
    for field in fields:
        content[field] = _value(manifest, field)
    if isinstance(manifest.get(optional), dict):
        content[optional] = manifest[optional]
    return content


def _value(manifest: Manifest, field: str) -> Any:
    if field not in manifest:
        return ""
    value = manifest[field]
    if type(value) is dict:
        return value
    return None if type(value) is list else text_of(value)


_SHORT, _ESCAPED = 200, frozenset('"\\<>&')
_HTML = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def go_json(value: Any) -> str:
    """JSON as Go's encoder writes it: keys sorted, no spaces, HTML characters escaped."""
    if (plain := _plain_json(value)) is not None:
        return plain
    text = _encoder()(value)
    for char, escaped in _HTML.items():
        if char in text:
            text = text.replace(char, escaped)
    return text


def _plain_json(value: Any) -> str | None:
    """JSON of maps of short texts without escapes, which most ConfigMaps are; anything else is worth loading `json` for."""
    if type(value) is str:
        return f'"{value}"' if _is_ordinary(value) else None
    if type(value) is not dict:
        return None
    pairs = []
    for key in sorted(value):
        item = value[key]
        text = f'"{item}"' if type(item) is str and _is_ordinary(item) else _plain_json(item)
        if text is None or type(key) is not str or not _is_ordinary(key):
            return None
        pairs.append(f'"{key}":{text}')
    return "{" + ",".join(pairs) + "}"


def _is_ordinary(text: str) -> bool:
    return len(text) < _SHORT and text.isascii() and text.isprintable() and _ESCAPED.isdisjoint(text)
