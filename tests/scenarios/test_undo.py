"""What was pruned last can be brought back, and no Secret's value is kept for that."""

from __future__ import annotations

from pathlib import Path

from harness import Sandbox, World, world

from holdfast.app.undo import records, undo
from holdfast.controller.pruned import SECRETS
from holdfast.kube.refs import ObjectRef

CANARY = "c2VjcmV0LWNhbmFyeQ=="
FILES = {
    "a/one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, labels: {x: y}}\ndata: {a: '1'}\n",
    "a/two.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\ndata: {a: '2'}\n",
    "a/secret.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{token: {CANARY}}}\n",
}
LEFT = {"a/two.yaml": FILES["a/two.yaml"]}


async def deliver_and_prune(here: World) -> str:
    await here.declare(path="a")
    first = await here.commit(FILES)
    await here.until_ready(first)
    await here.until_ready(await here.commit(LEFT))
    assert await here.config_map("one") is None
    return first


async def test_what_was_pruned_is_back_as_it_was_applied(sandbox: Sandbox, tmp_path: Path) -> None:
    async with world(sandbox, tmp_path) as here:
        first = await deliver_and_prune(here)
        (record,) = await records(here.client, here.namespace, f"Kustomization/{here.namespace}/app")
        assert record.revision == first
        assert [(u.ref.name, u.problem, u.present) for u in await undo(here.client, record, manager="tests")] == [
            ("one", "", False)
        ]
        found = await here.config_map("one")
        assert found is not None
        assert found["data"] == {"a": "1"}
        assert found["metadata"]["labels"] == {
            "x": "y",
            "kustomize.toolkit.fluxcd.io/name": "app",
            "kustomize.toolkit.fluxcd.io/namespace": here.namespace,
        }


async def test_the_value_of_a_secret_is_in_no_record(sandbox: Sandbox, tmp_path: Path) -> None:
    async with world(sandbox, tmp_path) as here:
        await deliver_and_prune(here)
        (record,) = await records(here.client, here.namespace)
        assert record.named == (f"Secret/{here.namespace}/s",)
        assert CANARY not in repr(record)
        kept = (await here.client.list(SECRETS, here.namespace)).items
        assert [o["type"] for o in kept] == ["holdfast.dev/pruned"]


async def test_what_is_there_already_is_left_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    async with world(sandbox, tmp_path) as here:
        await deliver_and_prune(here)
        theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "namespace": here.namespace}}
        await here.client.create(theirs)
        (record,) = await records(here.client, here.namespace)
        assert [u.present for u in await undo(here.client, record, manager="tests")] == [True]
        assert "data" not in (await here.get(ObjectRef.of(theirs)) or {})


async def test_the_objects_of_a_deleted_unit_can_be_brought_back(sandbox: Sandbox, tmp_path: Path) -> None:
    async with world(sandbox, tmp_path) as here:
        unit = await here.declare(path="a")
        await here.until_ready(await here.commit(LEFT))
        await here.client.delete(unit)
        await here.until_gone(unit)
        (record,) = await records(here.client, here.namespace)
        assert [u.ref.name for u in await undo(here.client, record, manager="tests")] == ["two"]
        assert await here.config_map("two") is not None


async def test_putting_it_back_in_git_adopts_what_was_brought_back(sandbox: Sandbox, tmp_path: Path) -> None:
    async with world(sandbox, tmp_path) as here:
        await deliver_and_prune(here)
        (record,) = await records(here.client, here.namespace)
        await undo(here.client, record, manager="kustomize-controller")
        before = await here.config_map("one")
        await here.until_ready(await here.commit(FILES))
        after = await here.config_map("one")
        assert before is not None
        assert after is not None
        assert before["metadata"]["uid"] == after["metadata"]["uid"]
