"""``holdfast version``."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def run(args: argparse.Namespace) -> int:
    from importlib.metadata import version

    del args
    print(f"holdfast {version('holdfast')}")
    return 0
