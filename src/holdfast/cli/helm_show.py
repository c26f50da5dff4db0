"""``holdfast helm show chart|values|readme|crds|all``: what a chart holds."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from holdfast.cli.helm_flags import load_path, write_out

if TYPE_CHECKING:
    from holdfast.helm.chart.model import Chart


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("all", "chart", "crds", "readme", "values"), help="what to show")
    parser.add_argument("chart", help="a directory or a .tgz")
    parser.add_argument("--debug", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    chart = load_path(args.chart)
    parts = [_PARTS[name](chart) for name in _ORDER if args.what in (name, "all")]
    kept = [p for p in parts if p]
    write_out("---\n".join(kept) if args.what == "all" else "".join(kept))
    return 0


def _metadata(chart: Chart) -> str:
    from holdfast.helm.go.yaml import to_yaml
    from holdfast.helm.release import chart_data

    return to_yaml(chart_data(chart)["metadata"]) + "\n"


def _values(chart: Chart) -> str:
    data = chart.raw.get("values.yaml")
    return data.decode("utf-8", "surrogateescape") + "\n" if data is not None else ""


def _readme(chart: Chart) -> str:
    for name in ("readme.md", "readme.txt", "readme"):
        for path, data in chart.files.items():
            if path.lower() == name:
                return data.decode("utf-8", "surrogateescape") + "\n"
    return ""


def _crds(chart: Chart) -> str:
    texts = (data.decode("utf-8", "surrogateescape") for _, data in chart.crds())
    return "".join(("" if t.startswith("---") else "---\n") + t + "\n" for t in texts).removeprefix("---\n")


_PARTS = {"chart": _metadata, "values": _values, "readme": _readme, "crds": _crds}
_ORDER = ("chart", "values", "readme", "crds")
