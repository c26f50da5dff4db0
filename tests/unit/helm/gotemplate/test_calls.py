"""Arguments against the types of functions: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import fault, rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ add "a" 1 }}', "1"),
        ('{{ int64 3 | printf "%T" }}', "int64"),
        ("{{ dict 1 2 }}", "map[1:2]"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            "{{ upper 1 }}",
            'c/templates/a.yaml:1:8\n  executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>:\n    error calling include:\nc/templates/_case.tpl:1:9\n  executing "c/templates/_case.tpl" at <1>:\n    expected string; found 1',
        ),
        (
            "{{ substr 1 }}",
            'c/templates/a.yaml:1:8\n  executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>:\n    error calling include:\nc/templates/_case.tpl:1:3\n  executing "c/templates/_case.tpl" at <substr>:\n    wrong number of args for substr: want 3 got 1',
        ),
        (
            '{{ upper "a" "b" }}',
            'c/templates/a.yaml:1:8\n  executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>:\n    error calling include:\nc/templates/_case.tpl:1:3\n  executing "c/templates/_case.tpl" at <upper>:\n    wrong number of args for upper: want 1 got 2',
        ),
        (
            '{{ repeat "a" 1 }}',
            'c/templates/a.yaml:1:8\n  executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>:\n    error calling include:\nc/templates/_case.tpl:1:10\n  executing "c/templates/_case.tpl" at <"a">:\n    expected integer; found "a"',
        ),
        (
            "{{ upper nil }}",
            'c/templates/a.yaml:1:8\n  executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>:\n    error calling include:\nc/templates/_case.tpl:1:9\n  executing "c/templates/_case.tpl" at <nil>:\n    cannot assign nil to string',
        ),
        (
            '{{ first "a" }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <first "a">: error calling first: Cannot find first on type string',
        ),
        (
            '{{ trunc 1.5 "abc" }}',
            'c/templates/a.yaml:1:8\n  executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>:\n    error calling include:\nc/templates/_case.tpl:1:9\n  executing "c/templates/_case.tpl" at <1.5>:\n    expected integer; found 1.5',
        ),
        (
            '{{ has 1 "a" }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <has 1 "a">: error calling has: Cannot find has on type string',
        ),
    ],
)
def test_the_fault_is_told_as_helm_tells_it(template: str, text: str) -> None:
    assert fault(template) == text
