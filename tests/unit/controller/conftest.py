"""A real Git repository, and a way to wait for what a status says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from holdfast.app.controller import install
from holdfast.cluster.client import Client

_ENVIRONMENT = {
    **os.environ,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


class Repository:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True)
        self.git("init", "-q", "-b", "main", ".")

    @property
    def url(self) -> str:
        return self.directory.as_uri()

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.directory, env=_ENVIRONMENT, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, message: str = "a change", **files: str) -> str:
        """Returns the revision as Flux writes it."""
        for name, text in files.items():
            (self.directory / name.replace("__", ".")).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return f"main@sha1:{self.git('rev-parse', 'HEAD')}"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
async def flux(client: Client) -> Client:
    """A client of a cluster with the Flux kinds."""
    await install(client, local_sources=True)
    return client
