"""``holdfast render PATH``: everything that a repository's units render to, without a cluster."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from holdfast.cli import offline_flags

if TYPE_CHECKING:
    from holdfast.offline.survey import Survey, Unit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path", nargs="?", default=".", metavar="PATH", help="a repository, or a directory in one (default: .)"
    )
    parser.add_argument("--unit", metavar="KIND/NAMESPACE/NAME", help="only this unit")
    parser.add_argument("--cluster", metavar="DIR", help="only this cluster of a repository with several")
    parser.add_argument(
        "-o", "--output", metavar="DIR", help="write a file per unit into this directory, with stable names"
    )
    parser.add_argument("--show-sources", action="store_true", help="say above each object which unit it comes from")
    offline_flags.add(parser)


def run(args: argparse.Namespace) -> int:
    from holdfast.cli.disk import QuickDiskTree, require_directory
    from holdfast.offline.survey import survey

    surveys = survey(QuickDiskTree(require_directory(args.path)), offline_flags.options(args))
    if args.cluster is not None:
        surveys = only(surveys, args.cluster)
    failed = 0
    for found, units in _wanted(surveys, args.unit):
        if args.output:
            _write(units, os.path.join(args.output, found.cluster) if len(surveys) > 1 else args.output)
        else:
            for unit in units:
                _print(unit, args.show_sources)
        failed |= _report(units)
    return failed


def only(surveys: list[Survey], cluster: str) -> list[Survey]:
    from holdfast.base.errors import Stop

    wanted = cluster.strip("./")
    chosen = [s for s in surveys if s.cluster == wanted or s.cluster.rpartition("/")[2] == wanted]
    if not chosen:
        raise Stop(
            f"there is no cluster {cluster} here", hint="clusters: " + ", ".join(s.cluster or "." for s in surveys)
        )
    return chosen


def _wanted(surveys: list[Survey], wanted: str | None) -> list[tuple[Survey, list[Unit]]]:
    from holdfast.base.errors import Stop

    units = [u for s in surveys for u in s.units.values()]
    if not units:
        raise Stop(
            "no units found here",
            hint="no YAML file of this directory declares a unit of Flux or Argo CD, and there is no kustomization",
        )
    chosen = [(s, [u for u in s.units.values() if wanted is None or wanted in _names(u)]) for s in surveys]
    if not any(found for _, found in chosen):
        names = ", ".join(sorted({str(u.key) for u in units})[:20])
        raise Stop(f"there is no unit {wanted} here", hint=f"units: {names}")
    return chosen


def _names(unit: Unit) -> tuple[str, ...]:
    return str(unit.key), f"{unit.key.kind}/{unit.key.name}", unit.key.name


def _print(unit: Unit, sources: bool) -> None:
    from holdfast.kube import yaml

    for obj in unit.rendered.objects if unit.rendered else ():
        head = f"# Source: {unit.key} ({unit.place})\n" if sources else ""
        sys.stdout.write(f"---\n{head}{yaml.dump(obj)}")


def _write(units: list[Unit], directory: str) -> None:
    from pathlib import Path

    from holdfast.kube import yaml

    top = Path(directory)
    top.mkdir(parents=True, exist_ok=True)
    for unit in units:
        if unit.rendered is not None:
            name = f"{unit.key.kind}-{unit.key.namespace}-{unit.key.name}.yaml".lower()
            (top / name).write_text("".join(f"---\n{yaml.dump(o)}" for o in unit.rendered.objects))


def _report(units: list[Unit]) -> int:
    """Words on stderr for what could not be rendered; external sources are told but are no failure."""
    failed = 0
    for unit in units:
        for url in unit.facts.get("remote") or ():
            print(f"in part: {unit.key}: {unit.place}: {url} is not at hand", file=sys.stderr)
        if unit.problem:
            word = "skipped" if unit.external else "failed"
            print(f"{word}: {unit.key}: {unit.problem_place or unit.place}: {unit.problem.strip()}", file=sys.stderr)
            failed += not unit.external
    return 1 if failed else 0
