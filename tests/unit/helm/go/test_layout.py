"""Layouts of times: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            '{{ dateInZone "2006-01-02" (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z") "UTC" }}',
            "2021-03-04",
        ),
        (
            '{{ dateInZone "Jan _2 06 3:04PM" (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z") "UTC" }}',
            "Mar  4 21 5:06AM",
        ),
        (
            '{{ dateInZone "Monday, January 2" (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z") "UTC" }}',
            "Thursday, March 4",
        ),
        (
            '{{ dateInZone "Mon 02/01 15:04:05.000" (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z") "UTC" }}',
            "Thu 04/03 05:06:07.089",
        ),
        (
            '{{ dateInZone "15:04:05.999999 MST -0700 Z07:00" (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z") "UTC" }}',
            "05:06:07.089 UTC +0000 Z",
        ),
        (
            '{{ dateInZone "002 __2" (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z") "UTC" }}',
            "063  63",
        ),
        (
            '{{ dateInZone "2006 20060102" (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z") "UTC" }}',
            "2021 20210304",
        ),
        (
            '{{ dateInZone "03:04:05.00 pm" (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z") "UTC" }}',
            "05:06:07.08 am",
        ),
        (
            '{{ dateInZone "Z0700 -07" (toDate "2006-01-02T15:04:05.999999999Z07:00" "2021-03-04T05:06:07.089Z") "UTC" }}',
            "Z +00",
        ),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text
