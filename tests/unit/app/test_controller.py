"""The whole controller in this process, against a real API server and a real repository."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from holdfast.app.controller import NAMESPACE, Settings, install, work
from holdfast.cluster.client import Client, EventType
from holdfast.cluster.config import ClusterConfig
from holdfast.kube.refs import GroupVersionKind, Manifest

SOURCE = GroupVersionKind("source.toolkit.fluxcd.io", "v1", "GitRepository")
UNIT = GroupVersionKind("kustomize.toolkit.fluxcd.io", "v1", "Kustomization")
RECEIVER = GroupVersionKind("notification.toolkit.fluxcd.io", "v1", "Receiver")
LEASE = GroupVersionKind("coordination.k8s.io", "v1", "Lease")
_ENVIRONMENT = {
    **os.environ,
    **{f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    "GIT_CONFIG_GLOBAL": os.devnull,
}


@dataclass
class Running:
    client: Client
    namespace: str
    url: str
    repository: Path

    def commit(self, text: str) -> str:
        manifest = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: made\ndata:\n  a: {text!r}\n"
        (self.repository / "cm.yaml").write_text(manifest)
        self._git("add", "-A")
        self._git("commit", "-q", "-m", text)
        return f"main@sha1:{self._git('rev-parse', 'HEAD')}"

    def _git(self, *arguments: str) -> str:
        command = ["git", *arguments]
        done = subprocess.run(
            command, cwd=self.repository, env=_ENVIRONMENT, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    async def apply(self, gvk: GroupVersionKind, name: str, spec: Manifest) -> None:
        meta = {"name": name, "namespace": self.namespace}
        obj = {"apiVersion": gvk.api_version, "kind": gvk.kind, "metadata": meta, "spec": spec}
        await self.client.apply(obj, manager="tests", force=True)

    async def until(self, gvk: GroupVersionKind, wanted: Callable[[Manifest], bool], namespace: str = "") -> Manifest:
        """The first object of the kind that is as wanted, now or later."""
        where = namespace or self.namespace
        found = await self.client.list(gvk, where)
        for obj in found.items:
            if wanted(obj):
                return obj
        resource = await self.client.resource(gvk)
        async with asyncio.timeout(90):
            async for event in self.client.watch(resource, where, resource_version=found.resource_version):
                if event.type is not EventType.BOOKMARK and wanted(event.object):
                    return event.object
        raise AssertionError("the watch ended")

    async def text(self, path: str) -> str:
        async with aiohttp.ClientSession() as session, session.get(self.url + path) as answer:
            return await answer.text()

    async def post(self, path: str) -> int:
        async with aiohttp.ClientSession() as session, session.post(self.url + path, data=b"{}") as answer:
            return answer.status

    async def requests(self) -> dict[str, int]:
        """What the controller sent so far, by HTTP method, as its own metrics tell."""
        counted: dict[str, int] = {}
        found = re.findall(r'^rest_client_requests_total\{.*method="(\w+)"\} (\d+)$', await self.text("/metrics"), re.M)
        for method, count in found:
            counted[method] = counted.get(method, 0) + int(count)
        return counted


def is_ready(obj: Manifest) -> bool:
    conditions = obj.get("status", {}).get("conditions", ())
    current = obj["status"].get("observedGeneration") == obj["metadata"]["generation"] if conditions else False
    return current and any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _repository(directory: Path) -> Path:
    repository = directory / "repository"
    repository.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main", str(repository)], check=True)
    return repository


@asynccontextmanager
async def running(config: ClusterConfig, client: Client, namespace: str, directory: Path) -> AsyncIterator[Running]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{probe.getsockname()[1]}"
    repository = _repository(directory)
    stop, ready = asyncio.Event(), asyncio.Event()
    settings = Settings(
        config,
        namespace=namespace,
        listen=listen,
        requeue_dependency=1.0,
        state=directory / "state",
        local_sources=True,
    )
    task = asyncio.create_task(work(settings, stop, ready))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({waiting, task}, return_when=asyncio.FIRST_COMPLETED, timeout=90)
    waiting.cancel()
    if task.done():
        task.result()
    try:
        yield Running(client, namespace, f"http://{listen}", repository)
    finally:
        stop.set()
        await task


@pytest.fixture
async def here(api_server: ClusterConfig, client: Client, namespace: str, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(api_server, client, namespace, tmp_path) as found:
        yield found


async def deploy(here: Running) -> None:
    await here.apply(SOURCE, "app", {"interval": "1h", "url": here.repository.as_uri(), "ref": {"branch": "main"}})
    unit = {"interval": "1h", "prune": True, "path": "./", "sourceRef": {"kind": "GitRepository", "name": "app"}}
    await here.apply(UNIT, "app", {**unit, "targetNamespace": here.namespace})


async def test_a_webhook_brings_a_commit_into_the_cluster(here: Running) -> None:
    here.commit("one")
    await deploy(here)
    await here.until(UNIT, is_ready)
    meta = {"name": "hook", "namespace": here.namespace}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"token": "t"}}
    await here.client.create(secret)
    resources = [{"kind": "GitRepository", "name": "app"}]
    await here.apply(RECEIVER, "hook", {"type": "generic", "secretRef": {"name": "hook"}, "resources": resources})
    receiver = await here.until(RECEIVER, is_ready)
    revision = here.commit("two")
    assert await here.post("/hook/0000") == 404
    assert await here.post(receiver["status"]["webhookPath"]) == 200
    await here.until(UNIT, lambda o: o.get("status", {}).get("lastAppliedRevision") == revision)
    made = await here.until(GroupVersionKind("", "v1", "ConfigMap"), lambda o: o["metadata"]["name"] == "made")
    assert made["data"] == {"a": "two"}


async def test_in_quiet_time_nothing_is_asked_but_the_lease(here: Running) -> None:
    here.commit("one")
    await deploy(here)
    await here.until(UNIT, is_ready)

    async def renewal(after: str) -> str:
        def newer(obj: Manifest) -> bool:
            return obj["metadata"]["name"] == "holdfast" and bool(obj["spec"]["renewTime"] > after)

        lease = await here.until(LEASE, newer, NAMESPACE)
        return str(lease["spec"]["renewTime"])

    first = await renewal(await renewal(""))
    before = await here.requests()
    await renewal(first)
    after = await here.requests()
    sent = {m: after[m] - before[m] for m in after if after[m] != before[m]}
    # A renewal is seen by this test's watch before or after it is counted: either of the two may be the one that is in.
    assert sent.keys() <= {"PATCH"}
    assert sum(sent.values()) <= 2


async def test_health_and_metrics_are_served(here: Running) -> None:
    assert await here.text("/healthz") == "ok"
    assert "gotk_reconcile_duration_seconds" in await here.text("/metrics")


async def test_definitions_that_are_there_are_left_alone(client: Client) -> None:
    await install(client, local_sources=True)
    assert await install(client) == []


async def test_the_lease_is_free_again_after_an_orderly_stop(
    api_server: ClusterConfig, client: Client, namespace: str, tmp_path: Path
) -> None:
    async with running(api_server, client, namespace, tmp_path) as here:
        lease = await here.until(LEASE, lambda o: o["metadata"]["name"] == "holdfast", NAMESPACE)
        assert lease["spec"]["holderIdentity"]
    found: list[Any] = [o for o in (await client.list(LEASE, NAMESPACE)).items if o["metadata"]["name"] == "holdfast"]
    assert found[0]["spec"]["holderIdentity"] == ""
