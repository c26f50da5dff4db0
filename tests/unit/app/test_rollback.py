"""Which revision a rollback means, and the commit that puts a unit's files back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pygit2
import pytest

from holdfast.app.rollback import Choice, choose, revert
from holdfast.base.errors import Stop
from tests.unit.app.test_blame import repository

A, B, C = ("main@sha1:" + digit * 40 for digit in "abc")


def unit(*history: tuple[str, str], now: str = C, path: str = "./overlay") -> dict[str, Any]:
    entries = [{"metadata": {"revision": r}, "lastReconciledStatus": s} for r, s in history]
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "apps", "namespace": "flux-system"},
        "spec": {"interval": "1m", "path": path, "prune": True, "sourceRef": {"kind": "GitRepository", "name": "apps"}},
        "status": {"history": entries, "lastAttemptedRevision": now},
    }


GOOD, BAD = "ReconciliationSucceeded", "HealthCheckFailed"


def test_the_last_other_revision_that_was_applied_well_is_meant() -> None:
    assert choose(unit((C, BAD), (B, BAD), (A, GOOD))) == Choice(A, C)


def test_the_beginning_of_a_commit_names_one_of_the_history() -> None:
    assert choose(unit((C, GOOD), (B, GOOD), (A, GOOD)), "bbbb") == Choice(B, C)


def test_a_whole_commit_need_not_be_in_the_history() -> None:
    assert choose(unit((C, GOOD)), "d" * 40) == Choice("main@sha1:" + "d" * 40, C)


@pytest.mark.parametrize("wanted", ["", "dddd"])
def test_what_cannot_be_known_is_refused(wanted: str) -> None:
    with pytest.raises(Stop):
        choose(unit((C, GOOD)), wanted)


BASE = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  a: "
FIRST = {"base/web.yaml": BASE + "one\n", "overlay/kustomization.yaml": "resources: [../base/web.yaml]\n", "other": "1"}
SECOND = {
    "base/web.yaml": BASE + "two\n",
    "overlay/more.yaml": (BASE + "more\n").replace("web", "more"),
    "overlay/kustomization.yaml": "resources: [../base/web.yaml, more.yaml]\n",
    "other": "2",
}


def clone(tmp_path: Path) -> tuple[pygit2.Repository, str, str]:
    first = repository(tmp_path, FIRST)
    repo = pygit2.Repository(str(tmp_path))
    repo.config["user.name"], repo.config["user.email"] = "Ann", "ann@example.org"
    for name, text in SECOND.items():
        (tmp_path / name).write_text(text)
    repo.index.add_all()
    who = pygit2.Signature("Bob", "b@example.org")
    second = repo.create_commit("HEAD", who, who, "Second", repo.index.write_tree(), [first])
    repo.index.write()
    return repo, first, str(second)


def test_a_revert_puts_back_the_files_of_the_unit_and_no_others(tmp_path: Path) -> None:
    repo, first, second = clone(tmp_path)
    commit, paths = revert(unit(), Choice(f"main@sha1:{first}", f"main@sha1:{second}"), str(tmp_path))
    assert paths == ["base/web.yaml", "overlay/kustomization.yaml", "overlay/more.yaml"]
    assert (tmp_path / "base/web.yaml").read_text() == BASE + "one\n"
    assert not (tmp_path / "overlay/more.yaml").exists()
    assert (tmp_path / "other").read_text() == "2"
    made = repo[commit].peel(pygit2.Commit)
    assert [str(p) for p in made.parent_ids] == [second]
    assert not repo.status()


def test_variables_that_only_the_cluster_knows_are_no_obstacle(tmp_path: Path) -> None:
    _, first, second = clone(tmp_path)
    wanted = unit()
    references = [{"kind": "ConfigMap", "name": "settings"}]
    wanted["spec"]["postBuild"] = {"substituteFrom": references, "substituteStrategy": "Always"}
    (tmp_path / "base/web.yaml").write_text(BASE + "${unknown}\n")
    repo = pygit2.Repository(str(tmp_path))
    repo.index.add_all()
    who = pygit2.Signature("Bob", "b@example.org")
    third = repo.create_commit("HEAD", who, who, "Third", repo.index.write_tree(), [second])
    repo.index.write()
    _, paths = revert(wanted, Choice(f"main@sha1:{first}", f"main@sha1:{third}"), str(tmp_path))
    assert "base/web.yaml" in paths


def test_work_that_is_not_committed_is_not_lost(tmp_path: Path) -> None:
    _, first, second = clone(tmp_path)
    (tmp_path / "base/web.yaml").write_text("my work")
    with pytest.raises(Stop, match="not committed"):
        revert(unit(), Choice(f"main@sha1:{first}", f"main@sha1:{second}"), str(tmp_path))
    assert (tmp_path / "base/web.yaml").read_text() == "my work"
