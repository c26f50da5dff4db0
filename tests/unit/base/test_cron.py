"""Schedules of five fields."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.base.cron import BadSchedule, parse_schedule

MONDAY = datetime(2024, 1, 1, 12, 30, 15)


@pytest.mark.parametrize(
    ("text", "following"),
    [
        ("* * * * *", "2024-01-01T12:31"),
        ("0 * * * *", "2024-01-01T13:00"),
        ("30 12 * * *", "2024-01-02T12:30"),
        ("*/20 * * * *", "2024-01-01T12:40"),
        ("0 0 29 2 *", "2024-02-29T00:00"),
        ("0 0 31 4,6 *", None),
        ("0 0 30 2 *", None),
        ("0 9 * * mon-fri", "2024-01-02T09:00"),
        ("0 9 * JAN SAT", "2024-01-06T09:00"),
        ("0 0 15 * 3", "2024-01-03T00:00"),
        ("0 0 15 * *", "2024-01-15T00:00"),
        ("5/15 * * * ?", "2024-01-01T12:35"),
        ("TZ=Europe/Paris 0 22 * * *", "2024-01-01T21:00"),
        ("CRON_TZ=Asia/Tokyo 0 1 * * *", "2024-01-01T16:00"),
    ],
)
def test_the_next_time_is_the_first_that_fits(text: str, following: str | None) -> None:
    found = parse_schedule(text).after(MONDAY)
    assert (found.isoformat(timespec="minutes") if found else None) == following


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty spec string"),
        ("@daily", "parser does not accept descriptors: @daily"),
        ("* * * *", r"expected exactly 5 fields, found 4: \[\* \* \* \*\]"),
        ("60 * * * *", r"end of range \(60\) above maximum \(59\): 60"),
        ("* * 0 * *", r"beginning of range \(0\) below minimum \(1\): 0"),
        ("9-3 * * * *", r"beginning of range \(9\) beyond end of range \(3\): 9-3"),
        ("*/0 * * * *", "step of range should be a positive number"),
        ("x * * * *", "failed to parse int from x"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("TZ=No/Where 0 22 * * *", "provided bad location No/Where: unknown time zone No/Where"),
    ],
)
def test_what_is_no_schedule_is_told_in_the_words_of_the_library(text: str, message: str) -> None:
    with pytest.raises(BadSchedule, match=message):
        parse_schedule(text)


@given(st.integers(0, 59), st.integers(0, 23), st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)))
def test_a_daily_time_comes_within_a_day(minute: int, hour: int, at: datetime) -> None:
    found = parse_schedule(f"{minute} {hour} * * *").after(at)
    assert found is not None
    assert (found.minute, found.hour) == (minute, hour)
    assert timedelta(0) < found - at <= timedelta(days=1)
