"""``holdfast kustomize``: build, edit and create kustomizations as kustomize does."""

from __future__ import annotations

import argparse
import sys

_ABSENT = {
    "localize": "it copies what is remote into a directory; kustomize itself does that",
    "cfg": "kustomize itself shows and searches packages; 'holdfast tree' shows what a repository delivers",
    "fn": "functions run in a build: 'holdfast kustomize build --enable-alpha-plugins --enable-exec'",
    "openapi": "the schema is that of the Kubernetes release that kustomize 5.8.1 knows, or the one in the openapi field",
    "completion": "'holdfast completion' prints it for all commands",
}


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
    version = commands.add_parser("version", help="print the version of kustomize that builds are those of")
    version.set_defaults(handler=_version)
    for name, instead in _ABSENT.items():
        # A command of kustomize that somebody looks for is answered in words, whatever stands behind it.
        absent = commands.add_parser(name, add_help=False, prefix_chars="\0")
        absent.add_argument("rest", nargs="*", help=argparse.SUPPRESS)
        absent.set_defaults(handler=_absent, instead=instead)


def _version(_: argparse.Namespace) -> int:
    from holdfast.kustomize.run import VERSION

    print(VERSION)
    return 0


def _absent(args: argparse.Namespace) -> int:
    print(f"Error: holdfast has no 'kustomize {args.action}': {args.instead}", file=sys.stderr)
    return 1


def run(args: argparse.Namespace) -> int:
    result: int = args.handler(args)
    return result
