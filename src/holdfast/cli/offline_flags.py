"""What render, test and diff have in common: where charts come from, and the cluster that is assumed."""

from __future__ import annotations

import argparse
import atexit
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from holdfast.base.tree import Tree
    from holdfast.cli.kustomize_outside import Outside
    from holdfast.kustomize.options import Fetched
    from holdfast.offline.unit import Charts, ChartWanted, Options

T = TypeVar("T")


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
    remotes = None if args.offline else _Remotes()
    return Options(
        implied=True,
        charts=_Charts(args),
        remotes=remotes,
        kube_version=_checked(args.kube_version),
        api_versions=versions,
    )


class _Remotes:
    """Remote bases as ``kustomize build`` fetches them; after a first failure of the network nothing is tried again."""

    def __init__(self) -> None:
        self._outside: Outside | None = None
        self._failed = ""

    def fetch(self, url: str) -> Fetched:
        return self._try(lambda outside: outside.fetch(url))

    def fetch_file(self, url: str) -> bytes:
        return self._try(lambda outside: outside.fetch_file(url))

    def _try(self, work: Callable[[Outside], T]) -> T:
        from holdfast.base.errors import HoldfastError
        from holdfast.cli.kustomize_outside import Outside
        from holdfast.kustomize.errors import KustomizeError

        if self._failed:
            raise KustomizeError(self._failed)
        if self._outside is None:
            self._outside = Outside().__enter__()
            atexit.register(self._outside.__exit__, None, None, None)
        try:
            return work(self._outside)
        except HoldfastError as error:
            if not any(t in error.message for t in ("URL is a git repository", "HTTP Error")):
                self._failed = error.message
            raise


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
