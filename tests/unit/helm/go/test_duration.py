"""Durations: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ durationRound "0s" }}', "0s"),
        ('{{ durationRound "59s" }}', "59s"),
        ('{{ durationRound "61s" }}', "1m"),
        ('{{ durationRound "1h1m" }}', "1h"),
        ('{{ durationRound "25h" }}', "1d"),
        ('{{ durationRound "800h" }}', "1mo"),
        ('{{ durationRound "9000h" }}', "1y"),
        ('{{ durationRound "1.5s" }}', "1s"),
        ('{{ durationRound "-2h" }}', "2h"),
        ('{{ durationRound "x" }}', "0s"),
        ("{{ duration 0 }}", "0s"),
        ("{{ duration 1 }}", "0s"),
        ("{{ duration 3600 }}", "0s"),
        ("{{ duration 90061 }}", "0s"),
        ('{{ duration "x" }}', "0s"),
        (
            '{{ dateInZone "2006-01-02T15:04:05" (dateModify "1h" (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z")) "UTC" }}',
            "2021-03-04T06:06:07",
        ),
        (
            '{{ dateInZone "2006-01-02T15:04:05" (dateModify "-1h30m" (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z")) "UTC" }}',
            "2021-03-04T03:36:07",
        ),
        (
            '{{ dateInZone "2006-01-02T15:04:05" (dateModify "1.5s" (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z")) "UTC" }}',
            "2021-03-04T05:06:08",
        ),
        (
            '{{ dateInZone "2006-01-02T15:04:05" (dateModify "100ms" (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z")) "UTC" }}',
            "2021-03-04T05:06:07",
        ),
        (
            '{{ dateInZone "2006-01-02T15:04:05" (dateModify "x" (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z")) "UTC" }}',
            "2021-03-04T05:06:07",
        ),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text
