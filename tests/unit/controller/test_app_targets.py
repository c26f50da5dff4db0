"""What the revisions of applications mean, remembered for all who ask."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, cast

import pytest

from holdfast.controller.app_targets import AppTargets
from holdfast.source.git import GitStore
from holdfast.source.manifests import Entrance, ManifestSource, UnknownRevision, Wanted


def _git(directory: Path, *arguments: str) -> None:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments]
    subprocess.run(command, cwd=directory, check=True, capture_output=True)


async def test_a_branch_that_went_is_not_remembered(tmp_path: Path) -> None:
    repository = tmp_path / "r"
    repository.mkdir()
    _git(repository, "init", "-q", "-b", "main")
    _git(repository, "commit", "-q", "--allow-empty", "-m", "one")
    _git(repository, "branch", "feature")
    world = cast(Any, None)  # only renderings look at it
    targets = AppTargets(world, ManifestSource(GitStore(str(tmp_path / "git"))))
    wanted = Wanted(repository.as_uri(), "feature")
    known = await targets.resolve(wanted, Entrance(), anew=True)
    _git(repository, "branch", "-D", "feature")
    assert await targets.resolve(wanted, Entrance(), anew=False) == known
    with pytest.raises(UnknownRevision, match="unable to resolve 'feature'"):
        await targets.resolve(wanted, Entrance(), anew=True)
    with pytest.raises(UnknownRevision, match="unable to resolve 'feature'"):
        await targets.resolve(wanted, Entrance(), anew=False)


async def test_an_empty_repository_is_told(tmp_path: Path) -> None:
    repository = tmp_path / "r"
    repository.mkdir()
    _git(repository, "init", "-q", "--bare", "-b", "main")
    targets = AppTargets(cast(Any, None), ManifestSource(GitStore(str(tmp_path / "git"))))
    with pytest.raises(UnknownRevision, match="failed to list refs: remote repository is empty"):
        await targets.resolve(Wanted(repository.as_uri()), Entrance(), anew=True)
