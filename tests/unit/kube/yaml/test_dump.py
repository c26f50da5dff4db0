"""Dumping: the text that sigs.k8s.io/yaml prints, and the law that it reads back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kube.yaml import YAMLError, dump, dump_all, load
from holdfast.kube.yaml.scalars import HIGHEST_UNSIGNED, LOWEST

TRICKY = st.sampled_from(
    [
        "yes",
        "no",
        "on",
        "y",
        "~",
        "null",
        "0777",
        "1_000",
        "1e3",
        ".5",
        "12:30",
        "2024-01-01",
        "<<",
        "=",
        "-",
        "?",
        ":",
        "#",
        "a:",
        "a:b",
        "''",
        '"',
        "|",
        ">",
        "&",
        "*",
        "[a]",
        "{a}",
        "%",
        "@",
        "`",
        "---",
        "...",
    ]
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | TRICKY | st.text(" \n:#-'\"\ta", max_size=8)
NUMBERS = st.integers(LOWEST, HIGHEST_UNSIGNED) | st.floats(allow_nan=False, allow_infinity=False)
DATA = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def through_json(value: Any) -> Any:
    """What becomes of numbers: a float without a fraction is an integer where 64 bits hold it."""
    if isinstance(value, float) and value.is_integer():
        whole = int(Decimal(repr(value)))
        return whole if LOWEST <= whole <= HIGHEST_UNSIGNED else value
    if isinstance(value, dict):
        return {key: through_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [through_json(item) for item in value]
    return value


@given(DATA)
def test_what_is_dumped_reads_back(value: Any) -> None:
    assert load(dump(value)) == through_json(value)


@given(st.dictionaries(TEXT, TEXT, max_size=6))
def test_dumping_again_changes_nothing(value: dict[str, str]) -> None:
    text = dump(value)
    assert dump(load(text)) == text


def test_maps_are_sorted_and_indented_and_lists_stand_below_their_key() -> None:
    value = {"b": [{"y1": 1, "x": [[1, 2], []]}, "s"], "a": {"k10": {}, "k9": None, "K": True}}
    assert dump(value) == "a:\n  K: true\n  k9: null\n  k10: {}\nb:\n- x:\n  - - 1\n    - 2\n  - []\n  y1: 1\n- s\n"


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("", '""'), ("yes", '"yes"'), ("n", '"n"'), ("~", '"~"'), ("null", '"null"'), ("12", '"12"'), ("0o7", '"0o7"'), ("1_000", '"1_000"'),
        ("12:30", '"12:30"'), ("12:60", "12:60"), ("2024-01-01", '"2024-01-01"'), ("1.2.3", "1.2.3"), ("<<", "<<"), ("=", "="), ("a: b", "'a: b'"),
        ("a:b", "a:b"), ("a:", "'a:'"), ("a #b", "'a #b'"), ("a#b", "a#b"), ("- a", "'- a'"), ("-a", "-a"), ("?", "'?'"), ("?a", "?a"), ("@a", "'@a'"),
        ("it's", "it's"), ("'a", "'''a'"), (" a", "' a'"), ("a ", "'a '"), ("---", "'---'"), ("a\tb", '"a\\tb"'), ("é", "é"), ("\u00a0", "\u00a0"),
        ("😀", '"\\U0001F600"'), ("\x07", '"\\a"'), ("\x85", '"\\N"'), ("\u2028", '"\\L"'), ("\ufeff", '"\\uFEFF"'), ("{{ x }}", "'{{ x }}'"),
    ],
)  # fmt: skip
def test_a_string_is_quoted_as_go_yaml_quotes_it(text: str, token: str) -> None:
    assert dump({"a": text}) == f"a: {token}\n"


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("a\nb\n", "|\n  a\n  b\n"),
        ("a\nb", "|-\n  a\n  b\n"),
        ("a\n\n", "|+\n  a\n\n"),
        ("\na", "|2-\n\n  a\n"),
        ("  a\nb\n", "|2\n    a\n  b\n"),
        ("a \nb", '"a \\nb"\n'),
        ("a\n\tb", '"a\\n\\tb"\n'),
    ],
)
def test_several_lines_become_a_literal_block_where_one_can_hold_them(text: str, block: str) -> None:
    assert dump({"a": text}) == f"a: {block}"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"), (1.5, "1.5"), (1e6, "1000000"), (1234567.5, "1.2345675e+06"), (1e20, "1e+20"), (1e21, "1e+21"), (1e-5, "1e-05"), (0.0001, "0.0001"),
        (-0.0, "0"), (2**64 - 1, "18446744073709551615"), (2**64, "1.8446744073709552e+19"), (True, "true"), (None, "null"),
    ],
)  # fmt: skip
def test_a_number_is_printed_as_go_prints_it_after_json(number: float, text: str) -> None:
    assert dump({"a": number}) == f"a: {text}\n"


def test_long_text_is_folded_at_the_first_blank_after_column_80() -> None:
    words = "word " * 19 + "end"
    assert dump({"a": words}) == "a: " + "word " * 15 + "word\n  word word word end\n"
    assert dump({"a": "x: " + words}) == "a: 'x: " + "word " * 14 + "word\n  word word word word end'\n"
    assert dump({"a": "\t" + "a  " * 30}) == 'a: "\\t' + "a  " * 25 + 'a\n  \\ a  a  a  a  "\n'


def test_a_key_that_does_not_fit_one_line_stands_behind_a_question_mark() -> None:
    assert dump({"k" * 129: {"a": 1, "b": [2]}}) == f"? {'k' * 129}\n: a: 1\n  b:\n  - 2\n"
    assert dump({"a\nb": ["c"]}) == "? |-\n  a\n  b\n: - c\n"


def test_a_key_that_would_merge_is_quoted() -> None:
    assert dump({"<<": 1}) == '"<<": 1\n'


def test_documents_are_separated() -> None:
    assert dump_all([{"a": 1}, [], "s"]) == "a: 1\n---\n[]\n---\ns\n"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {"a": {1, 2}}])
def test_what_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises(YAMLError, match="unsupported"):
        dump(value)
