"""``holdfast helm dependency list|build|update``: charts that a chart depends on, and their state in charts/."""

from __future__ import annotations

import argparse
import glob
import os
import re
import sys
from typing import TYPE_CHECKING

from holdfast.cli.helm_flags import add_global_flags, load_path, write_out
from holdfast.cli.helm_where import add_login_flags, fetcher_of, home_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.helm.chart.model import Chart, Dependency
    from holdfast.source.helm_dependencies import DependencyBuild

_STRICT = re.compile(r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("list", "ls", "build", "update", "up"), help="what to do")
    parser.add_argument("chart", nargs="?", default=".", help="a chart directory")
    add_global_flags(parser)
    add_login_flags(parser)
    parser.add_argument(
        "--skip-refresh", action="store_true", help="use the indexes of repositories as they are cached"
    )
    parser.add_argument("--max-col-width", type=int, default=80, help="of list: the widest that a column may be")


def run(args: argparse.Namespace) -> int:
    path = os.path.normpath(args.chart)
    if args.action in ("list", "ls"):
        if not os.path.exists(path):
            from holdfast.helm.errors import HelmError

            raise HelmError(f"stat {path}: no such file or directory")
        return _list(load_path(path), path, args.max_col_width)
    build = dependency_build(path, args)
    if args.action == "build":
        build.build()
    else:
        build.update()
    return 0


def dependency_build(path: str, args: argparse.Namespace, *, to_stderr: bool = False) -> DependencyBuild:
    from holdfast.source.helm_dependencies import DependencyBuild

    say = sys.stderr.write if to_stderr else write_out
    fetcher = fetcher_of(_without_chart(args), to_stderr=to_stderr)
    refresh = not getattr(args, "skip_refresh", False)
    return DependencyBuild(path, home_of(args), fetcher, load_path, say, refresh, args.debug)


def _without_chart(args: argparse.Namespace) -> argparse.Namespace:
    """The flags without those that are about another chart."""
    return argparse.Namespace(**{**vars(args), "version": "", "repo": "", "devel": False})


def _list(chart: Chart, path: str, widest: int) -> int:
    wanted = chart.metadata.dependencies
    if not wanted:
        write_out(f"WARNING: no dependencies at {os.path.join(path, 'charts')}\n")
        return 0
    rows = [(d.name, d.version, d.repository, _status(chart, d, path)) for d in wanted]
    write_out(_table([("NAME", "VERSION", "REPOSITORY", "STATUS"), *rows], widest) + "\n")
    write_out("".join(_strangers(path, {d.name for d in wanted})))
    return 0


def _table(rows: Sequence[tuple[str, ...]], widest: int) -> str:
    widths = [min(max(len(row[i]) for row in rows), widest) for i in range(len(rows[0]))]
    return "".join(
        "\t".join(_cell(cell, w) for cell, w in zip(row, widths, strict=True)) + "\n" for row in rows
    )  # fmt: skip


def _cell(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 3] + "..." if width > 3 else text[:width]


def _strangers(path: str, wanted: set[str]) -> list[str]:
    """What lies in charts/ and nobody asks for."""
    from holdfast.base.errors import HoldfastError

    said: list[str] = []
    for found in sorted(glob.glob(os.path.join(glob.escape(path), "charts", "*"))):
        if not os.path.isdir(found) and not found.endswith(".tgz"):
            continue
        try:
            name = load_path(found).name
        except HoldfastError:
            said.append(f'WARNING: "{found}" is not a chart.\n')
            continue
        if name not in wanted:
            said.append(f'WARNING: "{found}" is not in Chart.yaml.\n')
    return said


def _status(chart: Chart, dependency: Dependency, path: str) -> str:
    home = os.path.join(path, "charts")
    archives = sorted(glob.glob(os.path.join(glob.escape(home), f"{glob.escape(dependency.name)}-*.tgz")))
    if len(archives) > 1:
        prefix = len(os.path.join(home, f"{dependency.name}-"))
        archives = [a for a in archives if _STRICT.fullmatch(a[prefix : -len(".tgz")])]
        if len(archives) > 1:
            return "too many matches"
    if archives:
        return _archive_status(archives[0], dependency)
    child = next((c for c in reversed(chart.dependencies) if c.name == dependency.name), None)
    return "missing" if child is None else _version_status(child, dependency) or "unpacked"


def _archive_status(path: str, dependency: Dependency) -> str:
    from holdfast.base.errors import HoldfastError

    try:
        chart = load_path(path)
    except HoldfastError:
        return "corrupt"
    if chart.name != dependency.name:
        return "misnamed"
    return _version_status(chart, dependency) or "ok"


def _version_status(chart: Chart, dependency: Dependency) -> str:
    from holdfast.helm.go.errors import GoError
    from holdfast.helm.go.semver import parse_constraints, parse_version

    if chart.metadata.version == dependency.version:
        return ""
    try:
        fits = parse_constraints(dependency.version).check(parse_version(chart.metadata.version))
    except GoError:
        return "invalid version"
    return "" if fits else "wrong version"
