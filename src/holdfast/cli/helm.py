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
    ("repo", "holdfast.cli.helm_repo", "add, list, update and remove chart repositories"),
    ("registry", "holdfast.cli.helm_login", "log in to and out of a registry"),
)

_ALIASES = {"dependency": ("dep", "dependencies"), "pull": ("fetch",), "show": ("inspect",)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(metavar="COMMAND", dest="helm_command", required=True)
    known = {n for name, *_ in _COMMANDS for n in (name, *_ALIASES.get(name, ()))}
    chosen = next((a for a in sys.argv[1:] if a in known), None)
    for name, module, words in _COMMANDS:
        aliases = _ALIASES.get(name, ())
        sub = commands.add_parser(name, aliases=aliases, help=words, description=words, add_help=True)
        sub.set_defaults(helm_module=module)
        if chosen is None or chosen in (name, *aliases):
            importlib.import_module(module).add_arguments(sub)


def run(args: argparse.Namespace) -> int:
    from holdfast.base.errors import HoldfastError

    try:
        return int(importlib.import_module(args.helm_module).run(args) or 0)
    except HoldfastError as fault:
        hinted = getattr(fault, "trailer", False) and not getattr(args, "debug", False)
        trailer = "\n\nUse --debug flag to render out invalid YAML" if hinted else ""
        text = f"Error: {fault.message}{trailer}\n"
        sys.stderr.buffer.write(text.encode("utf-8", "surrogateescape"))
        return 1
