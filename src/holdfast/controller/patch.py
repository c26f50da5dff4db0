"""Writing back to one object while it is reconciled: finalizers, and the status with Flux's field managers.

In: the object as it was observed and what it should say. Out: the smallest merge patch, or none. Never touches a spec.
"""

from __future__ import annotations

from typing import Any

from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import NotFound
from holdfast.cluster.informer import Informer, full
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef


class ObjectWriter:
    """``manager`` is the field manager; ``informer``, where given, is told the result, so that the next look is current."""

    def __init__(self, client: Client, obj: Manifest, manager: str, informer: Informer[Manifest] | None = None) -> None:
        self._client = client
        self._manager = manager
        self._informer = informer
        self._object = obj
        self.ref = ObjectRef.of(obj)

    @property
    def object(self) -> Manifest:
        """As last returned by the server."""
        return self._object

    async def status(self, wanted: Manifest) -> bool:
        """Makes the status equal to ``wanted``. False when it already was, or when the object is gone."""
        changes = merge_diff(self._object.get("status") or {}, wanted)
        if not changes:
            return False
        return await self._patch({"status": changes}, "status")

    async def finalizers(self, wanted: list[str]) -> bool:
        """Guarded by the resourceVersion: another's finalizer is never lost. Raises Conflict then."""
        meta = self._object.get("metadata") or {}
        if (meta.get("finalizers") or []) == wanted:
            return False
        body = {"metadata": {"finalizers": wanted or None, "resourceVersion": meta.get("resourceVersion")}}
        return await self._patch(body, "")

    async def add_finalizer(self, name: str) -> bool:
        existing = (self._object.get("metadata") or {}).get("finalizers") or []
        return name not in existing and await self.finalizers([*existing, name])

    async def remove_finalizer(self, name: str) -> bool:
        existing = (self._object.get("metadata") or {}).get("finalizers") or []
        return name in existing and await self.finalizers([f for f in existing if f != name])

    async def _patch(self, body: Manifest, subresource: str) -> bool:
        try:
            answer = await self._client.patch(
                self.ref,
                body,
                PatchType.MERGE,
                version=GroupVersionKind.of(self._object).version,
                subresource=subresource,
                manager=self._manager,
            )
        except NotFound:
            return False
        self._object = full(answer)
        if self._informer is not None and not _is_gone(answer):
            self._informer.observe(answer)
        return True


def _is_gone(obj: Manifest) -> bool:
    """Whether the write was the last: the object was waiting for this finalizer only."""
    meta = obj.get("metadata") or {}
    return bool(meta.get("deletionTimestamp")) and not meta.get("finalizers")


def merge_diff(before: Any, after: Any) -> Manifest:
    """The JSON merge patch (RFC 7386) from one object to another; empty when they are equal."""
    patch: Manifest = {}
    for key in before:
        if key not in after or after[key] is None:
            patch[key] = None
    for key, value in after.items():
        old = before.get(key)
        if value is None or (key in before and old == value):
            continue
        if isinstance(value, dict) and isinstance(old, dict):
            patch[key] = merge_diff(old, value)
        else:
            patch[key] = value
    return patch
