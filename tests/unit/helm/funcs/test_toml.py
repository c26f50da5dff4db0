"""TOML in templates: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ toToml (dict "a" 1 "b" (dict "c" "x\\ty")) }}', 'a = 1\n\n[b]\n  c = "x\\ty"\n'),
        ('{{ toToml (dict "l" (list 1 2)) }}', "l = [1, 2]\n"),
        ('{{ fromToml "a = 1\\n[b]\\nc = \\"x\\"" }}', "map[a:1 b:map[c:x]]"),
        ('{{ fromToml "a" }}', "map[Error:toml: line 1: unexpected EOF; expected key separator '=']"),
        ('{{ toToml (dict "t" (list (dict "a" 1))) }}', "[[t]]\n  a = 1\n"),
        (
            '{{ fromToml "[a] x" }}',
            "map[Error:toml: line 1 (last key \"a\"): expected a top-level item to end with a newline, comment, or EOF, but got 'x' instead]",
        ),
        ('{{ toToml (dict "f" 1.0) }}', "f = 1.0\n"),
        ('{{ fromToml "d = 2020-01-02T03:04:05Z" }}', "map[d:2020-01-02 03:04:05 +0000 UTC]"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text
