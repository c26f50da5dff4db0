"""``holdfast resume KIND NAME...``: reconcile again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.cli import flags
from holdfast.cli.suspension import add_arguments, set_suspended

if TYPE_CHECKING:
    import argparse

__all__ = ["add_arguments", "run"]


def run(args: argparse.Namespace) -> int:
    return flags.go(set_suspended(args, False))
