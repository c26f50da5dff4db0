"""Cron schedules are refused with the words of the parser that the real server uses."""

import pytest

from holdfast.sandbox.kinds.cron import problem


@pytest.mark.parametrize(
    "schedule", ["* * * * *", "*/5 0-12 1,15 jan-mar sun", "@every 1h30m", "@daily", "TZ=UTC 0 0 * * *", "0 0 ? * 1/2"]
)
def test_a_schedule_is_accepted(schedule: str) -> None:
    assert problem(schedule) == ""


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("@often", "unrecognized descriptor: @often"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
    ],
)
def test_a_schedule_is_refused(schedule: str, words: str) -> None:
    assert problem(schedule) == words
