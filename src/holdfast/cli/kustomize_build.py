"""``holdfast kustomize build [DIR]`` with kustomize's flags."""

from __future__ import annotations

import argparse
import os
import sys

_RESTRICTIONS = {"LoadRestrictionsRootOnly": "root", "LoadRestrictionsNone": "none"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "target", nargs="?", default=".", metavar="DIR", help="directory with a kustomization (default .)"
    )
    parser.add_argument("--load-restrictor", default="LoadRestrictionsRootOnly", metavar="NAME")
    parser.add_argument("--reorder", default="", choices=("legacy", "none", ""))
    parser.add_argument("--enable-helm", action="store_true")
    parser.add_argument("--helm-command", default="helm")
    parser.add_argument("--enable-alpha-plugins", action="store_true")
    parser.add_argument("--enable-exec", action="store_true")
    parser.add_argument("--enable-managedby-label", action="store_true")
    parser.add_argument("-o", "--output", default="")
    parser.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    from holdfast.base.errors import HoldfastError
    from holdfast.cli.disk import QuickDiskTree
    from holdfast.kube import yaml
    from holdfast.kustomize import BuildOptions, build

    real = os.path.abspath(args.target)
    options = BuildOptions(
        load_restrictions=_RESTRICTIONS.get(args.load_restrictor, "root"),  # type: ignore[arg-type]
        reorder=args.reorder or None,
        managed_by_label=args.enable_managedby_label,
    )
    try:
        result = build(QuickDiskTree("/"), real.lstrip("/"), options)
    except HoldfastError as err:
        print(f"Error: {err.message}", file=sys.stderr)
        return 1
    for warning in result.warnings:
        print(warning, file=sys.stderr)
    sys.stdout.write(yaml.dump_all(result.manifests))
    return 0
