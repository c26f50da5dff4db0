"""Sources declared in a real API server, and a way to wait for what their status says."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.informer import Informer
from holdfast.controller.artifacts import ArtifactStore
from holdfast.controller.events import EventRecorder
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

GROUP = "source.toolkit.fluxcd.io"


@dataclass
class World:
    client: Client
    namespace: str
    artifacts: ArtifactStore
    informers: dict[str, Informer[Manifest]]
    events: EventRecorder

    async def declare(self, kind: str, name: str, **spec: Any) -> ObjectRef:
        meta = {"name": name, "namespace": self.namespace}
        obj = {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": meta, "spec": {"interval": "1h", **spec}}
        await self.client.apply(obj, manager="tests", force=True)
        return ObjectRef(GROUP, kind, self.namespace, name)

    async def secret(self, name: str, **data: str) -> None:
        encoded = {k.replace("__", "."): base64.b64encode(v.encode()).decode() for k, v in data.items()}
        meta = {"name": name, "namespace": self.namespace}
        await self.client.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": encoded})

    async def request(self, ref: ObjectRef, token: str) -> Manifest:
        body = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}}
        await self.client.patch(ref, body, PatchType.MERGE)
        return await self.until(ref, lambda o: o.get("status", {}).get("lastHandledReconcileAt") == token)

    async def ready(self, ref: ObjectRef, message: str = "") -> Manifest:
        return await self.until(ref, lambda o: says(o, "Ready", "True", message))

    async def fails(self, ref: ObjectRef, message: str) -> Manifest:
        return await self.until(ref, lambda o: says(o, "Ready", "False", message))

    async def until(self, ref: ObjectRef, wanted: Callable[[Manifest], bool]) -> Manifest:
        objects, changed = self.informers[ref.kind], asyncio.Event()

        def look(*_: object) -> None:
            changed.set()

        objects.add_handler(look)
        found: Manifest | None = None
        try:
            async with asyncio.timeout(90):
                while True:
                    found = objects.get(ref)
                    if found is not None and wanted(found):
                        return found
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            raise AssertionError(f"{ref} stays {json.dumps((found or {}).get('status'))}") from None
        finally:
            objects.remove_handler(look)

    async def told(self, ref: ObjectRef) -> set[tuple[str, str]]:
        """Reasons and messages of the events about an object."""
        await self.events.drain(90)
        found = await self.client.list(GroupVersionKind("", "v1", "Event"), self.namespace)
        return {(e["reason"], e["message"]) for e in found.items if e["involvedObject"]["name"] == ref.name}

    def file(self, obj: Manifest) -> Path:
        found = self.artifacts.local(obj["status"]["artifact"]["path"])
        assert found is not None
        return found


def says(obj: Manifest, type: str, status: str, message: str) -> bool:
    found = next((c for c in obj.get("status", {}).get("conditions", ()) if c["type"] == type), None)
    return found is not None and found["status"] == status and message in found["message"]
