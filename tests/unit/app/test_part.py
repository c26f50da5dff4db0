"""Parts of the controller are made when something needs them, once, and join a manager that is at work."""

from __future__ import annotations

import asyncio

from holdfast.app.part import Part
from holdfast.base.clock import SystemClock
from holdfast.cluster.client import Client
from holdfast.cluster.watches import Watches
from holdfast.controller.manager import WHEN_CHANGED, Manager, Requeue
from holdfast.controller.metrics import Metrics
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")


class Seen:
    gvk = CONFIG_MAP

    def __init__(self) -> None:
        self.names: asyncio.Queue[str] = asyncio.Queue()

    async def reconcile(self, ref: ObjectRef) -> Requeue:
        self.names.put_nowait(ref.name)
        return WHEN_CHANGED


async def test_a_part_joins_a_manager_at_work_with_the_first_object_that_counts(client: Client, namespace: str) -> None:
    stop, made = asyncio.Event(), list[Seen]()
    await _config(client, namespace, "plain", {})
    async with Watches(client, namespace=namespace) as watches, asyncio.timeout(60):
        manager = Manager(client, watches, clock=SystemClock(), metrics=Metrics())

        async def make() -> Seen:
            made.append(Seen())
            manager.add(made[-1])
            return made[-1]

        def counts(obj: Manifest) -> bool:
            return "wanted" in (obj["metadata"].get("labels") or {})

        part = Part(manager, [CONFIG_MAP], make, counts=counts)
        running = asyncio.create_task(manager.run(stop))
        await manager.objects(CONFIG_MAP).synced.wait()
        assert part.ready is None
        await _config(client, namespace, "first", {"wanted": ""})
        await _config(client, namespace, "second", {"wanted": ""})
        seen = await part.get()
        names: set[str] = set()
        while not {"plain", "first", "second"} <= names:
            names.add(await seen.names.get())
        assert part.ready is seen
        assert made == [seen]
        stop.set()
        await running
        await part.close()


async def test_who_asks_for_a_part_gets_it_without_an_object(client: Client, namespace: str) -> None:
    async with Watches(client, namespace=namespace) as watches:
        manager = Manager(client, watches, clock=SystemClock(), metrics=Metrics())

        async def make() -> str:
            return "made"

        part = Part(manager, [CONFIG_MAP], make)
        assert [await part.get(), await part.get(), part.ready] == ["made", "made", "made"]
        await part.close()


async def _config(client: Client, namespace: str, name: str, labels: dict[str, str]) -> None:
    meta = {"name": name, "namespace": namespace, "labels": labels}
    await client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
