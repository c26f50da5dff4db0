"""Applications reconciled against a real API server and a real repository."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from holdfast.base.clock import SystemClock
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.config import ClusterConfig
from holdfast.cluster.errors import NotFound
from holdfast.cluster.watches import Watches
from holdfast.controller.applications import Applications
from holdfast.controller.events import EventRecorder
from holdfast.controller.manager import Manager
from holdfast.controller.metrics import Metrics
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.reconcile.app_refresh import Level
from holdfast.source.git import GitStore
from holdfast.source.manifests import ManifestSource
from tests.unit.controller.conftest import Repository

SERVER = "https://kubernetes.default.svc"
EVENT = GroupVersionKind("", "v1", "Event")
FINALIZER = "resources-finalizer.argocd.argoproj.io"


def config(name: str, value: str = "1", annotations: str = "") -> str:
    notes = f"  annotations: {{{annotations}}}\n" if annotations else ""
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n{notes}data: {{value: '{value}'}}\n"


class Noting(Applications):
    """Notes for whom a look was asked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.noted: list[ObjectRef] = []

    def ask(self, ref: ObjectRef, level: Level) -> None:
        self.noted.append(ref)
        super().ask(ref, level)


@dataclass
class World:
    client: Client
    namespace: str
    repository: Repository
    applications: Noting

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef("argoproj.io", "Application", "argocd", f"a-{self.namespace}")

    async def declare(self, path: str = ".", finalizers: tuple[str, ...] = (), **spec: Any) -> None:
        obj = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": self.ref.name, "namespace": "argocd", "finalizers": list(finalizers)},
            "spec": {
                "project": "default",
                "destination": {"server": SERVER, "namespace": self.namespace},
                "source": {"repoURL": self.repository.url, "path": path},
                **spec,
            },
        }
        await self.client.apply(obj, manager="tests", force=True)

    async def until(self, wanted: Callable[[Manifest], Any], ref: ObjectRef | None = None) -> Manifest:
        """An object that is gone is an empty one."""
        obj: Manifest = {}
        try:
            async with asyncio.timeout(100):
                while True:
                    try:
                        obj = await self.client.get(ref or self.ref)
                    except NotFound:
                        obj = {}
                    if wanted(obj):
                        return obj
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pytest.fail(f"still {obj}")

    async def until_sync(self, code: str) -> Manifest:
        return await self.until(lambda o: sync_of(o) == code)

    async def refresh(self) -> None:
        await self.annotate("argocd.argoproj.io/refresh", "normal")
        await self.until(lambda o: "annotations" not in o["metadata"])

    async def annotate(self, name: str, value: str) -> None:
        await self.client.patch(self.ref, {"metadata": {"annotations": {name: value}}}, PatchType.MERGE)

    async def sync(self, **order: Any) -> Manifest:
        body = {"operation": {"sync": order}, "status": {"operationState": None}}
        await self.client.patch(self.ref, body, PatchType.MERGE)
        done = await self.until(lambda o: "operation" not in o and o["status"].get("operationState"))
        found: Manifest = done["status"]["operationState"]
        return found

    async def config_map(self, name: str) -> Manifest | None:
        try:
            return await self.client.get(ObjectRef("", "ConfigMap", self.namespace, name))
        except NotFound:
            return None

    def config_ref(self, name: str) -> ObjectRef:
        return ObjectRef("", "ConfigMap", self.namespace, name)


def sync_of(obj: Manifest) -> str:
    return str(((obj.get("status") or {}).get("sync") or {}).get("status"))


def condition_of(obj: Manifest, type_: str) -> str:
    found = (obj.get("status") or {}).get("conditions") or ()
    return next((c["message"] for c in found if c["type"] == type_), "")


@contextlib.asynccontextmanager
async def working(client: Client, directory: Path) -> AsyncIterator[Noting]:
    clock, stop = SystemClock(), asyncio.Event()
    events = EventRecorder(client, "argocd-application-controller", clock, folded=False)
    writer = asyncio.create_task(events.run())
    async with Watches(client, clock=clock) as watches:
        manager = Manager(client, watches, clock=clock, metrics=Metrics())
        found = Noting(manager, ManifestSource(GitStore(str(directory))), events, home="argocd")
        found.start()
        running = asyncio.create_task(manager.run(stop))
        try:
            yield found
        finally:
            stop.set()
            await running
            await found.close()
            writer.cancel()


@pytest.fixture
async def world(flux: Client, repository: Repository, tmp_path: Path) -> AsyncIterator[World]:
    namespace = f"t{uuid.uuid4().hex[:8]}"
    await flux.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    async with working(flux, tmp_path / "git") as applications:
        yield World(flux, namespace, repository, applications)


async def test_an_application_is_compared_synced_and_told_of(world: World) -> None:
    world.repository.commit(cm__yaml=config("one"))
    await world.declare()
    before = await world.until_sync("OutOfSync")
    assert before["status"]["health"]["status"] == "Missing"
    state = await world.sync()
    assert (state["phase"], state["message"]) == ("Succeeded", "successfully synced (all tasks run)")
    after = await world.until_sync("Synced")
    assert after["status"]["health"]["status"] == "Healthy"
    assert [h["id"] for h in after["status"]["history"]] == [0]
    live = await world.config_map("one")
    assert live is not None
    tracking = live["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"]
    assert tracking == f"{world.ref.name}:/ConfigMap:{world.namespace}/one"


