"""The life of an operation, told as its states."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.kube.refs import ObjectRef
from holdfast.model.app import (
    AppDestination,
    Application,
    AppSource,
    AppSpec,
    HistoryRecord,
    Operation,
    OperationState,
    Retry,
    SyncOrder,
    SyncRecord,
)
from holdfast.model.sync import OperationPhase
from holdfast.reconcile.app_operation import (
    BadBackoff,
    begin,
    conclude,
    next_history,
    record_for,
    retry_wait,
    told,
    with_declared_revisions,
)

NOW = 1_000_000.0
SOURCE = AppSource({"repoURL": "r"}, "r")
OPERATION = Operation({"sync": {"revision": "main"}}, SyncOrder("main"), Retry(limit=2, duration="1s", refresh=True))
APP = Application(
    ObjectRef("argoproj.io", "Application", "argocd", "web"), AppSpec("default", AppDestination(), (SOURCE,))
)
FAILED = OperationState(OPERATION, OperationPhase.FAILED, "it broke", NOW - 5, record=SyncRecord("abc"))


def test_a_new_operation_starts_running_and_is_written_first() -> None:
    turn = begin(APP, OPERATION, NOW)
    assert (turn.state, turn.write) == (OperationState(OPERATION, OperationPhase.RUNNING, started=NOW), True)


def test_an_operation_that_runs_goes_on_from_where_it_stands() -> None:
    state = replace(FAILED, phase=OperationPhase.RUNNING)
    turn = begin(replace(APP, state=state), OPERATION, NOW)
    assert (turn.state, turn.write) == (state, False)


def test_a_failure_is_tried_again_after_a_wait_that_grows() -> None:
    first = conclude(FAILED, NOW, terminating=False)
    assert (first.phase, first.finished, first.retries) == (OperationPhase.RUNNING, NOW, 1)
    assert first.message.startswith("it broke. Retrying attempt #1 at ")
    waiting = begin(replace(APP, state=first), OPERATION, NOW + 0.5)
    assert waiting.wait == pytest.approx(1.5)
    again = begin(replace(APP, state=first), OPERATION, NOW + 3).state
    assert (again.message, again.finished, again.record) == (
        "Retrying operation with latest revisions. Attempt #1",
        None,
        None,
    )
    assert again.operation.sync == SyncOrder("")


def test_after_the_last_attempt_the_number_is_told() -> None:
    ended = conclude(replace(FAILED, retries=2), NOW, terminating=False)
    assert (ended.phase, ended.message) == (OperationPhase.FAILED, "it broke (retried 2 times).")


def test_what_was_ended_is_not_tried_again() -> None:
    ended = conclude(replace(FAILED, message="Operation terminated"), NOW, terminating=True, cause="a timeout")
    assert (ended.phase, ended.message) == (OperationPhase.FAILED, "Operation terminated, triggered by a timeout")


def test_a_sync_that_takes_too_long_is_ended() -> None:
    state = replace(FAILED, phase=OperationPhase.RUNNING, started=NOW - 100)
    turn = begin(replace(APP, state=state), OPERATION, NOW, limit=60)
    assert (turn.state.phase, turn.cause) == (OperationPhase.TERMINATING, "controller sync timeout")


@pytest.mark.parametrize(
    ("retry", "waits"),
    [
        (Retry(), [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 180.0]),
        (Retry(duration="1s", factor=3, max_duration="10s"), [1.0, 3.0, 9.0, 10.0]),
    ],
)
def test_waits_double_up_to_three_minutes_unless_told(retry: Retry, waits: list[float]) -> None:
    assert [retry_wait(retry, n) for n in range(len(waits))] == waits


def test_a_backoff_that_is_none_ends_the_operation_in_an_error() -> None:
    with pytest.raises(BadBackoff):
        retry_wait(Retry(duration="soon"), 0)
    broken = replace(FAILED, operation=replace(OPERATION, retry=Retry(limit=1, duration="soon")))
    ended = conclude(broken, NOW, terminating=False)
    assert ended.phase is OperationPhase.ERROR
    assert "failed to retry" in ended.message


def test_the_event_tells_what_was_synced_and_how_it_ended() -> None:
    good = replace(FAILED, phase=OperationPhase.SUCCEEDED)
    assert told(good) == (True, "Sync operation to abc succeeded")
    assert told(FAILED) == (False, "Sync operation to abc failed: it broke")
    assert told(replace(FAILED, record=None)) == (False, "Sync operation failed: it broke")


def test_an_order_may_bring_a_source_of_its_own() -> None:
    other = AppSource({"repoURL": "x"}, "x")
    assert record_for(APP, SyncOrder("main")).source == SOURCE
    assert record_for(APP, SyncOrder("main", source=other)).source == other


def test_an_order_of_several_sources_takes_open_revisions_from_them() -> None:
    sources = (AppSource({}, "a", revision="main"), AppSource({}, "b"), AppSource({}, "c", revision="dev"))
    order = Operation({"sync": {"prune": True}}, SyncOrder(revisions=("", "", "v1")))
    found = with_declared_revisions(order, sources)
    assert found.sync is not None
    assert found.sync.revisions == ("main", "", "v1")
    assert found.raw == {"sync": {"prune": True, "revisions": ["main", "", "v1"]}}
    assert with_declared_revisions(OPERATION, sources) is OPERATION


def test_the_history_goes_on_counting_when_it_is_cut() -> None:
    entries = tuple(HistoryRecord(i, "r", (), SOURCE, (), 0.0, 0.0) for i in range(4, 6))
    app = replace(APP, history=entries, spec=replace(APP.spec, history_limit=2))
    after = next_history(app, FAILED, SyncRecord("new", source=SOURCE), NOW, several=False)
    assert [(e.id, e.revision) for e in after] == [(5, "r"), (6, "new")]
    assert (
        next_history(replace(app, spec=replace(app.spec, history_limit=0)), FAILED, SyncRecord(), NOW, several=False)
        == ()
    )
