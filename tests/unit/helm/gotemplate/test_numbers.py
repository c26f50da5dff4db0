"""Literal numbers: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import fault, rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ 1 }}", "1"),
        ("{{ -1 }}", "-1"),
        ("{{ +1 }}", "1"),
        ("{{ 0x1F }}", "31"),
        ("{{ 0b11 }}", "3"),
        ("{{ 0o17 }}", "15"),
        ("{{ 017 }}", "15"),
        ("{{ 1_000 }}", "1000"),
        ("{{ 1e3 }}", "1000"),
        ("{{ 1E-2 }}", "0.01"),
        ("{{ .5 }}", "0.5"),
        ("{{ 1. }}", "1"),
        ("{{ 0x1p4 }}", "16"),
        ("{{ 'a' }}", "97"),
        ("{{ '\\n' }}", "10"),
        ("{{ 1i }}", "(0+1i)"),
        ("{{ 9223372036854775807 }}", "9223372036854775807"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            "{{ 9223372036854775808 }}",
            'c/templates/a.yaml:1:8\n  executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>:\n    error calling include:\nc/templates/_case.tpl:1:3\n  executing "c/templates/_case.tpl" at <9223372036854775808>:\n    9223372036854775808 overflows int',
        ),
        ("{{ 1__0 }}", 'parse error at (c/templates/_case.tpl:1): "1__0"'),
        ("{{ 0x }}", 'parse error at (c/templates/_case.tpl:1): "0x"'),
        ("{{ 08 }}", 'parse error at (c/templates/_case.tpl:1): "08"'),
        ("{{ 1e400 }}", 'parse error at (c/templates/_case.tpl:1): "1e400"'),
    ],
)
def test_the_fault_is_told_as_helm_tells_it(template: str, text: str) -> None:
    assert fault(template) == text
