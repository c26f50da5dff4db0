"""B3: N Kustomizations of four objects, ``wait: true``: install and upgrade, from the commit to all Ready (Flux's MTTP).

``python -m bench b3 [--sizes 100,500] [--rounds 1]``. The peer, Flux's own controllers, is not started here: its figures have
to be measured on the same machine where it is installed; without it only our side is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from typing import Any

from bench.lab import Lab, difference, installed, poke, ready_at, requests, source, unit, until_all


def files(count: int, generation: int) -> dict[str, str]:
    found = {}
    for i in range(count):
        name = f"app-{i:04d}"
        found[f"apps/{name}/objects.yaml"] = "---\n".join(
            (
                _object("ConfigMap", name, f"data:\n  generation: '{generation}'\n"),
                _object("Secret", name, f"stringData:\n  generation: '{generation}'\n"),
                _object("ServiceAccount", name, ""),
                _object(
                    "Service", name, f"spec:\n  selector: {{app: {name}}}\n  ports: [{{port: {8000 + generation}}}]\n"
                ),
            )
        )
    return found


def _object(kind: str, name: str, body: str) -> str:
    return f"apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: default\n{body}"


async def measure(count: int) -> dict[str, Any]:
    with Lab() as lab:
        first = lab.commit(files(count, 1), "one")
        lab.start()
        async with lab.client() as client:
            await installed(client)
            for i in range(count):
                await client.apply(unit(f"app-{i:04d}", f"./apps/app-{i:04d}"), manager="bench", force=True)
            before, cpu = await requests(client), lab.cpu_seconds()
            started = time.monotonic()
            await client.apply(source(lab), manager="bench", force=True)
            await until_all(client, ready_at(first), count)
            install = time.monotonic() - started
            middle, cpu_install = await requests(client), lab.cpu_seconds() - cpu
            second = lab.commit(files(count, 2), "two")
            started = time.monotonic()
            await poke(client, second)
            await until_all(client, ready_at(second), count)
            upgrade = time.monotonic() - started
            after = await requests(client)
            return {
                "units": count,
                "install_s": round(install, 3),
                "upgrade_s": round(upgrade, 3),
                "install_cpu_s": round(cpu_install, 2),
                "upgrade_cpu_s": round(lab.cpu_seconds() - cpu - cpu_install, 2),
                "install_requests": difference(middle, before),
                "upgrade_requests": difference(after, middle),
                "install_requests_per_object": round(sum(difference(middle, before).values()) / (4 * count), 2),
                "peak_mib": round(lab.peak_mib(), 1),
            }


def main(argv: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(prog="bench b3")
    parser.add_argument("--sizes", default="100")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args(list(argv))
    for size in map(int, args.sizes.split(",")):
        rounds = [asyncio.run(measure(size)) for _ in range(args.rounds)]
        for result in rounds:
            print(json.dumps(result))
        install = statistics.median(r["install_s"] for r in rounds)
        upgrade = statistics.median(r["upgrade_s"] for r in rounds)
        print(f"{size} units: install {install:.2f} s, upgrade {upgrade:.2f} s (medians of {len(rounds)})")
    return 0