async def test_a_commit_is_found_by_a_refresh_and_a_push(world: World) -> None:
    world.repository.commit(cm__yaml=config("one"))
    await world.declare(syncPolicy={"automated": {"prune": True}})
    await world.until_sync("Synced")
    world.repository.commit(cm__yaml=config("one", "2"))
    await world.refresh()
    await world.until(lambda o: (o.get("data") or {}).get("value") == "2", world.config_ref("one"))
    world.repository.commit(cm__yaml=config("other"))
    await world.applications.repository_changed(lambda url: url == world.repository.url)
    await world.until(lambda o: bool(o), world.config_ref("other"))
    await world.until(lambda o: not o, world.config_ref("one"))


async def test_drift_is_seen_and_healed_without_a_history_entry(world: World) -> None:
    world.repository.commit(cm__yaml=config("one"))
    await world.declare(syncPolicy={"automated": {"selfHeal": True}})
    await world.until_sync("Synced")
    await world.client.patch(world.config_ref("one"), {"data": {"value": "9"}}, PatchType.MERGE)
    await world.until(lambda o: o["data"]["value"] == "1", world.config_ref("one"))
    healed = await world.until(
        lambda o: (
            sync_of(o) == "Synced"
            and "operation" not in o
            and o["status"]["operationState"]["operation"]["sync"].get("resources")
        )
    )
    assert len(healed["status"]["history"]) == 1


async def test_a_source_that_fails_is_told_and_nothing_is_touched(world: World) -> None:
    world.repository.commit(cm__yaml=config("one"))
    await world.declare()
    await world.until_sync("OutOfSync")
    await world.sync()
    await world.declare(path="nowhere")
    failed = await world.until(lambda o: condition_of(o, "ComparisonError"))
    assert condition_of(failed, "ComparisonError").endswith("nowhere: app path does not exist")
    state = await world.sync(prune=True)
    assert (state["phase"], state["message"][:17]) == ("Error", "ComparisonError: ")
    assert await world.config_map("one") is not None


async def test_a_paused_application_is_left_alone_until_it_goes_on(world: World) -> None:
    world.repository.commit(cm__yaml=config("one"))
    await world.declare(syncPolicy={"automated": {}})
    await world.until_sync("Synced")
    await world.annotate("argocd.argoproj.io/skip-reconcile", "true")
    await world.until(lambda o: "annotations" in o["metadata"])
    world.repository.commit(cm__yaml=config("one", "2"))
    await world.annotate("argocd.argoproj.io/refresh", "normal")
    await world.client.patch(
        world.ref, {"metadata": {"annotations": {"argocd.argoproj.io/skip-reconcile": None}}}, PatchType.MERGE
    )
    await world.until(lambda o: (o.get("data") or {}).get("value") == "2", world.config_ref("one"))


async def test_a_deleted_application_takes_its_objects_and_runs_its_hooks(world: World) -> None:
    world.repository.commit(
        cm__yaml=config("one"),
        keep__yaml=config("kept", annotations="argocd.argoproj.io/sync-options: Delete=false"),
        hook__yaml=config("last", annotations="argocd.argoproj.io/hook: PostDelete"),
    )
    await world.declare(finalizers=(FINALIZER,))
    found = await world.until(lambda o: len((o.get("metadata") or {}).get("finalizers") or ()) == 3)
    assert "post-delete-finalizer.argocd.argoproj.io/cleanup" in found["metadata"]["finalizers"]
    await world.sync()
    assert await world.config_map("one") is not None
    await world.client.delete(world.ref)
    await world.until(lambda o: not o)
    assert [await world.config_map(n) is not None for n in ("one", "kept", "last")] == [False, True, False]


async def test_a_missing_project_is_told_and_a_new_one_heals(world: World) -> None:
    world.repository.commit(cm__yaml=config("one"))
    name = f"p-{world.namespace}"
    await world.declare(project=name)
    refused = await world.until(lambda o: condition_of(o, "InvalidSpecError"))
    assert condition_of(refused, "InvalidSpecError") == f"Application referencing project {name} which does not exist"
    spec = {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}]}
    meta = {"name": name, "namespace": "argocd"}
    await world.client.create(
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": meta, "spec": spec}
    )
    await world.until(lambda o: True, ObjectRef("argoproj.io", "AppProject", "argocd", name))
    await world.refresh()
    healed = await world.until_sync("OutOfSync")
    assert not condition_of(healed, "InvalidSpecError")


def cluster_secret(name: str, config: ClusterConfig) -> Manifest:
    def encoded(value: bytes) -> str:
        return base64.b64encode(value).decode()

    tls = {"caData": config.ca, "certData": config.client_cert, "keyData": config.client_key}
    way = {"tlsClientConfig": {k: encoded(v) for k, v in tls.items()}, "bearerToken": config.token}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": "argocd",
            "labels": {"argocd.argoproj.io/secret-type": "cluster"},
        },
        "stringData": {"name": name, "server": config.server, "config": json.dumps(way)},
    }


async def test_a_cluster_that_comes_or_goes_wakes_only_who_goes_there(world: World, api_server: ClusterConfig) -> None:
    world.repository.commit(cm__yaml=config("one"))
    await world.declare()
    await world.until_sync("OutOfSync")
    far, cluster = replace(world, namespace=f"{world.namespace}-far"), f"c-{world.namespace}"
    await far.declare(destination={"name": cluster, "namespace": world.namespace})
    await far.until(lambda o: condition_of(o, "InvalidSpecError"))
    world.applications.noted.clear()
    await world.client.create(cluster_secret(cluster, api_server))
    found = await far.until_sync("OutOfSync")
    assert not condition_of(found, "InvalidSpecError")
    await world.client.delete(ObjectRef("", "Secret", "argocd", cluster))
    await far.until(lambda o: condition_of(o, "InvalidSpecError"))
    assert far.ref in world.applications.noted and world.ref not in world.applications.noted
