from __future__ import annotations

from typing import Any

from holdfast.dialects.flux.kustomization_status import event_reason, read_status, suspended_status, write_status
from holdfast.kube.refs import ObjectRef
from holdfast.model.inventory import Inventory, InventoryEntry
from holdfast.model.outcome import Event, HistoryEntry, Outcome, Verdict, Wellness

NOW = 1_700_000_000.0
STAMP = "2023-11-14T22:13:20Z"
INVENTORY = Inventory((InventoryEntry(ObjectRef("", "ConfigMap", "n", "one"), "v1"),))


def unit(status: dict[str, Any] | None = None, **meta: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web", "namespace": "apps", "generation": 2, **meta}, "status": status or {}}


def ready(digest: str = "sha256:1", revision: str = "main@sha1:a", **more: Any) -> Outcome:
    return Outcome(
        Verdict.READY,
        "ReconciliationSucceeded",
        f"Applied revision: {revision}",
        progress="Detecting drift",
        attempted=revision,
        applied=revision,
        inventory=INVENTORY,
        wellness=Wellness.NOT_ASKED,
        history=HistoryEntry(digest, "ReconciliationSucceeded", revision, duration=1.5),
        **more,
    )


def summary(status: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return [(c["type"], c["status"], c["reason"], c["message"]) for c in status["conditions"]]


def test_success_leaves_nothing_but_ready() -> None:
    before = write_status(unit(), Outcome(Verdict.FAILED, "BuildFailed", "why", progress="Building"), now=NOW)
    assert write_status(unit(before), ready(), now=NOW) == {
        "observedGeneration": 2,
        "lastAttemptedRevision": "main@sha1:a",
        "lastAppliedRevision": "main@sha1:a",
        "inventory": {"entries": [{"id": "n_one__ConfigMap", "v": "v1"}]},
        "history": [
            {
                "digest": "sha256:1",
                "firstReconciled": STAMP,
                "lastReconciled": STAMP,
                "lastReconciledDuration": "1.5s",
                "lastReconciledStatus": "ReconciliationSucceeded",
                "totalReconciliations": 1,
                "metadata": {"revision": "main@sha1:a"},
            }
        ],
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "ReconciliationSucceeded",
                "message": "Applied revision: main@sha1:a",
                "observedGeneration": 2,
                "lastTransitionTime": STAMP,
            }
        ],
    }


def test_a_failure_keeps_the_last_steps_message_and_the_inventory() -> None:
    status = write_status(
        unit({"inventory": {"entries": []}}),
        Outcome(Verdict.FAILED, "BuildFailed", "why", progress="Building"),
        now=NOW,
    )
    assert summary(status) == [
        ("Reconciling", "True", "ProgressingWithRetry", "Building"),
        ("Ready", "False", "BuildFailed", "why"),
    ]
    assert status["inventory"] == {"entries": []}
    assert status["observedGeneration"] == -1


def test_waiting_for_a_dependency_does_not_end_a_stall() -> None:
    stalled = write_status(unit(), Outcome(Verdict.STALLED, "InvalidCELExpression", "bad"), now=NOW)
    assert stalled["observedGeneration"] == 2
    waiting = write_status(unit(stalled), Outcome(Verdict.WAITING, "DependencyNotReady", "later"), now=NOW)
    assert [c[:3] for c in summary(waiting)] == [
        ("Stalled", "True", "InvalidCELExpression"),
        ("Ready", "False", "DependencyNotReady"),
    ]
    assert [c[0] for c in summary(write_status(unit(waiting), ready(), now=NOW))] == ["Ready"]


def test_the_same_digest_and_result_moves_to_the_front_and_counts_up() -> None:
    status: dict[str, Any] = {}
    for digest, revision in [("1", "a"), ("2", "b"), ("1", "c")]:
        status = write_status(unit(status), ready(digest, revision), now=NOW)
    found = [(h["digest"], h["metadata"]["revision"], h["totalReconciliations"]) for h in status["history"]]
    assert found == [("1", "c", 2), ("2", "b", 1)]


def test_five_entries_of_history_are_kept() -> None:
    status: dict[str, Any] = {}
    for number in range(8):
        status = write_status(unit(status), ready(str(number)), now=NOW)
    assert [h["digest"] for h in status["history"]] == ["7", "6", "5", "4", "3"]


def test_a_request_is_answered_at_the_end_but_not_by_an_intermediate_status() -> None:
    asked = unit(annotations={"reconcile.fluxcd.io/requestedAt": "now"})
    running = Outcome(
        Verdict.CANCELLED, "Progressing", "", progress="Running", wellness=Wellness.RUNNING, wellness_message="Running"
    )
    between = write_status(asked, running, now=NOW)
    assert "lastHandledReconcileAt" not in between
    assert summary(between) == [
        ("Reconciling", "True", "Progressing", "Running"),
        ("Ready", "Unknown", "Progressing", "Reconciliation in progress"),
        ("Healthy", "Unknown", "Progressing", "Running"),
    ]
    assert write_status(asked, ready(), now=NOW)["lastHandledReconcileAt"] == "now"


def test_a_suspended_unit_says_which_declaration_it_saw_if_it_was_ready() -> None:
    status = write_status(unit(), ready(), now=NOW)
    newer = unit(status, generation=3)
    suspended = suspended_status(newer, now=NOW)
    assert suspended is not None and suspended["observedGeneration"] == 3
    assert suspended["conditions"] == status["conditions"]
    assert suspended_status(unit(), now=NOW) is None


def test_what_was_written_is_read_back() -> None:
    before = read_status(unit(write_status(unit(), ready(), now=NOW)))
    assert (before.inventory, before.applied, before.was_healthy) == (INVENTORY, "main@sha1:a", False)
    assert before.ready_reason == "ReconciliationSucceeded"


def test_an_event_is_named_after_the_ready_condition_or_its_severity() -> None:
    assert event_reason(Event("m", reason="Progressing"), "Ready") == "Progressing"
    assert event_reason(Event("m"), "ReconciliationSucceeded") == "ReconciliationSucceeded"
    assert event_reason(Event("m", warning=True), "") == "error"
