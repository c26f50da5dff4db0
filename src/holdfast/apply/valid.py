"""Plain data whose validity can be seen without asking: ConfigMaps, Secrets and ServiceAccounts.

Conservative: what is not surely valid is "not plainly valid", and the API server is asked.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}\Z")
_LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?\Z")
_QUALIFIED = re.compile(r"([a-z0-9][-a-z0-9.]{0,251}[a-z0-9]/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\Z")
_LARGEST = 512 * 1024
_META = frozenset({"name", "namespace", "labels", "annotations"})
_FIELDS = {
    ("v1", "ConfigMap"): frozenset({"apiVersion", "kind", "metadata", "data"}),
    ("v1", "Secret"): frozenset({"apiVersion", "kind", "metadata", "data", "type"}),
    ("v1", "ServiceAccount"): frozenset({"apiVersion", "kind", "metadata", "automountServiceAccountToken"}),
}


def is_plainly_valid(obj: Mapping[str, Any]) -> bool:
    kind = (str(obj.get("apiVersion")), str(obj.get("kind")))
    fields = _FIELDS.get(kind)
    if fields is None or not fields.issuperset(obj) or not _metadata(obj.get("metadata")):
        return False
    if kind[1] == "ServiceAccount":
        return isinstance(obj.get("automountServiceAccountToken"), bool | None)
    if obj.get("type") not in (None, "Opaque"):
        return False
    data = obj.get("data") or {}
    return isinstance(data, dict) and _data(data, encoded=kind[1] == "Secret")


def _data(data: Mapping[str, Any], *, encoded: bool) -> bool:
    if not all(isinstance(v, str) and _KEY.match(k) and k not in (".", "..") for k, v in data.items()):
        return False
    return sum(map(len, data.values())) < _LARGEST and (not encoded or all(map(_is_base64, data.values())))


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _metadata(meta: Any) -> bool:
    if not isinstance(meta, dict) or not _META.issuperset(meta):
        return False
    name, labels, annotations = meta.get("name"), meta.get("labels") or {}, meta.get("annotations") or {}
    if not (isinstance(name, str) and len(name) <= 253 and _NAME.match(name)):
        return False
    if not (isinstance(labels, dict) and isinstance(annotations, dict)):
        return False
    return all(isinstance(v, str) and _QUALIFIED.match(k) and _LABEL.match(v) for k, v in labels.items()) and all(
        isinstance(v, str) and _QUALIFIED.match(k) for k, v in annotations.items()
    )
