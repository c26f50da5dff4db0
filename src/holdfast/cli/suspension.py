"""What ``holdfast suspend`` and ``holdfast resume`` share: naming objects and setting ``spec.suspend``."""

from __future__ import annotations

import argparse

from holdfast.cli import flags


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="+", metavar="KIND NAME", help="for example: ks apps, or: source git fleet")
    flags.namespaced(parser)
    parser.add_argument("--all", action="store_true", help="every object of the kind in the namespace")


async def set_suspended(args: argparse.Namespace, value: bool) -> int:
    from holdfast.app import units
    from holdfast.base.errors import Stop

    verb = "suspend" if value else "resume"
    kinds, names = units.parse(args.what)
    if not names and not args.all:
        raise Stop(f"name what to {verb}, or say --all")
    async with units.connected(flags.config_of(args)) as client:
        for kind in kinds:
            for obj in await units.listed(client, kind, flags.namespace_of(args), names):
                await units.suspend(client, kind, obj, value)
                print(f"{kind.words[0]}/{obj['metadata']['name']} {verb.removesuffix('e')}ed")
    return 0
