from __future__ import annotations

import pytest

from holdfast.model.safety import (
    ALLOW_PRUNE,
    DELETION_SAFETY,
    DRIFT,
    KEEP_FOR,
    PRUNE_BUDGET,
    Budget,
    DriftMode,
    Safety,
    read_safety,
)

REVISION = "main@sha1:0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("consent", "given"),
    [
        pytest.param(REVISION, True, id="the whole revision"),
        pytest.param("0123456789abcdef0123456789abcdef01234567", True, id="the commit"),
        pytest.param("sha1:0123456", True, id="digest with its algorithm"),
        pytest.param("0123456", True, id="seven characters"),
        pytest.param("012345", False, id="too short"),
        pytest.param("main@sha1:012345", False, id="too short behind the branch"),
        pytest.param("main@sha1:ffffffffffffffffffffffffffffffffffffffff", False, id="another commit"),
        pytest.param("", False, id="nothing"),
        pytest.param("true", False, id="no revision"),
    ],
)
def test_consent_names_the_revision(consent: str, given: bool) -> None:
    assert read_safety({ALLOW_PRUNE: consent}).consents(REVISION) is given


def test_nobody_consents_to_no_revision() -> None:
    assert not Safety(consent="sha1:").consents("")


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("25", Budget(25, 0)),
        ("40%", Budget(0, 40)),
        ("25, 40%", Budget(25, 40)),
        ("100%", Budget(0, 100)),
        ("0", Budget(0, 0)),
        ("-1", Budget()),
        ("120%", Budget()),
        ("many", Budget()),
    ],
)
def test_a_budget_is_a_number_a_share_or_both_and_what_cannot_be_read_changes_nothing(
    text: str, budget: Budget
) -> None:
    assert read_safety({PRUNE_BUDGET: text}).budget == budget


def test_the_units_word_wins_over_the_operators() -> None:
    operator = Safety(guarded=False, drift=DriftMode.WARN)
    assert read_safety({DELETION_SAFETY: "guarded"}, operator).guarded
    assert not read_safety({}, operator).guarded
    assert read_safety({DRIFT: "Disabled"}, operator).drift is DriftMode.DISABLED
    assert read_safety({}, operator).drift is DriftMode.WARN


def test_a_slip_of_the_pen_takes_no_guard_away() -> None:
    assert read_safety({DELETION_SAFETY: "of", DRIFT: "no", KEEP_FOR: "a day"}) == Safety()


def test_objects_are_kept_for_a_duration() -> None:
    assert read_safety({KEEP_FOR: "1h30m"}).keep_for == 5400
