"""``holdfast kustomize``: build, edit and create kustomizations as kustomize does."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from holdfast.cli import kustomize_build

    commands = parser.add_subparsers(metavar="COMMAND", title="commands", dest="action", required=True)
    kustomize_build.add_arguments(commands.add_parser("build", help="print a kustomization's resources"))


def run(args: argparse.Namespace) -> int:
    result: int = args.handler(args)
    return result
