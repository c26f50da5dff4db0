"""``holdfast helm dependency list|build|update``: charts of file:// repositories are packed into charts/.

Repositories on the network are fetched by the sources of a delivery; here they are named in the error instead.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from holdfast.cli.helm_flags import load_path, write_out

if TYPE_CHECKING:
    from holdfast.helm.chart.model import Chart, Dependency


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("list", "ls", "build", "update", "up"), help="what to do")
    parser.add_argument("chart", nargs="?", default=".", help="a chart directory")
    parser.add_argument("--skip-refresh", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--debug", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    chart = load_path(args.chart)
    if args.action in ("list", "ls"):
        return _list(chart, args.chart)
    return _build(chart, args.chart)


def _list(chart: Chart, path: str) -> int:
    wanted = chart.metadata.dependencies
    if not wanted:
        write_out(f"WARNING: no dependencies at {os.path.join(path, 'charts')}\n")
        return 0
    rows = [
        ("NAME", "VERSION", "REPOSITORY", "STATUS"),
        *((d.name, d.version, d.repository, _status(chart, d, path)) for d in wanted),
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    write_out(
        "".join("\t".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + "\n" for row in rows) + "\n"
    )
    return 0


def _status(chart: Chart, dependency: Dependency, path: str) -> str:
    from holdfast.helm.chart.dependencies import compatible

    child = next((c for c in chart.dependencies if c.name == dependency.name), None)
    if child is None:
        return "missing"
    if not compatible(dependency.version, child.metadata.version):
        return "wrong version"
    return "unpacked" if os.path.isdir(os.path.join(path, "charts", child.name)) else "ok"


def _build(chart: Chart, path: str) -> int:
    from holdfast.helm.errors import HelmError

    wanted = chart.metadata.dependencies
    remote = [
        f"{d.name} {d.version} ({d.repository})"
        for d in wanted
        if d.repository and not d.repository.startswith("file://")
    ]
    if remote:
        raise HelmError(
            f"dependencies from repositories on the network have to be fetched by a source: {', '.join(remote)}"
        )
    for dependency in wanted:
        if dependency.repository:
            _pack(dependency, path)
    write_out(f"Saving {len(wanted)} charts\n")
    return 0


def _pack(dependency: Dependency, path: str) -> None:
    from holdfast.helm.chart.archive import write_archive
    from holdfast.helm.chart.dependencies import compatible
    from holdfast.helm.errors import HelmError

    place = dependency.repository.removeprefix("file://")
    source = place if os.path.isabs(place) else os.path.normpath(os.path.join(path, place))
    child = load_path(source)
    if not compatible(dependency.version, child.metadata.version):
        raise HelmError(
            f"can't get a valid version for dependency {dependency.name}: {child.metadata.version} does not match {dependency.version}"
        )
    target = os.path.join(path, "charts", f"{child.name}-{child.metadata.version}.tgz")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as f:
        f.write(write_archive(child.name, child.raw))
