"""``holdfast check``: is this cluster, and what runs in it, fit for delivery?"""

from __future__ import annotations

import argparse

from holdfast.cli import flags


def add_arguments(parser: argparse.ArgumentParser) -> None:
    flags.cluster(parser)
    parser.add_argument("--pre", action="store_true", help="only what has to be there before an installation")


def run(args: argparse.Namespace) -> int:
    return flags.go(_check(args))


async def _check(args: argparse.Namespace) -> int:
    from holdfast.app import checks, units

    async with units.connected(flags.config_of(args)) as client:
        results = await checks.prerequisites(client)
        if not args.pre:
            results += await checks.installation(client)
    for result in results:
        print(f"{'✔' if result.good else '✘'} {result.text}")
        if result.hint and not result.good:
            print(f"    {result.hint}")
    return 0 if all(r.good for r in results) else 1
