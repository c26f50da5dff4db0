"""Writing to one Application: its status, its operation, its finalizers, and telling of it.

An Application has no status of its own door: everything is a merge patch of the whole object, as small as can be, by the
field manager that Argo CD has. What the server answers is seen by the next look at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import NotFound
from holdfast.cluster.informer import Informer, full
from holdfast.controller.events import NORMAL, WARNING, EventRecorder
from holdfast.controller.patch import merge_diff
from holdfast.dialects.argo import application as dialect
from holdfast.dialects.argo.status import history_patch, order_patch, state_patch, write_state, write_status
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.app import Application, AppStatus, HistoryRecord, OperationState, SyncOrder
from holdfast.reconcile.app_operation import told
from holdfast.reconcile.app_refresh import changes


class AppWriter:
    """Shared by all applications."""

    def __init__(self, client: Client, objects: Informer[Manifest], events: EventRecorder) -> None:
        self._client = client
        self._objects = objects
        self._events = events
        self.syncs: Counter[tuple[str, str, str]] = Counter()
        """Ended operations by name, namespace and phase."""

    async def fresh(self, ref: ObjectRef) -> Manifest | None:
        """As the server has it now."""
        try:
            obj = full(await self._client.get(ref, version=dialect.GVK.version))
        except NotFound:
            return None
        self._objects.observe(obj)
        return obj

    async def status(self, obj: Manifest, before: Application, after: AppStatus, now: float) -> None:
        """Writes what changed, and takes a request for a refresh as answered."""
        for text in changes(before.status, after):
            self.tell(obj, "ResourceUpdated", text)
        since = before.status.health_since if before.status.health == after.health else now
        wanted = write_status(replace(after, health_since=since))
        body: dict[str, Any] = {}
        changed = merge_diff(write_status(before.status), wanted)
        if changed:
            body["status"] = changed
        annotations = (obj.get("metadata") or {}).get("annotations") or {}
        if dialect.REFRESH in annotations:
            left = None if len(annotations) == 1 else {dialect.REFRESH: None}
            body["metadata"] = {"annotations": left}
        if body:
            await self.patch(before.ref, body)

    async def state(self, obj: Manifest, before: OperationState | None, after: OperationState) -> None:
        """Writes the state of an operation; one that has ended takes the order away and is told of."""
        if before is not None and write_state(before) == write_state(after):
            return
        ref = ObjectRef.of(obj)
        await self.patch(ref, state_patch(before, after))
        if after.phase.completed:
            self.syncs[ref.name, ref.namespace, after.phase.value] += 1
            well, text = told(after)
            self.tell(obj, "OperationCompleted", text, warning=not well)

    async def history(self, ref: ObjectRef, entries: Sequence[HistoryRecord]) -> None:
        await self.patch(ref, history_patch(entries))

    async def order(self, ref: ObjectRef, order: SyncOrder) -> bool:
        """Gives an order to the application itself; False where another runs or it is gone. Raises Conflict."""
        obj = await self.fresh(ref)
        if obj is None or dialect.read(obj).operation is not None:
            return False
        await self.patch(ref, order_patch(obj, order))
        return True

    async def finalizers(self, obj: Manifest, wanted: Sequence[str]) -> None:
        """Guarded by the resourceVersion. Raises Conflict."""
        meta = obj["metadata"]
        if list(meta.get("finalizers") or ()) == list(wanted):
            return
        body = {"metadata": {"finalizers": list(wanted) or None, "resourceVersion": meta.get("resourceVersion")}}
        await self.patch(ObjectRef.of(obj), body)

    async def patch(self, ref: ObjectRef, body: Manifest) -> None:
        try:
            answer = await self._client.patch(
                ref, body, PatchType.MERGE, version=dialect.GVK.version, manager=dialect.MANAGER
            )
        except NotFound:
            return
        meta = answer.get("metadata") or {}
        if not (meta.get("deletionTimestamp") and not meta.get("finalizers")):
            self._objects.observe(answer)

    def tell(self, obj: Manifest, reason: str, text: str, *, warning: bool = False) -> None:
        self._events.event(obj, WARNING if warning else NORMAL, reason, text)
