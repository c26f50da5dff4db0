"""``holdfast diff PATH --live``: what a directory would change in a cluster, and why. Exit 1 when there are differences."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from holdfast.cli import flags

if TYPE_CHECKING:
    from holdfast.app.livediff import Difference, UnitDifference

_COLOURS = {"+": "\033[32m", "-": "\033[31m", "@": "\033[36m"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="a repository's directory (default: .)")
    parser.add_argument("--live", action="store_true", help="compare with the cluster")
    parser.add_argument("--unit", default="", metavar="KIND/NAMESPACE/NAME", help="only this unit")
    parser.add_argument("-o", "--output", choices=["name"], help="names of what differs only")
    flags.cluster(parser)


def run(args: argparse.Namespace) -> int:
    from holdfast.base.errors import Stop

    if not args.live:
        raise Stop("say what to compare with", hint="--live compares with the cluster")
    return flags.go(_live(args))


async def _live(args: argparse.Namespace) -> int:
    from holdfast.app.livediff import live_diff, summary
    from holdfast.cli.disk import QuickDiskTree
    from holdfast.cli.render import require_directory

    found = await live_diff(flags.config_of(args), QuickDiskTree(require_directory(args.path)), args.unit)
    for unit in found:
        _print(unit, names=args.output == "name")
    objects, problems = summary(found)
    if not args.output:
        print(f"{objects} objects differ in {len(found)} units", file=sys.stderr)
    return 1 if objects or problems else 0


def _print(unit: UnitDifference, *, names: bool) -> None:
    if unit.problem:
        print(f"{unit.unit}: {unit.problem.strip()}", file=sys.stderr)
    for difference in unit.differences:
        if names:
            print(difference.change.ref)
        else:
            _print_object(unit, difference)


def _print_object(unit: UnitDifference, difference: Difference) -> None:
    change = difference.change
    print(f"{change.action.value} {change.ref} ({unit.unit}): {change.reason.value}")
    if difference.problem:
        print(f"  {difference.problem.strip()}")
    colour = _coloured()
    for line in difference.lines:
        mark = _COLOURS.get(line[:1], "") if colour else ""
        print(f"{mark}{line}\033[0m" if mark else line)


def _coloured() -> bool:
    import os

    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
