"""``holdfast kustomize create``: a new kustomization.yaml in the current directory."""

from __future__ import annotations

import argparse
import os


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--resources", default="", metavar="PATH,...", help="files and directories to list")
    parser.add_argument("--namespace", default="")
    parser.add_argument("--nameprefix", default="")
    parser.add_argument("--namesuffix", default="")
    parser.add_argument("--annotations", default="", metavar="KEY:VALUE,...")
    parser.add_argument("--labels", default="", metavar="KEY:VALUE,...")
    parser.add_argument("--autodetect", action="store_true", help="list the Kubernetes objects found here")
    parser.add_argument("--recursive", action="store_true", help="with --autodetect: look into directories")
    parser.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    from holdfast.base.errors import HoldfastError
    from holdfast.cli.kustomize_errors import report

    try:
        _create(args)
    except HoldfastError as err:
        report(err)
        return 1
    return 0


def _create(args: argparse.Namespace) -> None:
    from holdfast.cli.kustomize_edit import matching_paths
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.edit import update
    from holdfast.kustomize.edit.commands import parse_pairs
    from holdfast.kustomize.edit.fields import FIELD_ORDER
    from holdfast.kustomize.kustfile import FILE_NAMES

    resources = matching_paths(args.resources.split(",")) if args.resources else []
    if any(os.path.exists(name) for name in FILE_NAMES):
        raise KustomizeError("kustomization file already exists")
    if args.autodetect:
        resources += [path for path in _detected(args.recursive) if path not in resources]
    data = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
        "namePrefix": args.nameprefix,
        "nameSuffix": args.namesuffix,
        "namespace": args.namespace,
        "commonLabels": parse_pairs(args.labels.split(","), "label") if args.labels else {},
        "commonAnnotations": parse_pairs(args.annotations.split(","), "annotation") if args.annotations else {},
    }
    text = update("", {field: value for field, value in data.items() if value}, FIELD_ORDER)
    with open(FILE_NAMES[0], "w", encoding="utf-8") as file:
        file.write(text)


def _detected(recursive: bool) -> list[str]:
    """Files with objects, and with ``recursive`` directories that are kustomizations themselves, in path order."""
    from holdfast.kustomize.kustfile import FILE_NAMES

    out: list[str] = []
    for directory, below, files in os.walk("."):
        below.sort()
        here = os.path.relpath(directory)
        if here != "." and any(name in files for name in FILE_NAMES):
            out.append(here)
            below.clear()
            continue
        if not recursive:
            below.clear()
        paths = (os.path.normpath(os.path.join(here, name)) for name in files)
        out += [path for path in paths if os.path.isfile(path) and _is_resource_file(path)]
    return sorted(out, key=lambda path: path.split("/"))


def _is_resource_file(path: str) -> bool:
    from holdfast.kustomize import KustomizeError
    from holdfast.kustomize.ids import CLUSTER_SCOPED
    from holdfast.kustomize.yamlio import read_resources

    try:
        with open(path, "rb") as file:
            read_resources(file.read(), path, CLUSTER_SCOPED)
    except (KustomizeError, OSError):
        return False
    return True
