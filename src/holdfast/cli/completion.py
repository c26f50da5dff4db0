"""``holdfast completion``: a script that makes a shell complete verbs and flags."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=["bash", "zsh", "tcsh"], help="the shell to write for")
    parser.epilog = (
        "For bash: source <(holdfast completion bash). For zsh: put the output into a file _holdfast on your fpath."
    )


def run(args: argparse.Namespace) -> int:
    import shtab

    from holdfast.cli.main import whole_parser

    print(shtab.complete(whole_parser(), args.shell))
    return 0
