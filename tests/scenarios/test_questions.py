"""What people ask: diff, explain."""

from __future__ import annotations

from harness import Sandbox, World

from holdfast.app.explain import explain
from holdfast.app.livediff import live_diff
from holdfast.base.tree import MemoryTree
from holdfast.cluster.config import load
from holdfast.model.plan import Action


def config_map(name: str, value: str = "1") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  a: '{value}'\n"


async def test_a_diff_with_the_cluster_tells_each_object_that_would_change(here: World, sandbox: Sandbox) -> None:
    await here.declare()
    await here.until_ready(await here.commit({"a.yaml": config_map("one"), "b.yaml": config_map("two")}))
    unit, config = f"Kustomization/{here.namespace}/app", load([sandbox.kubeconfig])
    same = MemoryTree({"a.yaml": config_map("one").encode(), "b.yaml": config_map("two").encode()})
    assert [u.differences for u in await live_diff(config, same, unit)] == [()]
    other = MemoryTree({"a.yaml": config_map("one", "2").encode(), "c.yaml": config_map("three").encode()})
    (found,) = await live_diff(config, other, unit)
    assert {d.change.ref.name: d.change.action for d in found.differences} == {
        "one": Action.UPDATE,
        "three": Action.CREATE,
        "two": Action.DELETE,
    }
    assert await here.config_map("three") is None


async def test_everything_can_be_explained(here: World) -> None:
    revision = await here.commit({"a.yaml": config_map("one")})
    ref = await here.declare()
    unit = await here.until_ready(revision)
    assert await explain(here.client, unit, now=0.0) == [
        f"Kustomization/{here.namespace}/app is ready: 1 objects of revision {revision[:18]} are applied."
    ]
    live = await here.config_map("one")
    assert live is not None
    sentences = await explain(here.client, live, now=0.0)
    assert sentences[1].startswith(f"It belongs to Kustomization/{here.namespace}/app, which keeps it")
    await here.declare(path="./nope", dependsOn=[{"name": "absent"}])
    await here.until_failed()
    waiting = await here.get(ref)
    assert waiting is not None
    assert f"It waits for Kustomization/{here.namespace}/absent, which does not exist." in await explain(
        here.client, waiting, now=0.0
    )
