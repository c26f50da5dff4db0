"""Controllers run reconcilers: one at a time per object, again when due, later after failures."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from holdfast.base.backoff import Backoff
from holdfast.base.clock import SystemClock
from holdfast.base.errors import RetryLater
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.watches import Watches
from holdfast.controller.manager import FAILED, WHEN_CHANGED, Manager, Requeue
from holdfast.controller.metrics import Metrics
from holdfast.kube.refs import GroupVersionKind, ObjectRef

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")


class Scripted:
    """Answers with the next line of a script, and then with success; remembers what it was called for."""

    gvk = CONFIG_MAP

    def __init__(self, *script: Requeue | Exception) -> None:
        self._script = list(script)
        self.calls: list[str] = []
        self.running: set[str] = set()
        self.hold: asyncio.Event | None = None
        self._called = asyncio.Event()

    async def reconcile(self, ref: ObjectRef) -> Requeue:
        assert ref.name not in self.running
        self.running.add(ref.name)
        self.calls.append(ref.name)
        self._called.set()
        if self.hold is not None:
            await self.hold.wait()
        self.running.discard(ref.name)
        answer = self._script.pop(0) if self._script else WHEN_CHANGED
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def until(self, count: int) -> None:
        async with asyncio.timeout(60):
            while len(self.calls) < count:
                self._called.clear()
                await self._called.wait()


@asynccontextmanager
async def managing(client: Client, namespace: str, reconciler: Scripted) -> AsyncIterator[Manager]:
    stop = asyncio.Event()
    async with Watches(client, namespace=namespace) as watches:
        manager = Manager(client, watches, clock=SystemClock(), metrics=Metrics())
        manager.add(reconciler, retry=Backoff(initial=0.01, limit=0.05))
        task = asyncio.create_task(manager.run(stop))
        try:
            yield manager
        finally:
            stop.set()
            await task


async def make(client: Client, namespace: str, name: str = "one") -> ObjectRef:
    meta: dict[str, Any] = {"name": name, "namespace": namespace}
    return ObjectRef.of(await client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}))


async def test_what_is_there_at_the_start_and_what_comes_later_is_reconciled(client: Client, namespace: str) -> None:
    await make(client, namespace, "before")
    reconciler = Scripted()
    async with managing(client, namespace, reconciler):
        await reconciler.until(1)
        await make(client, namespace, "after")
        await reconciler.until(2)
    assert reconciler.calls == ["before", "after"]


async def test_failures_of_any_kind_are_tried_again(client: Client, namespace: str) -> None:
    reconciler = Scripted(FAILED, RetryLater("the world"), RuntimeError("a defect"))
    async with managing(client, namespace, reconciler):
        await make(client, namespace)
        await reconciler.until(4)
    assert reconciler.calls == ["one"] * 4


async def test_an_appointment_is_kept(client: Client, namespace: str) -> None:
    reconciler = Scripted(Requeue(after=0.01))
    async with managing(client, namespace, reconciler):
        await make(client, namespace)
        await reconciler.until(2)


async def test_waking_a_running_object_runs_it_once_more_and_never_beside_itself(
    client: Client, namespace: str
) -> None:
    reconciler = Scripted()
    reconciler.hold = asyncio.Event()
    async with managing(client, namespace, reconciler) as manager:
        ref = await make(client, namespace)
        await reconciler.until(1)
        for _ in range(3):
            manager.wake(ref)
        reconciler.hold.set()
        await reconciler.until(2)
    assert reconciler.calls == ["one", "one"]


async def test_an_object_that_waits_does_not_hold_up_others(client: Client, namespace: str) -> None:
    reconciler = Scripted()
    reconciler.hold = asyncio.Event()
    async with managing(client, namespace, reconciler):
        for name in ("one", "two", "three"):
            await make(client, namespace, name)
        await reconciler.until(3)
        assert reconciler.running == {"one", "two", "three"}
        reconciler.hold.set()


async def test_a_deleted_object_is_reconciled_once_more_for_cleaning_up(client: Client, namespace: str) -> None:
    reconciler = Scripted()
    async with managing(client, namespace, reconciler):
        ref = await make(client, namespace)
        await reconciler.until(1)
        await client.delete(ref)
        await reconciler.until(2)


async def test_stopping_lets_what_runs_finish(client: Client, namespace: str) -> None:
    reconciler = Scripted()
    reconciler.hold = asyncio.Event()
    async with managing(client, namespace, reconciler):
        await make(client, namespace)
        await reconciler.until(1)
        asyncio.get_running_loop().call_later(0.05, reconciler.hold.set)
    assert reconciler.running == set()


async def test_a_request_by_annotation_wakes_and_any_other_annotation_does_not(client: Client, namespace: str) -> None:
    reconciler = Scripted()
    async with managing(client, namespace, reconciler):
        ref = await make(client, namespace)
        await reconciler.until(1)
        await client.patch(ref, {"metadata": {"annotations": {"x": "y"}}}, PatchType.MERGE)
        asked = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": uuid.uuid4().hex}}}
        await client.patch(ref, asked, PatchType.MERGE)
        await reconciler.until(2)
    assert len(reconciler.calls) == 2


def test_metrics_have_the_names_that_dashboards_know() -> None:
    metrics = Metrics()
    metrics.reconciled(ObjectRef("g", "GitRepository", "ns", 'a"b'), 0.2, "success")
    text = metrics.text()
    assert (
        'gotk_reconcile_duration_seconds_bucket{kind="GitRepository",name="a\\"b",namespace="ns",le="0.25"} 1' in text
    )
    assert 'gotk_reconcile_duration_seconds_bucket{kind="GitRepository",name="a\\"b",namespace="ns",le="0.1"} 0' in text
    assert 'controller_runtime_reconcile_total{controller="gitrepository",result="success"} 1' in text
