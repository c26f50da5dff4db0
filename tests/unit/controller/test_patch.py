"""The smallest patch from one object to another."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controller.manager import matters
from holdfast.controller.patch import merge_diff
from holdfast.kube.patch import merge_patch

_LEAVES = st.one_of(
    st.integers(0, 3), st.text("ab", max_size=2), st.booleans(), st.lists(st.integers(0, 2), max_size=2)
)
_OBJECTS = st.recursive(
    st.dictionaries(st.sampled_from("abc"), _LEAVES, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), st.one_of(_LEAVES, inner), max_size=3),
    max_leaves=6,
)


@given(_OBJECTS, _OBJECTS)
def test_applying_the_difference_gives_the_wanted_object(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert merge_patch(before, merge_diff(before, after)) == after


@given(_OBJECTS)
def test_equal_objects_need_no_patch(value: dict[str, Any]) -> None:
    assert merge_diff(value, value) == {}


def test_a_removed_field_is_patched_with_null() -> None:
    assert merge_diff({"a": 1, "b": {"c": 1}}, {"b": {}}) == {"a": None, "b": {"c": None}}


_META = {"uid": "1", "generation": 1, "annotations": {"other": "x"}}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, False, id="our own status write asks for nothing"),
        pytest.param({"generation": 2}, True, id="a changed declaration asks for work"),
        pytest.param({"deletionTimestamp": "now"}, True, id="a deletion asks for work"),
        pytest.param({"annotations": {"reconcile.fluxcd.io/requestedAt": "1"}}, True, id="a request asks for work"),
        pytest.param({"annotations": {}}, False, id="another annotation asks for nothing"),
        pytest.param({"uid": "2"}, True, id="an object made anew asks for work"),
    ],
)
def test_only_changes_that_matter_wake_a_controller(change: dict[str, Any], expected: bool) -> None:
    assert matters({"metadata": _META}, {"metadata": {**_META, **change}}) is expected
