"""The sandbox under load: creates, server-side applies, reads, lists of many objects, watch fan-out, memory.

usage: python -m bench.sandbox [--objects 10000] [--watchers 200] [--kubeconfig FILE]

Without a kubeconfig a sandbox of its own is started and stopped. With one, the same requests go to that server (a real
kube-apiserver, say), and memory is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import http.client
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
EVENTS = 300


class Server:
    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        parts = urlsplit(cluster["server"])
        assert parts.hostname
        assert parts.port
        self.host, self.port = parts.hostname, parts.port
        self.context = ssl.create_default_context(
            cadata=base64.b64decode(cluster["certificate-authority-data"]).decode()
        )
        with tempfile.TemporaryDirectory() as place:
            for name, key in (("c", "client-certificate-data"), ("k", "client-key-data")):
                (Path(place) / name).write_bytes(base64.b64decode(user[key]))
            self.context.load_cert_chain(f"{place}/c", f"{place}/k")
        self.connection = http.client.HTTPSConnection(self.host, self.port, context=self.context)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> bytes:
        given = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        self.connection.request(method, path, None if body is None else json.dumps(body), given)
        response = self.connection.getresponse()
        data = response.read()
        if response.status >= 300:
            raise SystemExit(f"{method} {path}: {response.status} {data[:200]!r}")
        return data


def rate(label: str, count: int, act: Callable[[int], object]) -> None:
    start = time.perf_counter()
    for index in range(count):
        act(index)
    print(f"{label:<28}{count / (time.perf_counter() - start):>10.0f} /s")


def duration(label: str, act: Callable[[], bytes]) -> None:
    start = time.perf_counter()
    size = len(act())
    print(f"{label:<28}{(time.perf_counter() - start) * 1000:>10.1f} ms  ({size / 1e6:.1f} MB)")


def deployment(index: int) -> dict[str, Any]:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    spec = {"replicas": index, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": f"bench-{index % 50}"}, "spec": spec}


async def fan_out(server: Server, watchers: int) -> None:
    async def follow() -> None:
        reader, writer = await asyncio.open_connection(server.host, server.port, ssl=server.context)
        writer.write(b"GET /api/v1/namespaces/default/secrets?watch=1 HTTP/1.1\r\nHost: bench\r\n\r\n")
        seen = 0
        while seen < EVENTS:
            seen += b'"ADDED"' in await reader.readline()
        writer.close()

    tasks = [asyncio.create_task(follow()) for _ in range(watchers)]
    await asyncio.sleep(1)
    start = time.perf_counter()
    for index in range(EVENTS):
        await asyncio.to_thread(
            server.call, "POST", "/api/v1/namespaces/default/secrets", {"metadata": {"name": f"bench-{index}"}}
        )
    await asyncio.gather(*tasks)
    print(f"{'watch events delivered':<28}{watchers * EVENTS / (time.perf_counter() - start):>10.0f} /s")


def measure(server: Server, objects: int, watchers: int) -> None:
    data = {"k": "x" * 500}
    rate("creates", objects, lambda i: server.call("POST", MAPS, {"metadata": {"name": f"bench-{i}"}, "data": data}))
    rate("gets", 2000, lambda i: server.call("GET", f"{MAPS}/bench-{i % objects}"))
    apply = {"Content_Type": "application/apply-patch+yaml"}
    query = "?fieldManager=bench&force=true"
    rate(
        "server-side applies",
        500,
        lambda i: server.call("PATCH", f"{DEPLOYMENTS}/bench-{i % 50}{query}", deployment(i), **apply),
    )
    duration(f"list of {objects}", lambda: server.call("GET", MAPS))
    duration(
        f"table of {objects}", lambda: server.call("GET", MAPS, Accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    )
    asyncio.run(fan_out(server, watchers))


def own_sandbox(objects: int, watchers: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        environment = {**os.environ, "XDG_STATE_HOME": place}
        command = [sys.executable, "-m", "holdfast", "sandbox"]
        file = Path(place) / "kubeconfig"
        start = time.perf_counter()
        options = ["--name", "bench", "--controllers", "none", "--kubeconfig", str(file)]
        subprocess.run([*command, "start", *options], check=True, env=environment, stdout=subprocess.DEVNULL)
        print(f"{'start to ready':<28}{(time.perf_counter() - start) * 1000:>10.0f} ms")
        try:
            state = json.loads((Path(place) / "holdfast/sandbox/bench/state.json").read_text())
            print(f"{'memory when idle':<28}{resident(state['pid']):>10.0f} MB")
            measure(Server(file), objects, watchers)
            print(f"{f'memory at {objects} objects':<28}{resident(state['pid']):>10.0f} MB")
        finally:
            subprocess.run(
                [*command, "stop", "--name", "bench"], check=True, env=environment, stdout=subprocess.DEVNULL
            )


def resident(pid: int) -> float:
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--watchers", type=int, default=200)
    parser.add_argument("--kubeconfig", type=Path)
    args = parser.parse_args()
    if args.kubeconfig:
        measure(Server(args.kubeconfig), args.objects, args.watchers)
    else:
        own_sandbox(args.objects, args.watchers)


if __name__ == "__main__":
    main()
