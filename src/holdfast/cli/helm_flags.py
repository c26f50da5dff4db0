"""Flags that several helm commands share, and what they mean: charts from paths, values from flags."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.helm.chart.model import Chart


def add_value_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-f",
        "--values",
        action="append",
        default=[],
        metavar="FILE",
        help="values in a YAML file (several, the last wins)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="set_values",
        metavar="K=V",
        help="set values (integers, booleans and null typed)",
    )
    parser.add_argument("--set-string", action="append", default=[], metavar="K=V", help="set text values")
    parser.add_argument("--set-json", action="append", default=[], metavar="K=JSON", help="set JSON values")
    parser.add_argument(
        "--set-file", action="append", default=[], metavar="K=FILE", help="set values to the text of files"
    )
    parser.add_argument(
        "--set-literal", action="append", default=[], metavar="K=V", help="set one text, taken as it stands"
    )


def add_global_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-n",
        "--namespace",
        default=os.environ.get("HELM_NAMESPACE", ""),
        help="namespace of the release (default: default)",
    )
    parser.add_argument("--debug", action="store_true", help="print what was rendered even when it is no YAML")
    for name in (
        "kubeconfig",
        "kube-context",
        "kube-apiserver",
        "kube-token",
        "registry-config",
        "repository-cache",
        "repository-config",
        "content-cache",
        "color",
    ):
        parser.add_argument(f"--{name}", default="", help=argparse.SUPPRESS)


def _comma(values: list[str]) -> list[str]:
    return [part for value in values for part in value.split(",")]


def api_versions(values: list[str]) -> tuple[str, ...]:
    return tuple(_comma(values))


def merged_values(args: argparse.Namespace) -> dict[str, Any]:
    from holdfast.helm.values import ValueOptions

    options = ValueOptions(
        _comma(args.values), args.set_json, args.set_values, args.set_string, args.set_file, args.set_literal, read_file
    )  # fmt: skip
    return options.merged()


def read_file(path: str) -> bytes:
    from holdfast.helm.errors import ValuesError

    if path.strip() == "-":
        return sys.stdin.buffer.read()
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError as fault:
        raise ValuesError(f"open {path}: {(fault.strerror or str(fault)).lower()}") from None


def load_path(path: str) -> Chart:
    """A chart from a directory or an archive on disk. Raises HelmError as Helm words it."""
    from holdfast.helm.chart.load import load_chart
    from holdfast.helm.errors import HelmError

    if not os.path.exists(path):
        if os.path.isabs(path) or path.startswith("."):
            raise HelmError(f'path "{path}" not found')
        raise HelmError(f"non-absolute URLs should be in form of repo_name/path_to_chart, got: {path}")
    if os.path.isdir(path):
        return load_chart(_chart_tree(path))
    return load_chart(_archive_bytes(path))


def _chart_tree(path: str) -> Any:
    from holdfast.cli.helm_disk import FollowingTree
    from holdfast.helm.errors import HelmError

    if not os.path.isfile(os.path.join(path, "Chart.yaml")):
        full = os.path.join(os.path.realpath(path), "Chart.yaml")
        raise HelmError(f"unable to detect chart at {full}: open {full}: no such file or directory")
    return FollowingTree(path)


def _archive_bytes(path: str) -> bytes:
    from holdfast.helm.errors import HelmError

    full = os.path.realpath(path)
    with open(path, "rb") as f:
        data = f.read()
    if data[:3] != b"\x1f\x8b\x08":
        if path.endswith((".yml", ".yaml")):
            raise HelmError(f"file '{full}' seems to be a YAML file, but expected a gzipped archive")
        raise HelmError(f"file '{full}' does not appear to be a gzipped archive; got '{_content_type(data)}'")
    return data


def _content_type(data: bytes) -> str:
    text = all(b >= 32 or b in b"\t\n\r\f\x1b" for b in data[:512])
    return "text/plain; charset=utf-8" if text else "application/octet-stream"


def write_out(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def write_notices(notices: list[str]) -> None:
    for notice in notices:
        sys.stderr.write(f"{notice}\n")
