"""B7: a monorepo of many units; commits that touch one leaf, a README, and a base that many share.

``python -m bench b7 [--units 200] [--shared 50]``: wall time until the changed units say the new revision, until all of them do,
and the API requests each commit costs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

from bench.lab import Lab, difference, installed, poke, ready_at, requests, source, unit, until_all


def files(units: int, shared: int) -> dict[str, str]:
    found = {
        "README.md": "one\n",
        "base/config.yaml": _config("base", "1"),
        "base/kustomization.yaml": "resources: [config.yaml]\n",
    }
    for i in range(units):
        name = f"app-{i:04d}"
        found[f"apps/{name}/own.yaml"] = _config(name, "1")
        base = f"resources: [own.yaml{', ../../base' if i < shared else ''}]\nnameSuffix: -x{i:04d}\n"
        found[f"apps/{name}/kustomization.yaml"] = base
        for extra in range(8):
            found[f"docs/{name}/{extra}.md"] = f"{name} {extra}\n"
    return found


def _config(name: str, value: str) -> str:
    return (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: default\ndata:\n  value: '{value}'\n"
    )


async def _commit(lab: Lab, client: Any, changed: dict[str, str], count: int, leaf: str) -> dict[str, Any]:
    before, cpu = await requests(client), lab.cpu_seconds()
    revision = lab.commit(changed, "change")
    started = time.monotonic()
    await poke(client, revision)
    live = float("nan")
    if leaf:
        one = ready_at(revision)
        live = await until_all(client, lambda o: o["metadata"]["name"] == leaf and one(o), 1)
    await until_all(client, ready_at(revision), count)
    return {
        "leaf_s": round(live, 3),
        "all_s": round(time.monotonic() - started, 3),
        "cpu_s": round(lab.cpu_seconds() - cpu, 2),
        "requests": difference(await requests(client), before),
    }


async def measure(units: int, shared: int) -> dict[str, Any]:
    with Lab() as lab:
        first = lab.commit(files(units, shared), "one")
        lab.start()
        async with lab.client() as client:
            await installed(client)
            for i in range(units):
                await client.apply(unit(f"app-{i:04d}", f"./apps/app-{i:04d}", wait=False), manager="bench", force=True)
            started = time.monotonic()
            await client.apply(source(lab), manager="bench", force=True)
            await until_all(client, ready_at(first), units)
            return {
                "units": units,
                "install_s": round(time.monotonic() - started, 2),
                "leaf": await _commit(
                    lab, client, {"apps/app-0001/own.yaml": _config("app-0001", "2")}, units, "app-0001"
                ),
                "readme": await _commit(lab, client, {"README.md": "two\n"}, units, ""),
                "base": await _commit(lab, client, {"base/config.yaml": _config("base", "2")}, units, "app-0000"),
                "peak_mib": round(lab.peak_mib(), 1),
            }


def _argo(units: int) -> int:
    from bench.b7_argo import measure as measure_argo

    result = asyncio.run(measure_argo(units))
    print(json.dumps(result))
    for name in ("leaf", "readme"):
        row = result[name]
        print(
            f"{name:7} {row['renders']} renders, all report it after {row['all_s']} s, {sum(row['requests'].values())} requests"
        )
    return 0


def main(argv: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(prog="bench b7")
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--shared", type=int, default=50)
    parser.add_argument("--argo", action="store_true", help="Argo CD's Applications instead of Flux's Kustomizations")
    args = parser.parse_args(list(argv))
    if args.argo:
        return _argo(args.units)
    result = asyncio.run(measure(args.units, args.shared))
    print(json.dumps(result))
    for name in ("leaf", "readme", "base"):
        row = result[name]
        print(
            f"{name:7} live {row['leaf_s']} s, all report it after {row['all_s']} s, {sum(row['requests'].values())} requests"
        )
    return 0
