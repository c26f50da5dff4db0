"""Versions and ranges: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import fault, rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ semverCompare "1.2.3" "1.2.3" }}', "true"),
        ('{{ semverCompare "=1.2" "1.2.9" }}', "true"),
        ('{{ semverCompare "!=1.2.3" "1.2.4" }}', "true"),
        ('{{ semverCompare ">1.2" "1.3.0" }}', "true"),
        ('{{ semverCompare ">=1.2-0" "1.2.0-a" }}', "true"),
        ('{{ semverCompare "<2" "1.9.9" }}', "true"),
        ('{{ semverCompare "~1.2.3" "1.2.9" }}', "true"),
        ('{{ semverCompare "~1.2.3" "1.3.0" }}', "false"),
        ('{{ semverCompare "^0.2.3" "0.2.9" }}', "true"),
        ('{{ semverCompare "^0.2.3" "0.3.0" }}', "false"),
        ('{{ semverCompare "^1.2.3" "2.0.0" }}', "false"),
        ('{{ semverCompare "1.2 - 1.4" "1.3.5" }}', "true"),
        ('{{ semverCompare "1.x" "1.9.0" }}', "true"),
        ('{{ semverCompare "*" "1.0.0-rc.1" }}', "false"),
        ('{{ semverCompare ">1 <2 || 3.x" "3.1.0" }}', "true"),
        ('{{ semverCompare ">=1.0.0" "1.0.0+b" }}', "true"),
        ('{{ semverCompare "1" "v1.0.0" }}', "true"),
        ('{{ semverCompare "^1.2.3-beta.2" "1.2.3-beta.10" }}', "true"),
        ('{{ (semver "v1.2").Original }}', "v1.2"),
        ('{{ semver "1.2.3-a.b+c" }}', "1.2.3-a.b+c"),
        ('{{ ((semver "1.2.3").IncMinor) | toString }}', "1.3.0"),
        ('{{ (semver "1.2.3").Compare (semver "1.2.4") }}', "-1"),
        ('{{ (semver "1.0.0-a").Prerelease }}', "a"),
        ('{{ semver "01.2.3" }}', "1.2.3"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            '{{ semverCompare "x.y" "1.0.0" }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <semverCompare "x.y" "1.0.0">: error calling semverCompare: improper constraint: "x.y"',
        ),
        (
            '{{ semverCompare ">1" "one" }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <semverCompare ">1" "one">: error calling semverCompare: invalid semantic version',
        ),
    ],
)
def test_the_fault_is_told_as_helm_tells_it(template: str, text: str) -> None:
    assert fault(template) == text
