"""The controller as a process that can be killed: one namespace, one source whose tree is a directory.

usage: python killed.py KUBECONFIG NAMESPACE DIRECTORY STATE [lead|share]

With ``lead`` it works only while it leads, and says so on standard output; with ``share`` it works on its share.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from harness import World, controller

from holdfast.base.clock import SystemClock
from holdfast.cluster.client import Client
from holdfast.cluster.config import load
from holdfast.controller.lease import Lease, identity


async def main(kubeconfig: str, namespace: str, files: dict[str, str], state: str, mode: str = "") -> None:
    async with Client(load([Path(kubeconfig)])) as client:
        if mode == "lead":
            await Lease(client, SystemClock(), name="lead", namespace=namespace, who=identity()).acquire()
            say("leading")
        async with controller(
            client, Path(state), namespace=namespace, replica=identity() if mode == "share" else ""
        ) as (
            units,
            artifacts,
        ):
            # The same files are the same revision after each restart, as with a clone of the same commit.
            say(await World(client, units, artifacts, namespace).commit(files))
            await asyncio.Event().wait()


def say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    kubeconfig, namespace, directory, state, *mode = sys.argv[1:]
    root = Path(directory)
    found = {str(p.relative_to(root)): p.read_text() for p in sorted(root.rglob("*.yaml"))}
    asyncio.run(main(kubeconfig, namespace, found, state, *mode))
