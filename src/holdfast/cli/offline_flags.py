"""What render, test and diff have in common: where charts come from, and the cluster that is assumed."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.base.tree import Tree
    from holdfast.offline.unit import Charts, ChartWanted, Options


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--charts",
        action="append",
        default=[],
        metavar="DIR",
        help="a directory of charts (NAME-VERSION.tgz, or unpacked); PATH/.holdfast/charts always is (repeatable)",
    )
    parser.add_argument(
        "--chart-cache", metavar="DIR", help="where fetched charts are kept (default: the user's cache)"
    )
    parser.add_argument(
        "--offline", action="store_true", help="never fetch: charts only from the repository, DIR and cache"
    )
    parser.add_argument("--kube-version", default="", metavar="V", help="the cluster's version, for charts and APIs")
    parser.add_argument(
        "--api-versions", "-a", action="append", default=[], metavar="GV", help="an API the cluster has (repeatable)"
    )


def options(args: argparse.Namespace) -> Options:
    from holdfast.base.errors import Stop
    from holdfast.offline.unit import Options

    for directory in args.charts:
        if not os.path.isdir(directory):
            raise Stop(f"{directory} is not a directory", hint="--charts names a directory of charts")
    versions = tuple(v for text in args.api_versions for v in text.split(",") if v)
    return Options(charts=_Charts(args), kube_version=_checked(args.kube_version), api_versions=versions)


class _Charts:
    """The library of charts, opened when the first chart is wanted that is not in the repository."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._library: Charts | None = None

    def find(self, wanted: ChartWanted) -> bytes | Tree:
        if self._library is None:
            self._library = self._open()
        return self._library.find(wanted)

    def _open(self) -> Charts:
        from pathlib import Path

        from holdfast.app.charts import VENDORED, Library

        args = self._args
        cache = Path(args.chart_cache) if args.chart_cache else None
        return Library([*args.charts, os.path.join(args.path, VENDORED)], cache, offline=args.offline)


def _checked(version: str) -> str:
    """As the schemas name it; an unknown release is refused here and not in the middle of the work."""
    if version:
        from holdfast.helm.chart.capabilities import parse_kube_version

        parse_kube_version(version)
    return version
