"""``holdfast helm lint``: what is wrong with charts, or merely unwise."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from holdfast.cli.helm_flags import add_global_flags, add_value_flags, merged_values, write_notices, write_out
from holdfast.cli.helm_where import add_chart_flags, fetcher_of

if TYPE_CHECKING:
    from holdfast.base.tree import Tree
    from holdfast.helm.chart.capabilities import Capabilities
    from holdfast.helm.lint.report import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", default=["."], help="charts: directories, .tgz, addresses, NAMEs with --repo"
    )
    add_global_flags(parser)
    add_value_flags(parser)
    add_chart_flags(parser)
    parser.add_argument("--strict", action="store_true", help="warnings fail too")
    parser.add_argument("--quiet", action="store_true", help="print only warnings and errors")
    parser.add_argument("--kube-version", default="", help="Kubernetes version for Capabilities and deprecated APIs")
    parser.add_argument(
        "--skip-schema-validation", action="store_true", help="do not check values against values.schema.json"
    )
    parser.add_argument("--with-subcharts", action="store_true", help="the charts in charts/, too")


def run(args: argparse.Namespace) -> int:
    from holdfast.helm.chart.capabilities import default_capabilities
    from holdfast.helm.errors import HelmError

    capabilities = default_capabilities(args.kube_version)
    paths = [*args.paths, *(found for path in args.paths if args.with_subcharts for found in _subcharts(path))]
    values = merged_values(args)
    failed = warned = 0
    for path in paths:
        bad, unwise = _tell(path, values, capabilities, args)
        failed += bad
        warned += unwise
    summary = f"{len(paths)} chart(s) linted, {failed} chart(s) failed"
    if failed:
        raise HelmError(summary)
    if not args.quiet or warned:
        write_out(f"{summary}\n")
    return 0


def _subcharts(path: str) -> list[str]:
    found: list[str] = []
    for directory, folders, files in os.walk(os.path.join(path, "charts")):
        folders.sort()
        for name in sorted(files):
            if name == "Chart.yaml":
                found.append(directory)
            elif name.endswith((".tgz", ".tar.gz")):
                found.append(os.path.join(directory, name))
    return found


def _tell(path: str, values: dict[str, Any], capabilities: Capabilities, args: argparse.Namespace) -> tuple[bool, bool]:
    """Whether the chart failed, and whether there was anything to warn of."""
    from holdfast.base.errors import HoldfastError
    from holdfast.helm.lint.report import Report, Severity

    report, fault = Report(), ""
    try:
        report = _lint(path, values, capabilities, args)
        write_notices(report.notices)
    except HoldfastError as error:
        fault = error.message
    worst = max((f.severity for f in report), default=Severity.INFO)
    failed = bool(fault) or worst >= (Severity.WARNING if args.strict else Severity.ERROR)
    unwise = bool(fault) or worst > Severity.INFO
    if not args.quiet or unwise:
        shown = [f"{f}\n" for f in report if not args.quiet or f.severity > Severity.INFO]
        write_out(f"==> Linting {path}\n" + (f"Error {fault}\n" if fault else "") + "".join(shown) + "\n")
    return failed, unwise


def _lint(path: str, values: dict[str, Any], capabilities: Capabilities, args: argparse.Namespace) -> Report:
    from holdfast.helm.lint.run import lint

    tree = _tree(path, args)
    return lint(
        tree,
        os.path.abspath(path),
        values,
        namespace=args.namespace or "default",
        capabilities=capabilities,
        skip_schema=args.skip_schema_validation,
    )


def _tree(path: str, args: argparse.Namespace) -> Tree:
    from holdfast.base.tree import MemoryTree
    from holdfast.cli.helm_disk import FollowingTree
    from holdfast.helm.chart.archive import read_archive
    from holdfast.helm.errors import HelmError

    if args.repo or path.startswith(("oci://", "http://", "https://")):
        return MemoryTree(read_archive(fetcher_of(args, to_stderr=True).fetch(path).data))
    if path.endswith((".tgz", ".tar.gz")):
        try:
            with open(path, "rb") as file:
                return MemoryTree(read_archive(file.read()))
        except OSError as error:
            words = (error.strerror or str(error)).lower()
            raise HelmError(f"unable to open tarball: open {path}: {words}") from None
    full = os.path.normpath(os.path.join(path, "Chart.yaml"))
    if not os.path.exists(full):
        raise HelmError(f"unable to check Chart.yaml file in chart: stat {full}: no such file or directory")
    return FollowingTree(path)
