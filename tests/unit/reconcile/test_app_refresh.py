"""When an application is looked at, and when it syncs by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from holdfast.kube.refs import GroupVersionKind, ObjectRef
from holdfast.model.app import (
    AppCondition,
    AppDestination,
    Application,
    AppSource,
    AppSpec,
    AppStatus,
    Automated,
    Compared,
    Operation,
    OperationState,
    SyncOrder,
    SyncRecord,
    SyncState,
)
from holdfast.model.sync import AppHealthStatus, OperationPhase, ResourceState, SyncStatus
from holdfast.reconcile.app_refresh import Level, Look, auto_sync, changes, next_look, with_conditions

NOW = 1000.0
SOURCE = AppSource({"repoURL": "r", "path": "p"}, "r", "p")
OTHER = AppSource({"repoURL": "r", "path": "q"}, "r", "q")
HERE = AppDestination("s", "", "n")


def _resource(name: str, sync: SyncStatus, *, prune: bool = False) -> ResourceState:
    return ResourceState(
        ObjectRef("", "ConfigMap", "n", name), GroupVersionKind("", "v1", "ConfigMap"), sync, requires_pruning=prune
    )


OUT = _resource("out", SyncStatus.OUT_OF_SYNC)
EXTRA = _resource("extra", SyncStatus.OUT_OF_SYNC, prune=True)
FINE = _resource("fine", SyncStatus.SYNCED)


def _app(automated: Automated | None = None, **more: object) -> Application:
    status = AppStatus(sync=SyncState(SyncStatus.SYNCED, "one", compared=Compared(HERE, SOURCE)), reconciled=NOW - 10)
    spec = AppSpec("default", HERE, (SOURCE,), automated=automated)
    app = Application(ObjectRef("argoproj.io", "Application", "argocd", "web"), spec, status=status)
    return replace(app, **more)  # type: ignore[arg-type]  # a test names the fields it is about


def _status(*resources: ResourceState, revision: str = "two") -> AppStatus:
    return AppStatus(sync=SyncState(SyncStatus.OUT_OF_SYNC, revision), resources=resources)


def _look(app: Application, asked: Level | None = None) -> Look | None:
    return next_look(app, asked, NOW, expires=120.0, hard_expires=0.0)


def test_nothing_asked_and_nothing_changed_needs_no_look() -> None:
    assert _look(_app()) is None


@pytest.mark.parametrize(
    ("app", "wanted"),
    [
        (_app(refresh="hard"), Look(Level.RESOLVE, hard=True)),
        (_app(refresh="normal"), Look(Level.RESOLVE)),
        (_app(spec=AppSpec("default", HERE, (OTHER,))), Look(Level.RESOLVE)),
        (_app(spec=AppSpec("default", AppDestination("s", "", "m"), (SOURCE,))), Look(Level.LATEST)),
        (_app(status=AppStatus()), Look(Level.RESOLVE)),
    ],
    ids=["hard refresh", "normal refresh", "another source", "another destination", "never looked at"],
)
def test_a_request_or_a_change_of_the_declaration_is_looked_into(app: Application, wanted: Look) -> None:
    assert _look(app) == wanted


def test_a_changed_object_is_compared_with_the_known_revision() -> None:
    assert _look(_app(), Level.RECENT) == Look(Level.RECENT)


def test_a_comparison_grows_old() -> None:
    old = _app(status=replace(_app().status, reconciled=NOW - 121))
    assert _look(old, Level.RECENT) == Look(Level.LATEST)
    assert next_look(old, None, NOW, expires=0, hard_expires=0) is None
    assert next_look(old, None, NOW, expires=0, hard_expires=60) == Look(Level.LATEST, hard=True)


def test_conditions_keep_their_time_while_they_say_the_same() -> None:
    before = AppStatus(
        conditions=(AppCondition("A", "same", 1.0), AppCondition("B", "old", 1.0), AppCondition("C", "c", 1.0))
    )
    found = [AppCondition("B", "new"), AppCondition("A", "same")]
    after = with_conditions(before, found, ("A", "B"), NOW)
    assert after.conditions == (
        AppCondition("A", "same", 1.0),
        AppCondition("B", "new", NOW),
        AppCondition("C", "c", 1.0),
    )


def test_a_change_tells_of_sync_first() -> None:
    after = AppStatus(sync=SyncState(SyncStatus.SYNCED), health=AppHealthStatus.HEALTHY)
    assert changes(AppStatus(), after) == [
        "Updated sync status:  -> Synced",
        "Updated health status:  -> Healthy",
    ]


# --- by itself


def _auto(app: Application, status: AppStatus, *, changed: bool = True) -> SyncOrder | None:
    return auto_sync(app, status, changed=changed, now=NOW).order


def test_what_differs_is_synced_to_the_revision_found() -> None:
    order = _auto(_app(Automated()), _status(OUT))
    assert order is not None
    assert (order.revision, order.source, order.prune, order.selected) == ("two", SOURCE, False, ())


@pytest.mark.parametrize(
    "app",
    [_app(), _app(Automated(), operation=Operation({})), _app(Automated(), deleted=NOW)],
    ids=["not automated", "another operation", "being deleted"],
)
def test_nothing_is_synced_where_it_may_not_be(app: Application) -> None:
    assert _auto(app, _status(OUT)) is None


def test_extras_alone_are_left_unless_pruning_is_allowed() -> None:
    assert _auto(_app(Automated()), _status(FINE, EXTRA)) is None
    assert _auto(_app(Automated(prune=True)), _status(FINE, EXTRA)) is not None


def test_an_application_is_not_emptied_unless_that_is_allowed() -> None:
    outcome = auto_sync(_app(Automated(prune=True)), _status(EXTRA), changed=True, now=NOW)
    assert outcome.condition == AppCondition(
        "SyncError", "Skipping sync attempt to [two]: auto-sync will wipe out all resources"
    )
    assert _auto(_app(Automated(prune=True, allow_empty=True)), _status(EXTRA)) is not None


def test_a_guard_stops_a_sync_that_would_prune_and_no_other() -> None:
    asked: list[int] = []

    def guard(pruned: Sequence[ResourceState]) -> str:
        asked.append(len(pruned))
        return "too many" if pruned else ""

    pruning = _app(Automated(prune=True))
    held = auto_sync(pruning, _status(OUT, EXTRA), changed=True, now=NOW, guard=guard)
    assert held.condition == AppCondition("SyncError", "Skipping sync attempt to [two]: too many")
    assert auto_sync(pruning, _status(OUT), changed=True, now=NOW, guard=guard).order is not None
    assert auto_sync(_app(Automated()), _status(OUT, EXTRA), changed=True, now=NOW, guard=guard).order is not None
    assert asked == [1, 0]


def _tried(phase: OperationPhase, automated: Automated, *, attempts: int = 0, ago: float = 100.0) -> Application:
    order = SyncOrder(revision="two", heal_attempts=attempts)
    state = OperationState(
        Operation({}, order), phase, "it broke", NOW - ago - 1, NOW - ago, record=SyncRecord("two", source=SOURCE)
    )
    return _app(automated, state=state)


def test_a_revision_that_failed_is_not_tried_again_and_says_why() -> None:
    outcome = auto_sync(_tried(OperationPhase.FAILED, Automated()), _status(OUT), changed=True, now=NOW)
    assert outcome.condition == AppCondition("SyncError", "Failed last sync attempt to [two]: it broke")
    assert _auto(_tried(OperationPhase.FAILED, Automated()), _status(OUT, revision="three")) is not None


def test_drift_is_healed_only_where_that_is_asked_for_and_only_the_drifted() -> None:
    assert _auto(_tried(OperationPhase.SUCCEEDED, Automated()), _status(OUT, FINE)) is None
    order = _auto(_tried(OperationPhase.SUCCEEDED, Automated(self_heal=True)), _status(OUT, FINE))
    assert order is not None
    assert ([s.name for s in order.selected], order.heal_attempts) == (["out"], 1)


@pytest.mark.parametrize(("attempts", "wait"), [(1, 1.0), (2, 5.0), (3, 17.0), (9, 299.0)])
def test_healing_waits_longer_each_time(attempts: int, wait: float) -> None:
    app = _tried(OperationPhase.SUCCEEDED, Automated(self_heal=True), attempts=attempts, ago=1.0)
    assert auto_sync(app, _status(OUT), changed=True, now=NOW).wait == wait
