from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kube.patch import PatchError, json_patch, merge_patch

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=12,
)
objects = st.dictionaries(st.sampled_from("abcd"), json_values, max_size=4)


def op(kind: str, path: str, *value: Any, **more: Any) -> dict[str, Any]:
    return {"op": kind, "path": path, **({"value": value[0]} if value else {}), **more}


@pytest.mark.parametrize(
    ("before", "operations", "after"),
    [
        pytest.param({"a": 1}, [op("add", "/b", 2)], {"a": 1, "b": 2}, id="add a member"),
        pytest.param({"a": 1}, [op("replace", "/b", 2)], {"a": 1, "b": 2}, id="replace adds an absent key"),
        pytest.param({"a": [1, 3]}, [op("add", "/a/1", 2)], {"a": [1, 2, 3]}, id="insert into a list"),
        pytest.param({"a": [1]}, [op("add", "/a/-", 2)], {"a": [1, 2]}, id="append with a dash"),
        pytest.param({"a": [1]}, [op("add", "/a/-1", 2)], {"a": [1, 2]}, id="add at -1 appends"),
        pytest.param({"a": [1]}, [op("add", "/a/01", 2)], {"a": [1, 2]}, id="leading zeros count as digits"),
        pytest.param({"a": [1, 2]}, [op("remove", "/a/-1")], {"a": [1]}, id="negative indexes count from the end"),
        pytest.param({"a": {"b": 1}}, [op("move", "/c", **{"from": "/a/b"})], {"a": {}, "c": 1}, id="move"),
        pytest.param({"a": {"b": 1}}, [op("copy", "/c", **{"from": "/a"})], {"a": {"b": 1}, "c": {"b": 1}}, id="copy"),
        pytest.param({"a": 1}, [op("add", "/b")], {"a": 1, "b": None}, id="add without value stores null"),
        pytest.param({"x/y": 1, "m~n": 2}, [op("remove", "/x~1y"), op("remove", "/m~0n")], {}, id="escapes"),
        pytest.param({"a": 1}, [op("replace", "", {"b": 2})], {"b": 2}, id="replace the root"),
        pytest.param({"a": 1}, [op("add", "data/k", 2)], {"a": 1, "k": 2}, id="text before the first slash is ignored"),
        pytest.param({"a": 1}, [op("test", "/b", None)], {"a": 1}, id="an absent member equals null"),
        pytest.param({"a": 1}, None, {"a": 1}, id="no operations"),
    ],
)
def test_json_patches_are_carried_out(before: Any, operations: Any, after: Any) -> None:
    kept = copy.deepcopy(before)
    assert json_patch(before, operations) == after
    assert before == kept


@pytest.mark.parametrize(
    "operation",
    [
        op("remove", "/nope"),
        op("add", "/nope/x", 1),
        op("add", "/list/9", 1),
        op("replace", "/list/-", 1),
        op("replace", "/list/2", 1),
        op("remove", "/list/-3"),
        op("add", "/list/x", 1),
        op("add", "/text/x", 1),
        op("move", "/b", **{"from": "/nope"}),
        op("test", "/a", 2),
        op("test", "/a", True),
        op("add", "", {}),
        op("remove", ""),
        op("replace", "", 1),
        op("frobnicate", "/a"),
        {"op": "add", "value": 1},
        {"op": "move", "path": "/b"},
        {"path": "/a"},
    ],
    ids=str,
)
def test_an_operation_that_cannot_be_carried_out_is_a_422(operation: dict[str, Any]) -> None:
    with pytest.raises(PatchError) as caught:
        json_patch({"a": 1, "list": [1, 2], "text": "t"}, [operation])
    assert caught.value.code == 422


@pytest.mark.parametrize("operations", [{}, "x", [1]])
def test_what_is_no_list_of_operations_is_a_400(operations: Any) -> None:
    with pytest.raises(PatchError) as caught:
        json_patch({}, operations)
    assert caught.value.code == 400


@given(objects, json_values)
def test_adding_and_removing_a_member_is_nothing(obj: dict[str, Any], value: Any) -> None:
    assert json_patch(obj, [op("add", "/new", value), op("test", "/new", value), op("remove", "/new")]) == obj


@pytest.mark.parametrize(
    ("before", "patch", "after"),
    [
        pytest.param({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}, id="objects are joined"),
        pytest.param({"a": 1, "b": 2}, {"a": None, "x": None}, {"b": 2}, id="null removes"),
        pytest.param({"a": [1, 2]}, {"a": [3]}, {"a": [3]}, id="lists are replaced"),
        pytest.param(
            {}, {"a": {"b": None, "c": {"d": None}}}, {"a": {"c": {}}}, id="nulls in a new object are dropped"
        ),
        pytest.param({}, {"a": [{"b": None}, None]}, {"a": [{}, None]}, id="and in the objects of a new list"),
        pytest.param({"a": 1}, None, {"a": 1}, id="a null patch is none"),
    ],
)
def test_merge_patches_are_carried_out(before: Any, patch: Any, after: Any) -> None:
    kept = copy.deepcopy(before)
    assert merge_patch(before, patch) == after
    assert before == kept


def test_a_merge_patch_that_is_a_scalar_is_a_400() -> None:
    with pytest.raises(PatchError, match="Invalid JSON Patch") as caught:
        merge_patch({}, "x")
    assert caught.value.code == 400


simple = st.recursive(
    st.none() | st.integers(-5, 5) | st.lists(st.integers(0, 3), max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=12,
)


@given(objects, st.dictionaries(st.sampled_from("abcd"), simple, max_size=4))
def test_a_merge_patch_applied_twice_is_applied_once(obj: dict[str, Any], patch: dict[str, Any]) -> None:
    once = merge_patch(obj, patch)
    assert merge_patch(once, patch) == once
