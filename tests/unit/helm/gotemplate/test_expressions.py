"""Fields, pipelines and literals: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import fault, rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ .Values.a.b }}", "1"),
        ("{{ .Values.none }}", "<no value>"),
        ('{{ (dict "x" (list 1 2)).x }}', "[1 2]"),
        ('{{ (index (list (dict "k" 1)) 0).k }}', "1"),
        ('{{ "a" | upper | quote }}', '"A"'),
        ("{{ .Values.a.b | add 1 }}", "2"),
        ("{{ .Chart.Name }}{{ .Release.Name }}", "crel"),
        ('{{ .Values.Nope | default "d" }}', "d"),
        ('{{ .Files.Get "none" }}|', "|"),
        ("{{ .Capabilities.KubeVersion.Major }}", "1"),
        ("{{ .Chart.Nope }}", "<no value>"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            "{{ .Values.none.x }}",
            'c/templates/a.yaml:1:8\n  executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>:\n    error calling include:\nc/templates/_case.tpl:1:10\n  executing "c/templates/_case.tpl" at <.Values.none.x>:\n    nil pointer evaluating interface {}.x',
        ),
        (
            "{{ .Values.a.b.c }}",
            'c/templates/a.yaml:1:8\n  executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>:\n    error calling include:\nc/templates/_case.tpl:1:10\n  executing "c/templates/_case.tpl" at <.Values.a.b.c>:\n    can\'t evaluate field c in type interface {}',
        ),
        (
            "{{ nil }}",
            'c/templates/a.yaml:1:8\n  executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>:\n    error calling include:\nc/templates/_case.tpl:1:3\n  executing "c/templates/_case.tpl" at <nil>:\n    nil is not a command',
        ),
        ("{{ 1.x }}", 'parse error at (c/templates/_case.tpl:1): "1.x"'),
        (
            "{{ (1).x }}",
            'c/templates/a.yaml:1:8\n  executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>:\n    error calling include:\nc/templates/_case.tpl:1:4\n  executing "c/templates/_case.tpl" at <1>:\n    can\'t evaluate field x in type int',
        ),
    ],
)
def test_the_fault_is_told_as_helm_tells_it(template: str, text: str) -> None:
    assert fault(template) == text
