from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kube.refs import ObjectRef
from holdfast.model.delivery import UnitKey
from holdfast.model.safety import Budget, Safety
from holdfast.plan.guard import Losses, overspent, refusal, undecided

UNIT = UnitKey("Kustomization", "apps", "web")
REVISION = "main@sha1:0123456789abcdef0123456789abcdef01234567"


def refs(count: int) -> tuple[ObjectRef, ...]:
    return tuple(ObjectRef("", "ConfigMap", "apps", f"c{n:02}") for n in range(count))


def losses(doomed: int, owned: int, *, cascading: int = 0, rendered: int | None = 1) -> Losses:
    return Losses(refs(doomed), owned, cascading, rendered)


@pytest.mark.parametrize(
    ("doomed", "owned", "refused"),
    [
        pytest.param(10, 10, False, id="ten may always go"),
        pytest.param(11, 21, True, id="more than half"),
        pytest.param(11, 22, False, id="half"),
        pytest.param(50, 100, False, id="half of many"),
        pytest.param(51, 100, True, id="more than half of many"),
    ],
)
def test_more_than_ten_and_more_than_half_needs_consent(doomed: int, owned: int, refused: bool) -> None:
    assert bool(refusal(Safety(), UNIT, REVISION, losses(doomed, owned))) is refused


def test_an_empty_rendering_takes_nothing_however_little_there_was() -> None:
    text = refusal(Safety(), UNIT, REVISION, losses(1, 1, rendered=0))
    assert text == (
        f"nothing at all is rendered of {REVISION}, ConfigMap/apps/c00 is kept; annotate Kustomization/web with "
        f"holdfast.dev/allow-prune={REVISION} to delete, or put them back to keep"
    )


def test_what_goes_with_deleted_units_counts() -> None:
    assert refusal(Safety(), UNIT, REVISION, losses(1, 40, cascading=30)).startswith(
        f"31 (those of 1 units and objects) of 40 objects are not in {REVISION} any more, more than 10 objects or 50 %"
    )


def test_a_deleted_unit_says_what_would_go_with_it() -> None:
    text = refusal(Safety(), UNIT, REVISION, losses(12, 12, rendered=None))
    assert text.startswith("with Kustomization/web 12 of 12 objects would be deleted")
    assert "ConfigMap/apps/c04 and 7 more are kept" in text


@given(st.integers(0, 300), st.integers(0, 300), st.none() | st.integers(0, 5))
def test_without_the_guard_or_with_consent_nothing_is_refused(doomed: int, more: int, rendered: int | None) -> None:
    found = losses(doomed, doomed + more, rendered=rendered)
    assert refusal(Safety(guarded=False), UNIT, REVISION, found) == ""
    assert refusal(Safety(consent=REVISION), UNIT, REVISION, found) == ""


@given(st.integers(1, 300), st.integers(0, 300), st.integers(0, 50), st.integers(0, 100))
def test_a_larger_budget_never_refuses_what_a_smaller_one_allows(
    doomed: int, more: int, objects: int, percent: int
) -> None:
    found = losses(doomed, doomed + more)
    small, large = Budget(objects, percent), Budget(objects + 1, min(100, percent + 1))
    if not refusal(Safety(budget=small), UNIT, REVISION, found):
        assert not refusal(Safety(budget=large), UNIT, REVISION, found)


def test_units_that_cannot_be_built_are_named() -> None:
    other = UnitKey("Kustomization", "apps", "broken")
    assert "kept until Kustomization/apps/broken can be built" in undecided(UNIT, REVISION, losses(1, 2), [other])


def test_a_commit_that_has_taken_enough_is_named() -> None:
    assert overspent(UNIT, REVISION, losses(1, 2), 30, 50).startswith(f"units of {REVISION} have taken 30 of")
