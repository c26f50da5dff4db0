"""Selectors: what they match, how they print, what they say about bad input."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.kube.selectors import SelectorError, label_selector, parse_fields, parse_labels

LABELS = {"a": "b", "n": "5", "empty": "", "example.com/x": "y"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True), ("a=b", True), ("a==b", True), ("a=c", False), ("a!=c", True), ("z!=c", True), ("a", True), ("z", False), ("!z", True), ("!a", False),
        ("a in (b, c)", True), ("a notin (b)", False), ("z notin (b)", True), ("n>4", True), ("n<5", False), ("a>1", False), ("empty=", True),
        ("empty in ()", True), ("a=b,n>3,!z", True), ("example.com/x=y", True), ("a in (,b)", True), ("z in (a)", False),
    ],
)  # fmt: skip
def test_a_label_selector_matches(text: str, matches: bool) -> None:
    assert parse_labels(text).matches(LABELS) is matches


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("b=1,a", "a,b=1"),
        ("x in (c,a)", "x in (a,c)"),
        ("!x", "!x"),
        ("x==1", "x==1"),
        ("x notin (a)", "x notin (a)"),
        ("x>1", "x>1"),
    ],
)
def test_a_label_selector_prints_sorted(text: str, printed: str) -> None:
    assert str(parse_labels(text)) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a,", "found '', expected: identifier after ','"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        (
            "a>b",
            "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer",
        ),
    ],
)
def test_a_bad_label_selector_is_told_in_apimachinerys_words(text: str, message: str) -> None:
    with pytest.raises(SelectorError) as caught:
        parse_labels(text)
    assert str(caught.value) == message


def test_a_bad_key_and_a_bad_value_are_told_with_the_rule() -> None:
    with pytest.raises(SelectorError, match=r'<nil>: Invalid value: "-a": name part must consist of alphanumeric'):
        parse_labels("-a=b")
    with pytest.raises(
        SelectorError, match=r'values\[0\]\[a\]: Invalid value: "-b": a valid label must be an empty string'
    ):
        parse_labels("a=-b")


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"a": "b"}}, True),
        ({"matchLabels": {"a": "b", "z": ""}}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}]}, False),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}, {"key": "z", "operator": "DoesNotExist"}]}, True),
    ],
)
def test_a_selector_object_matches(selector: dict[str, Any] | None, matches: bool) -> None:
    assert label_selector(selector).matches(LABELS) is matches


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({"key": "a", "operator": "in"}, '"in" is not a valid label selector operator'),
        (
            {"key": "a", "operator": "In"},
            "values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty",
        ),
        (
            {"key": "a", "operator": "Exists", "values": ["b"]},
            'values: Invalid value: ["b"]: values set must be empty for exists and does not exist',
        ),
    ],
)
def test_a_bad_selector_object_is_told(expression: dict[str, Any], message: str) -> None:
    with pytest.raises(SelectorError) as caught:
        label_selector({"matchExpressions": [expression]})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True), ("metadata.name=a", True), ("metadata.name!=a", False), ("metadata.name==a,x=", True), ("x!=", False), ("v=a\\,b", True), ("v=a", False),
    ],
)  # fmt: skip
def test_a_field_selector_matches(text: str, matches: bool) -> None:
    selector = parse_fields(text)
    assert selector.matches({"metadata.name": "a", "v": "a,b"}) is matches
    assert parse_fields(str(selector)) == selector


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "invalid selector: 'a'; can't understand 'a'"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        ("a=\\b", "invalid field selector: invalid escape sequence: \\b"),
        ("a=b\\", "invalid field selector: invalid escape sequence: \\"),
    ],
)
def test_a_bad_field_selector_is_told(text: str, message: str) -> None:
    with pytest.raises(SelectorError) as caught:
        parse_fields(text)
    assert str(caught.value) == message
