"""A pass is carried out against a real API server, from nothing to pruned again."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from holdfast.apply.sync import HOOK_FINALIZER, SyncExecutor
from holdfast.cluster.client import Client
from holdfast.cluster.errors import NotFound
from holdfast.kube.refs import ObjectRef
from holdfast.model.sync import OperationPhase, SyncRequest, SyncStep, Tracking
from holdfast.plan.sync import marks
from holdfast.plan.sync.engine import Ground, sync_pass
from holdfast.plan.sync.pairing import normal_targets, pair


@pytest.fixture
async def namespace(client: Client) -> AsyncIterator[str]:
    name = f"pass-{uuid.uuid4().hex[:8]}"
    yield name
    await client.delete(ObjectRef("", "Namespace", "", name))


class Operation:
    def __init__(self, client: Client, namespace: str) -> None:
        self.client = client
        self.namespace = namespace
        self.seen: set[ObjectRef] = set()

    async def run(self, targets: list[dict[str, Any]], **request: Any) -> SyncStep:
        step = SyncStep(OperationPhase.RUNNING)
        tracking = Tracking(app_name="app", destination=self.namespace)
        normal = normal_targets(targets, self.namespace, lambda group, kind: True, tracking).objects
        self.seen |= {ObjectRef.of(t) for t in normal}
        async with asyncio.timeout(60):
            while not step.phase.completed:
                paired = pair(normal, await self._lives(), self.namespace, lambda group, kind: True)
                ground = Ground(
                    SyncRequest(namespace=self.namespace, revision="0123456789", **request),
                    paired.pairs,
                    paired.hooks,
                    step.results,
                    step.phase,
                    tracking=tracking,
                )
                step = await SyncExecutor(self.client, asyncio.sleep).carry_out(sync_pass(ground))
        return step

    async def _lives(self) -> list[dict[str, Any]]:
        found = []
        for ref in self.seen:
            try:
                found.append(await self.client.get(ref))
            except NotFound:
                continue
        return found


def cm(name: str, **annotations: str) -> dict[str, Any]:
    keys = {"hook": marks.HOOK, "wave": marks.WAVE}
    meta = {"name": name, "annotations": {keys[k]: v for k, v in annotations.items()}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


async def test_an_operation_goes_through_namespace_hooks_waves_and_pruning(client: Client, namespace: str) -> None:
    operation = Operation(client, namespace)
    targets = [cm("main"), cm("late", wave="1"), cm("pre", hook="PreSync")]
    step = await operation.run(targets, options=("CreateNamespace=true",))
    assert (step.phase, step.message) == (OperationPhase.SUCCEEDED, "successfully synced (all tasks run)")
    assert [r.ref.name for r in step.results] == [namespace, "pre", "main", "late"]
    hook = await client.get(ObjectRef("", "ConfigMap", namespace, "pre"))
    assert HOOK_FINALIZER not in (hook["metadata"].get("finalizers") or ())
    step = await operation.run([cm("main")], prune=True)
    assert step.phase is OperationPhase.SUCCEEDED
    assert {ObjectRef.of(o).name for o in await operation._lives()} == {"main", "pre"}


async def test_what_the_server_says_is_the_message(client: Client, namespace: str) -> None:
    step = await Operation(client, namespace).run([cm("main")])
    assert step.phase is OperationPhase.FAILED
    assert step.message == f'one or more objects failed to apply, reason: namespaces "{namespace}" not found'
    await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})


async def test_a_kind_that_is_not_served_is_told(client: Client, namespace: str) -> None:
    await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    operation = Operation(client, namespace)
    widget = {"apiVersion": "nosuch.example.com/v1", "kind": "Widget", "metadata": {"name": "w"}}
    step = SyncStep(OperationPhase.RUNNING)
    paired = pair([widget], [], namespace, lambda group, kind: None)
    ground = Ground(SyncRequest(namespace=namespace), paired.pairs)
    step = await SyncExecutor(operation.client, asyncio.sleep).carry_out(sync_pass(ground))
    assert step.message == (
        "one or more synchronization tasks are not valid: failed to discover server resources for group version "
        "nosuch.example.com/v1: the server could not find the requested resource"
    )
    assert step.results[0].message.startswith("The Kubernetes API could not find nosuch.example.com/Widget")


async def test_a_definition_and_an_object_of_its_kind_go_in_one_operation(client: Client, namespace: str) -> None:
    await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    group = f"{namespace}.example.com"
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": "Widget", "plural": "widgets"},
            "scope": "Namespaced",
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        },
    }
    widget = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": namespace}}
    paired = pair([crd, widget], [], namespace, lambda group, kind: kind == "Widget")
    ground = Ground(SyncRequest(namespace=namespace), paired.pairs)
    try:
        step = await SyncExecutor(client, asyncio.sleep).carry_out(sync_pass(ground))
        assert (step.phase, step.message) == (OperationPhase.SUCCEEDED, "successfully synced (all tasks run)")
        assert (await client.get(ObjectRef.of(widget)))["kind"] == "Widget"
    finally:
        await client.delete(ObjectRef.of(crd))
