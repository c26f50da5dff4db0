from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import Cluster, Sandbox, World, install, world


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The API server of all scenarios: a sandbox, or the cluster that ``HOLDFAST_TEST_KUBECONFIG`` names."""
    named = os.environ.get("HOLDFAST_TEST_KUBECONFIG")
    found = Cluster(Path(named)) if named else Sandbox(tmp_path_factory.mktemp("sandbox"))
    try:

        async def prepare() -> None:
            async with found.client() as client:
                await install(client)

        asyncio.run(prepare())
        yield found
    finally:
        found.stop()


@pytest.fixture
async def here(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[World]:
    async with world(sandbox, tmp_path) as found:
        yield found
