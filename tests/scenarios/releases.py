"""HelmReleases at work: a chart in a source, a release of it, and what the cluster and the storage hold then.

The API server is a process of its own; the controllers of HelmCharts and HelmReleases run in this process against it. A
commit is a tree that is offered under a revision, as the source controller offers what it fetched.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import uuid
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import SECONDS, SOURCE, Sandbox, obj_of, status

from holdfast.base.clock import SystemClock
from holdfast.base.tree import MemoryTree
from holdfast.cluster.client import Client, PatchType, Selectors
from holdfast.cluster.errors import NotFound
from holdfast.cluster.watches import Watches
from holdfast.controller.artifacts import ArtifactStore
from holdfast.controller.events import EventRecorder
from holdfast.controller.helm_charts import HelmCharts
from holdfast.controller.manager import Manager
from holdfast.controller.metrics import Metrics
from holdfast.controller.release_office import ReleaseSettings
from holdfast.controller.releases import HelmReleases
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.safety import Safety
from holdfast.model.source import Snapshot

RELEASE = GroupVersionKind("helm.toolkit.fluxcd.io", "v2", "HelmRelease")
REQUESTED = "reconcile.fluxcd.io/requestedAt"
CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-config
data:
  color: {{ .Values.color | quote }}
  revision: {{ .Release.Revision | quote }}
"""
REFUSED = "{{- if .Values.refuse }}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: Not_A_Name\n{{- end }}\n"
CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.1.0\n",
    "chart/values.yaml": "color: red\n",
    "chart/templates/config.yaml": CONFIG,
    "chart/templates/refused.yaml": REFUSED,
}


@dataclass
class ReleaseWorld:
    """A namespace of its own, with one source."""

    client: Client
    releases: HelmReleases
    artifacts: ArtifactStore
    namespace: str
    commits: int = 0

    async def commit(self, files: Mapping[str, str] = CHART) -> None:
        self.commits += 1
        content = "\0".join(f"{p}\0{t}" for p, t in sorted(files.items()))
        digest = hashlib.sha1(f"{self.commits}{content}".encode(), usedforsecurity=False).hexdigest()
        revision = f"main@sha1:{digest}"
        source = obj_of(SOURCE, self.namespace, "app", {"interval": "1h", "url": "https://example.com/app.git"})
        await self.client.apply(source, manager="tests", force=True)
        tree = MemoryTree({p: t.encode() for p, t in files.items()})
        ref = ObjectRef.of(source)
        artifact = await self.artifacts.store(ref, f"{digest}.tar.gz", Snapshot(revision, tree, digest))
        body = {"status": {"artifact": artifact}}
        await self.client.patch(ref, body, PatchType.MERGE, version="v1", subresource="status", manager="tests")

    async def declare(self, name: str = "app", **spec: Any) -> ObjectRef:
        chart = {"spec": {"chart": "./chart", "sourceRef": {"kind": "GitRepository", "name": "app"}}}
        known = {} if "chartRef" in spec else {"chart": chart}
        unit = obj_of(RELEASE, self.namespace, name, {"interval": "1h", **known, **spec})
        await self.client.apply(unit, manager="tests", force=True)
        return ObjectRef.of(unit)

    def release(self, name: str = "app") -> ObjectRef:
        return ObjectRef(RELEASE.group, RELEASE.kind, self.namespace, name)

    def config(self, name: str = "app") -> ObjectRef:
        return ObjectRef("", "ConfigMap", self.namespace, f"{name}-config")

    async def data(self, ref: ObjectRef) -> dict[str, str] | None:
        try:
            return dict((await self.client.get(ref)).get("data") or {})
        except NotFound:
            return None

    async def until(self, ref: ObjectRef, holds: Callable[[Manifest | None], bool]) -> Manifest:
        """Watches an object until it is as wanted; fails with what it was last. ``{}`` where it is gone."""
        resource = await self.client.resource(GroupVersionKind(ref.group, "", ref.kind))
        found: Manifest | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECONDS):
                while True:  # a server may end a watch whenever it likes
                    listed = await self.client.list_resource(resource, ref.namespace)
                    found = next((o for o in listed.items if o["metadata"]["name"] == ref.name), None)
                    if holds(found):
                        return found or {}
                    since = listed.resource_version
                    async for event in self.client.watch(resource, ref.namespace, resource_version=since):
                        if event.object.get("metadata", {}).get("name") == ref.name:
                            found = None if event.type.value == "DELETED" else event.object
                            if holds(found):
                                return found or {}
        raise AssertionError(f"{ref} did not become as wanted within {SECONDS}s; it is {found}")

    async def until_said(self, type: str, value: str, name: str = "app") -> Manifest:
        """Until a condition of the present generation says so."""

        def holds(obj: Manifest | None) -> bool:
            found = condition(obj, type)
            current = found.get("observedGeneration") == (obj or {}).get("metadata", {}).get("generation")
            return found.get("status") == value and current

        return await self.until(self.release(name), holds)

    async def until_ready(self, name: str = "app") -> Manifest:
        def holds(obj: Manifest | None) -> bool:
            generation = (obj or {}).get("metadata", {}).get("generation")
            return (
                condition(obj, "Ready").get("status") == "True" and status(obj).get("observedGeneration") == generation
            )

        return await self.until(self.release(name), holds)

    async def until_reason(self, reason: str, name: str = "app") -> str:
        """Until Ready has this reason. Returns its message."""
        found = await self.until(self.release(name), lambda o: condition(o, "Ready").get("reason") == reason)
        return str(condition(found, "Ready")["message"])

    async def ask(self, name: str = "app") -> Manifest:
        """Asks for a reconciliation and waits until it was handled."""
        token = uuid.uuid4().hex
        body = {"metadata": {"annotations": {REQUESTED: token}}}
        await self.client.patch(self.release(name), body, PatchType.MERGE, version="v2", manager="tests")
        return await self.until(self.release(name), lambda o: status(o).get("lastHandledReconcileAt") == token)

    async def records(self, name: str = "app") -> dict[int, str]:
        """The status of every revision in the storage."""
        selectors = Selectors(labels=f"owner=helm,name={name}")
        found = await self.client.list(GroupVersionKind("", "v1", "Secret"), self.namespace, selectors)
        decoded = [_record(o) for o in found.items]
        return {r["version"]: r["info"]["status"] for r in sorted(decoded, key=lambda r: int(r["version"]))}

    async def events(self, name: str = "app") -> set[tuple[str, str]]:
        found = await self.client.list(GroupVersionKind("", "v1", "Event"), self.namespace)
        return {(e["reason"], e["message"]) for e in found.items if e["involvedObject"]["name"] == name}


