"""``holdfast helm``: charts without a helm binary. One module per subcommand, imported when it is used."""

from __future__ import annotations

import argparse
import importlib
import sys

_COMMANDS = (
    ("template", "holdfast.cli.helm_template", "render a chart's templates"),
    ("lint", "holdfast.cli.helm_lint", "examine a chart for possible issues"),
    ("show", "holdfast.cli.helm_show", "show information of a chart"),
    ("dependency", "holdfast.cli.helm_dependency", "list and build a chart's dependencies"),
    ("pull", "holdfast.cli.helm_pull", "download a chart and keep or unpack it"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(metavar="COMMAND", dest="helm_command", required=True)
    chosen = next((a for a in sys.argv[1:] if any(a == c[0] for c in _COMMANDS)), None)
    for name, module, words in _COMMANDS:
        sub = commands.add_parser(name, help=words, description=words, add_help=True)
        sub.set_defaults(helm_module=module)
        if chosen is None or name == chosen:
            importlib.import_module(module).add_arguments(sub)


def run(args: argparse.Namespace) -> int:
    from holdfast.helm.errors import HelmError

    try:
        return int(importlib.import_module(args.helm_module).run(args) or 0)
    except HelmError as fault:
        trailer = (
            "\n\nUse --debug flag to render out invalid YAML"
            if fault.trailer and not getattr(args, "debug", False)
            else ""
        )
        text = f"Error: {fault.message}{trailer}\n"
        sys.stderr.buffer.write(text.encode("utf-8", "surrogateescape"))
        return 1
