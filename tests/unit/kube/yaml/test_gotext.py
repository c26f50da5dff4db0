"""Go's way to print floats, strings and values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kube.yaml.gotext import go_float, go_float32, go_integer, go_quote, go_syntax


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "-0"), (1.0, "1"), (0.1, "0.1"), (123456.7, "123456.7"), (1e6, "1e+06"), (1234567.5, "1.2345675e+06"), (-2.5e-5, "-2.5e-05"),
        (0.0001, "0.0001"), (1e300, "1e+300"), (100.0, "100"),
    ],
)  # fmt: skip
def test_a_float_is_printed_with_its_shortest_digits(value: float, text: str) -> None:
    assert go_float(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_float_reads_back(value: float) -> None:
    assert float(go_float(value)) == value


def test_a_single_precision_float_is_printed_with_fewer_digits() -> None:
    assert [go_float32(value) for value in (0.1, 1.5, 16777217.0, 1e39, -1e39)] == [
        "0.1",
        "1.5",
        "1.6777216e+07",
        ".inf",
        "-.inf",
    ]


def test_a_whole_float_is_the_integer_of_its_shortest_digits() -> None:
    assert [go_integer(value) for value in (0.0, -3.0, 1e6, 2.0**63)] == [0, -3, 1000000, 9223372036854776000]


def test_a_string_is_quoted_as_by_strconv() -> None:
    assert go_quote('a"\\\n\x01é\u200b\U000e0001') == '"a\\"\\\\\\n\\x01é\\u200b\\U000e0001"'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "interface {}(nil)"),
        ({"b": [1, True], "a": "x"}, 'map[string]interface {}{"a":"x", "b":[]interface {}{1, true}}'),
        (1.5, "1.5"),
    ],
)
def test_a_value_is_shown_in_gos_syntax(value: Any, text: str) -> None:
    assert go_syntax(value, "map[string]interface {}") == text
