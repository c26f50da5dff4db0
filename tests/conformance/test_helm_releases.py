"""The real helm and Holdfast on the same releases: each reads what the other released (skipped without helm on PATH)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "scenarios"))

from harness import Sandbox, install, status
from releases import CHART, ReleaseWorld, condition, release_world

HELM = shutil.which("helm") or shutil.which("helm", path=str(Path.home() / "go" / "bin"))


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[tuple[ReleaseWorld, Any]]:
    """A namespace, and the real helm in it."""
    if HELM is None:
        pytest.skip("no helm on PATH")
    program: str = HELM
    sandbox = Sandbox(tmp_path)
    homes = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("STATE", "CACHE", "CONFIG", "DATA")}
    environment = {**os.environ, **homes, "KUBECONFIG": str(sandbox.kubeconfig)}
    try:
        async with sandbox.client() as client:
            await install(client)
        async with release_world(sandbox, tmp_path / "state") as found:

            def helm(*arguments: str) -> str:
                command = [program, *arguments, "--namespace", found.namespace]
                done = subprocess.run(
                    command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path, timeout=120
                )
                assert done.returncode == 0, done.stderr
                return done.stdout

            yield found, helm
    finally:
        sandbox.stop()


async def test_helm_lists_shows_and_rolls_back_what_was_released_here(here: tuple[ReleaseWorld, Any]) -> None:
    world, helm = here
    notes = {"chart/templates/NOTES.txt": "Welcome to {{ .Release.Name }}.\n"}
    await world.commit({**CHART, **notes})
    await world.declare(values={"color": "blue"})
    await world.until_ready()
    await world.declare(values={"color": "green"})
    await world.until_ready()

    (listed,) = json.loads(helm("list", "-o", "json"))
    assert (listed["name"], listed["revision"], listed["status"], listed["chart"]) == (
        "app",
        "2",
        "deployed",
        "app-0.1.0",
    )
    history = json.loads(helm("history", "app", "-o", "json"))
    assert [(h["revision"], h["status"]) for h in history] == [(1, "superseded"), (2, "deployed")]
    assert json.loads(helm("get", "values", "app", "-o", "json")) == {"color": "green"}
    assert "color: green" in helm("get", "manifest", "app")
    assert helm("get", "notes", "app").strip().endswith("Welcome to app.")
    assert json.loads(helm("status", "app", "-o", "json"))["info"]["status"] == "deployed"

    # The fields are the controller's own, as they are with Flux: taking them over has to be asked for.
    helm("rollback", "app", "1", "--force-conflicts")
    assert (await world.data(world.config()) or {})["color"] == "blue"
    await world.ask()
    await world.until_ready()
    assert (await world.data(world.config()) or {})["color"] == "green"
    assert await world.records() == {1: "superseded", 2: "superseded", 3: "superseded", 4: "deployed"}


async def test_a_release_made_by_helm_is_taken_over_with_one_revision_and_no_object_made_anew(
    here: tuple[ReleaseWorld, Any], tmp_path: Path
) -> None:
    world, helm = here
    for path, text in CHART.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    helm("install", "app", "chart", "--set", "color=blue")
    before = await world.client.get(world.config())
    await world.commit()
    await world.declare(values={"color": "blue"})
    ready = await world.until_ready()
    assert condition(ready, "Released")["reason"] == "UpgradeSucceeded"
    assert [(s["version"], s["status"]) for s in status(ready)["history"]] == [(2, "deployed")]
    after = await world.client.get(world.config())
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert json.loads(helm("history", "app", "-o", "json"))[-1]["description"] == "Upgrade complete"

    # From now on it is known: nothing changes any more.
    await world.ask()
    assert await world.records() == {1: "superseded", 2: "deployed"}


async def test_what_was_released_here_goes_with_helm_uninstall(here: tuple[ReleaseWorld, Any]) -> None:
    world, helm = here
    await world.commit()
    await world.declare()
    await world.until_ready()
    await world.declare(suspend=True)
    helm("uninstall", "app")
    assert await world.data(world.config()) is None
    assert await world.records() == {}
