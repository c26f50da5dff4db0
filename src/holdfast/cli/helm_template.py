"""``holdfast helm template``: a chart's manifests on stdout, as ``helm template`` prints them."""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import TYPE_CHECKING

from holdfast.cli.helm_flags import (
    add_global_flags,
    add_value_flags,
    api_versions,
    merged_values,
    write_notices,
    write_out,
)
from holdfast.cli.helm_where import add_chart_flags, locate

if TYPE_CHECKING:
    from holdfast.helm.chart.model import Chart
    from holdfast.helm.engine import RenderedChart
    from holdfast.helm.manifests import RenderedManifest

_IGNORED_SWITCHES = (
    "create-namespace", "disable-openapi-validation", "force-conflicts", "force-replace", "force",
    "replace", "rollback-on-failure", "atomic", "take-ownership",
    "wait-for-jobs", "hide-notes", "validate",
)  # fmt: skip
_IGNORED_TEXTS = (
    "description", "timeout", "labels",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words",
        nargs="+",
        metavar="[NAME] CHART",
        help="release name and chart (a directory, a .tgz, REPOSITORY/NAME, an address)",
    )
    add_global_flags(parser)
    add_value_flags(parser)
    parser.add_argument(
        "-a", "--api-versions", action="append", default=[], help="API versions for Capabilities.APIVersions"
    )
    parser.add_argument("--kube-version", default="", help="Kubernetes version for Capabilities.KubeVersion")
    parser.add_argument(
        "-s", "--show-only", action="append", default=[], metavar="TEMPLATE", help="show only these templates"
    )
    parser.add_argument("--include-crds", action="store_true", help="print the chart's crds/ too")
    parser.add_argument(
        "--skip-crds", action="store_true", help="no effect here: crds/ is printed with --include-crds only"
    )
    parser.add_argument("--skip-tests", action="store_true", help="leave test hooks out")
    parser.add_argument("--no-hooks", action="store_true", help="leave all hooks out")
    parser.add_argument(
        "--skip-schema-validation", action="store_true", help="do not check values against values.schema.json"
    )
    parser.add_argument("--is-upgrade", action="store_true", help="set .Release.IsUpgrade")
    parser.add_argument("--name-template", default="", help="a template that gives the release name")
    parser.add_argument(
        "-g", "--generate-name", action="store_true", help="make a release name of the chart's and the time"
    )
    parser.add_argument("--output-dir", default="", help="write the manifests to files below this directory")
    parser.add_argument("--release-name", action="store_true", help="use the release name in the path of --output-dir")
    parser.add_argument("--render-subchart-notes", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--enable-dns", action="store_true", help="let templates look up host names")
    parser.add_argument("--dependency-update", action="store_true", help="bring dependencies that are missing first")
    parser.add_argument("--post-renderer", default="", help="refused: patch with kustomize instead")
    parser.add_argument("--post-renderer-args", action="append", default=[], help=argparse.SUPPRESS)
    add_chart_flags(parser)
    parser.add_argument("--dry-run", nargs="?", const="client", default="client", help=argparse.SUPPRESS)
    parser.add_argument("--wait", nargs="?", const="watcher", default="", help=argparse.SUPPRESS)
    parser.add_argument("--server-side", nargs="?", const="true", default="true", help=argparse.SUPPRESS)
    parser.add_argument("-l", dest="labels_short", default="", help=argparse.SUPPRESS)
    for name in _IGNORED_SWITCHES:
        parser.add_argument(f"--{name}", action="store_true", help=argparse.SUPPRESS)
    for name in _IGNORED_TEXTS:
        parser.add_argument(f"--{name}", default="", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    from holdfast.helm.chart.capabilities import default_capabilities
    from holdfast.helm.engine import ReleaseOptions, check_installable, check_release_name, render
    from holdfast.helm.errors import HelmError
    from holdfast.helm.funcs.services import Services

    if args.post_renderer:
        raise HelmError("--post-renderer is not supported: patch the manifests with kustomize instead")
    capabilities = default_capabilities(args.kube_version, api_versions(args.api_versions))
    name, path = _name_and_chart(args)
    archive = None if os.path.exists(path) and not args.repo else locate(path, args)
    values = merged_values(args)
    chart = archive or locate(path, args)
    if args.dependency_update and archive is None:
        chart = _completed(path, chart, args)
    check_installable(chart)
    if chart.metadata.deprecated:
        write_notices(['level=WARN msg="this chart is deprecated"'])
    try:
        check_release_name(name)
    except HelmError as fault:
        shown = fault.message.replace("\\", "\\\\").replace('"', '\\"')
        write_notices([f'level=ERROR msg="release name check failed" error="{shown}"'])
        raise HelmError(f"release name check failed: {fault.message}") from None
    release = ReleaseOptions(name, args.namespace or "default", 1, args.is_upgrade, not args.is_upgrade)
    services = Services(resolve=_resolve if args.enable_dns else None)
    rendered = render(
        chart, values, release, capabilities, skip_schema=args.skip_schema_validation, services=services
    )  # fmt: skip
    write_notices(rendered.notices)
    if args.output_dir:
        _write_files(args, name, rendered)
    else:
        _print(args, rendered)
    return 0


def _completed(path: str, chart: Chart, args: argparse.Namespace) -> Chart:
    """The chart with the dependencies that it lacked."""
    from holdfast.cli.helm_dependency import dependency_build
    from holdfast.helm.chart.dependencies import missing_dependencies

    if not missing_dependencies(chart):
        return chart
    dependency_build(path, args, to_stderr=False).update()
    return locate(path, args)


def _resolve(name: str) -> str:
    import socket

    try:
        return socket.gethostbyname(name)
    except OSError:
        return ""


def _name_and_chart(args: argparse.Namespace) -> tuple[str, str]:
    from holdfast.helm.errors import HelmError

    words: list[str] = args.words
    if len(words) > 2:
        raise HelmError(f"expected at most two arguments, unexpected arguments: {', '.join(words[2:])}")
    if len(words) == 2:
        for flag in ("generate-name", "name-template"):
            if getattr(args, flag.replace("-", "_")):
                raise HelmError(f"cannot set --{flag} and also specify a name")
        return words[0], words[1]
    if args.name_template:
        return _templated_name(args.name_template), words[0]
    return "release-name", words[0]


def _templated_name(text: str) -> str:
    from holdfast.helm.engine import run_text
    from holdfast.helm.errors import HelmError

    try:
        return run_text("name-template", text)
    except HelmError as fault:
        raise HelmError(fault.message) from None


def _block(manifest: RenderedManifest) -> str:
    return f"---\n# Source: {manifest.source}\n{manifest.text}\n"


def _hooks(args: argparse.Namespace, rendered: RenderedChart) -> list[RenderedManifest]:
    if args.no_hooks:
        return []
    return [h for h in rendered.hooks if not (args.skip_tests and "test" in h.events)]


def _print(args: argparse.Namespace, rendered: RenderedChart) -> None:
    first = [*rendered.crds, *rendered.manifests] if args.include_crds else rendered.manifests
    text = "".join(map(_block, first)).strip() + "\n" + "".join(map(_block, _hooks(args, rendered)))
    write_out(_shown_only(text, args.show_only) if args.show_only else text)


def _shown_only(text: str, wanted: list[str]) -> str:
    from holdfast.helm.chart.ignore import compile_match
    from holdfast.helm.errors import HelmError
    from holdfast.helm.manifests import split_manifests

    documents = [(d, re.search(r"# Source: [^/]+/(.+)", d)) for d in split_manifests(text)]
    out = ""
    for pattern in wanted:
        glob = compile_match(pattern)
        found = [d for d, source in documents if source and glob.match(source[1])]
        if not found:
            raise HelmError(f"could not find template {pattern} in chart")
        out += "".join(f"---\n{d}\n" for d in found)
    return out


def _write_files(args: argparse.Namespace, name: str, rendered: RenderedChart) -> None:
    crds = rendered.crds if args.include_crds else []
    top = os.path.join(args.output_dir, name) if args.release_name else args.output_dir
    written: set[str] = set()
    for manifest in [*crds, *rendered.manifests, *_hooks(args, rendered)]:
        base = args.output_dir if manifest in crds else top
        path = os.path.join(base, manifest.source)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "a" if path in written else "w", encoding="utf-8", errors="surrogateescape", newline="") as f:
            f.write(_block(manifest))
        written.add(path)
        sys.stdout.write(f"wrote {path}\n")
    sys.stdout.write("\n")
