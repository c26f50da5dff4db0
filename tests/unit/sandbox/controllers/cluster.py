"""A sandbox in this process with its controllers: the real registry, no HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from holdfast.kube.refs import Manifest
from holdfast.sandbox.controllers.facade import Change
from holdfast.sandbox.controllers.local import LocalFacade
from holdfast.sandbox.identity import Authenticator
from holdfast.sandbox.machine import Machine, build


class Cluster:
    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.api = LocalFacade(machine.registry, machine.clock)
        self._changed = asyncio.Event()
        self.api.subscribe(self._note)

    def _note(self, change: Change) -> None:
        del change
        self._changed.set()

    async def create(self, resource: str, obj: Manifest) -> Manifest:
        return await self.api.create(resource, obj, manager="test")

    async def change(self, resource: str, namespace: str, name: str, edit: Callable[[Manifest], None]) -> None:
        obj = self.api.get(resource, namespace, name)
        assert obj is not None, f"{resource} {namespace}/{name} is not there"
        edit(obj)
        await self.api.update(resource, obj, manager="test")

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Waits for events until something holds."""
        try:
            async with asyncio.timeout(60):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"never happened: {what}") from None

    def names(self, resource: str, namespace: str = "default") -> list[str]:
        return sorted(o["metadata"]["name"] for o in self.api.list(resource, namespace))


@asynccontextmanager
async def cluster(*controllers: str) -> AsyncIterator[Cluster]:
    machine = build(
        clock=lambda: datetime.now(UTC), authenticator=Authenticator({}), data=None, authorization="AlwaysAllow"
    )
    made = Cluster(machine)
    machine.start(controllers, "CA BUNDLE")
    try:
        yield made
    finally:
        await machine.stop()


def config_map(name: str, owner: Manifest | None = None, **reference: object) -> Manifest:
    meta: Manifest = {"name": name, "namespace": "default"}
    if owner is not None:
        meta["ownerReferences"] = [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"],
                **reference,
            }
        ]
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


def deployment(name: str, replicas: int, image: str = "app:1", **spec: object) -> Manifest:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template, **spec},
    }