def _record(secret: Manifest) -> dict[str, Any]:
    packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    found: dict[str, Any] = json.loads(zlib.decompress(packed, 31))
    return found


def condition(obj: Manifest | None, type: str) -> Mapping[str, Any]:
    return next((c for c in status(obj).get("conditions") or () if c["type"] == type), {})


@contextlib.asynccontextmanager
async def at_work(
    client: Client, state: Path, namespace: str, safety: Safety | None = None
) -> AsyncIterator[tuple[HelmReleases, ArtifactStore]]:
    """The controllers of charts and releases, until the block ends. ``safety`` is the operator's."""
    clock = SystemClock()
    async with Watches(client, namespace=namespace, clock=clock) as watches:
        manager = Manager(client, watches, clock=clock, metrics=Metrics())
        manager.safety = safety or Safety()
        artifacts = ArtifactStore(state, clock, base_url="http://127.0.0.1:1")
        events = EventRecorder(client, "helm-controller", clock)
        charts = HelmCharts(client, manager.objects(HelmCharts.gvk), artifacts, events, clock, requeue_dependency=5.0)
        charts.follow(manager)
        manager.add(charts)
        releases = HelmReleases(
            manager,
            artifacts,
            events,
            settings=ReleaseSettings(requeue=5.0, drift_seconds=0.2, external_artifacts=True),
        )
        releases.start()
        stop = asyncio.Event()
        tasks = [asyncio.create_task(events.run()), asyncio.create_task(manager.run(stop))]
        try:
            yield releases, artifacts
        finally:
            stop.set()
            await tasks[1]
            await events.drain(90)
            await releases.close()
            tasks[0].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def release_world(sandbox: Sandbox, state: Path, *, safety: Safety | None = None) -> AsyncIterator[ReleaseWorld]:
    async with sandbox.client() as client:
        namespace = f"r-{uuid.uuid4().hex[:8]}"
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        await client.create(body, manager="tests")
        async with at_work(client, state, namespace, safety) as (releases, artifacts):
            yield ReleaseWorld(client, releases, artifacts, namespace)
