"""Conditions as the Flux controllers keep them."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.dialects.flux.conditions import READY, RECONCILING, STALLED, Conditions


def conditions(*existing: dict[str, Any], generation: int = 1, now: str = "T1") -> Conditions:
    return Conditions(existing, generation, now)


def test_stalled_reconciling_and_ready_come_first_then_the_newest_generation_then_the_name() -> None:
    old = conditions()
    old.true("Zeta", "R", "m")
    new = Conditions(old.as_list(), 2, "T2")
    for name in ("Beta", "Alpha", READY, RECONCILING, STALLED):
        new.true(name, "R", "m")
    assert [c["type"] for c in new.as_list()] == [STALLED, RECONCILING, READY, "Alpha", "Beta", "Zeta"]


def test_the_same_state_keeps_its_transition_time_and_takes_the_new_generation() -> None:
    first = conditions(now="T1")
    first.true(READY, "Succeeded", "done")
    second = Conditions(first.as_list(), 2, "T2")
    second.true(READY, "Succeeded", "done")
    assert second.get(READY) == {
        "type": READY,
        "status": "True",
        "reason": "Succeeded",
        "message": "done",
        "observedGeneration": 2,
        "lastTransitionTime": "T1",
    }


@pytest.mark.parametrize(
    "change", [("False", "Succeeded", "done"), ("True", "Other", "done"), ("True", "Succeeded", "!")]
)
def test_another_status_reason_or_message_is_a_transition(change: tuple[str, str, str]) -> None:
    first = conditions()
    first.true(READY, "Succeeded", "done")
    second = Conditions(first.as_list(), 1, "T2")
    second.set(READY, *change)
    found = second.get(READY)
    assert found is not None and found["lastTransitionTime"] == "T2"


def test_reconciling_and_stalled_exclude_each_other() -> None:
    found = conditions()
    found.stalled("Bad", "input")
    found.reconciling("Progressing", "again")
    assert [c["type"] for c in found.as_list()] == [RECONCILING]
    found.stalled("Bad", "input")
    assert [c["type"] for c in found.as_list()] == [STALLED]


def test_a_step_leaves_a_known_ready_alone_unless_it_no_longer_holds() -> None:
    found = conditions()
    found.true(READY, "Succeeded", "done")
    found.progress("looking")
    assert found.is_true(READY)
    found.progress("building", drift=True)
    assert found.is_unknown(READY) and found.message(READY) == "building"


def test_a_failed_step_keeps_its_message_and_tells_of_the_retry() -> None:
    found = conditions()
    found.progress("building artifact")
    found.retrying()
    reconciling = found.get(RECONCILING)
    assert reconciling is not None
    assert (reconciling["reason"], reconciling["message"]) == ("ProgressingWithRetry", "building artifact")


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        pytest.param({"Good": "True"}, ("True", "Good"), id="good news makes it true"),
        pytest.param({"Good": "True", "Bad": "True"}, ("False", "Bad"), id="bad news that is true wins"),
        pytest.param({"Good": "False", "Bad": "False"}, ("False", "Good"), id="good news that is false wins over none"),
        pytest.param({"Bad": "False"}, ("True", "Bad"), id="bad news that is false is good"),
        pytest.param({"Good": "Unknown"}, ("Unknown", "Good"), id="not knowing stays not knowing"),
    ],
)
def test_the_summary_tells_the_most_important(present: dict[str, str], expected: tuple[str, str]) -> None:
    found = conditions()
    for name, status in present.items():
        found.set(name, status, name, "")
    found.summarise(READY, ("Good", "Bad"), ("Bad",))
    ready = found.get(READY)
    assert ready is not None
    assert (ready["status"], ready["reason"]) == expected


def test_a_summary_of_nothing_sets_nothing() -> None:
    found = conditions()
    found.summarise(READY, ("Good",), ())
    assert found.as_list() == []


def test_a_message_is_cut_where_the_api_would_refuse_it() -> None:
    found = conditions()
    found.true(READY, "R", "x" * 40_000)
    assert len(found.message(READY)) == 32_768 and found.message(READY).endswith("...")
