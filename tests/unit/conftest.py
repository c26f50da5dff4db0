"""What the tests of several rooms need: an API server of the session's own, in another process."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest

from holdfast.cluster.client import Client
from holdfast.cluster.config import ClusterConfig, load

# Its pytest plugin imports the library at the very end otherwise, and CPython 3.11 may trip over a collection of garbage
# while it compiles there (gh-106905).
assert hypothesis


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterConfig]:
    """The configuration of a sandbox that runs as long as the tests do."""
    name = f"unit-{uuid.uuid4().hex[:8]}"
    kubeconfig = tmp_path_factory.mktemp("sandbox") / "kubeconfig"
    program = [sys.executable, "-m", "holdfast", "sandbox"]
    start = [*program, "start", "--name", name, "--kubeconfig", str(kubeconfig), "--controllers", "gc,namespace"]
    subprocess.run(start, check=True, stdout=subprocess.DEVNULL, timeout=60)
    try:
        yield load([Path(kubeconfig)])
    finally:
        subprocess.run([*program, "stop", "--name", name], check=True, stdout=subprocess.DEVNULL, timeout=60)


@pytest.fixture
async def client(api_server: ClusterConfig) -> AsyncIterator[Client]:
    async with Client(api_server) as found:
        yield found


@pytest.fixture
async def namespace(client: Client) -> str:
    """A namespace of the test's own."""
    name = f"t{uuid.uuid4().hex[:8]}"
    await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name
