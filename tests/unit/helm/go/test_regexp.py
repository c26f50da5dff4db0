"""Regular expressions: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import fault, rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ regexMatch "^a.c$" "abc" }}', "true"),
        ('{{ regexFind "(?i)B+" "abBc" }}', "bB"),
        ('{{ regexFindAll "[0-9]+" "1 22 333" 2 }}', "[1 22]"),
        ('{{ regexFindAll "x*" "axb" -1 }}', "[ x ]"),
        ('{{ regexReplaceAll "(?P<n>a+)" "caat" "<${n}>" }}', "c<aa>t"),
        ('{{ regexReplaceAll "a" "bab" "$0$0" }}', "baab"),
        ('{{ regexReplaceAll "a(b)?" "aab" "[$1]" }}', "[][b]"),
        ('{{ regexSplit "a*" "baaac" -1 }}', "[b c]"),
        ('{{ regexMatch "\\\\pL+" "é" }}', "true"),
        ('{{ regexReplaceAllLiteral "\\\\." "a.b" "$1" }}', "a$1b"),
        ('{{ regexFind "a|ab" "ab" }}', "a"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            '{{ mustRegexMatch "[" "x" }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <mustRegexMatch "[" "x">: error calling mustRegexMatch: error parsing regexp: missing closing ]: `[`',
        ),
        (
            '{{ mustRegexFind "a{2,1}" "x" }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <mustRegexFind "a{2,1}" "x">: error calling mustRegexFind: error parsing regexp: invalid repeat count: `{2,1}`',
        ),
        (
            '{{ mustRegexMatch "(?<=a)b" "ab" }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <mustRegexMatch "(?<=a)b" "ab">: error calling mustRegexMatch: error parsing regexp: invalid named capture: `(?<=a)b`',
        ),
        (
            '{{ mustRegexMatch "\\\\1" "a" }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <mustRegexMatch "\\\\1" "a">: error calling mustRegexMatch: error parsing regexp: invalid escape sequence: `\\1`',
        ),
    ],
)
def test_the_fault_is_told_as_helm_tells_it(template: str, text: str) -> None:
    assert fault(template) == text
