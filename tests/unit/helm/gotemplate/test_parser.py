"""The grammar of templates: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import fault, rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ if 1 }}a{{ else if 2 }}b{{ else }}c{{ end }}", "a"),
        ("{{ range list 1 2 }}{{ . }}{{ else }}none{{ end }}", "12"),
        ("{{ with 0 }}a{{ else with 2 }}{{ . }}{{ end }}", "2"),
        ('{{ define "x" }}[{{ . }}]{{ end }}{{ template "x" 1 }}', "[1]"),
        ('{{ block "y" 2 }}({{ . }}){{ end }}', "(2)"),
        ('{{ template "x" }}{{ define "x" }}d{{ end }}', "d"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ if }}a{{ end }}", "parse error at (c/templates/_case.tpl:1): missing value for if"),
        ("{{ end }}", "parse error at (c/templates/_case.tpl:1): unexpected {{end}}"),
        ("{{ if 1 }}", "parse error at (c/templates/_case.tpl:1): unexpected EOF"),
        ("{{ nofunc 1 }}", 'parse error at (c/templates/_case.tpl:1): function "nofunc" not defined'),
        ("{{ $x }}", 'parse error at (c/templates/_case.tpl:1): undefined variable "$x"'),
        ("{{ 1 | 2 }}", "parse error at (c/templates/_case.tpl:1): non executable command in pipeline stage 2"),
        ("{{ break }}", "parse error at (c/templates/_case.tpl:1): {{break}} outside {{range}}"),
        (
            "{{ .a.b | }}",
            'c/templates/a.yaml:1:8\n  executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>:\n    error calling include:\nc/templates/_case.tpl:1:5\n  executing "c/templates/_case.tpl" at <.a.b>:\n    nil pointer evaluating interface {}.b',
        ),
    ],
)
def test_the_fault_is_told_as_helm_tells_it(template: str, text: str) -> None:
    assert fault(template) == text
