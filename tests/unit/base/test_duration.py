from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.base.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h", 3600),
        ("59m30s", 3570),
        ("1h0m0s", 3600),
        ("1.5s", 1.5),
        ("250ms", 0.25),
        ("0", 0),
        ("-2m", -120),
        (".5h", 1800),
    ],
)
def test_gos_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "1d", "5", "h", "1h ", "-"])
def test_what_go_refuses_is_refused_with_its_words(text: str) -> None:
    with pytest.raises(ValueError, match="time: invalid duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3600, "1h0m0s"),
        (3570, "59m30s"),
        (5, "5s"),
        (1.5, "1.5s"),
        (0.25, "250ms"),
        (0, "0s"),
        (0.0000015, "1.5µs"),
        (61.25, "1m1.25s"),
    ],
)
def test_durations_are_written_as_go_writes_them(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(0, 10**15))
def test_what_is_written_is_read_back(nanoseconds: int) -> None:
    assert parse_duration(format_duration(nanoseconds / 1e9)) == pytest.approx(nanoseconds / 1e9, rel=1e-9, abs=1e-9)
