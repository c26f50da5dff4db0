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
    parser.add_argument("--cluster", metavar="DIR", default="", help="only this cluster of a repository with several")
    parser.add_argument(
        "--sandbox",
        action="store_true",
        help="run the controller on the files in a sandbox until all is ready or stuck",
    )
    parser.add_argument(
        "--timeout", default="2m", metavar="DURATION", help="how long a sandbox run may take (default: 2m)"
    )
    offline_flags.add(parser)


def run(args: argparse.Namespace) -> int:
    from dataclasses import replace

    from holdfast.app.refusals import refusals
    from holdfast.cli import test_output
    from holdfast.cli.disk import QuickDiskTree, require_directory
    from holdfast.offline.findings import check
    from holdfast.offline.rules import RULES
    from holdfast.offline.survey import survey

    if args.list_rules:
        for rule in RULES:
            print(f"{rule.id:26}{rule.severity.value:9}{rule.summary}")
        return 0
    if args.sandbox:
        return _sandbox(args)
    _known(args.disable, {r.id for r in RULES})
    options = replace(offline_flags.options(args), refuses=refusals)
    surveys = survey(QuickDiskTree(require_directory(args.path)), options)
    if args.cluster:
        from holdfast.cli.render import only

        surveys = only(surveys, args.cluster)
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


def _sandbox(args: argparse.Namespace) -> int:
    import logging
    import os

    from holdfast.app import trial, trial_report
    from holdfast.base.duration import parse_duration
    from holdfast.base.errors import Stop
    from holdfast.cli.disk import require_directory

    if args.output == "sarif":
        raise Stop("a sandbox run has no SARIF", hint="use -o text, json or junit")
    order = trial.Order(
        require_directory(args.path),
        args.cluster,
        timeout=parse_duration(args.timeout),
        offline=args.offline,
        options=offline_flags.options(args),
    )
    if not os.environ.get("HOLDFAST_DEBUG"):
        # What the controller would log is in the report.
        logging.getLogger("holdfast").addHandler(logging.NullHandler())
        logging.getLogger("holdfast").propagate = False
    done = trial.run(order, _progress if sys.stderr.isatty() else _silent)
    found = trial_report.rows(done)
    printer = {"text": trial_report.text, "json": trial_report.json, "junit": trial_report.junit}[args.output]
    print(printer(found, done))
    return 0 if trial_report.green(found) else 1


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _silent(text: str) -> None:
    del text


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
        for url in unit.facts.get("remote") or ():
            print(f"in part: {unit.key}: {url} is not at hand", file=sys.stderr)
        if unit.external:
            print(f"skipped: {unit.key}: {unit.problem}", file=sys.stderr)
    print(
        f"{rendered} of {len(units)} units rendered, {objects} objects; {errors} errors, "
        f"{len(findings) - errors - notes} warnings, {notes} notes",
        file=sys.stderr,
    )
