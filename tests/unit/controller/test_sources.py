"""GitRepositories reconciled against a real API server and a real repository."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from holdfast.base.clock import SystemClock
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.informer import Informer
from holdfast.cluster.watches import Watches
from holdfast.controller.artifacts import ArtifactStore
from holdfast.controller.events import EventRecorder
from holdfast.controller.manager import Manager
from holdfast.controller.metrics import Metrics
from holdfast.controller.sources import GitRepositories
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.source.git import GitStore

GVK = GroupVersionKind("source.toolkit.fluxcd.io", "v1", "GitRepository")


@dataclass
class World:
    client: Client
    namespace: str
    artifacts: ArtifactStore
    objects: Informer[Manifest]
    events: EventRecorder

    def ref(self, name: str) -> ObjectRef:
        return ObjectRef(GVK.group, GVK.kind, self.namespace, name)

    async def declare(self, url: str, name: str = "app", **spec: Any) -> ObjectRef:
        body = {"interval": "1h", "url": url, "ref": {"branch": "main"}, **spec}
        meta = {"name": name, "namespace": self.namespace}
        obj = {"apiVersion": GVK.api_version, "kind": GVK.kind, "metadata": meta, "spec": body}
        await self.client.apply(obj, manager="tests", force=True)
        return self.ref(name)

    async def request(self, ref: ObjectRef, token: str) -> Manifest:
        body = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}}
        await self.client.patch(ref, body, PatchType.MERGE)
        return await self.until(ref, lambda o: o["status"].get("lastHandledReconcileAt") == token)

    async def ready(self, ref: ObjectRef, status: str = "True", *, message: str = "") -> Manifest:
        def is_so(obj: Manifest) -> bool:
            found = condition(obj, "Ready")
            return bool(found) and found["status"] == status and message in found["message"]

        return await self.until(ref, is_so)

    async def until(self, ref: ObjectRef, wanted: Callable[[Manifest], bool]) -> Manifest:
        changed = asyncio.Event()

        def look(*_: object) -> None:
            changed.set()

        self.objects.add_handler(look)
        try:
            async with asyncio.timeout(60):
                while True:
                    found = self.objects.get(ref)
                    if found is not None and wanted(found):
                        return found
                    changed.clear()
                    await changed.wait()
        finally:
            self.objects.remove_handler(look)

    async def told(self, ref: ObjectRef) -> set[tuple[str, str]]:
        await self.events.drain(90)
        found = await self.client.list(GroupVersionKind("", "v1", "Event"), self.namespace)
        return {(e["reason"], e["message"]) for e in found.items if e["involvedObject"]["name"] == ref.name}


def condition(obj: Manifest, type: str) -> dict[str, Any]:
    return next((c for c in obj.get("status", {}).get("conditions", ()) if c["type"] == type), {})


@pytest.fixture
async def world(flux: Client, namespace: str, tmp_path: Path) -> AsyncIterator[World]:
    clock, stop = SystemClock(), asyncio.Event()
    events = EventRecorder(flux, "source-controller", clock)
    artifacts = ArtifactStore(tmp_path / "artifacts", clock, base_url="http://here")
    async with contextlib.AsyncExitStack() as stack:
        watches = await stack.enter_async_context(Watches(flux, namespace=namespace, clock=clock))
        manager = Manager(flux, watches, clock=clock, metrics=Metrics())
        objects = manager.objects(GVK)
        git = GitStore(str(tmp_path / "git"))
        manager.add(GitRepositories(flux, objects, git, artifacts, events, clock, requeue_dependency=0.1))
        tasks = [asyncio.create_task(manager.run(stop)), asyncio.create_task(events.run())]
        yield World(flux, namespace, artifacts, objects, events)
        stop.set()
        await tasks[0]
        tasks[1].cancel()


async def test_a_repository_becomes_an_artifact_with_status_and_event(world: World, repository: Any) -> None:
    revision = repository.commit("the first commit", a__yaml="a")
    ref = await world.declare(repository.url)
    obj = await world.ready(ref)
    status = obj["status"]
    assert obj["metadata"]["finalizers"] == ["finalizers.fluxcd.io"]
    assert status["observedGeneration"] == 1
    assert status["artifact"]["revision"] == revision
    assert [c["type"] for c in status["conditions"]] == ["Ready", "ArtifactInStorage"]
    assert await world.told(ref) == {("NewArtifact", "stored artifact for commit 'the first commit'")}
    snapshot = await world.artifacts.snapshot(ref, status["artifact"])
    assert snapshot is not None and snapshot.tree.read("a.yaml") == b"a"


async def test_a_request_takes_a_new_commit_at_once_and_says_when_there_is_none(world: World, repository: Any) -> None:
    first = repository.commit(a__yaml="1")
    ref = await world.declare(repository.url)
    await world.ready(ref)
    obj = await world.request(ref, "one")
    assert obj["status"]["artifact"]["revision"] == first
    second = repository.commit("the second", a__yaml="2")
    obj = await world.request(ref, "two")
    assert obj["status"]["artifact"]["revision"] == second
    assert {r for r, _ in await world.told(ref)} == {"NewArtifact", "GitOperationSucceeded"}


async def test_a_missing_branch_fails_until_it_exists_and_keeps_the_artifact(world: World, repository: Any) -> None:
    revision = repository.commit(a__yaml="1")
    ref = await world.declare(repository.url)
    await world.ready(ref)
    await world.declare(repository.url, ref={"branch": "dev"})
    obj = await world.ready(ref, "False")
    assert 'couldn\'t find remote ref "refs/heads/dev"' in condition(obj, "Ready")["message"]
    assert condition(obj, "FetchFailed")["status"] == "True"
    assert obj["status"]["observedGeneration"] == 1
    assert obj["status"]["artifact"]["revision"] == revision
    repository.git("branch", "dev")
    obj = await world.ready(ref)
    assert obj["status"]["artifact"]["revision"].startswith("dev@sha1:")


async def test_an_included_repository_is_waited_for_and_its_files_are_there(
    world: World, repository: Any, tmp_path: Path
) -> None:
    repository.commit(a__yaml="1")
    other = type(repository)(tmp_path / "other")
    other.commit(x__yaml="x")
    ref = await world.declare(repository.url, include=[{"repository": {"name": "lib"}}])
    obj = await world.ready(ref, "False")
    assert condition(obj, "IncludeUnavailable")["reason"] == "NotFound"
    await world.declare(other.url, "lib")
    obj = await world.ready(ref)
    assert obj["status"]["observedInclude"] == [{"repository": {"name": "lib"}}]
    snapshot = await world.artifacts.snapshot(ref, obj["status"]["artifact"])
    assert snapshot is not None and snapshot.tree.read("lib/x.yaml") == b"x"


async def test_a_missing_secret_is_named_and_found_once_it_is_there(world: World, repository: Any) -> None:
    repository.commit(a__yaml="1")
    ref = await world.declare(repository.url, secretRef={"name": "login"})
    obj = await world.ready(ref, "False")
    assert condition(obj, "Ready")["reason"] == "AuthenticationFailed"
    assert condition(obj, "Ready")["message"].endswith('secrets "login" not found')
    meta = {"name": "login", "namespace": world.namespace}
    data = {"username": "u", "password": "p"}
    await world.client.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": data})
    await world.ready(ref)


async def test_a_suspended_source_is_left_alone(world: World, repository: Any) -> None:
    ref = await world.declare(repository.url, suspend=True)
    obj = await world.until(ref, lambda o: bool(o["metadata"].get("finalizers")))
    assert obj["status"] == {"observedGeneration": -1}
    revision = repository.commit(a__yaml="1")
    await world.declare(repository.url, suspend=False)
    assert (await world.ready(ref))["status"]["artifact"]["revision"] == revision


async def test_a_deleted_source_leaves_no_artifact_and_no_object(world: World, repository: Any) -> None:
    repository.commit(a__yaml="1")
    ref = await world.declare(repository.url)
    obj = await world.ready(ref)
    path = obj["status"]["artifact"]["path"]
    assert world.artifacts.local(path) is not None
    gone = asyncio.Event()
    world.objects.add_handler(lambda r, old, new: gone.set() if new is None and r == ref else None)
    await world.client.delete(ref)
    async with asyncio.timeout(60):
        await gone.wait()
    assert world.artifacts.local(path) is None


async def test_an_unsigned_commit_is_refused_where_signatures_are_asked_for(world: World, repository: Any) -> None:
    repository.commit(a__yaml="1")
    meta = {"name": "keys", "namespace": world.namespace}
    await world.client.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"a.asc": "x"}})
    ref = await world.declare(repository.url, verify={"mode": "HEAD", "secretRef": {"name": "keys"}})
    obj = await world.ready(ref, "False")
    assert condition(obj, "SourceVerified")["reason"] == "InvalidCommitSignature"
    assert "artifact" not in obj["status"]


@pytest.mark.parametrize("place", ["git", "artifacts"])
async def test_a_disk_that_takes_nothing_is_told_and_tried_again(
    world: World, repository: Any, tmp_path: Path, place: str
) -> None:
    (tmp_path / place).write_text("a file where a directory has to be")
    revision = repository.commit(a__yaml="a")
    ref = await world.declare(repository.url)
    told = (await world.ready(ref, "False"))["status"]
    assert "artifact" not in told
    assert place in condition({"status": told}, "Ready")["message"]
    (tmp_path / place).unlink()
    assert (await world.ready(ref))["status"]["artifact"]["revision"] == revision
