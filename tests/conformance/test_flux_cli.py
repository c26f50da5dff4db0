"""The real flux, Flux's own program, against a sandbox that holdfast serves (skipped where there is none on PATH)."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pygit2
import pytest

from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Client
from holdfast.cluster.config import load

FLUX = os.environ.get("HOLDFAST_TEST_FLUX") or shutil.which("flux")
SOURCE = {
    "apiVersion": "source.toolkit.fluxcd.io/v1",
    "kind": "GitRepository",
    "metadata": {"name": "app", "namespace": "flux-system"},
}
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-git, namespace: default}\ndata: {k: v}\n"


def _repository(place: Path) -> Path:
    repository = pygit2.init_repository(str(place), initial_head="main")
    (place / "app").mkdir()
    (place / "app" / "map.yaml").write_text(CONFIG_MAP)
    repository.index.add_all()
    author = pygit2.Signature("a", "a@example.com")
    repository.create_commit("HEAD", author, author, "first", repository.index.write_tree(), [])
    return place


@contextmanager
def _controller(environment: dict[str, str], log: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "holdfast", "run", "--allow-local-sources"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


class Cluster:
    """A sandbox and a controller, and flux and holdfast to talk to them."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def flux(self, *args: str) -> str:
        assert FLUX is not None
        found = subprocess.run([FLUX, *args], capture_output=True, text=True, check=False, env=self.environment)
        assert found.returncode == 0, found.stdout + found.stderr
        return found.stdout + found.stderr

    def row(self, *kind: str) -> dict[str, str]:
        """The one line of ``flux get``, by its headings."""
        head, line = (text.split("\t") for text in self.flux("get", *kind).strip().splitlines()[:2])
        return {name.strip(): value.strip() for name, value in zip(head, line, strict=False)}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    if FLUX is None:
        pytest.skip("no flux on PATH")
    file = tmp_path / "kubeconfig"
    environment = {**os.environ, "HOLDFAST_STATE_DIR": str(tmp_path / "state"), "KUBECONFIG": str(file)}
    holdfast = [sys.executable, "-m", "holdfast", "sandbox"]
    start = [*holdfast, "start", "--name", "flux", "--kubeconfig", str(file), "--controllers", "gc,namespace"]
    subprocess.run(start, check=True, env=environment)
    try:
        with _controller(environment, tmp_path / "log"):
            yield Cluster(environment)
    finally:
        subprocess.run([*holdfast, "stop", "--name", "flux"], check=True, env=environment)


async def _create_source(kubeconfig: Path, url: str) -> None:
    """Once the controller has put its definitions there."""
    spec = {"interval": "10m", "url": url, "ref": {"branch": "main"}}
    async with Client(load([kubeconfig])) as client:
        for _ in range(3000):
            try:
                await client.create({**SOURCE, "spec": spec})
                return
            except HoldfastError:
                client.discovery.forget()
                await asyncio.sleep(0.02)
    raise AssertionError("the controller serves no GitRepositories")


def test_flux_creates_suspends_resumes_reconciles_and_deletes(cluster: Cluster, tmp_path: Path) -> None:
    repository = _repository(tmp_path / "repository")
    kubeconfig = Path(cluster.environment["KUBECONFIG"])
    asyncio.run(_create_source(kubeconfig, f"file://{repository}"))
    create = ("create", "kustomization", "app", "--source=GitRepository/app", "--path=./app", "--prune=true")
    assert "applied revision main@sha1:" in cluster.flux(*create, "--interval=10m", "--timeout=2m")
    assert cluster.row("sources", "git")["READY"] == "True"
    cluster.flux("suspend", "kustomization", "app")
    assert cluster.row("kustomizations")["SUSPENDED"] == "True"
    cluster.flux("resume", "kustomization", "app", "--timeout=2m")
    assert cluster.row("kustomizations")["SUSPENDED"] == "False"
    assert "applied revision" in cluster.flux("reconcile", "kustomization", "app", "--with-source", "--timeout=2m")
    assert "ConfigMap/default/from-git" in cluster.flux("tree", "kustomization", "app")
    assert cluster.row("kustomizations")["READY"] == "True"
    cluster.flux("delete", "kustomization", "app", "--silent")
