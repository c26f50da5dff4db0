"""``holdfast demo``: the main job, end to end, on a bare machine.

Starts the sandbox and the controller as a user would, makes a Git repository, and tells the story of a change, a
drift, a mistake and a rollback while it happens. Everything printed was just observed.
"""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep", action="store_true", help="leave the sandbox, the controller and the repository running"
    )
    parser.add_argument(
        "--dir", metavar="DIR", help="where to put the repository and the kubeconfig (default: a new directory)"
    )


def run(args: argparse.Namespace) -> int:
    import asyncio

    from holdfast.cli.demo.console import Console
    from holdfast.cli.demo.stage import Stage
    from holdfast.cli.demo.story import tell

    console = Console()
    with Stage.set_up(args.dir, keep=args.keep) as stage:
        failed = asyncio.run(tell(stage, console))
        if failed:
            console.failure(failed, stage.log_tail())
            return 1
        if args.keep:
            console.farewell(stage)
    return 0
