"""The functions of text/template: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import fault, rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ and 1 0 2 }}", "0"),
        ('{{ or 0 "" 3 }}', "3"),
        ("{{ not 1 }}", "false"),
        ("{{ eq 1 1 }}", "true"),
        ("{{ eq 1 2 1 }}", "true"),
        ('{{ eq "a" "b" }}', "false"),
        ("{{ ne 1 2 }}", "true"),
        ("{{ lt 1 2 }}", "true"),
        ("{{ le 2 2 }}", "true"),
        ('{{ gt "b" "a" }}', "true"),
        ("{{ ge 1.5 1.5 }}", "true"),
        ('{{ len "abc" }}', "3"),
        ("{{ len (list 1) }}", "1"),
        ('{{ index (dict "a" (list 5 6)) "a" 1 }}', "6"),
        ('{{ print 1 2 "a" "b" 3 }}', "1 2ab3"),
        ("{{ println 1 }}", "1\n"),
        ('{{ printf "%05d|%-5s|%q|%v|%x" 7 "a" "b" (list 1 "x") "hi" }}', '00007|a    |"b"|[1 x]|6869'),
        ('{{ html "<a>" }}', "&lt;a&gt;"),
        ("{{ js \"'a'\" }}", "\\'a\\'"),
        ('{{ urlquery "a b&c" }}', "a+b%26c"),
        ('{{ printf "%d" "a" }}', "%!d(string=a)"),
        ('{{ printf "%s %s" "a" }}', "a %!s(MISSING)"),
        ('{{ printf "%!" 1 }}', "%!!(int=1)"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            "{{ eq 1 1.0 }}",
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <eq 1 1.0>: error calling eq: incompatible types for comparison: int and float64',
        ),
        (
            '{{ lt 1 "a" }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <lt 1 "a">: error calling lt: incompatible types for comparison: int and string',
        ),
        (
            "{{ len 3 }}",
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <len 3>: error calling len: len of type int',
        ),
        (
            "{{ index (list 1) 5 }}",
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <index (list 1) 5>: error calling index: index out of range: 5',
        ),
        (
            '{{ slice "hello" 1 3 }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <slice "hello" 1 3>: error calling slice: list should be type of slice or array but string',
        ),
        (
            "{{ eq (list) (list) }}",
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <eq (list) (list)>: error calling eq: non-comparable type []: []interface {}',
        ),
        (
            "{{ call 1 }}",
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <call 1>: error calling call: non-function 1 of type int',
        ),
    ],
)
def test_the_fault_is_told_as_helm_tells_it(template: str, text: str) -> None:
    assert fault(template) == text
