"""``holdfast test PATH``: what is wrong in a repository, with file and line, without a cluster."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from holdfast.cli import offline_flags

if TYPE_CHECKING:
    from holdfast.offline.findings import Finding
    from holdfast.offline.survey import Survey

FORMATS = ("text", "json", "junit", "sarif")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path", nargs="?", default=".", metavar="PATH", help="a repository, or a directory in one (default: .)"
    )
    parser.add_argument("-o", "--output", choices=FORMATS, default="text", help="how to print what was found")
    parser.add_argument("--strict", action="store_true", help="warnings count as errors")
    parser.add_argument("--disable", action="append", default=[], metavar="RULE", help="leave a rule out (repeatable)")
    parser.add_argument("--list-rules", action="store_true", help="print the rules and end")
    offline_flags.add(parser)


def run(args: argparse.Namespace) -> int:
    from holdfast.cli import test_output
    from holdfast.cli.disk import QuickDiskTree
    from holdfast.cli.render import require_directory
    from holdfast.offline.findings import check
    from holdfast.offline.rules import RULES
    from holdfast.offline.survey import survey

    if args.list_rules:
        for rule in RULES:
            print(f"{rule.id:26}{rule.severity.value:9}{rule.summary}")
        return 0
    _known(args.disable, {r.id for r in RULES})
    surveys = survey(QuickDiskTree(require_directory(args.path)), offline_flags.options(args))
    rules = [r for r in RULES if r.id not in args.disable]
    findings = sorted({f for found in surveys for f in check(found, rules)})
    print(
        {"json": test_output.json, "junit": test_output.junit, "sarif": test_output.sarif, "text": test_output.text}[
            args.output
        ](findings, RULES)
    )
    _summary(surveys, findings)
    failing = ("error", "warning") if args.strict else ("error",)
    return 1 if any(f.severity in failing for f in findings) else 0


def _known(names: list[str], rules: set[str]) -> None:
    from holdfast.base.errors import Stop

    for name in names:
        if name not in rules:
            raise Stop(f"there is no rule {name}", hint="holdfast test --list-rules names them all")


def _summary(surveys: list[Survey], findings: list[Finding]) -> None:
    units = [u for found in surveys for u in found.units.values()]
    rendered = sum(u.rendered is not None for u in units)
    objects = sum(len(u.rendered.objects) for u in units if u.rendered)
    errors = sum(f.severity == "error" for f in findings)
    notes = sum(f.severity == "note" for f in findings)
    for unit in units:
        if unit.external:
            print(f"skipped: {unit.key}: {unit.problem}", file=sys.stderr)
    print(
        f"{rendered} of {len(units)} units rendered, {objects} objects; {errors} errors, "
        f"{len(findings) - errors - notes} warnings, {notes} notes",
        file=sys.stderr,
    )
