"""B7's Argo CD lane: many applications in one repository; commits that touch one of them, and a README.

``python -m bench b7 --argo [--units 1000]``: how many sources are rendered, how long it takes until all applications say the new
revision, and the API requests each commit costs. A push is told by the webhook, as a Git host tells it.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from typing import Any

from bench.lab import Lab, difference, requests, until_all
from holdfast.cluster.client import Client
from holdfast.kube.refs import GroupVersionKind, Manifest

APPLICATION = GroupVersionKind("argoproj.io", "v1alpha1", "Application")


def _config(name: str, value: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  value: '{value}'\n"


def _application(name: str, url: str) -> Manifest:
    return {
        "apiVersion": APPLICATION.api_version,
        "kind": APPLICATION.kind,
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {
            "project": "default",
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "default"},
            "source": {"repoURL": url, "path": f"apps/{name}", "targetRevision": "main"},
            "syncPolicy": {"automated": {"prune": True}},
        },
    }


def _synced(revision: str) -> Callable[[Manifest], bool]:
    def holds(obj: Manifest) -> bool:
        sync = (obj.get("status") or {}).get("sync") or {}
        return sync.get("status") == "Synced" and sync.get("revision") == revision and "operation" not in obj

    return holds


class Controller:
    """What the controller's own HTTP tells and is told."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}"

    async def renders(self) -> int:
        import aiohttp

        async with aiohttp.ClientSession() as session, session.get(f"{self._address}/metrics") as answer:
            match = re.search(r"^holdfast_app_source_renders_total(?:\{\})? (\S+)", await answer.text(), re.MULTILINE)
        return int(float(match[1])) if match else 0

    async def push(self, url: str) -> None:
        import aiohttp

        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self._address}/api/webhook", json={"repository": {"clone_url": url}}) as answer,
        ):
            answer.raise_for_status()


async def _commit(
    lab: Lab, client: Client, controller: Controller, url: str, files: dict[str, str], units: int
) -> dict[str, Any]:
    await _quiet(client)
    before, renders, cpu = await requests(client), await controller.renders(), lab.cpu_seconds()
    revision = lab.commit(files, "change")
    started = time.monotonic()
    await controller.push(url)
    await until_all(client, _synced(revision), units, kind=APPLICATION)
    seconds = time.monotonic() - started
    await _quiet(client)
    return {
        "renders": await controller.renders() - renders,
        "all_s": round(seconds, 2),
        "cpu_s": round(lab.cpu_seconds() - cpu, 2),
        "requests": difference(await requests(client), before),
    }


async def _quiet(client: Client) -> None:
    """Returns when nothing more is written: events of what happened before come after it."""
    import asyncio

    told = -1
    while (now := (await requests(client)).get("POST", 0)) != told:
        told = now
        await asyncio.sleep(1.0)


async def _wait_for_kinds(client: Client) -> None:
    import asyncio

    for _ in range(600):
        client.discovery.forget()
        if any(r.kind == APPLICATION.kind for r in await client.discovery.all()):
            namespaces = (await client.list(GroupVersionKind("", "v1", "Namespace"))).items
            if any(n["metadata"]["name"] == "argocd" for n in namespaces):
                return
        await asyncio.sleep(0.05)
    raise TimeoutError("the definitions were not installed")


async def measure(units: int) -> dict[str, Any]:
    names = [f"app-{i:04d}" for i in range(units)]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Lab() as lab:
        url = f"file://localhost{lab.repository}"
        first = lab.commit({"README.md": "one\n"} | {f"apps/{n}/own.yaml": _config(n, "1") for n in names}, "one")
        lab.start("--listen", f"127.0.0.1:{port}")
        controller = Controller(port)
        async with lab.client() as client:
            await _wait_for_kinds(client)
            started = time.monotonic()
            for name in names:
                await client.apply(_application(name, url), manager="bench", force=True)
            await until_all(client, _synced(first), units, kind=APPLICATION)
            install = round(time.monotonic() - started, 2)
            one = {f"apps/{names[1]}/own.yaml": _config(names[1], "2")}
            return {
                "units": units,
                "install_s": install,
                "leaf": await _commit(lab, client, controller, url, one, units),
                "readme": await _commit(lab, client, controller, url, {"README.md": "two\n"}, units),
                "peak_mib": round(lab.peak_mib(), 1),
            }
