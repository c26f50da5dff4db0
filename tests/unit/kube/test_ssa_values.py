from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kube import fieldset, ssa_values
from holdfast.kube.schema import Schema
from holdfast.kube.ssa_types import DEDUCED, Type, type_of
from holdfast.kube.ssa_values import MISSING

WIDGET = Schema.from_openapi(
    {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "count": {"type": "integer"},
            "on": {"type": "boolean"},
            "port": {"x-kubernetes-int-or-string": True},
            "map": {"type": "object", "additionalProperties": {"type": "string"}},
            "struct": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
            "whole": {
                "type": "object",
                "x-kubernetes-map-type": "atomic",
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            },
            "list": {"type": "array", "items": {"type": "string"}},
            "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
            "items": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "properties": {"name": {"type": "string"}, "value": {"type": "string"}}},
            },
            "ports": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["port", "proto"],
                "items": {
                    "type": "object",
                    "properties": {"port": {"type": "integer"}, "proto": {"type": "string", "default": "TCP"}},
                },
            },
            "any": {"x-kubernetes-preserve-unknown-fields": True},
        },
    }
)
KIND: Type = type_of(WIDGET)

texts = st.sampled_from("abc")
struct = st.fixed_dictionaries({}, optional={"a": texts, "b": texts})


def unique(names: list[str]) -> list[dict[str, str]]:
    return [{"name": name, "value": name * 2} for name in dict.fromkeys(names)]


widgets = st.fixed_dictionaries(
    {},
    optional={
        "text": texts,
        "count": st.integers(0, 2),
        "on": st.booleans(),
        "port": st.integers(1, 2) | texts,
        "map": st.dictionaries(texts, texts, max_size=3),
        "struct": struct,
        "whole": struct,
        "list": st.lists(texts, max_size=3),
        "set": st.lists(texts, max_size=3, unique=True),
        "items": st.lists(texts, max_size=3).map(unique),
        "any": st.recursive(
            st.integers(0, 2) | texts | st.booleans(),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
            max_leaves=5,
        ),
    },
)


def texts_of(fields: fieldset.Fields) -> list[str]:
    return [fieldset.path_text(path) for path in fieldset.paths(fields)]


@given(widgets, widgets)
def test_what_is_merged_in_is_there_afterwards(live: dict[str, Any], applied: dict[str, Any]) -> None:
    merged = ssa_values.merge(live, applied, KIND)
    again = ssa_values.merge(merged, applied, KIND)
    assert ssa_values.same(merged, again)
    fields = ssa_values.fields_of(applied, KIND)
    assert fieldset.difference(fields, ssa_values.all_fields(merged, KIND)) == {}


@given(widgets, widgets)
def test_merging_and_comparing_change_no_input(live: dict[str, Any], applied: dict[str, Any]) -> None:
    kept = copy.deepcopy((live, applied))
    ssa_values.merge(live, applied, KIND)
    compare = ssa_values.compare(live, applied, KIND)
    ssa_values.without(live, compare.removed, KIND)
    assert (live, applied) == kept


@given(widgets)
def test_an_object_compares_same_with_itself_only(widget: dict[str, Any]) -> None:
    assert ssa_values.compare(widget, copy.deepcopy(widget), KIND).is_same


@given(widgets, widgets)
def test_a_comparison_turned_round_swaps_added_and_removed(a: dict[str, Any], b: dict[str, Any]) -> None:
    there, back = ssa_values.compare(a, b, KIND), ssa_values.compare(b, a, KIND)
    assert (there.added, there.removed, there.modified) == (back.removed, back.added, back.modified)


@given(widgets, widgets)
def test_a_comparison_finds_nothing_exactly_when_leaves_and_order_free_parts_agree(
    a: dict[str, Any], b: dict[str, Any]
) -> None:
    if ssa_values.same(a, b):
        assert ssa_values.compare(a, b, KIND).is_same
    elif ssa_values.compare(a, b, KIND).is_same:
        # Only the order of sets and keyed lists may differ.
        for name in a.keys() | b.keys():
            if name not in ("set", "items"):
                assert ssa_values.same(a.get(name, MISSING), b.get(name, MISSING))


@given(widgets)
def test_valid_objects_have_no_complaints(widget: dict[str, Any]) -> None:
    assert ssa_values.check(widget, KIND) == []


@given(widgets)
def test_an_object_without_its_own_fields_is_empty(widget: dict[str, Any]) -> None:
    left = (
        ssa_values.without(widget, ssa_values.with_named_fields(ssa_values.fields_of(widget, KIND), KIND), KIND) or {}
    )
    assert set(left) <= {"items", "set"}, "an empty keyed list is nobody's"
    assert not any(left.values())


def applied_order(live: str, applied: str) -> str:
    def items(names: str) -> dict[str, Any]:
        return {"items": [{"name": n} for n in names], "set": list(names)}

    merged = ssa_values.merge(items(live), items(applied), KIND)
    assert [item["name"] for item in merged["items"]] == merged["set"]
    return "".join(merged["set"])


@pytest.mark.parametrize(
    ("live", "applied", "merged"),
    [
        ("ABC", "BDC", "ABDC"),
        ("ABC", "DA", "DABC"),
        ("ABCD", "DXA", "BCDXA"),
        ("ABC", "D", "ABCD"),
        ("ABCDE", "EC", "ABDEC"),
        ("ABC", "CBA", "CBA"),
        ("", "AB", "AB"),
        ("AB", "", "AB"),
    ],
)
def test_the_applier_orders_its_own_items_and_others_keep_their_place(live: str, applied: str, merged: str) -> None:
    assert applied_order(live, applied) == merged


