"""Times read by a layout: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import fault, rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ (mustToDate "2006-01-02" "2021-03-04").Unix }}', "1614816000"),
        ('{{ (mustToDate "Jan 2 2006" "Mar 4 2021").Unix }}', "1614816000"),
        ('{{ (mustToDate "Monday January 2 2006" "Thursday March 4 2021").Unix }}', "1614816000"),
        ('{{ (mustToDate "15:04:05.000 2006" "05:06:07.089 2021").Unix }}', "1609477567"),
        ('{{ (mustToDate "3:04PM 2006" "5:06AM 2021").Unix }}', "1609477560"),
        ('{{ (mustToDate "2006-01-02T15:04:05Z07:00" "2021-03-04T05:06:07+02:00").Unix }}', "1614827167"),
        ('{{ (mustToDate "2006-01-02 MST" "2021-03-04 UTC").Unix }}', "1614816000"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            '{{ (mustToDate "2006-01-02" "2021-13-04").Unix }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:4: executing "c/templates/_case.tpl" at <mustToDate "2006-01-02" "2021-13-04">: error calling mustToDate: parsing time "2021-13-04": month out of range',
        ),
        (
            '{{ (mustToDate "2006-01-02" "2021-02-30").Unix }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:4: executing "c/templates/_case.tpl" at <mustToDate "2006-01-02" "2021-02-30">: error calling mustToDate: parsing time "2021-02-30": day out of range',
        ),
        (
            '{{ (mustToDate "2006" "x").Unix }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:4: executing "c/templates/_case.tpl" at <mustToDate "2006" "x">: error calling mustToDate: parsing time "x" as "2006": cannot parse "x" as "2006"',
        ),
        (
            '{{ (mustToDate "2006-01-02" "2021-03-04 more").Unix }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:4: executing "c/templates/_case.tpl" at <mustToDate "2006-01-02" "2021-03-04 more">: error calling mustToDate: parsing time "2021-03-04 more": extra text: " more"',
        ),
        (
            '{{ (mustToDate "02/01/06" "4/3/21").Unix }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:4: executing "c/templates/_case.tpl" at <mustToDate "02/01/06" "4/3/21">: error calling mustToDate: parsing time "4/3/21" as "02/01/06": cannot parse "4/3/21" as "02"',
        ),
    ],
)
def test_the_fault_is_told_as_helm_tells_it(template: str, text: str) -> None:
    assert fault(template) == text
