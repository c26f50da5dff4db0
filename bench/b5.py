"""B5: quiet time. Units in sync, nothing happens; then objects that are none of ours come and change.

``python -m bench b5 [--units 100] [--objects 10] [--seconds 60] [--rate 20]``: requests and processor time of the controller
in both spans, by verb. The API server's own counters tell; the churn's writes are taken off.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

from bench.lab import Lab, difference, installed, ready_at, requests, source, unit, until_all


def files(units: int, objects: int) -> dict[str, str]:
    return {
        f"apps/app-{i:04d}/{n:02d}.yaml": (
            f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app-{i:04d}-{n:02d}\n  namespace: default\n"
            f"data:\n  value: '{n}'\n"
        )
        for i in range(units)
        for n in range(objects)
    }


async def deliver(lab: Lab, client: Any, units: int, objects: int) -> float:
    """All units in sync; returns how long that took."""
    revision = lab.commit(files(units, objects), "one")
    lab.start()
    await installed(client)
    for i in range(units):
        await client.apply(unit(f"app-{i:04d}", f"./apps/app-{i:04d}", wait=False), manager="bench", force=True)
    started = time.monotonic()
    await client.apply(source(lab), manager="bench", force=True)
    await until_all(client, ready_at(revision), units)
    return time.monotonic() - started


async def span(lab: Lab, client: Any, seconds: float, rate: float) -> dict[str, Any]:
    """``rate`` foreign writes a second for so long; what the controller did meanwhile."""
    before, cpu, started = await requests(client), lab.cpu_seconds(), time.monotonic()
    churned = 0
    while (now := time.monotonic() - started) < seconds:
        if rate and now * rate > churned:
            await _touch(client, churned)
            churned += 1
        else:
            await asyncio.sleep(min(0.05, seconds - now) if rate else seconds - now)
    spent = time.monotonic() - started
    found = difference(await requests(client), before)
    found.pop("GET", None)  # the counters themselves, which we ask for
    found["APPLY"] = found.get("APPLY", 0) - churned
    found = {k: v for k, v in found.items() if v}
    return {
        "seconds": round(spent, 1),
        "foreign_writes": churned,
        "requests": found,
        "requests_per_s": round(sum(found.values()) / spent, 3),
        "core_percent": round(100 * (lab.cpu_seconds() - cpu) / spent, 2),
    }


async def _touch(client: Any, number: int) -> None:
    name = f"foreign-{number % 10_000:05d}"
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default"},
        "data": {"n": str(number)},
    }
    await client.apply(body, manager="bench", force=True)


async def measure(args: argparse.Namespace) -> dict[str, Any]:
    with Lab() as lab:
        async with lab.client() as client:
            took = await deliver(lab, client, args.units, args.objects)
            await asyncio.sleep(5)  # events of the installation are still being written
            return {
                "bench": "b5",
                "units": args.units,
                "objects": args.units * args.objects,
                "install_s": round(took, 2),
                "quiet": await span(lab, client, args.seconds, 0),
                "churn": await span(lab, client, args.seconds, args.rate),
                "peak_mib": round(lab.peak_mib(), 1),
            }


def main(argv: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(prog="bench b5")
    parser.add_argument("--units", type=int, default=100)
    parser.add_argument("--objects", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=20, help="foreign writes a second")
    result = asyncio.run(measure(parser.parse_args(list(argv))))
    for name in ("quiet", "churn"):
        row = result[name]
        print(
            f"{name:6} {row['seconds']} s, {row['foreign_writes']} foreign writes: {row['requests_per_s']} requests/s "
            f"{row['requests']}, {row['core_percent']} % of a core"
        )
    print(json.dumps(result))
    return 0
