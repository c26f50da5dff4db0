"""Times and their methods: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import fault, rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z").Year }}', "2021"),
        ('{{ (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z").Month }}', "March"),
        ('{{ (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z").Day }}', "4"),
        ('{{ (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z").Hour }}', "5"),
        ('{{ (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z").Minute }}', "6"),
        ('{{ (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z").Second }}', "7"),
        ('{{ (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z").Nanosecond }}', "89000000"),
        ('{{ (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z").Unix }}', "1614834367"),
        (
            '{{ (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z").UnixNano }}',
            "1614834367089000000",
        ),
        ('{{ (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z").YearDay }}', "63"),
        ('{{ (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z").Weekday }}', "Thursday"),
        ('{{ (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z").IsZero }}', "false"),
        (
            '{{ (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z").UTC }}',
            "2021-03-04 05:06:07.089 +0000 UTC",
        ),
        (
            '{{ ((toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z").AddDate 0 1 30).Format "2006-01-02" }}',
            "2021-05-04",
        ),
        ('{{ (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z").Format "Jan 2" }}', "Mar 4"),
        (
            '{{ ((toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z").Equal (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z")) }}',
            "true",
        ),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            '{{ (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z").Nope }}',
            'c/templates/a.yaml:1:8\n  executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>:\n    error calling include:\nc/templates/_case.tpl:1:49\n  executing "c/templates/_case.tpl" at <"2021-03-04T05:06:07.089Z">:\n    can\'t evaluate field Nope in type time.Time',
        ),
    ],
)
def test_the_fault_is_told_as_helm_tells_it(template: str, text: str) -> None:
    assert fault(template) == text
