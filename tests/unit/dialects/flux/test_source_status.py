"""A source's status through its runs."""

from __future__ import annotations

from typing import Any

from holdfast.dialects.flux.source_status import (
    FETCH_FAILED,
    SOURCE_VERIFIED,
    Ending,
    SourceFailure,
    SourceStatus,
)

ARTIFACT = {"revision": "main@sha1:1", "digest": "sha256:1", "path": "p"}


def obj(generation: int = 1, requested: str = "", **status: Any) -> dict[str, Any]:
    meta: dict[str, Any] = {"generation": generation}
    if requested:
        meta["annotations"] = {"reconcile.fluxcd.io/requestedAt": requested}
    return {"metadata": meta, "status": {"observedGeneration": -1, **status}}


def shown(status: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return [(c["type"], c["status"], c["reason"], c["message"]) for c in status["conditions"]]


def fetched(status: SourceStatus) -> None:
    status.begin()
    status.storage(present=status.artifact is not None)
    status.record({"artifact": ARTIFACT})
    status.stored("stored artifact for revision 'main@sha1:1'")
    status.succeed()


def test_the_first_success() -> None:
    status = SourceStatus(obj(), "T")
    fetched(status)
    result = status.result()
    assert result["observedGeneration"] == 1
    assert shown(result) == [
        ("Ready", "True", "Succeeded", "stored artifact for revision 'main@sha1:1'"),
        ("ArtifactInStorage", "True", "Succeeded", "stored artifact for revision 'main@sha1:1'"),
    ]


def test_a_first_failure_keeps_the_generation_unobserved_and_the_last_step() -> None:
    status = SourceStatus(obj(), "T")
    status.begin()
    status.storage(present=False)
    told = status.fail(SourceFailure("no such branch", reason="GitOperationFailed", condition=FETCH_FAILED))
    result = status.result()
    assert told.warning and told.reason == "GitOperationFailed"
    assert result["observedGeneration"] == -1
    assert shown(result) == [
        ("Reconciling", "True", "ProgressingWithRetry", "building artifact"),
        ("Ready", "False", "GitOperationFailed", "no such branch"),
        ("FetchFailed", "True", "GitOperationFailed", "no such branch"),
    ]


def test_a_later_failure_keeps_the_artifact() -> None:
    first = SourceStatus(obj(), "T")
    fetched(first)
    status = SourceStatus(obj(generation=2, **first.result()), "T")
    status.begin()
    status.storage(present=True)
    status.fail(SourceFailure("down", reason="GitOperationFailed", condition=FETCH_FAILED))
    result = status.result()
    assert result["artifact"] == ARTIFACT
    assert result["observedGeneration"] == 1
    assert result["conditions"][0]["message"] == "processing object: new generation 1 -> 2"


def test_a_stalled_source_has_observed_its_generation_and_is_not_reconciling() -> None:
    status = SourceStatus(obj(generation=3), "T")
    status.begin()
    failure = SourceFailure(
        "no tag", reason="InvalidVerificationMode", condition=SOURCE_VERIFIED, ending=Ending.STALLED, bad=False
    )
    status.fail(failure)
    result = status.result()
    assert result["observedGeneration"] == 3
    assert [c["type"] for c in result["conditions"]] == ["Stalled", "Ready", "SourceVerified"]
    assert result["conditions"][1]["status"] == "False"


def test_waiting_for_another_object_is_no_warning() -> None:
    status = SourceStatus(obj(), "T")
    status.begin()
    told = status.fail(
        SourceFailure("not there", reason="NotFound", condition="IncludeUnavailable", ending=Ending.WAITING)
    )
    assert not told.warning


def test_recovery_is_told_once_the_failure_is_gone() -> None:
    failed = SourceStatus(obj(artifact=ARTIFACT), "T")
    failed.begin()
    failed.fail(SourceFailure("down", reason="GitOperationFailed", condition=FETCH_FAILED))
    status = SourceStatus(obj(**failed.result()), "T")
    status.begin()
    assert not status.recovered
    status.conditions.delete(FETCH_FAILED)
    assert status.recovered
    assert not status.new_digest


def test_an_artifact_that_disappeared_is_built_again() -> None:
    status = SourceStatus(obj(artifact=ARTIFACT), "T")
    status.begin()
    status.storage(present=False)
    assert status.artifact is None
    assert status.conditions.message("Reconciling") == "building artifact: disappeared from storage"


def test_a_request_is_answered_at_the_end_and_not_before() -> None:
    status = SourceStatus(obj(requested="now"), "T")
    status.begin()
    assert "lastHandledReconcileAt" not in status.result(handled=False)
    assert status.result()["lastHandledReconcileAt"] == "now"


def test_a_source_created_suspended_has_no_status() -> None:
    status = SourceStatus(obj(), "T")
    status.rest()
    assert status.result() == {"observedGeneration": -1}
