"""The next action on a release, for every way in which it may stand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from holdfast.dialects.flux.conditions import Conditions
from holdfast.dialects.flux.helmrelease import read
from holdfast.model.outcome import Event
from holdfast.model.release import HookRun, Release, Remembered, Snapshot
from holdfast.reconcile.helm_decide import Action, Exhausted, decide
from holdfast.reconcile.helm_ledger import INSTALL, UPGRADE, ChartFacts, Ledger
from holdfast.reconcile.helm_state import Standing, State

NOW = "2026-01-01T00:00:00Z"


def snap(version: int, status: str = "deployed", **more: Any) -> Snapshot:
    return replace(Snapshot("sha256:1", "app", "team", version, status, "app", "0.1.0", "sha256:2"), **more)


def release(**spec: Any) -> Release:
    chart = {"spec": {"chart": "app", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}}
    meta = {"name": "app", "namespace": "team", "generation": 1}
    return read({"metadata": meta, "spec": {"interval": "10m", "chart": chart, **spec}})


def ledger(remembered: Remembered | None = None, *, force: bool = False, **spec: Any) -> Ledger:
    told: list[Event] = []
    said = remembered or Remembered()
    return Ledger(release(**spec), said, Conditions((), 1, NOW), told.append, ChartFacts("app", "0.1.0"), force)


def standing(what: Standing) -> State:
    return State(what)


@pytest.mark.parametrize(
    ("what", "action"),
    [
        (Standing.ABSENT, Action.INSTALL),
        (Standing.UNMANAGED, Action.UPGRADE),
        (Standing.OUT_OF_SYNC, Action.UPGRADE),
        (Standing.LOCKED, Action.UNLOCK),
        (Standing.UNTESTED, Action.TEST),
        (Standing.IN_SYNC, None),
        (Standing.DRIFTED, None),
    ],
)
def test_a_release_without_a_past_gets_what_it_lacks(what: Standing, action: Action | None) -> None:
    assert decide(standing(what), ledger()) is action


def test_drift_is_corrected_only_where_it_is_enabled() -> None:
    assert decide(State(Standing.DRIFTED), ledger(driftDetection={"mode": "enabled"})) is Action.CORRECT
    assert decide(State(Standing.DRIFTED), ledger(driftDetection={"mode": "warn"})) is None


def test_a_release_that_somebody_else_made_has_no_history_to_return_to() -> None:
    books = ledger(Remembered(history=(snap(3),)))
    decide(State(Standing.UNMANAGED), books)
    assert books.said.history == ()


FAILED_INSTALL = Remembered(history=(snap(1, "failed"),), last_action=INSTALL, install_failures=1)
FAILED_UPGRADE = Remembered(history=(snap(2, "failed"), snap(1)), last_action=UPGRADE, upgrade_failures=1)


@pytest.mark.parametrize(
    ("past", "spec", "action"),
    [
        (FAILED_INSTALL, {"install": {"remediation": {"retries": 1}}}, Action.UNINSTALL),
        (FAILED_UPGRADE, {"upgrade": {"remediation": {"retries": 1}}}, Action.ROLLBACK),
        (FAILED_UPGRADE, {"upgrade": {"remediation": {"retries": 1, "strategy": "uninstall"}}}, Action.UNINSTALL),
        (FAILED_UPGRADE, {"upgrade": {"remediation": {"remediateLastFailure": True}}}, Action.ROLLBACK),
        (FAILED_UPGRADE, {"upgrade": {"strategy": {"name": "RetryOnFailure"}}}, Action.UPGRADE),
        (replace(FAILED_UPGRADE, upgrade_failures=0), {}, Action.UPGRADE),
    ],
    ids=[
        "a failed install is uninstalled while retries are left",
        "a failed upgrade is rolled back",
        "or uninstalled where that is the strategy",
        "the last failure is remedied where that is asked",
        "retrying is simply another upgrade",
        "what failed before something changed does not count",
    ],
)
def test_a_failure_is_remedied_as_declared(past: Remembered, spec: dict[str, Any], action: Action) -> None:
    assert decide(State(Standing.FAILED), ledger(past, **spec)) is action


@pytest.mark.parametrize(
    ("what", "past"),
    [
        (Standing.FAILED, FAILED_INSTALL),
        (Standing.FAILED, FAILED_UPGRADE),
        (Standing.ABSENT, Remembered(install_failures=1)),
        (Standing.OUT_OF_SYNC, Remembered(upgrade_failures=1)),
    ],
)
def test_without_retries_one_failure_is_the_last_unless_it_is_forced(what: Standing, past: Remembered) -> None:
    with pytest.raises(Exhausted):
        decide(State(what), ledger(past))
    forced = decide(State(what), ledger(past, force=True))
    assert forced in (Action.INSTALL, Action.UPGRADE)


def test_being_forced_upgrades_what_is_in_order() -> None:
    assert decide(State(Standing.IN_SYNC), ledger(force=True)) is Action.UPGRADE


def test_what_is_in_order_again_is_said_to_be_and_older_history_goes() -> None:
    past = (snap(5), snap(4, "failed"), snap(3, "superseded"), snap(2, "superseded"), snap(1, "failed"))
    books = ledger(Remembered(history=past, last_action=UPGRADE))
    books.marks.true("Remediated", "RollbackSucceeded", "rolled back")
    books.marks.false("Released", "UpgradeFailed", "failed")
    assert decide(State(Standing.IN_SYNC), books) is None
    assert [s.version for s in books.said.history] == [5, 4, 3]
    assert books.marks.get("Remediated") is None
    assert books.marks.message("Released") == "Helm upgrade succeeded for release team/app.v5 with chart app@0.1.0"


def test_a_revision_whose_test_failed_is_not_the_one_to_return_to() -> None:
    bad = snap(2, "superseded", tests={"t": HookRun(phase="Failed")})
    books = ledger(Remembered(history=(snap(3, "failed"), bad, snap(1, "superseded"))))
    previous = books.previous(ignore_tests=False)
    assert previous is not None
    assert previous.version == 1
    lenient = books.previous(ignore_tests=True)
    assert lenient is not None
    assert lenient.version == 2
