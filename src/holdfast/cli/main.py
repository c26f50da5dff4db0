"""The entry point: pick the verb, hand over, turn errors into words and exit codes.

Exit codes: 0 done, 1 failed or differences found, 2 wrong usage. A traceback never reaches a user unless
``HOLDFAST_DEBUG`` is set.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import argparse

    from holdfast.cli.verbs import Verb


_FRAMES = 4000
"""Python's own limit ends with documents of some 300 levels; what is nested deeper than 400 is refused as such."""


def program() -> NoReturn:
    """The command as it is installed: `main`, and then the end of the process."""
    code = main()
    if "threading" not in sys.modules:
        _leave(code)
    sys.exit(code)


def _leave(code: int) -> NoReturn:
    """End without taking every module and object apart, which takes a short command a tenth of its time."""
    import atexit

    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        pass
    except OSError as error:
        code = _report(error)
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _FRAMES))
    args = list(sys.argv[1:] if argv is None else argv)
    command = _quick(args) or _parsed(args)
    try:
        return command()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader went away (`| head`): not an error, but Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("HOLDFAST_DEBUG"):
            raise
        return _report(error)


def _quick(args: Sequence[str]) -> Callable[[], int] | None:
    """A build whose words need no parser."""
    if args[:2] != ["kustomize", "build"]:
        return None
    from holdfast.cli import kustomize_build

    namespace = kustomize_build.read(args[2:])
    return None if namespace is None else lambda: kustomize_build.run(namespace)


def _parsed(args: Sequence[str]) -> Callable[[], int]:
    if args == ["--version"]:
        args = ["version"]
    verb = _chosen(args)
    parser = build_parser(verb)
    namespace = parser.parse_args(args)
    if verb is None:
        parser.print_help()
        return lambda: 0 if not args else 2
    module = verb.module
    return lambda: int(importlib.import_module(module).run(namespace) or 0)


def build_parser(chosen: Verb | None) -> argparse.ArgumentParser:
    """The whole parser, with the arguments of the chosen verb only (the others are not imported)."""
    from holdfast.cli.interleaved import InterleavedParser
    from holdfast.cli.verbs import VERBS

    parser = InterleavedParser(prog="holdfast", description="Keeps Kubernetes clusters equal to Git.")
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    for verb in VERBS:
        sub = commands.add_parser(verb.name, help=verb.help, description=verb.help, add_help=verb is chosen)
        if verb is chosen:
            importlib.import_module(verb.module).add_arguments(sub)
    return parser


def whole_parser() -> argparse.ArgumentParser:
    """The parser with the arguments of every verb, for completion scripts and documentation."""
    from holdfast.cli.interleaved import InterleavedParser
    from holdfast.cli.verbs import VERBS

    parser = InterleavedParser(prog="holdfast", description="Keeps Kubernetes clusters equal to Git.")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    for verb in VERBS:
        sub = commands.add_parser(verb.name, help=verb.help, description=verb.help)
        importlib.import_module(verb.module).add_arguments(sub)
    return parser


def _chosen(args: Sequence[str]) -> Verb | None:
    from holdfast.cli.verbs import VERBS

    name = next((a for a in args if not a.startswith("-")), None)
    return next((v for v in VERBS if v.name == name), None)


def _report(error: Exception) -> int:
    from holdfast.base.errors import HoldfastError

    if isinstance(error, HoldfastError):
        where = f"{error.place}: " if error.place else ""
        print(f"Error: {where}{error.message}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
    elif isinstance(error, OSError):
        print(f"Error: {error}", file=sys.stderr)
    elif isinstance(error, MemoryError):
        print("Error: this takes more memory than there is", file=sys.stderr)
    else:
        print(
            f"Error: internal error: {type(error).__name__}: {error}\n"
            "  This is a defect in holdfast. Run again with HOLDFAST_DEBUG=1 for details to report.",
            file=sys.stderr,
        )
    return 1
