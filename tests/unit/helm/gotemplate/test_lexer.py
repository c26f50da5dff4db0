"""The tokens of templates: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import fault, rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{- "a" -}}  b', "ab"),
        ("a {{/* note */}} b", "a  b"),
        ('{{"\\u00e9"}}{{`raw\\n`}}', "éraw\\n"),
        ("{{ 0x1F }} {{ 1_000 }} {{ 1e3 }} {{ 'a' }} {{ 1.5 }}", "31 1000 1000 97 1.5"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ "a', "parse error at (c/templates/_case.tpl:1): unterminated quoted string"),
        ("{{ 1a }}", 'parse error at (c/templates/_case.tpl:1): "1a"'),
        ("{{ @ }}", 'parse error at (c/templates/_case.tpl:1): unexpected "@" in command'),
        ("{{", "parse error at (c/templates/_case.tpl:1): unclosed action"),
        ('{{ "a" }', 'parse error at (c/templates/_case.tpl:1): unexpected "}" in operand'),
        ("{{ /* x }}", 'parse error at (c/templates/_case.tpl:1): unexpected "/" in command'),
    ],
)
def test_the_fault_is_told_as_helm_tells_it(template: str, text: str) -> None:
    assert fault(template) == text
