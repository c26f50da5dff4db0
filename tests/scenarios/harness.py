"""A real sandbox and a real controller in four verbs: commit, declare, wait, look.

The API server is a process of its own. The controller runs in this process against it, with everything but Git: a commit is a
tree that is offered under a revision, as the source controller offers what it fetched.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from holdfast.app.sharing import shared
from holdfast.base.clock import Clock, SystemClock, settle
from holdfast.base.tree import MemoryTree
from holdfast.cluster.client import EVERYTHING, Client, PatchType, Selectors
from holdfast.cluster.config import load
from holdfast.cluster.errors import NotFound
from holdfast.cluster.watches import Watches
from holdfast.controller.artifacts import ArtifactStore
from holdfast.controller.events import EventRecorder
from holdfast.controller.manager import Manager
from holdfast.controller.metrics import Metrics
from holdfast.controller.pins import Past, nothing_past
from holdfast.controller.units import Kustomizations, UnitOptions
from holdfast.dialects.flux.crds import all_crds
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.delivery import UnitKey
from holdfast.model.safety import Safety
from holdfast.model.source import Snapshot
from holdfast.reconcile.decide import Settings
from holdfast.render.memo import RenderMemo

UNIT = GroupVersionKind("kustomize.toolkit.fluxcd.io", "v1", "Kustomization")
SOURCE = GroupVersionKind("source.toolkit.fluxcd.io", "v1", "GitRepository")
SECONDS = 100.0


class Sandbox:
    """One API server for all scenarios of a session. ``options`` are more flags of its start."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.name = f"scenarios-{uuid.uuid4().hex[:8]}"
        self.kubeconfig = directory / "kubeconfig"
        self._options = options
        self.start()

    def start(self) -> None:
        self._call("start", "--kubeconfig", str(self.kubeconfig), "--controllers", "gc,namespace", *self._options)

    def stop(self) -> None:
        self._call("stop")

    def _call(self, action: str, *arguments: str) -> None:
        command = [sys.executable, "-m", "holdfast", "sandbox", action, "--name", self.name, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60)

    def client(self) -> Client:
        return Client(load([self.kubeconfig]))


class Cluster(Sandbox):
    """A cluster that is there already, the one that ``HOLDFAST_TEST_KUBECONFIG`` names. It is neither started nor stopped."""

    def __init__(self, kubeconfig: Path) -> None:
        self.name = "the cluster of HOLDFAST_TEST_KUBECONFIG"
        self.kubeconfig = kubeconfig

    def start(self) -> None:
        return None

    def stop(self) -> None:
        return None


async def install(client: Client) -> None:
    for definition in all_crds():
        await client.apply(definition, manager="tests", force=True)


