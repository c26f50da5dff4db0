"""A unit's history in one shape, whatever its kind."""

from __future__ import annotations

from pathlib import Path

from holdfast.app.history import history
from tests.unit.app.test_blame import repository


def test_reconciliations_are_told_with_the_commits_subject(tmp_path: Path) -> None:
    commit = repository(tmp_path, {"a": "1"})
    entry = {
        "digest": "sha256:1",
        "firstReconciled": "2026-01-01T00:00:00Z",
        "lastReconciled": "2026-01-02T00:00:00Z",
        "lastReconciledStatus": "ReconciliationSucceeded",
        "totalReconciliations": 3,
        "metadata": {"revision": f"main@sha1:{commit}"},
    }
    (found,) = history({"kind": "Kustomization", "status": {"history": [entry]}}, [str(tmp_path)])
    assert found.revision == f"main@sha1:{commit}"
    assert found.note == "3 times, Change 1"


def test_releases_are_told_by_their_version() -> None:
    entry = {"version": 2, "chartName": "web", "chartVersion": "1.2.3", "status": "deployed", "lastDeployed": "T"}
    (found,) = history({"kind": "HelmRelease", "status": {"history": [entry]}})
    assert (found.id, found.revision, found.status) == ("2", "web@1.2.3", "deployed")


def test_syncs_are_told_newest_first() -> None:
    entries = [{"id": 0, "revision": "a" * 40}, {"id": 1, "revision": "b" * 40, "initiatedBy": {"automated": True}}]
    found = history({"kind": "Application", "status": {"history": entries}})
    assert [(e.id, e.note) for e in found] == [("1", "automated"), ("0", "")]


def test_a_unit_without_history_has_none() -> None:
    assert history({"kind": "Kustomization"}) == []
