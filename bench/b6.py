"""B6: drift. A random managed object is changed by hand; how long until it is as Git says? Then many at once.

``python -m bench b6 [--objects 500] [--changes 60] [--burst 200] [--big 2000]``. With ``--big`` a second unit of that size
is built anew, commit after commit, while the objects of the first are changed by hand.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import statistics
import time
from collections.abc import Sequence
from typing import Any

from bench.b3 import files
from bench.kustomize_workload import write_overlay
from bench.lab import Lab, difference, installed, poke, ready_at, requests, source, unit, until_all
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


async def _rebuild(lab: Lab, client: Client, rounds: list[float]) -> None:
    """Commits that change the big unit's input and none of its objects, each as soon as the one before is applied."""
    overlay = lab.repository / "big" / "overlay" / "kustomization.yaml"
    text = overlay.read_text()
    while True:
        started = time.monotonic()
        stamp = str(len(rounds) + 1)
        revision = lab.commit({"big/overlay/kustomization.yaml": f"{text}# {stamp}\n"}, f"round {stamp}")
        await poke(client, stamp)
        await until_all(client, ready_at(revision), 2)
        rounds.append(time.monotonic() - started)


async def beside(objects: int, changes: int, big: int) -> dict[str, Any]:
    """Drift of one unit while another, of ``big`` objects, is built all the time."""
    rounds: list[float] = []
    # In turns: an object that is changed again and again is not put right at once, and that is not what is measured.
    names = itertools.cycle(random.Random(6).sample([f"app-{i:04d}" for i in range(objects)], objects))
    with Lab() as lab:
        write_overlay(lab.repository / "big", big)
        revision = lab.commit(files(objects, 1), "one")
        lab.start()
        async with lab.client() as client:
            await installed(client)
            await client.apply(source(lab), manager="bench", force=True)
            await client.apply(unit("all", "./apps", wait=False), manager="bench", force=True)
            heavy = unit("big", "./big/overlay", wait=False)
            heavy["spec"]["targetNamespace"] = "default"
            await client.apply(heavy, manager="bench", force=True)
            await until_all(client, ready_at(revision), 2)
            quiet = sorted([await _heal(client, next(names)) for _ in range(changes)])
            rebuilding = asyncio.create_task(_rebuild(lab, client, rounds))
            busy: list[float] = []
            while len(busy) < changes or len(rounds) < 5:
                busy.append(await _heal(client, next(names)))
            rebuilding.cancel()
            await asyncio.gather(rebuilding, return_exceptions=True)
            return {
                "objects_beside": big,
                "rounds": len(rounds),
                "round_s": round(statistics.median(rounds), 2),
                "drifts": len(busy),
                "quiet": _quantiles(quiet),
                "busy": _quantiles(sorted(busy)),
                "controller_mib": round(lab.peak_mib(), 1),
            }


def _quantiles(ordered: Sequence[float]) -> dict[str, float]:
    at = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "max_ms": 1.0}
    return {k: round(ordered[min(len(ordered) - 1, int(len(ordered) * q))] * 1000, 1) for k, q in at.items()}


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
    parser.add_argument("--big", type=int, default=0, help="objects of a unit that is built all the time beside")
    args = parser.parse_args(list(argv))
    if args.big:
        print(json.dumps(asyncio.run(beside(args.objects, args.changes, args.big))))
        return 0
    result = asyncio.run(measure(args.objects, args.changes, args.burst))
    print(json.dumps(result))
    print(
        f"drift healed: p50 {result['p50_ms']} ms, p99 {result['p99_ms']} ms; "
        f"{result['burst']} at once in {result['burst_s']} s"
    )
    return 0
