"""Killing the controller at any moment loses and doubles nothing."""

from __future__ import annotations

import asyncio
import contextlib
import random
import subprocess
import sys
import uuid
from collections import Counter
from pathlib import Path

import pytest
from harness import UNIT, Sandbox, obj_of, status

from holdfast.cluster.client import Client, Selectors
from holdfast.kube.refs import GroupVersionKind, ObjectRef

OBJECTS = 200
KILLS = 20
CONFIG_MAPS = GroupVersionKind("", "v1", "ConfigMap")
OURS = Selectors(labels="kustomize.toolkit.fluxcd.io/name=app")


class History:
    """What happened to the unit's ConfigMaps, from a watch that began before the first of them."""

    def __init__(self) -> None:
        self.created: Counter[str] = Counter()
        self.deleted: Counter[str] = Counter()
        self.changes = 0
        self.moved = asyncio.Event()

    async def follow(self, client: Client, namespace: str, ours: Selectors = OURS) -> None:
        resource = await client.resource(CONFIG_MAPS)
        version = (await client.list_resource(resource, namespace, ours)).resource_version
        async for event in client.watch(resource, namespace, resource_version=version, selectors=ours):
            name = event.object["metadata"].get("name", "")
            if event.type.value == "ADDED":
                self.created[name] += 1
            elif event.type.value == "DELETED":
                self.deleted[name] += 1
            self.changes += 1
            self.moved.set()


def write(repository: Path, version: int) -> None:
    """A commit that changes every object."""
    for n in range(OBJECTS):
        text = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c{n:03}\ndata:\n  a: '{version}'\n"
        (repository / f"{n:03}.yaml").write_text(text)


@pytest.mark.timeout(900)
async def test_after_twenty_kills_the_cluster_equals_git_and_nothing_was_made_twice(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    namespace = f"k-{uuid.uuid4().hex[:8]}"
    repository = tmp_path / "repository"
    repository.mkdir()
    command = [sys.executable, str(Path(__file__).with_name("killed.py")), str(sandbox.kubeconfig), namespace]
    command += [str(repository), str(tmp_path / "state")]
    async with sandbox.client() as client:
        await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        history = History()
        follower = asyncio.create_task(history.follow(client, namespace))
        spec = {
            "interval": "1h",
            "prune": True,
            "path": "./",
            "targetNamespace": namespace,
            "sourceRef": {"kind": "GitRepository", "name": "app"},
        }
        await client.apply(obj_of(UNIT, namespace, "app", spec), manager="tests", force=True)
        ref = ObjectRef(UNIT.group, UNIT.kind, namespace, "app")
        chance = random.Random(7)
        for kill in range(KILLS + 1):
            write(repository, kill)
            process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            try:
                if kill < KILLS:
                    await _some_progress(history, chance.randint(1, OBJECTS))
                else:
                    assert process.stdout is not None
                    await _ready(client, ref, (await process.stdout.readline()).decode().strip())
            finally:
                process.kill()
                await process.wait()
        live = {o["metadata"]["name"]: o["data"] for o in (await client.list(CONFIG_MAPS, namespace, OURS)).items}
        unit = await client.get(ref)
        follower.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await follower
    assert live == {f"c{n:03}": {"a": str(KILLS)} for n in range(OBJECTS)}
    assert len(status(unit)["inventory"]["entries"]) == OBJECTS
    assert history.deleted == Counter()
    assert set(history.created.values()) == {1}


@pytest.mark.timeout(900)
async def test_killing_either_of_two_replicas_loses_and_doubles_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    namespace = f"k-{uuid.uuid4().hex[:8]}"
    repository = tmp_path / "repository"
    repository.mkdir()
    write(repository, 1)

    async def replica(name: str) -> asyncio.subprocess.Process:
        program = [sys.executable, str(Path(__file__).with_name("killed.py")), str(sandbox.kubeconfig), namespace]
        program += [str(repository), str(tmp_path / name), "lead"]
        return await asyncio.create_subprocess_exec(*program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    async with sandbox.client() as client, contextlib.AsyncExitStack() as stack:
        await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        history = History()
        follower = asyncio.create_task(history.follow(client, namespace))
        stack.callback(follower.cancel)
        spec = {
            "interval": "1h",
            "prune": True,
            "path": "./",
            "targetNamespace": namespace,
            "sourceRef": {"kind": "GitRepository", "name": "app"},
        }
        await client.apply(obj_of(UNIT, namespace, "app", spec), manager="tests", force=True)
        leader = await replica("one")
        stack.callback(_end, leader)
        assert await _says(leader) == "leading"
        idle, heir = await replica("two"), await replica("three")
        stack.callback(_end, idle)
        stack.callback(_end, heir)
        await _some_progress(history, OBJECTS // 4)
        idle.kill()
        await _progress(history, OBJECTS // 2)
        leader.kill()
        await leader.wait()
        assert await _says(heir) == "leading"
        await _ready(client, ObjectRef(UNIT.group, UNIT.kind, namespace, "app"), await _says(heir))
        live = (await client.list(CONFIG_MAPS, namespace, OURS)).items
    assert len(live) == OBJECTS
    assert history.deleted == Counter()
    assert set(history.created.values()) == {1}


async def _says(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()


async def _some_progress(history: History, changes: int) -> None:
    """Until the roll-out has moved on by so many objects."""
    await _progress(history, history.changes + changes)


async def _progress(history: History, changes: int) -> None:
    """Until so many changes were seen in all."""
    async with asyncio.timeout(120):
        while history.changes < changes:
            history.moved.clear()
            await history.moved.wait()


async def _ready(client: Client, ref: ObjectRef, revision: str) -> None:
    """Until the unit says that this revision is applied."""
    resource = await client.resource(UNIT)
    async with asyncio.timeout(120):
        while True:
            listed = await client.list_resource(resource, ref.namespace)
            if any(status(o).get("lastAppliedRevision") == revision for o in listed.items):
                return
            async for event in client.watch(resource, ref.namespace, resource_version=listed.resource_version):
                if status(event.object).get("lastAppliedRevision") == revision:
                    return
