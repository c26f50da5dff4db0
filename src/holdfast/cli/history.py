"""``holdfast history KIND NAME``: what a unit went through, newest first."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from holdfast.cli import flags

if TYPE_CHECKING:
    from holdfast.app.history import Entry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="+", metavar="KIND NAME", help="for example: ks apps, hr web")
    flags.namespaced(parser)
    parser.add_argument(
        "--repo", default="", metavar="DIR", help="a clone to look commits up in (default: the one around .)"
    )
    parser.add_argument("-o", "--output", choices=["json"], help="how to print")


def run(args: argparse.Namespace) -> int:
    return flags.go(_history(args))


async def _history(args: argparse.Namespace) -> int:
    import dataclasses
    import json

    from holdfast.app import units
    from holdfast.app.history import history
    from holdfast.base.errors import Stop
    from holdfast.cli.repositories import at_hand

    kinds, names = units.parse(args.what)
    if len(names) != 1 or len(kinds) != 1 or not kinds[0].unit:
        raise Stop("name one unit, for example: holdfast history ks apps")
    async with units.connected(flags.config_of(args)) as client:
        (obj,) = await units.listed(client, kinds[0], flags.namespace_of(args), names)
    found = history(obj, at_hand(args.repo))
    if args.output == "json":
        print(json.dumps([dataclasses.asdict(e) for e in found], indent=2))
    elif found:
        print(flags.table(_rows(found)))
    else:
        import sys

        print(f"{kinds[0].words[0]}/{names[0]} has no history yet", file=sys.stderr)
    return 0


def _rows(found: list[Entry]) -> list[list[str]]:
    rows = [["ID", "REVISION", "STATUS", "FIRST", "LAST", "NOTE"]]
    for entry in found:
        revision = _short(entry.revision)
        ident = entry.id if entry.id != entry.revision else _short(entry.id).rpartition(":")[2]
        rows.append([ident, revision, entry.status, entry.first, entry.last, entry.note])
    return rows


def _short(revision: str) -> str:
    head, colon, digest = revision.rpartition(":")
    return f"{head}{colon}{digest[:8]}" if len(digest) == 40 else revision
