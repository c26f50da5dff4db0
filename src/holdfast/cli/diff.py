"""``holdfast diff PATH``: what a change does, between revisions (``--against``) or in a cluster (``--live``), and why.

Exit 1 when there are differences.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from holdfast.cli import flags, offline_flags

if TYPE_CHECKING:
    from holdfast.app.livediff import Difference, UnitDifference

_COLOURS = {"+": "\033[32m", "-": "\033[31m", "@": "\033[36m"}
FORMATS = ("text", "markdown", "html", "json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="a repository's directory (default: .)")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--against", metavar="REV", help="compare the files with this revision (default: HEAD)")
    offline_flags.add(parser)
    mode.add_argument("--live", action="store_true", help="compare with the cluster")
    parser.add_argument("--unit", default="", metavar="KIND/NAMESPACE/NAME", help="only this unit")
    parser.add_argument("--format", choices=FORMATS, default="text", help="how to print a comparison of revisions")
    parser.add_argument("-o", "--output", choices=["name"], help="names of what differs only")
    flags.cluster(parser)


def run(args: argparse.Namespace) -> int:
    return flags.go(_live(args)) if args.live else _revisions(args)


def _revisions(args: argparse.Namespace) -> int:
    from holdfast.cli import diff_output
    from holdfast.cli.disk import QuickDiskTree, Remembered, require_directory
    from holdfast.cli.revision import earlier
    from holdfast.offline.diff import diff

    require_directory(args.path)
    difference, now = earlier(args.path, args.against or "HEAD"), Remembered(QuickDiskTree(args.path))
    differences = (
        diff(difference.tree(now), now, difference.files, offline_flags.options(args)) if difference.files else []
    )
    found = [d for d in differences if _wanted(str(d.key), args.unit)]
    if args.output == "name":
        for change in (c for d in found for c in d.changes):
            print(change.ref)
    else:
        printers = {
            "text": diff_output.text,
            "markdown": diff_output.markdown,
            "html": diff_output.html,
            "json": diff_output.json,
        }
        print(printers[args.format](found))
    return 1 if found else 0


def _wanted(key: str, unit: str) -> bool:
    return not unit or key == unit or key.rpartition("/")[2] == unit


async def _live(args: argparse.Namespace) -> int:
    from holdfast.app.livediff import live_diff, summary
    from holdfast.cli.disk import QuickDiskTree, require_directory

    found = await live_diff(flags.config_of(args), QuickDiskTree(require_directory(args.path)), args.unit)
    for unit in found:
        _print_live(unit, names=args.output == "name")
    objects, problems = summary(found)
    if not args.output:
        print(f"{objects} objects differ in {len(found)} units", file=sys.stderr)
    return 1 if objects or problems else 0


def _print_live(unit: UnitDifference, *, names: bool) -> None:
    if unit.problem:
        print(f"{unit.unit}: {unit.problem.strip()}", file=sys.stderr)
    if unit.held:
        print(f"{unit.unit}: the controller would ask first: {unit.held}", file=sys.stderr)
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
