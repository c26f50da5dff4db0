"""The controller as a process that can be killed: one namespace, one source whose tree is a directory.

usage: python killed.py KUBECONFIG NAMESPACE DIRECTORY STATE
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from harness import World, controller

from holdfast.cluster.client import Client
from holdfast.cluster.config import load


async def main(kubeconfig: str, namespace: str, files: dict[str, str], state: str) -> None:
    async with Client(load([Path(kubeconfig)])) as client, controller(client, Path(state), namespace=namespace) as made:
        units, artifacts = made
        # The same files are the same revision after each restart, as with a clone of the same commit.
        revision = await World(client, units, artifacts, namespace).commit(files)
        sys.stdout.write(revision + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    kubeconfig, namespace, directory, state = sys.argv[1:]
    found = {p.name: p.read_text() for p in sorted(Path(directory).iterdir())}
    asyncio.run(main(kubeconfig, namespace, found, state))
