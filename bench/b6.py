"""B6: drift. A random managed object is changed by hand; how long until it is as Git says? Then many at once.

``python -m bench b6 [--objects 500] [--changes 60] [--burst 200]``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import time
from collections.abc import Sequence
from typing import Any

from bench.b3 import files
from bench.lab import Lab, difference, installed, ready_at, requests, source, unit, until_all
from holdfast.cluster.client import Client, PatchType, Selectors
from holdfast.kube.refs import GroupVersionKind, ObjectRef

CONFIG_MAPS = GroupVersionKind("", "v1", "ConfigMap")


async def _heal(client: Client, name: str) -> float:
    """Changes one ConfigMap; the seconds until it is back."""
    where = ObjectRef("", "ConfigMap", "default", name)
    started = time.monotonic()
    changed = await client.patch(where, {"data": {"generation": "drifted"}}, PatchType.MERGE, manager="somebody")
    resource = await client.resource(CONFIG_MAPS)
    only = Selectors(fields=f"metadata.name={name}")
    async for event in client.watch(
        resource, "default", resource_version=changed["metadata"]["resourceVersion"], selectors=only
    ):
        if (event.object.get("data") or {}).get("generation") == "1":
            break
    return time.monotonic() - started


async def measure(objects: int, changes: int, burst: int) -> dict[str, Any]:
    rng = random.Random(6)
    with Lab() as lab:
        revision = lab.commit(files(objects, 1), "one")
        lab.start()
        async with lab.client() as client:
            await installed(client)
            await client.apply(source(lab), manager="bench", force=True)
            await client.apply(unit("all", "./apps", wait=False), manager="bench", force=True)
            await until_all(client, ready_at(revision), 1)
            before = await requests(client)
            single = [await _heal(client, f"app-{rng.randrange(objects):04d}") for _ in range(changes)]
            middle = await requests(client)
            started = time.monotonic()
            names = rng.sample(range(objects), min(burst, objects))
            await asyncio.gather(*(_heal(client, f"app-{i:04d}") for i in names))
            lasted = time.monotonic() - started
            ordered = sorted(single)
            return {
                "managed_objects": 4 * objects,
                "p50_ms": round(statistics.median(single) * 1000, 1),
                "p99_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000, 1),
                "applies_per_drift": round(difference(middle, before).get("APPLY", 0) / changes, 2),
                "requests": difference(middle, before),
                "burst": len(names),
                "burst_s": round(lasted, 2),
            }


def main(argv: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(prog="bench b6")
    parser.add_argument("--objects", type=int, default=500)
    parser.add_argument("--changes", type=int, default=60)
    parser.add_argument("--burst", type=int, default=200)
    args = parser.parse_args(list(argv))
    result = asyncio.run(measure(args.objects, args.changes, args.burst))
    print(json.dumps(result))
    print(
        f"drift healed: p50 {result['p50_ms']} ms, p99 {result['p99_ms']} ms; "
        f"{result['burst']} at once in {result['burst_s']} s"
    )
    return 0
