"""A controller that starts again finds things as they were left."""

from __future__ import annotations

import uuid
from pathlib import Path

from harness import Sandbox, World, controller, install

from holdfast.cluster.client import PatchType
from holdfast.kube.refs import ObjectRef

FILES = {
    f"{n}.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c{n}\ndata:\n  a: '{n}'\n" for n in range(5)
}


async def test_a_restart_writes_nothing_and_goes_on_healing(sandbox: Sandbox, tmp_path: Path) -> None:
    async with sandbox.client() as client:
        await install(client)
        namespace = f"r-{uuid.uuid4().hex[:8]}"
        await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        async with controller(client, tmp_path, namespace=namespace) as (units, artifacts):
            world = World(client, units, artifacts, namespace)
            await world.declare()
            await world.until_ready(await world.commit(FILES))
            before = await world.get(world.unit())
        written = client.requests.copy()
        async with controller(client, tmp_path, namespace=namespace) as (units, artifacts):
            world = World(client, units, artifacts, namespace)
            await world.until_taken_up()
            ref = ObjectRef("", "ConfigMap", namespace, "c1")
            await client.patch(ref, {"data": {"a": "x"}}, PatchType.MERGE, manager="somebody")
            await world.until(ref, lambda o: o is not None and o["data"] == {"a": "1"})
            after = await world.get(world.unit())
        sent = client.requests - written
    assert before is not None and after is not None
    assert before["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"]
    assert (sent["patch"], sent["apply"]) == (1, 1)
