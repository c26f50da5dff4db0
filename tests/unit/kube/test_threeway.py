"""kubectl's three-way merge."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from holdfast.kube.patch_json import merge_patch
from holdfast.kube.refs import GroupVersionKind
from holdfast.kube.schema import builtin
from holdfast.kube.threeway import difference, joined, same

DEPLOYMENT = builtin().lookup(GroupVersionKind("apps", "v1", "Deployment"))
POD = builtin().lookup(GroupVersionKind("", "v1", "Pod"))
JSON = st.recursive(
    st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=1), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text("abc", max_size=1), JSON, max_size=3)


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": list(containers), **spec}}


def test_what_was_applied_and_is_not_wanted_any_more_goes_and_what_others_added_stays() -> None:
    was, wanted = {"a": 1, "b": 2}, {"b": 3}
    assert joined(was, wanted, {"a": 1, "b": 2, "c": 4}, None) == {"b": 3, "c": 4}


def test_null_means_not_there() -> None:
    assert joined({}, {"a": None, "b": {"c": None}}, {"a": 1, "b": {"c": 2, "d": 3}}, None) == {"b": {"d": 3}}


def test_lists_of_built_in_kinds_merge_by_their_keys() -> None:
    live = pod({"name": "side", "image": "s"}, {"name": "app", "image": "1", "imagePullPolicy": "Always"})
    wanted = pod({"name": "app", "image": "2"})
    assert joined(wanted, wanted, live, POD) == pod(
        {"name": "side", "image": "s"}, {"name": "app", "image": "2", "imagePullPolicy": "Always"}
    )


def test_an_item_that_we_applied_and_do_not_want_goes() -> None:
    was = pod({"name": "app"}, {"name": "side"})
    assert joined(was, pod({"name": "app"}), was, POD) == pod({"name": "app"})


def test_without_a_schema_lists_are_replaced() -> None:
    assert joined({}, {"l": [{"name": "a"}]}, {"l": [{"name": "b"}]}, None) == {"l": [{"name": "a"}]}


def test_a_union_keeps_only_what_is_wanted_once_it_changes() -> None:
    live = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    same_type = {"spec": {"strategy": {"type": "RollingUpdate"}}}
    other = {"spec": {"strategy": {"type": "Recreate"}}}
    assert joined(same_type, same_type, live, DEPLOYMENT) == live
    assert joined(same_type, other, live, DEPLOYMENT) == other


@given(OBJECTS, OBJECTS)
def test_the_difference_applied_gives_the_other_object(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert same(merge_patch(before, difference(before, after)), after)


@given(OBJECTS)
def test_an_object_does_not_differ_from_itself(obj: dict[str, Any]) -> None:
    assert difference(obj, obj) == {}


@given(OBJECTS, OBJECTS, OBJECTS)
def test_a_second_apply_changes_nothing(was: dict[str, Any], wanted: dict[str, Any], live: dict[str, Any]) -> None:
    once = joined(was, wanted, live, None)
    assert joined(wanted, wanted, once, None) == once


def test_true_is_not_one_and_one_is_one_point_nought() -> None:
    assert not same(True, 1)
    assert same([1], [1.0])
