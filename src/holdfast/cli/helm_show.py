"""``holdfast helm show chart|values|readme|crds|all``: what a chart holds."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

from holdfast.cli.helm_flags import add_global_flags, write_out
from holdfast.cli.helm_where import add_chart_flags, locate

if TYPE_CHECKING:
    from holdfast.helm.chart.model import Chart

_PATH = re.compile(r"\{(?:\.?\[\d+\]|\['[^']+'\]|\.[\w-]+)+\}")
_STEP = re.compile(r"\.([\w-]+)|\['([^']+)'\]|\[(\d+)\]")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("all", "chart", "crds", "readme", "values"), help="what to show")
    parser.add_argument("chart", help="a directory, a .tgz, REPOSITORY/NAME, NAME with --repo, or an address")
    parser.add_argument("--jsonpath", default="", help="of the values, what this JSONPath selects")
    add_global_flags(parser)
    add_chart_flags(parser)


def run(args: argparse.Namespace) -> int:
    chart = locate(args.chart, args)
    whole = args.what == "all"
    if args.jsonpath and args.what == "values":
        write_out(_selected(chart, args.jsonpath))
        return 0
    parts = [_PARTS[name](chart, whole) for name in _PARTS if args.what in (name, "all")]
    write_out("".join(parts))
    return 0


def _selected(chart: Chart, template: str) -> str:
    """Names and numbers along a path: ``{.a.b[0]}``. Helm's other expressions are refused."""
    from holdfast.helm.errors import HelmError
    from holdfast.helm.go.format import to_string
    from holdfast.helm.go.json import encode

    if not _PATH.fullmatch(template):
        raise HelmError(f"error parsing jsonpath {template}: only fields and indexes are supported: {{.name.list[0]}}")
    found: Any = chart.values
    for name, quoted, index in _STEP.findall(template):
        key = int(index) if index else name or quoted
        try:
            found = found[key]
        except (KeyError, IndexError, TypeError):
            return ""
    return encode(found) if isinstance(found, (dict, list)) else to_string(found)


def _metadata(chart: Chart, whole: bool) -> str:
    from holdfast.helm.go.yaml import to_yaml
    from holdfast.helm.release import chart_data

    return to_yaml(chart_data(chart)["metadata"]) + "\n"


def _values(chart: Chart, whole: bool) -> str:
    data = chart.raw.get("values.yaml")
    text = data.decode("utf-8", "surrogateescape") + "\n" if data is not None else ""
    return f"---\n{text}" if whole and data is not None else text


def _readme(chart: Chart, whole: bool) -> str:
    for path, data in chart.files.items():
        if path.lower() in ("readme.md", "readme.txt", "readme"):
            text = data.decode("utf-8", "surrogateescape") + "\n"
            return f"---\n{text}" if whole else text
    return ""


def _crds(chart: Chart, whole: bool) -> str:
    texts = (data.decode("utf-8", "surrogateescape") for _, data in chart.crds())
    return "".join(("" if t.startswith("---") else "---\n") + t + "\n" for t in texts)


_PARTS = {"chart": _metadata, "values": _values, "readme": _readme, "crds": _crds}
