"""``holdfast undo [KIND NAME]``: bring back what was pruned last."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from holdfast.cli import flags

if TYPE_CHECKING:
    from holdfast.controller.pruned import Record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", nargs="*", metavar="KIND NAME", help="whose objects (default: those pruned last of all)"
    )
    flags.namespaced(parser)
    parser.add_argument("--list", action="store_true", help="only show what could be brought back")
    parser.add_argument("--dry-run", action="store_true", help="let the server check it, and change nothing")


def run(args: argparse.Namespace) -> int:
    return flags.go(_undo(args))


async def _undo(args: argparse.Namespace) -> int:
    from holdfast.app import undo, units
    from holdfast.base.errors import Stop
    from holdfast.dialects.flux.kustomization import OWNER

    async with units.connected(flags.config_of(args)) as client:
        found = await undo.records(client, flags.DEFAULT_NAMESPACE, _unit(args))
        if args.list:
            for record in found:
                print(f"{record.at} {record.unit}: {_count(record)} of {record.revision or 'an unknown revision'}")
            return 0
        if not found:
            raise Stop("nothing is recorded as pruned" + (f" from {_unit(args)}" if args.what else ""))
        record = found[0]
        print(f"{record.unit}: {_count(record)} pruned at {record.at}, last applied of {record.revision}")
        failed = 0
        for one in await undo.undo(client, record, manager=OWNER.manager, dry_run=args.dry_run):
            if one.problem:
                print(f"{one.ref} failed: {one.problem}", file=sys.stderr)
                failed = 1
            else:
                done = "would be back" if args.dry_run else "is back"
                print(f"{one.ref} {'is there already' if one.present else done}")
    for name in record.named:
        print(f"{name} is not recorded: put it back in Git as it is in {record.revision}", file=sys.stderr)
        failed = 1
    print("Put them back in Git too, or nobody keeps them as they are.")
    return failed


def _unit(args: argparse.Namespace) -> str:
    from holdfast.app import units
    from holdfast.base.errors import Stop

    if not args.what:
        return ""
    kinds, names = units.parse(args.what)
    if len(kinds) != 1 or len(names) != 1 or not flags.namespace_of(args):
        raise Stop("name one unit, for example: holdfast undo ks apps")
    return f"{kinds[0].gvk.kind}/{flags.namespace_of(args)}/{names[0]}"


def _count(record: Record) -> str:
    number = len(record.objects) + len(record.named)
    return f"{number} object{'' if number == 1 else 's'}"
