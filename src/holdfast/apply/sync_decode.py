"""What kubectl cannot decode before it asks the server: the metadata of any object, and roles and bindings as a whole.

In: an object. Out: the first fault in the words of Go's JSON decoder, or "".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from holdfast.kube.refs import Manifest

_TEXTS: Final = ("name", "generateName", "namespace", "uid", "resourceVersion")
_RULE: Final = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
_SUBJECT: Final = ("kind", "apiGroup", "name", "namespace")


def metadata_fault(obj: Manifest) -> str:
    meta = obj.get("metadata") or {}
    if not isinstance(meta, Mapping):
        return _told(meta, f"{obj.get('kind')}.metadata", "v1.ObjectMeta")
    for name in _TEXTS:
        if (fault := _text(meta.get(name), f"ObjectMeta.metadata.{name}")) != "":
            return fault
    for name in ("labels", "annotations"):
        if (fault := _texts(meta.get(name), f"ObjectMeta.metadata.{name}", "map[string]string")) != "":
            return fault
    return _texts(meta.get("finalizers"), "ObjectMeta.metadata.finalizers", "[]string")


def rbac_fault(obj: Manifest) -> str:
    """Of a role or a binding; the metadata is judged too."""
    fault = metadata_fault(obj)
    for rule in _items(obj.get("rules")):
        for name in _RULE:
            fault = fault or _texts(rule.get(name), f"PolicyRule.rules.{name}", "[]string")
    for subject in _items(obj.get("subjects")):
        for name in _SUBJECT:
            fault = fault or _text(subject.get(name), f"Subject.subjects.{name}")
    return fault


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []


def _text(value: Any, path: str) -> str:
    return "" if value is None or isinstance(value, str) else _told(value, path, "string")


def _texts(value: Any, path: str, kind: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, list if kind.startswith("[]") else Mapping):
        return _told(value, path, kind)
    items = [value[key] for key in sorted(value)] if isinstance(value, Mapping) else value
    faults = (_text(item, path) for item in items)
    return next((fault for fault in faults if fault), "")


def _told(value: Any, path: str, kind: str) -> str:
    names: dict[type, str] = {bool: "bool", str: "string", dict: "object", list: "array"}
    return f"json: cannot unmarshal {names.get(type(value), 'number')} into Go struct field {path} of type {kind}"
