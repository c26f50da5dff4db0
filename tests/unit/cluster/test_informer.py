"""Shared views of kinds, kept current by watches."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.config import load
from holdfast.cluster.informer import full, light
from holdfast.cluster.watches import CRD, Watches
from holdfast.kube.refs import GroupVersionKind, ObjectRef

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")


class Heard:
    """Records what handlers are told and lets a test wait for it."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, bool, bool]] = []
        self._more = asyncio.Event()

    def __call__(self, ref: ObjectRef, old: object, new: object) -> None:
        self.changes.append((ref.name, old is not None, new is not None))
        self._more.set()

    async def until(self, enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not enough():
                self._more.clear()
                await self._more.wait()


def config_map(namespace: str, name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}


async def test_a_view_follows_what_appears_changes_and_goes(client: Client, namespace: str) -> None:
    await client.create(config_map(namespace, "before"))
    heard = Heard()
    async with Watches(client, namespace=namespace) as watches:
        informer = watches.informer(CONFIG_MAP, full)
        informer.add_handler(heard)
        await informer.synced.wait()
        ref = ObjectRef.of(await client.create(config_map(namespace, "one", a="1")))
        await client.patch(ref, {"data": {"a": "2"}}, PatchType.MERGE)
        await heard.until(lambda: ("one", True, True) in heard.changes)
        current = informer.get(ref)
        assert current is not None and current["data"] == {"a": "2"}
        await client.delete(ref)
        await heard.until(lambda: ("one", True, False) in heard.changes)
        assert informer.get(ref) is None
    assert heard.changes[0] == ("before", False, True)


async def test_two_users_of_a_kind_share_one_watch(client: Client, namespace: str) -> None:
    async with Watches(client, namespace=namespace) as watches:
        assert watches.informer(CONFIG_MAP, full) is watches.informer(CONFIG_MAP, full)
        assert watches.informer(CONFIG_MAP, full) is not watches.informer(CONFIG_MAP, light)


async def test_what_a_write_returned_is_seen_at_once_and_an_older_event_does_not_undo_it(
    client: Client, namespace: str
) -> None:
    async with Watches(client, namespace=namespace) as watches:
        informer = watches.informer(CONFIG_MAP, full)
        await informer.synced.wait()
        made = await client.create(config_map(namespace, "one", a="1"))
        newer = await client.patch(ObjectRef.of(made), {"data": {"a": "2"}}, PatchType.MERGE)
        informer.observe(newer)
        informer.observe(made)
        found = informer.get(ObjectRef.of(made))
        assert found is not None and found["data"] == {"a": "2"}


async def test_an_answer_that_comes_after_the_objects_end_does_not_bring_it_back(
    client: Client, namespace: str
) -> None:
    async with Watches(client, namespace=namespace) as watches:
        informer, heard = watches.informer(CONFIG_MAP, full), Heard()
        informer.add_handler(heard)
        await informer.synced.wait()
        late = await client.create(config_map(namespace, "one"))
        await client.delete(ObjectRef.of(late))
        await heard.until(lambda: ("one", True, False) in heard.changes)
        informer.observe(late)
        assert informer.get(ObjectRef.of(late)) is None


async def test_the_end_of_an_object_is_not_that_of_its_successor(client: Client, namespace: str) -> None:
    async with Watches(client, namespace=namespace) as watches:
        informer, heard = watches.informer(CONFIG_MAP, full), Heard()
        informer.add_handler(heard)
        await informer.synced.wait()
        first = await client.create(config_map(namespace, "one"))
        await heard.until(lambda: ("one", False, True) in heard.changes)
        await client.delete(ObjectRef.of(first))
        second = await client.create(config_map(namespace, "one"))
        informer.observe(second)
        await client.create(config_map(namespace, "two"))
        await heard.until(lambda: ("two", False, True) in heard.changes)
        found = informer.get(ObjectRef.of(second))
        assert found is not None and found["metadata"]["uid"] == second["metadata"]["uid"]


async def test_a_kind_that_appears_later_is_followed_and_one_that_goes_is_forgotten(
    client: Client, namespace: str
) -> None:
    group = f"{uuid.uuid4().hex[:8]}.example.com"
    widget = GroupVersionKind(group, "v1", "Widget")
    heard = Heard()
    async with Watches(client, namespace=namespace) as watches:
        informer = watches.informer(widget, full)
        informer.add_handler(heard)
        await informer.synced.wait()
        assert not informer.served
        definitions, seen = watches.informer(CRD, full, namespace=""), Heard()
        definitions.add_handler(seen)
        made = ObjectRef.of(await client.create(_definition(group)))
        await seen.until(lambda: _established(definitions.get(made)))
        await client.create(
            {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": namespace}}
        )
        await heard.until(lambda: ("w", False, True) in heard.changes)
        await client.delete(ObjectRef(CRD.group, CRD.kind, "", f"widgets.{group}"))
        await heard.until(lambda: ("w", True, False) in heard.changes)


def _established(definition: dict[str, Any] | None) -> bool:
    conditions = ((definition or {}).get("status") or {}).get("conditions") or []
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


def _definition(group: str) -> dict[str, Any]:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": CRD.api_version,
        "kind": CRD.kind,
        "metadata": {"name": f"widgets.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def test_the_light_view_tells_a_change_of_spec_from_one_of_status() -> None:
    base: dict[str, Any] = {"metadata": {"name": "x", "resourceVersion": "1"}, "spec": {"a": 1}, "status": {"b": 1}}
    one = light(base)
    two = light({**base, "metadata": {"name": "x", "resourceVersion": "2"}, "status": {"b": 2}})
    assert one.spec_hash == two.spec_hash
    assert one.status_hash != two.status_hash
    assert light({**base, "spec": {"a": 2}}).spec_hash != one.spec_hash


async def test_a_server_that_forgot_everything_is_read_anew(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "holdfast", "sandbox"]
    name, kubeconfig = f"unit-{uuid.uuid4().hex[:8]}", tmp_path / "kubeconfig"

    async def sandbox(*arguments: str) -> None:
        process = await asyncio.create_subprocess_exec(*program, *arguments, stdout=subprocess.DEVNULL)
        assert await process.wait() == 0

    await sandbox("start", "--name", name, "--kubeconfig", str(kubeconfig), "--controllers", "none")
    port = load([kubeconfig]).server.rpartition(":")[2]
    heard = Heard()
    try:
        async with Client(load([kubeconfig])) as client, Watches(client, namespace="default") as watches:
            informer = watches.informer(CONFIG_MAP, full)
            informer.add_handler(heard)
            await informer.synced.wait()
            for number in range(5):
                await client.create(config_map("default", f"old-{number}"))
            await heard.until(lambda: len(heard.changes) == 5)
            await sandbox("stop", "--name", name)
            await sandbox(
                "start", "--name", name, "--port", port, "--kubeconfig", str(kubeconfig), "--controllers", "none"
            )
            async with Client(load([kubeconfig])) as fresh:
                await fresh.create(config_map("default", "new"))
            await heard.until(lambda: ("new", False, True) in heard.changes)
            await heard.until(lambda: ("old-0", True, False) in heard.changes)
    finally:
        await sandbox("stop", "--name", name)
