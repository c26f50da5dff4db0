"""``holdfast helm lint``: the faults of a chart that rendering and its metadata show."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from holdfast.cli.helm_flags import add_global_flags, add_value_flags, load_path, merged_values, write_out

if TYPE_CHECKING:
    from holdfast.helm.chart.model import Chart

Finding = tuple[str, str, str]  # (severity, path, message)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", default=["."], help="charts")
    add_global_flags(parser)
    add_value_flags(parser)
    parser.add_argument("--strict", action="store_true", help="warnings fail too")
    parser.add_argument("--quiet", action="store_true", help="print only warnings and errors")
    parser.add_argument("--kube-version", default="", help="Kubernetes version for Capabilities")
    parser.add_argument(
        "--skip-schema-validation", action="store_true", help="do not check values against values.schema.json"
    )
    parser.add_argument("--with-subcharts", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    values = merged_values(args)
    failed = 0
    for path in args.paths:
        found = _lint(path, values, args)
        bad = any(f[0] == "ERROR" or (args.strict and f[0] == "WARNING") for f in found)
        failed += bad
        shown = [f for f in found if not args.quiet or f[0] != "INFO"]
        if shown or not args.quiet:
            write_out(f"==> Linting {path}\n" + "".join(f"[{s}] {p}: {m}\n" for s, p, m in shown) + "\n")
    if failed:
        from holdfast.helm.errors import HelmError

        raise HelmError(f"{len(args.paths)} chart(s) linted, {failed} chart(s) failed")
    if not args.quiet:
        write_out(f"{len(args.paths)} chart(s) linted, 0 chart(s) failed\n")
    return 0


def _lint(path: str, values: dict[str, Any], args: argparse.Namespace) -> list[Finding]:
    from holdfast.helm.errors import HelmError

    try:
        chart = load_path(path)
    except HelmError as fault:
        return [("ERROR", "Chart.yaml", fault.message)]
    found = _metadata(chart)
    if "values.yaml" not in chart.raw:
        found.append(("INFO", "values.yaml", "file does not exist"))
    if not chart.templates and not os.path.isdir(os.path.join(path, "templates")):
        found.append(("WARNING", "templates/", "directory does not exist"))
    return found + _dependencies(chart) + _templates(chart, values, args)


def _metadata(chart: Chart) -> list[Finding]:
    from holdfast.helm.chart.reading import read

    raw = read(chart.raw["Chart.yaml"]) or {}
    found: list[Finding] = []
    if not raw.get("apiVersion"):
        found.append(("ERROR", "Chart.yaml", 'apiVersion is required. The value must be either "v1" or "v2"'))
    for key in ("version", "appVersion"):
        if key in raw and not isinstance(raw[key], str):
            kind = "float64" if isinstance(raw[key], (int, float)) else type(raw[key]).__name__
            found.append(("ERROR", "Chart.yaml", f"{key} should be of type string but it's of type {kind}"))
    for maintainer in chart.metadata.maintainers:
        if not maintainer.name:
            found.append(("ERROR", "Chart.yaml", "each maintainer requires a name"))
    if not chart.metadata.icon:
        found.append(("INFO", "Chart.yaml", "icon is recommended"))
    if chart.metadata.dependencies and chart.metadata.api_version == "v1" and "requirements.yaml" not in chart.raw:
        words = "dependencies are not valid in the Chart file with apiVersion 'v1'. They are valid in apiVersion 'v2'"
        found.append(("ERROR", "Chart.yaml", words))
    return found


def _dependencies(chart: Chart) -> list[Finding]:
    from holdfast.helm.chart.dependencies import missing_dependencies

    missing = missing_dependencies(chart)
    return [("WARNING", "", f"chart directory is missing these dependencies: {','.join(missing)}")] if missing else []


def _templates(chart: Chart, values: dict[str, Any], args: argparse.Namespace) -> list[Finding]:
    from holdfast.helm.chart.capabilities import default_capabilities
    from holdfast.helm.engine import ReleaseOptions, render
    from holdfast.helm.errors import HelmError
    from holdfast.helm.funcs.services import Services

    release = ReleaseOptions("test-release", args.namespace or "default")
    capabilities = default_capabilities(args.kube_version)
    try:
        render(
            chart, values, release, capabilities, services=Services(lint=True), skip_schema=args.skip_schema_validation
        )
    except HelmError as fault:
        where = "values.yaml" if fault.reason == "InvalidValues" else "templates/"
        return [("ERROR", where, fault.message)]
    return []
