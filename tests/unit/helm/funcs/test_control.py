"""Include, tpl, required, fail and what asks the outside: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import fault, rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ tpl "{{ .a }}-{{ include \\"t\\" . }}" (dict "a" 1) }}', "1-<1>"),
        ('{{ include "t" (dict "a" 2) }}', "<2>"),
        ('{{ required "give it" "x" }}', "x"),
        ('{{ lookup "v1" "Pod" "a" "b" }}', "map[]"),
        ('{{ getHostByName "localhost" }}', ""),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            '{{ include "none" . }}',
            'c/templates/a.yaml:1:8\n  executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>:\n    error calling include:\nc/templates/_case.tpl:1:3\n  executing "c/templates/_case.tpl" at <include "none" .>:\n    error calling include:\ntemplate: no template "none" associated with template "gotpl"',
        ),
        ('{{ required "give it" "" }}', "execution error at (c/templates/a.yaml:1:8): give it"),
        ('{{ fail "no way" }}', "execution error at (c/templates/a.yaml:1:8): no way"),
        ('{{ tpl "{{ fail \\"in\\" }}" . }}', "execution error at (c/templates/a.yaml:1:8): in"),
        (
            '{{ tpl "{{" . }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <tpl "{{" .>: error calling tpl: cannot parse template "{{": template: gotpl:1: unclosed action',
        ),
    ],
)
def test_the_fault_is_told_as_helm_tells_it(template: str, text: str) -> None:
    assert fault(template) == text
