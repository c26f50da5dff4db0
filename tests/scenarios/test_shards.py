"""Controllers that share a cluster's units by their labels."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from harness import Sandbox, World, controller, status
from test_accidents import maps, uids

from holdfast.cluster.client import PatchType, Selectors
from holdfast.kube.refs import Manifest

KEY = "sharding.fluxcd.io/key"


async def assign(here: World, unit: str, shard: str) -> None:
    body = {"metadata": {"labels": {KEY: shard}}}
    await here.client.patch(here.unit(unit), body, PatchType.MERGE, manager="tests")


def touched(obj: Manifest | None) -> bool:
    return bool(status(obj).get("lastAppliedRevision"))


async def test_each_shard_does_its_own_and_objects_move_between_them(sandbox: Sandbox, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(sandbox.client())
        namespace = f"h-{tmp_path.name[-8:].strip('_').lower().replace('_', '-')}"
        await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        one = controller(client, tmp_path / "s", namespace=namespace, selectors=Selectors(labels=f"{KEY}=one"))
        units, artifacts = await stack.enter_async_context(one)
        here = World(client, units, artifacts, namespace)
        revision = await here.commit({**maps("a", ["x", "moved"]), **maps("b", ["y"])})
        for name in ("a", "b"):
            await here.declare(name, path=name)
        await assign(here, "a", "one")
        await assign(here, "b", "two")
        await here.until_ready(revision, "a")
        assert not touched(await here.get(here.unit("b")))
        (before,) = await uids(here, ["moved"])
        revision = await here.commit({**maps("a", ["x"]), **maps("b", ["moved", "y"])})
        await here.until_ready(revision, "a")
        assert await uids(here, ["moved"]) == [before]
        two = controller(client, tmp_path / "s", namespace=namespace, selectors=Selectors(labels=f"{KEY}=two"))
        await stack.enter_async_context(two)
        await here.until_ready(revision, "b")
        assert await uids(here, ["moved"]) == [before]
        labels = ((await here.config_map("cmoved")) or {})["metadata"]["labels"]
        assert labels["kustomize.toolkit.fluxcd.io/name"] == "b"
