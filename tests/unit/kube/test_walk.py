"""Walks through JSON data: compiled and in Python they find the same, in the same order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kube import native, walk
from holdfast.kube.walk import ALWAYS, IGNORED, WHERE_NULL, Branch

NAMES = st.sampled_from("abc")
DATA = st.recursive(
    st.none() | st.sampled_from(["x", "y"]) | st.integers(0, 1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
BRANCHES = st.recursive(
    st.just(()),
    lambda inner: st.lists(
        st.builds(Branch, NAMES, st.booleans(), st.sampled_from([IGNORED, WHERE_NULL, ALWAYS]), inner, NAMES),
        max_size=3,
    ).map(tuple),
    max_leaves=6,
)

DEPLOYMENT: dict[str, Any] = {
    "metadata": {"labels": None},
    "spec": {"containers": [{"image": "x", "env": []}, None, {"image": "y"}], "initContainers": [{"image": "z"}]},
}


def paths(*steps: str, missing: int = IGNORED) -> tuple[Branch, ...]:
    name, *rest = steps
    return (Branch(name, not rest, missing, paths(*rest, missing=missing) if rest else (), "/".join(steps)),)


def test_every_field_at_the_end_of_a_path_is_found_through_lists() -> None:
    hits = walk.reach(DEPLOYMENT, paths("spec", "containers", "image"))
    assert hits is not None
    assert [holder[name] for holder, name, _ in hits] == ["x", "y"]


def test_texts_count_only_among_the_names_that_are_given() -> None:
    hits = walk.reach(DEPLOYMENT, paths("spec", "containers", "image"), {"y": 1})
    assert hits is not None
    assert [holder[name] for holder, name, _ in hits] == ["y"]


@pytest.mark.parametrize(("missing", "count"), [(IGNORED, 0), (WHERE_NULL, 1), (ALWAYS, 1)])
def test_null_counts_as_missing(missing: int, count: int) -> None:
    assert len(walk.reach(DEPLOYMENT, paths("metadata", "labels", missing=missing)) or ()) == count


@pytest.mark.parametrize(("missing", "count"), [(IGNORED, 0), (WHERE_NULL, 0), (ALWAYS, 1)])
def test_what_is_not_there_counts_only_where_it_always_does(missing: int, count: int) -> None:
    assert len(walk.reach(DEPLOYMENT, paths("metadata", "annotations", missing=missing)) or ()) == count


def test_a_path_through_a_scalar_is_told_apart_from_one_that_finds_nothing() -> None:
    assert walk.reach({"a": "text"}, paths("a", "b")) is None
    assert walk.reach({}, paths("a", "b")) == []


def test_lists_by_name_come_inner_ones_first() -> None:
    data = {"containers": [{"containers": [1]}], "x": [[{"containers": [2]}]], "containers2": [3]}
    assert walk.lists_named(data, ("containers",)) == [[1], [{"containers": [1]}], [2]]


@given(DATA, BRANCHES, st.none() | st.dictionaries(st.sampled_from("xy"), st.none()))
def test_the_compiled_walk_reaches_what_the_other_does(
    data: Any, branches: tuple[Branch, ...], names: dict[str, None] | None
) -> None:
    if native.reach is None:
        pytest.skip("the compiled module was not built here: no C compiler")
    compiled = native.reach(data, branches, names)
    expected = walk.reach_in_python(data, branches, names)
    assert compiled == expected
    assert compiled is None or all(c[0] is e[0] for c, e in zip(compiled, expected or (), strict=True))


@given(DATA, st.lists(NAMES, max_size=2).map(tuple))
def test_the_compiled_search_finds_the_same_lists(data: Any, names: tuple[str, ...]) -> None:
    if native.lists_named is None:
        pytest.skip("the compiled module was not built here: no C compiler")
    compiled, expected = native.lists_named(data, names), walk.lists_named_in_python(data, names)
    assert [id(found) for found in compiled] == [id(found) for found in expected]


def test_data_that_is_too_deep_is_an_error_not_a_crash() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RecursionError):
        walk.lists_named(deep, ("a",))
    with pytest.raises(RecursionError):
        walk.reach(deep, paths("a"))
