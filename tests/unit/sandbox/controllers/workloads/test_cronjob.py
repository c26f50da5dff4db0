"""Schedules, and the Jobs that come of them, on a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from holdfast.sandbox.controllers.workloads.actions import Create, UpdateStatus, View
from holdfast.sandbox.controllers.workloads.cronjob import Schedule, decide

START = datetime(2024, 2, 28, 23, 50, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "following"),
    [
        ("* * * * *", "2024-02-28T23:51:00"),
        ("*/15 * * * *", "2024-02-29T00:00:00"),
        ("0 3 * * *", "2024-02-29T03:00:00"),
        ("0 0 1 * *", "2024-03-01T00:00:00"),
        ("30 4 1,15 * 5", "2024-03-01T04:30:00"),
        ("0 22 * * mon-fri", "2024-02-29T22:00:00"),
        ("@hourly", "2024-02-29T00:00:00"),
        ("0 0 29 2 *", "2024-02-29T00:00:00"),
    ],
)
def test_the_next_time_of_a_schedule(schedule: str, following: str) -> None:
    parsed = Schedule.parse(schedule, "UTC")
    assert parsed is not None
    moment = parsed.after(START)
    assert moment is not None and moment.strftime("%Y-%m-%dT%H:%M:%S") == following


@pytest.mark.parametrize("schedule", ["", "* * * *", "61 * * * *", "a * * * *", "5-1 * * * *"])
def test_what_is_no_schedule_is_none(schedule: str) -> None:
    assert Schedule.parse(schedule, "UTC") is None


def test_a_time_zone_moves_the_schedule() -> None:
    parsed = Schedule.parse("0 3 * * *", "Europe/Berlin")
    assert parsed is not None
    moment = parsed.after(START)
    assert moment is not None and moment.hour == 2


def _cron(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "c", "namespace": "n", "uid": "u", "creationTimestamp": "2024-02-28T23:50:30Z"},
        "spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": {}}}, **spec},
    }


def test_a_job_is_made_when_it_is_due_and_only_once() -> None:
    view = View(now=START + timedelta(minutes=4))
    assert not [a for a in decide(view, _cron()) if isinstance(a, Create)]
    view.now = START + timedelta(minutes=5)
    actions = decide(view, _cron())
    (made,) = [a for a in actions if isinstance(a, Create)]
    assert made.object["metadata"]["name"] == f"c-{int(datetime(2024, 2, 28, 23, 55, tzinfo=UTC).timestamp()) // 60}"
    (status,) = [a for a in actions if isinstance(a, UpdateStatus)]
    assert not [a for a in decide(view, status.object) if isinstance(a, Create)]


def test_a_suspended_one_makes_nothing() -> None:
    view = View(now=START + timedelta(hours=1))
    assert not [a for a in decide(view, _cron(suspend=True)) if isinstance(a, Create)]
