"""Dates and durations: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import fault, rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ date "2006-01-02" 0 | len }}', "10"),
        ('{{ dateInZone "2006-01-02 15:04:05" (toDate "2006-01-02" "2020-02-03") "UTC" }}', "2020-02-03 00:00:00"),
        ('{{ htmlDateInZone (toDate "2006-01-02" "2020-02-03") "UTC" }}', "2020-02-03"),
        ("{{ duration 3661 }}", "0s"),
        ('{{ durationRound "2h10m5s" }}', "2h"),
        ('{{ durationRound "26h" }}', "1d"),
        ('{{ (toDate "2006-01-02" "2020-02-03").Year }}', "2020"),
        ('{{ unixEpoch (toDate "2006-01-02 MST" "2020-02-03 UTC") }}', "1580688000"),
        ('{{ duration "90" }}', "1m30s"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            '{{ dateModify "-1.5h" (toDate "2006-01-02 15:04 MST" "2020-02-03 12:00 UTC") | date_in_zone "15:04" "UTC" }}',
            'c/templates/a.yaml:1:8\n  executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>:\n    error calling include:\nc/templates/_case.tpl:1:100\n  executing "c/templates/_case.tpl" at <"UTC">:\n    wrong type for value; expected string; got time.Time',
        ),
        (
            '{{ mustToDate "2006" "x" }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <mustToDate "2006" "x">: error calling mustToDate: parsing time "x" as "2006": cannot parse "x" as "2006"',
        ),
    ],
)
def test_the_fault_is_told_as_helm_tells_it(template: str, text: str) -> None:
    assert fault(template) == text
