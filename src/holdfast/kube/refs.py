"""Names of kinds and objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.base.record import Record

Manifest = dict[str, Any]
"""One Kubernetes object as JSON data: dicts, lists, str, int, float, bool, None."""


class GroupVersionKind(Record):
    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> GroupVersionKind:
        """Of an object's ``apiVersion`` and ``kind``; missing ones are empty."""
        return cls.parse(str(obj.get("apiVersion") or ""), str(obj.get("kind") or ""))

    @classmethod
    def parse(cls, api_version: str, kind: str) -> GroupVersionKind:
        group, slash, version = api_version.partition("/")
        return cls(group, version, kind) if slash else cls("", group, kind)

    def __str__(self) -> str:
        return f"{self.api_version}, Kind={self.kind}"


class ObjectRef(Record):
    """An object's identity in a cluster, whatever version it is served in. ``namespace`` is empty for cluster-scoped kinds."""

    group: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> ObjectRef:
        gvk = GroupVersionKind.of(obj)
        meta = obj.get("metadata") or {}
        return cls(gvk.group, gvk.kind, str(meta.get("namespace") or ""), str(meta.get("name") or ""))

    def __str__(self) -> str:
        """``Kind/namespace/name``, as Flux writes it in events and conditions."""
        return f"{self.kind}/{self.namespace}/{self.name}" if self.namespace else f"{self.kind}/{self.name}"