def test_an_applier_owns_leaves_and_items_but_not_the_parts_around_them() -> None:
    widget = {
        "map": {"k": "v"},
        "struct": {"a": "x"},
        "whole": {"a": "x"},
        "list": ["x"],
        "set": ["x"],
        "items": [{"name": "n", "value": "v"}],
        "ports": [{"port": 80}],
        "any": {"deep": {"x": 1}, "l": [1]},
        "text": None,
    }
    assert ssa_values.fields_of(widget, KIND) == {
        "f:map": {"f:k": {}},
        "f:struct": {"f:a": {}},
        "f:whole": {},
        "f:list": {},
        "f:set": {'v:"x"': {}},
        "f:items": {'k:{"name":"n"}': {".": {}, "f:name": {}, "f:value": {}}},
        "f:ports": {'k:{"port":80,"proto":"TCP"}': {".": {}, "f:port": {}}},
        "f:any": {"f:deep": {".": {}, "f:x": {}}, "f:l": {}},
        "f:text": {},
    }


def test_an_empty_map_is_owned_an_empty_keyed_list_is_not() -> None:
    assert ssa_values.fields_of({"map": {}, "items": [], "set": [], "list": []}, KIND) == {"f:map": {}, "f:list": {}}


def test_what_appears_is_added_with_everything_around_it() -> None:
    added = ssa_values.compare({}, {"map": {"k": "v"}, "items": [{"name": "n"}]}, KIND).added
    assert added == {
        "f:map": {".": {}, "f:k": {}},
        "f:items": {".": {}, 'k:{"name":"n"}': {".": {}, "f:name": {}}},
    }


def test_duplicates_that_a_plain_write_stored_are_one_item() -> None:
    twice = {"items": [{"name": "n", "value": "1"}, {"name": "n", "value": "2"}]}
    assert texts_of(ssa_values.compare({}, twice, KIND).added) == [".items", '.items[name="n"]']
    assert texts_of(ssa_values.compare(twice, {"items": [{"name": "n"}]}, KIND).removed) == ['.items[name="n"]']
    assert ssa_values.merge(twice, {"items": [{"name": "n", "value": "3"}]}, KIND) == {
        "items": [{"name": "n", "value": "3"}]
    }


def test_numbers_compare_by_value_and_never_equal_texts_or_truths() -> None:
    assert ssa_values.compare({"port": 80}, {"port": 80.0}, KIND).is_same
    assert texts_of(ssa_values.compare({"port": 80}, {"port": "80"}, KIND).modified) == [".port"]
    assert texts_of(ssa_values.compare({"any": 1}, {"any": True}, KIND).modified) == [".any"]


def test_a_deduced_value_that_changes_shape_is_modified_and_loses_its_inside() -> None:
    found = ssa_values.compare({"x": {"y": 1}}, {"x": 2}, DEDUCED)
    assert (texts_of(found.removed), texts_of(found.modified), found.added) == ([".x.y"], [".x"], {})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"nope": 1}, ".nope: field not declared in schema"),
        ({"text": 5}, ".text: expected string, got &value.valueUnstructured{Value:5}"),
        ({"count": "x"}, ".count: expected numeric (int or float), got string"),
        ({"count": True}, ".count: expected numeric (int or float), got bool"),
        ({"on": "yes"}, ".on: expected boolean, got &{yes}"),
        ({"struct": ["x"]}, ".struct: expected map, got &{[x]}"),
        ({"list": "x"}, ".list: expected list, got &{x}"),
        ({"list": [1]}, ".list[0]: expected string, got &value.valueUnstructured{Value:1}"),
        ({"set": ["a", "a"]}, '.set: duplicate entries for key [="a"]'),
        ({"items": [{"name": "c"}, {"name": "c"}]}, '.items: duplicate entries for key [name="c"]'),
        (
            {"ports": [{"port": 80}, {"port": 80, "proto": "TCP"}]},
            '.ports: duplicate entries for key [port=80,proto="TCP"]',
        ),
        (
            {"items": [{"value": "v"}]},
            (
                '.items: element 0: associative list with keys has an element that omits all key fields ["name"]'
                " (and doesn't have default values for any key fields)"
            ),
        ),
        ({"items": [None]}, ".items: element 0: associative list with keys may not have a null element"),
        ({"set": [{}]}, ".set: element 0: associative list without keys has an element that's a map type"),
    ],
)
def test_complaints_read_as_those_of_the_api_server(value: Any, text: str) -> None:
    assert ssa_values.complaints_text(ssa_values.check(value, KIND)) == text


def test_several_complaints_are_listed() -> None:
    found = ssa_values.check({"text": 5, "on": 1}, KIND)
    assert ssa_values.complaints_text(found).splitlines()[0] == "errors:"
    assert len(found) == 2


def test_duplicates_are_no_complaint_in_a_stored_object() -> None:
    assert ssa_values.check({"set": ["a", "a"]}, KIND, duplicates=True) == []


def test_a_part_that_became_atomic_is_owned_as_a_whole() -> None:
    owned = {"f:whole": {"f:a": {}}, "f:list": {'v:"x"': {}}, "f:map": {"f:k": {}}}
    assert ssa_values.reconciled(owned, KIND) == {"f:whole": {}, "f:list": {}, "f:map": {"f:k": {}}}


def test_a_map_that_loses_its_last_entry_becomes_null() -> None:
    assert ssa_values.without({"map": {"k": "v"}, "text": "t"}, {"f:map": {"f:k": {}}}, KIND) == {
        "map": None,
        "text": "t",
    }
