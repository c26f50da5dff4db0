"""Conditions: finding, setting with the two rules of time, removing, sorting."""

from __future__ import annotations

import pytest

from holdfast.kube import conditions
from holdfast.kube.conditions import Rule

OLD, NOW = "2024-01-01T00:00:00Z", "2024-06-01T00:00:00Z"
READY = {
    "type": "Ready",
    "status": "True",
    "reason": "Done",
    "message": "m",
    "observedGeneration": 1,
    "lastTransitionTime": OLD,
}


def test_a_condition_is_found_by_its_type() -> None:
    assert conditions.get([READY], "Ready") == READY
    assert conditions.get(None, "Ready") is None
    assert conditions.status([READY], "Ready") == "True"
    assert conditions.status([], "Ready") == ""
    assert conditions.is_true([READY], "Ready")


@pytest.mark.parametrize(
    ("change", "status_time", "state_time"),
    [
        ({}, OLD, OLD),
        ({"observedGeneration": 2}, OLD, OLD),
        ({"message": "other"}, OLD, NOW),
        ({"reason": "Other"}, OLD, NOW),
        ({"status": "False"}, NOW, NOW),
    ],
)
def test_the_time_is_new_when_what_counts_has_changed(
    change: dict[str, object], status_time: str, state_time: str
) -> None:
    new = {key: value for key, value in {**READY, **change}.items() if key != "lastTransitionTime"}
    for rule, time in ((Rule.STATUS, status_time), (Rule.STATE, state_time)):
        assert conditions.put([READY], new, now=NOW, rule=rule) == [{**new, "lastTransitionTime": time}]


def test_a_new_condition_goes_to_the_end_and_the_old_list_stays() -> None:
    listed = [READY]
    result = conditions.put(listed, {"type": "Healthy", "status": "True"}, now=NOW)
    assert result == [READY, {"type": "Healthy", "status": "True", "lastTransitionTime": NOW}]
    assert listed == [READY]


def test_conditions_are_removed_by_type() -> None:
    assert conditions.remove([READY, {"type": "Stalled"}], "Stalled", "Other") == [READY]


def test_conditions_are_sorted_as_flux_sorts_them() -> None:
    kinds = ["Healthy", "Ready", "Artifact", "Reconciling", "Stalled"]
    listed = [{"type": kind} for kind in kinds] + [{"type": "Zed", "observedGeneration": 3}]
    assert [c["type"] for c in conditions.ordered(listed)] == [
        "Stalled",
        "Reconciling",
        "Ready",
        "Zed",
        "Artifact",
        "Healthy",
    ]
