"""Replicas that share the units: joining, leaving and dying in the middle of a roll-out loses and doubles nothing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from harness import UNIT, Sandbox, World, controller, obj_of, status
from test_killed import History, _end, _some_progress

from holdfast.cluster.client import Client, PatchType, Selectors
from holdfast.controller.shards import placed, shard_of
from holdfast.kube.refs import GroupVersionKind, ObjectRef
from holdfast.model.delivery import UnitKey

UNITS, EACH = 12, 15
OURS = Selectors(labels="kustomize.toolkit.fluxcd.io/name")
LEASES = GroupVersionKind("coordination.k8s.io", "v1", "Lease")


def name(unit: int) -> str:
    return f"u{unit:02}"


def files(version: int, each: int = EACH) -> dict[str, str]:
    out: dict[str, str] = {}
    for unit in range(UNITS):
        for n in range(each):
            text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name(unit)}-{n}}}\ndata: {{v: '{version}'}}\n"
            out[f"{name(unit)}/{n}.yaml"] = text
    return out


async def declare(client: Client, namespace: str) -> None:
    for unit in range(UNITS):
        spec = {
            "interval": "1h",
            "prune": True,
            "path": name(unit),
            "targetNamespace": namespace,
            "sourceRef": {"kind": "GitRepository", "name": "app"},
        }
        await client.apply(obj_of(UNIT, namespace, name(unit), spec), manager="tests", force=True)


async def replicas(client: Client, namespace: str) -> list[str]:
    """The members of the lease, by their own names."""
    found = (o for o in (await client.list(LEASES, namespace)).items if o["metadata"]["name"] != "replicas")
    return sorted(o["metadata"]["name"] for o in found)


async def test_who_joins_and_leaves_moves_units_that_go_on_as_before(sandbox: Sandbox, tmp_path: Path) -> None:
    namespace = f"r-{uuid.uuid4().hex[:8]}"
    async with sandbox.client() as client, AsyncExitStack() as one, AsyncExitStack() as two:
        await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        first = await one.enter_async_context(
            controller(client, tmp_path / "one", namespace=namespace, replica="elsewhere_1")
        )
        here = World(client, *first, namespace)
        await declare(client, namespace)
        revision = await here.commit(files(1, 2))
        for unit in range(UNITS):
            await here.until_ready(revision, name(unit))
        second = await two.enter_async_context(
            controller(client, tmp_path / "two", namespace=namespace, replica="elsewhere_2")
        )
        there = World(client, *second, namespace)
        # Both build the new commit, each its own units; the tree is at hand for both, as with a clone each.
        there.commits = here.commits
        revision = await here.commit(files(2, 2))
        assert await there.commit(files(2, 2)) == revision
        for unit in range(UNITS):
            await here.until_ready(revision, name(unit))
        await until_moved(here, there)
        for unit in range(UNITS):
            ref = ObjectRef("", "ConfigMap", namespace, f"{name(unit)}-0")
            await client.patch(ref, {"data": {"v": "drift"}}, PatchType.MERGE, manager="somebody")
            await here.until(ref, lambda o: (o or {}).get("data") == {"v": "2"})
        await one.aclose()
        there.commits = 2
        revision = await there.commit(files(3, 2))
        for unit in range(UNITS):
            await there.until_ready(revision, name(unit))
        assert len(await replicas(client, namespace)) == 1


async def until_moved(here: World, there: World) -> None:
    """Until each unit is remembered by the replica that it belongs to, and by no other."""
    async with asyncio.timeout(100):
        while True:
            members = await replicas(here.client, here.namespace)
            wanted = placed(members)
            sides: dict[str, set[bool]] = {}
            for unit in range(UNITS):
                key = here.unit(name(unit))
                sides.setdefault(wanted[shard_of(key)], set()).add(holds(here, unit))
                if holds(here, unit) == holds(there, unit):
                    break
            else:
                if all(len(side) == 1 for side in sides.values()) and len(members) == 2:
                    return
            await asyncio.sleep(0.05)


def holds(world: World, unit: int) -> bool:
    return world.units.runner.holds(UnitKey(UNIT.kind, world.namespace, name(unit)))


@pytest.mark.timeout(300)
async def test_killing_one_of_two_replicas_that_share_a_rollout_loses_and_doubles_nothing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    namespace = f"r-{uuid.uuid4().hex[:8]}"
    for path, text in files(1).items():
        (tmp_path / "repository" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "repository" / path).write_text(text)

    async def replica(which: str) -> asyncio.subprocess.Process:
        program = [sys.executable, str(Path(__file__).with_name("killed.py")), str(sandbox.kubeconfig), namespace]
        program += [str(tmp_path / "repository"), str(tmp_path / which), "share"]
        return await asyncio.create_subprocess_exec(*program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    async with sandbox.client() as client, AsyncExitStack() as stack:
        await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        history = History()
        follower = asyncio.create_task(history.follow(client, namespace, OURS))
        stack.callback(follower.cancel)
        await declare(client, namespace)
        one, two = await replica("one"), await replica("two")
        for process in (one, two):
            stack.callback(_end, process)
        await _some_progress(history, UNITS * EACH // 4)
        one.kill()
        await one.wait()
        for unit in range(UNITS):
            await until_complete(client, ObjectRef(UNIT.group, UNIT.kind, namespace, name(unit)))
        found = await client.list(GroupVersionKind("", "v1", "ConfigMap"), namespace)
        live = [o for o in found.items if o["metadata"]["name"].startswith("u")]
    assert len(live) == UNITS * EACH
    assert history.deleted == Counter()
    assert set(history.created.values()) == {1}


async def until_complete(client: Client, ref: ObjectRef) -> None:
    """Until the unit is ready with all its objects."""
    async with asyncio.timeout(100):
        while True:
            found = await client.get(ref)
            ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status(found).get("conditions") or ())
            if ready and len((status(found).get("inventory") or {}).get("entries") or ()) == EACH:
                return
            await asyncio.sleep(0.05)