def obj_of(gvk: GroupVersionKind, namespace: str, name: str, spec: Manifest) -> Manifest:
    return {
        "apiVersion": gvk.api_version,
        "kind": gvk.kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


@dataclass
class World:
    """A namespace of its own, with one source."""

    client: Client
    units: Kustomizations
    artifacts: ArtifactStore
    namespace: str
    commits: int = 0
    revisions: list[str] = field(default_factory=list)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)

    async def commit(self, files: Mapping[str, str]) -> str:
        """Offers these files as the newest revision of the source. Returns the revision."""
        self.commits += 1
        content = "\0".join(f"{p}\0{t}" for p, t in sorted(files.items()))
        digest = hashlib.sha1(f"{self.commits}{content}".encode(), usedforsecurity=False).hexdigest()
        revision = f"main@sha1:{digest}"
        tree = MemoryTree({p: t.encode() for p, t in files.items()})
        source = obj_of(SOURCE, self.namespace, "app", {"interval": "1h", "url": "https://example.com/app.git"})
        await self.client.apply(source, manager="tests", force=True)
        ref = ObjectRef.of(source)
        snapshot = self.snapshots[revision] = Snapshot(revision, tree, digest)
        artifact = await self.artifacts.store(ref, f"{digest}.tar.gz", snapshot)
        body = {"status": {"artifact": artifact}}
        await self.client.patch(ref, body, PatchType.MERGE, version="v1", subresource="status", manager="tests")
        self.revisions.append(revision)
        return revision

    async def declare(self, name: str = "app", annotations: Mapping[str, str] | None = None, **spec: Any) -> ObjectRef:
        """Applies a Kustomization of the source; None leaves a field out."""
        defaults = {
            "interval": "1h",
            "prune": True,
            "path": "./",
            "targetNamespace": self.namespace,
            "sourceRef": {"kind": "GitRepository", "name": "app"},
        }
        wanted = {k: v for k, v in {**defaults, **spec}.items() if v is not None}
        unit = obj_of(UNIT, self.namespace, name, wanted)
        unit["metadata"]["annotations"] = dict(annotations or {})
        await self.client.apply(unit, manager="tests", force=True)
        return ObjectRef.of(unit)

    def unit(self, name: str = "app") -> ObjectRef:
        return ObjectRef(UNIT.group, UNIT.kind, self.namespace, name)

    async def get(self, ref: ObjectRef) -> Manifest | None:
        try:
            return await self.client.get(ref)
        except NotFound:
            return None

    async def config_map(self, name: str) -> Manifest | None:
        return await self.get(ObjectRef("", "ConfigMap", self.namespace, name))

    async def until(self, ref: ObjectRef, holds: Callable[[Manifest | None], bool]) -> Manifest | None:
        """Watches an object until it is as wanted; fails with what it was last."""
        resource = await self.client.resource(GroupVersionKind(ref.group, "", ref.kind))
        found: Manifest | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECONDS):
                while True:  # a server may end a watch whenever it likes
                    listed = await self.client.list_resource(resource, ref.namespace)
                    found = next((o for o in listed.items if o["metadata"]["name"] == ref.name), None)
                    if holds(found):
                        return found
                    since = listed.resource_version
                    async for event in self.client.watch(resource, ref.namespace, resource_version=since):
                        if event.object.get("metadata", {}).get("name") == ref.name:
                            found = None if event.type.value == "DELETED" else event.object
                            if holds(found):
                                return found
        raise AssertionError(f"{ref} did not become as wanted within {SECONDS}s; it is {found}")

    async def until_ready(self, revision: str, name: str = "app") -> Manifest:
        def holds(obj: Manifest | None) -> bool:
            return _condition(obj, "Ready")["status"] == "True" and status(obj).get("lastAppliedRevision") == revision

        found = await self.until(self.unit(name), holds)
        assert found is not None
        return found

    async def until_failed(self, name: str = "app", saying: str = "") -> str:
        """The message of the failure; one with ``saying`` in it, where another may come before."""

        def holds(obj: Manifest | None) -> bool:
            found = _condition(obj, "Ready")
            return found["status"] == "False" and saying in found["message"]

        found = await self.until(self.unit(name), holds)
        return str(_condition(found, "Ready")["message"])

    async def until_taken_up(self, name: str = "app") -> None:
        """Until the controller knows what the unit has applied."""
        async with asyncio.timeout(SECONDS):
            while not self.units.runner.holds(UnitKey(UNIT.kind, self.namespace, name)):
                await settle()

    async def until_gone(self, ref: ObjectRef) -> None:
        await self.until(ref, lambda o: o is None)


def status(obj: Manifest | None) -> dict[str, Any]:
    return (obj or {}).get("status") or {}


def _condition(obj: Manifest | None, type: str) -> Mapping[str, Any]:
    conditions = status(obj).get("conditions") or ()
    return next((c for c in conditions if c["type"] == type), {"status": "", "message": ""})


@contextlib.asynccontextmanager
async def controller(
    client: Client,
    state: Path,
    *,
    namespace: str = "",
    safety: Safety | None = None,
    clock: Clock | None = None,
    past: Past = nothing_past,
    selectors: Selectors = EVERYTHING,
    replica: str = "",
    memo: RenderMemo | None = None,
) -> AsyncIterator[tuple[Kustomizations, ArtifactStore]]:
    """The controller of Kustomizations at work, until the block ends. ``safety`` is the operator's; a ``replica`` has a name
    and shares the work with the others."""
    clock = clock or SystemClock()
    async with Watches(client, namespace=namespace, clock=clock) as watches:
        manager = Manager(client, watches, clock=clock, metrics=Metrics(), selectors=selectors)
        artifacts = ArtifactStore(state, clock, base_url="http://127.0.0.1:1")
        events = EventRecorder(client, "kustomize-controller", clock)
        options = UnitOptions(settings=Settings(requeue=5.0), safety=safety or Safety(), home=namespace or "default")
        units = Kustomizations(manager, artifacts, events, options=options, past=past, memo=memo)
        units.start()
        stop = asyncio.Event()
        sharing = contextlib.AsyncExitStack()
        if replica:
            await sharing.enter_async_context(shared(manager, stop, "replicas", namespace, who=replica))
        tasks = [asyncio.create_task(events.run()), asyncio.create_task(manager.run(stop))]
        try:
            yield units, artifacts
        finally:
            stop.set()
            await tasks[1]
            await sharing.aclose()
            await events.drain(90)
            await units.close()
            tasks[0].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def world(sandbox: Sandbox, state: Path, *, safety: Safety | None = None) -> AsyncIterator[World]:
    async with sandbox.client() as client:
        namespace = f"s-{uuid.uuid4().hex[:8]}"
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        await client.create(body, manager="tests")
        snapshots: dict[str, Snapshot] = {}

        async def past(source: ObjectRef, revision: str) -> Snapshot | None:
            return snapshots.get(revision)

        async with controller(client, state, namespace=namespace, safety=safety, past=past) as (units, artifacts):
            yield World(client, units, artifacts, namespace, snapshots=snapshots)
