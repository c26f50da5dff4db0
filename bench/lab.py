"""A sandbox, a Git repository and a controller for the benchmarks, all started as a user starts them.

``HOLDFAST_BENCH_KUBECONFIG`` names a cluster to use in the sandbox's stead: one that nothing else is done in.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from holdfast.cluster.client import Client
from holdfast.cluster.config import load
from holdfast.kube.refs import GroupVersionKind, Manifest

HOLDFAST = [sys.executable, "-m", "holdfast"]
KUSTOMIZATION = GroupVersionKind("kustomize.toolkit.fluxcd.io", "v1", "Kustomization")


class Lab:
    """Use as a context manager. ``seed`` makes the repository's content; ``controllers`` are the sandbox's."""

    def __init__(self, controllers: str = "gc,namespace,serviceaccount") -> None:
        self.root = Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
        self.repository = self.root / "fleet"
        named = os.environ.get("HOLDFAST_BENCH_KUBECONFIG")
        self.kubeconfig = Path(named) if named else self.root / "kubeconfig"
        self._sandbox = not named
        self._name = f"bench-{os.getpid()}-{self.root.name[-6:]}"
        self._controllers = controllers
        self.controller: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Lab:
        if self._sandbox:
            command = [*HOLDFAST, "sandbox", "start", "--name", self._name, "--controllers", self._controllers]
            command += ["--kubeconfig", str(self.kubeconfig)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        self.repository.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "bench")
        self.git("config", "user.email", "bench@example.com")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.controller is not None:
            self.controller.send_signal(signal.SIGTERM)
            self.controller.wait(30)
        if self._sandbox:
            stop = [*HOLDFAST, "sandbox", "stop", "--name", self._name]
            subprocess.run(stop, stdout=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.root, ignore_errors=True)

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.repository, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, files: dict[str, str], message: str) -> str:
        for path, text in files.items():
            target = self.repository / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def start(self, *flags: str) -> None:
        with (self.root / "log").open("wb") as log:
            self.controller = subprocess.Popen(
                [
                    *HOLDFAST,
                    "run",
                    "--allow-local-sources",
                    "--kubeconfig",
                    str(self.kubeconfig),
                    "--log-level",
                    "warning",
                    "--argocd-core",  # as in a cluster that is no sandbox
                    "off",
                    *flags,
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "HOLDFAST_STATE_DIR": str(self.root / "state")},
            )

    def client(self) -> Client:
        return Client(load([self.kubeconfig]))

    def cpu_seconds(self) -> float:
        """Processor time of the controller so far; nothing where the system does not tell."""
        assert self.controller is not None
        try:
            fields = Path(f"/proc/{self.controller.pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return float("nan")
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mib(self) -> float:
        assert self.controller is not None
        try:
            text = Path(f"/proc/{self.controller.pid}/status").read_text()
        except OSError:
            return float("nan")
        match = re.search(r"VmHWM:\s+(\d+) kB", text)
        return int(match[1]) / 1024 if match else float("nan")


async def requests(client: Client) -> dict[str, int]:
    """How many requests the API server has answered, by verb."""
    import aiohttp

    config = client.config
    async with (
        aiohttp.ClientSession() as session,
        session.get(
            config.server + "/metrics", ssl=config.ssl_context(), headers={"Authorization": f"Bearer {config.token}"}
        ) as answer,
    ):
        text = await answer.text()
    found: dict[str, int] = {}
    for line in text.splitlines():
        match = re.match(r'apiserver_request_total\{.*?verb="([A-Z]+)".*\} ([0-9.e+]+)', line)
        if match:
            found[match[1]] = found.get(match[1], 0) + int(float(match[2]))
    return found


def difference(after: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    return {k: v - before.get(k, 0) for k, v in after.items() if v != before.get(k, 0)}


async def until_all(
    client: Client,
    holds: Callable[[Manifest], bool],
    count: int,
    seconds: float = 600.0,
    *,
    kind: GroupVersionKind = KUSTOMIZATION,
) -> float:
    """Waits until so many Kustomizations (or objects of another kind) satisfy a condition; returns how long that took. Watches, as a client would."""
    started = time.monotonic()
    resource = await client.resource(kind)
    listed = await client.list_resource(resource)
    good = {o["metadata"]["name"] for o in listed.items if holds(o)}
    version = listed.resource_version
    while len(good) < count:
        async for event in client.watch(resource, resource_version=version):
            meta = event.object["metadata"]
            version = meta.get("resourceVersion", version)
            if event.type.value != "BOOKMARK":
                (good.add if holds(event.object) else good.discard)(meta["name"])
            if len(good) >= count:
                break
        if time.monotonic() - started > seconds:
            raise TimeoutError(f"{len(good)} of {count} after {seconds:.0f} s")
    return time.monotonic() - started


def ready_at(revision: str) -> Callable[[Manifest], bool]:
    def holds(obj: Manifest) -> bool:
        status = obj.get("status") or {}
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or ())
        return ready and revision in str(status.get("lastAppliedRevision"))

    return holds


def source(lab: Lab) -> Manifest:
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": "fleet", "namespace": "default"},
        "spec": {"interval": "1h", "url": lab.repository.as_uri(), "ref": {"branch": "main"}},
    }


def unit(name: str, path: str, *, wait: bool = True) -> Manifest:
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "interval": "1h",
            "path": path,
            "prune": True,
            "wait": wait,
            "timeout": "5m",
            "sourceRef": {"kind": "GitRepository", "name": "fleet"},
        },
    }


async def poke(client: Client, stamp: str) -> None:
    """Asks for the source to be looked at now."""
    from holdfast.cluster.client import PatchType
    from holdfast.kube.refs import ObjectRef

    body = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": stamp}}}
    where = ObjectRef("source.toolkit.fluxcd.io", "GitRepository", "default", "fleet")
    await client.patch(where, body, PatchType.MERGE, manager="bench")


async def installed(client: Client, seconds: float = 20.0) -> None:
    """Until the controller has installed its definitions."""
    import asyncio

    crds = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        names = {o["metadata"]["name"] for o in (await client.list(crds)).items}
        if (
            "kustomizations.kustomize.toolkit.fluxcd.io" in names
            and "gitrepositories.source.toolkit.fluxcd.io" in names
        ):
            await asyncio.sleep(1.0)
            return
        await asyncio.sleep(0.1)
    raise TimeoutError("the controller did not install its definitions")
