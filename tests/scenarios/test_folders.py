"""Scenarios as folders: ``<topic>/<case>/`` with what is in Git, what is in the cluster before, and what is expected.

``repo/`` (and ``repo-2/``, ``repo-3/`` for later commits) are the repository; ``unit.yaml`` the Kustomization; ``before.yaml`` objects
that somebody made earlier. ``expected-N.yaml`` says of the N-th commit: ``plan``, a line for each change as ``diff --live`` finds
it beforehand; ``ready``, or ``failed`` with a part of the message; ``state``, objects of which every value given must be there;
``absent``, objects that must not be. ``${NS}`` is the scenario's namespace everywhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import World

from holdfast.app.livediff import live_diff
from holdfast.base.tree import MemoryTree
from holdfast.kube import yaml
from holdfast.kube.refs import Manifest, ObjectRef

HERE = Path(__file__).parent
CASES = sorted(p.parent for p in HERE.glob("*/*/unit.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda p: f"{p.parent.name}/{p.name}")
async def test_a_folder_is_delivered_as_it_says(case: Path, here: World) -> None:
    unit, commits = _load(case / "unit.yaml", here)[0], _commits(case, here)
    for obj in _load(case / "before.yaml", here):
        await here.client.apply(obj, manager="earlier", force=True)
    await here.artifacts.remove_all(ObjectRef.of(unit))
    for number, files in enumerate(commits, 1):
        (expected,) = _load(case / f"expected-{number}.yaml", here)
        if "plan" in expected:
            assert await _plan(here, files, unit) == expected["plan"]
        revision = await here.commit(files)
        await here.client.apply(unit, manager="tests", force=True)
        await _ended(here, revision, unit["metadata"]["name"], expected)
        for wanted in expected.get("state") or ():
            found = await here.get(ObjectRef.of(wanted))
            assert _lacks(wanted, found) == [], f"after commit {number}"
        for gone in expected.get("absent") or ():
            assert await here.get(ObjectRef.of(gone)) is None, f"{gone} is still there after commit {number}"


def _commits(case: Path, here: World) -> list[dict[str, str]]:
    return [
        {str(f.relative_to(repository)): _filled(f, here) for f in sorted(repository.rglob("*")) if f.is_file()}
        for repository in sorted(case.glob("repo*"))
    ]


def _filled(file: Path, here: World) -> str:
    return file.read_text().replace("${NS}", here.namespace)


def _load(file: Path, here: World) -> list[Any]:
    return [d.value for d in yaml.load_all(_filled(file, here), source=file.name)] if file.exists() else []


async def _plan(here: World, files: dict[str, str], unit: Manifest) -> list[str]:
    tree = MemoryTree({**{p: t.encode() for p, t in files.items()}, "holdfast-unit.yaml": yaml.dump(unit).encode()})
    found = await live_diff(here.client.config, tree)
    assert [u.problem for u in found if u.problem] == []
    changes = [d.change for u in found for d in u.differences]
    return [f"{c.action.value} {c.ref}: {c.reason.value}".replace(here.namespace, "NS") for c in changes]


async def _ended(here: World, revision: str, name: str, expected: Manifest) -> None:
    if "failed" in expected:
        await here.until_failed(name, saying=expected["failed"])
    else:
        await here.until_ready(revision, name)


def _lacks(wanted: Any, found: Any, path: str = "") -> list[str]:
    """What of ``wanted`` is not so in ``found``."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [p for k, v in wanted.items() for p in _lacks(v, found.get(k), f"{path}.{k}")]
    return [] if wanted == found else [f"{path}: wanted {wanted!r}, found {found!r}"]
