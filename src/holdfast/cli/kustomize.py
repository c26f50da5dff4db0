"""``holdfast kustomize``: build, edit and create kustomizations as kustomize does."""

from __future__ import annotations

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stack-trace", action="store_true", help=argparse.SUPPRESS)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands", dest="action", required=True)
    build = commands.add_parser("build", allow_abbrev=False, help="print a kustomization's resources")
    from holdfast.cli import kustomize_build

    kustomize_build.add_arguments(build)
    # The parsers of edit are many; a build does not have to wait for them.
    if "build" in sys.argv[1:3]:
        return
    from holdfast.cli import kustomize_create, kustomize_edit

    kustomize_edit.add_arguments(commands.add_parser("edit", help="change the kustomization in this directory"))
    create = commands.add_parser(
        "create", aliases=["init"], allow_abbrev=False, help="make a kustomization in this directory"
    )
    kustomize_create.add_arguments(create)


def run(args: argparse.Namespace) -> int:
    result: int = args.handler(args)
    return result
