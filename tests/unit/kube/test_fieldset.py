from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kube import fieldset as fs

elements = st.sampled_from(["f:a", "f:b", "f:spec", 'k:{"name":"x"}', 'k:{"name":"y"}', 'v:"s"', "v:1", "i:0"])
paths = st.lists(elements, min_size=1, max_size=4).map(tuple)


def of(members: list[fs.Path]) -> fs.Fields:
    out: fs.Fields = {}
    for path in members:
        out = fs.union(out, fs.of_path(*path))
    return out


sets = st.lists(paths, max_size=8)


def members(fields: fs.Fields) -> set[fs.Path]:
    return set(fs.paths(fields))


@given(sets, sets)
def test_union_difference_and_intersection_are_those_of_their_paths(a: list[fs.Path], b: list[fs.Path]) -> None:
    left, right = of(a), of(b)
    assert members(left) == set(a)
    assert members(fs.union(left, right)) == set(a) | set(b)
    assert members(fs.difference(left, right)) == set(a) - set(b)
    assert members(fs.intersection(left, right)) == set(a) & set(b)


@given(sets, sets)
def test_a_recursive_difference_takes_everything_below_a_member_too(a: list[fs.Path], b: list[fs.Path]) -> None:
    kept = {p for p in a if not any(p[: len(q)] == q for q in b)}
    assert members(fs.recursive_difference(of(a), of(b))) == kept


@given(sets)
def test_leaves_are_the_members_without_members_below(a: list[fs.Path]) -> None:
    kept = {p for p in a if not any(len(q) > len(p) and q[: len(p)] == p for q in a)}
    assert members(fs.leaves(of(a))) == kept


@given(sets, paths)
def test_a_path_is_in_the_set_that_holds_it(a: list[fs.Path], path: fs.Path) -> None:
    assert fs.has(of(a), path) == (path in a)


@given(sets)
def test_a_set_written_as_fields_v1_reads_back_the_same(a: list[fs.Path]) -> None:
    fields = of(a)
    assert fs.decode(fields) == fields
    assert fs.in_order(fields) == fields


@given(sets, sets)
def test_no_operation_changes_its_inputs(a: list[fs.Path], b: list[fs.Path]) -> None:
    left, right = of(a), of(b)
    for operation in (fs.union, fs.difference, fs.intersection, fs.recursive_difference):
        operation(left, right)
    assert members(left) == set(a) and members(right) == set(b)


def test_members_come_level_by_level_in_the_order_of_the_api() -> None:
    fields = of(
        [
            ("f:status", "f:conditions", 'k:{"type":"A"}', "f:status"),
            ("f:status", "f:replicas"),
            ('k:{"p":443}',),
            ('k:{"p":80}',),
        ]
    )
    assert [fs.path_text(p) for p in fs.paths(fields)] == [
        "[p=80]",
        "[p=443]",
        ".status.replicas",
        '.status.conditions[type="A"].status',
    ]


def test_keys_are_brought_into_one_form_when_read() -> None:
    assert fs.decode({'k:{"b": 1, "a": "x"}': {".": {}}}) == {'k:{"a":"x","b":1}': {}}


def test_elements_of_an_unknown_kind_are_dropped() -> None:
    assert fs.decode({"z:later": {}, "f:a": {}}) == {"f:a": {}}


@pytest.mark.parametrize(
    "bad", [{"x": {}}, {"fa": {}}, {"k:{": {}}, {"v:": {}}, {"i:x": {}}, {"f:a": 1}, [], {'k:"name"': {}}]
)
def test_what_is_no_field_set_is_refused(bad: object) -> None:
    with pytest.raises(fs.BadFieldsError):
        fs.decode(bad)


def test_keys_are_written_as_go_writes_them() -> None:
    assert fs.key_element([("a", "<&>"), ("n", 1.0), ("u", "ä")]) == 'k:{"a":"\\u003c\\u0026\\u003e","n":1,"u":"ä"}'


def test_a_pattern_keeps_what_lies_on_or_below_its_paths() -> None:
    fields = {
        "f:spec": {
            "f:containers": {'k:{"name":"c"}': {".": {}, "f:image": {}, "f:resources": {"f:limits": {}}}},
            "f:nodeName": {},
        },
        "f:status": {},
    }
    pattern = {"f:spec": {"f:containers": {fs.ANY: {"f:resources": {}}}}}
    assert fs.matching(fields, pattern) == {
        "f:spec": {"f:containers": {'k:{"name":"c"}': {".": {}, "f:resources": {"f:limits": {}}}}}
    }
    assert fs.matching(fields, {}) is fields
