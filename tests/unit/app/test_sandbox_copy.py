"""Sandboxes as processes: saved and restored, begun from another cluster, killed while they write."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Client
from holdfast.cluster.config import load
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

MAPS = GroupVersionKind("", "v1", "ConfigMap")
WRITES = 1000


def _holdfast(place: Path, *args: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOLDFAST_STATE_DIR": str(place)}
    command = [sys.executable, "-m", "holdfast", "sandbox", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@contextmanager
def _running(place: Path, *args: str, verb: tuple[str, ...] = ("start",)) -> Iterator[Path]:
    name, kubeconfig = f"t{uuid.uuid4().hex[:6]}", place / f"{uuid.uuid4().hex[:6]}.kubeconfig"
    begun = _holdfast(place, *verb, "--name", name, "--controllers", "none", "--kubeconfig", str(kubeconfig), *args)
    assert begun.returncode == 0, begun.stderr
    try:
        yield kubeconfig
    finally:
        _holdfast(place, "stop", "--name", name)


def _name(kubeconfig: Path) -> str:
    return load([kubeconfig]).context.removeprefix("holdfast-")


def _map(name: str, **more: object) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, **more}


DEFINITION: Manifest = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "things", "kind": "Thing"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}
THING: Manifest = {
    "apiVersion": "example.com/v1",
    "kind": "Thing",
    "metadata": {"name": "t", "namespace": "default"},
    "spec": {"size": 3},
}
POD: Manifest = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "namespace": "default"},
    "spec": {"containers": [{"name": "c", "image": "i"}]},
}


async def _populate(kubeconfig: Path) -> None:
    async with Client(load([kubeconfig])) as client:
        await client.create(_map("a", data={"k": "v"}))
        pod = await client.create(POD)
        owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": pod["metadata"]["uid"]}
        owned = _map("owned")
        owned["metadata"]["ownerReferences"] = [owner]
        await client.create(owned)
        await client.create(DEFINITION)
        for _ in range(500):
            try:
                await client.create(THING)
                return
            except HoldfastError:
                # The definition is served one step after it was written.
                client.discovery.forget()
                await asyncio.sleep(0.02)
        raise AssertionError("the definition is not served")


async def _things(kubeconfig: Path) -> tuple[Manifest, list[str], list[str]]:
    async with Client(load([kubeconfig])) as client:
        thing = await client.get(ObjectRef("example.com", "Thing", "default", "t"))
        maps = (await client.list(MAPS, "default")).items
        pods = (await client.list(GroupVersionKind("", "v1", "Pod"), "default")).items
        return thing, [m["metadata"]["name"] for m in maps], [p["metadata"]["name"] for p in pods]


def test_a_snapshot_is_restored_into_another_sandbox_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "snapshot"
    with _running(tmp_path) as first:
        asyncio.run(_populate(first))
        before = asyncio.run(_things(first))
        saved = _holdfast(tmp_path, "snapshot", "--name", _name(first), str(file))
        assert saved.returncode == 0, saved.stderr
    assert file.stat().st_mode & 0o077 == 0
    data = str(tmp_path / "data")
    with _running(tmp_path, "--data", data, verb=("restore", str(file))) as second:
        assert asyncio.run(_things(second)) == before
    refused = _holdfast(tmp_path, "restore", str(file), "--name", "x", "--data", data)
    assert refused.returncode == 1 and "holds a cluster already" in refused.stderr


def test_a_sandbox_begins_with_what_another_cluster_holds_and_tells_what_it_left(tmp_path: Path) -> None:
    with _running(tmp_path) as first:
        asyncio.run(_populate(first))
        name, target = f"t{uuid.uuid4().hex[:6]}", tmp_path / "copy.kubeconfig"
        environment = {**os.environ, "HOLDFAST_STATE_DIR": str(tmp_path), "KUBECONFIG": str(first)}
        command = [sys.executable, "-m", "holdfast", "sandbox", "start", "--name", name, "--controllers", "none"]
        command += ["--kubeconfig", str(target), "--from-cluster", load([first]).context]
        begun = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        try:
            assert begun.returncode == 0, begun.stderr
            assert "not copied: pods: " in begun.stderr and "configmaps: belongs to a Pod (1)" in begun.stderr
            thing, maps, pods = asyncio.run(_things(target))
            original = asyncio.run(_things(first))[0]
            assert (thing["spec"], thing["metadata"]["uid"]) == (original["spec"], original["metadata"]["uid"])
            assert (maps, pods) == (["a"], [])
        finally:
            _holdfast(tmp_path, "stop", "--name", name)


async def _write_until_it_dies(kubeconfig: Path, pid: int) -> list[str]:
    """The names of all maps whose creation was acknowledged; the server is killed in the midst."""
    acknowledged: list[str] = []
    async with Client(load([kubeconfig])) as client:

        async def write(start: int) -> None:
            for number in range(start, WRITES, 10):
                try:
                    await client.create(_map(f"m{number:04}", data={"n": str(number)}))
                except (HoldfastError, OSError):
                    return
                acknowledged.append(f"m{number:04}")
                if len(acknowledged) == WRITES // 2:
                    os.kill(pid, signal.SIGKILL)

        await asyncio.gather(*(write(start) for start in range(10)))
    return acknowledged


async def _names(kubeconfig: Path) -> set[str]:
    async with Client(load([kubeconfig])) as client:
        return {m["metadata"]["name"] for m in (await client.list(MAPS, "default")).items}


def test_every_acknowledged_write_is_there_after_a_kill(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    with _running(tmp_path, "--data", data) as first:
        told = _holdfast(tmp_path, "status", "--name", _name(first)).stdout
        pid = int(told.partition("(pid ")[2].partition(")")[0])
        acknowledged = asyncio.run(_write_until_it_dies(first, pid))
    assert len(acknowledged) >= WRITES // 2
    with _running(tmp_path, "--data", data) as second:
        assert set(acknowledged) <= asyncio.run(_names(second))
