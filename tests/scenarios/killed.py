"""The controller as a process that can be killed: one namespace, one source whose tree is a directory.

usage: python killed.py KUBECONFIG NAMESPACE DIRECTORY STATE [LEASE]

With the name of a lease it works only while it leads; it says so on standard output.
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


async def main(kubeconfig: str, namespace: str, files: dict[str, str], state: str, lease: str = "") -> None:
    async with Client(load([Path(kubeconfig)])) as client:
        if lease:
            await Lease(client, SystemClock(), name=lease, namespace=namespace, who=identity()).acquire()
            say("leading")
        async with controller(client, Path(state), namespace=namespace) as (units, artifacts):
            # The same files are the same revision after each restart, as with a clone of the same commit.
            say(await World(client, units, artifacts, namespace).commit(files))
            await asyncio.Event().wait()


def say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    kubeconfig, namespace, directory, state, *lease = sys.argv[1:]
    found = {p.name: p.read_text() for p in sorted(Path(directory).iterdir())}
    asyncio.run(main(kubeconfig, namespace, found, state, *lease))
