"""What an apply would change, as JSON patches."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from holdfast.apply.helm_drift import differences, metadata_changes, without
from holdfast.kube.patch_json import json_patch


def test_labels_of_others_are_no_drift_and_missing_ones_are() -> None:
    many = {f"k{i}": "a value of some length" for i in range(9)}
    before = {"metadata": {"labels": {**many, "theirs": "1", "ours": "x"}, "annotations": {"a": "1"}}}
    after = {"metadata": {"labels": {**many, "ours": "y", "new": "1"}, "annotations": {"a": "1"}}}
    assert metadata_changes(before, after) == [
        {"op": "add", "path": "/metadata/labels/new", "value": "1"},
        {"op": "replace", "path": "/metadata/labels/ours", "value": "y"},
    ]


def test_many_changes_of_one_part_become_its_replacement() -> None:
    before = {"data": {"a": "1", "b": "2", "c": "3"}}
    after = {"data": {"a": "x"}}
    assert differences(before, after) == [{"op": "replace", "path": "/data", "value": {"a": "x"}}]


def test_fields_that_do_not_count_are_left_out_on_both_sides() -> None:
    obj = {"spec": {"replicas": 3, "list": [{"a": 1}, {"a": 2}], "a/b": 1}}
    found = without(obj, ["/spec/replicas", "/spec/list/1/a", "/spec/a~1b", "/spec/none/x"])
    assert found == {"spec": {"list": [{"a": 1}, {}]}}
    assert obj["spec"]["replicas"] == 3


VALUE = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.none(), st.text("ab/~", max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("ab/~", max_size=2), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text("ab", max_size=2), VALUE), st.dictionaries(st.text("ab", max_size=2), VALUE))
def test_the_patch_from_one_object_to_another_makes_the_one_the_other(before: Any, after: Any) -> None:
    assert json_patch(copy.deepcopy(before), differences(before, after)) == after
