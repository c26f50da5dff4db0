"""YAML as it is written: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ toYaml (dict "a" (list 1 (dict "b" (list)) (list "x"))) }}', "a:\n- 1\n- b: []\n- - x"),
        ('{{ toYaml "yes" }}', '"yes"'),
        ('{{ toYaml "null" }}', '"null"'),
        ('{{ toYaml "1" }}', '"1"'),
        ('{{ toYaml "1.0" }}', '"1.0"'),
        ('{{ toYaml "" }}', '""'),
        ('{{ toYaml "-" }}', "'-'"),
        ('{{ toYaml "a: b" }}', "'a: b'"),
        ('{{ toYaml "# x" }}', "'# x'"),
        ('{{ toYaml "a #b" }}', "'a #b'"),
        ('{{ toYaml " a" }}', "' a'"),
        ('{{ toYaml "a " }}', "'a '"),
        ('{{ toYaml "x\\n" }}', "|\n  x"),
        ('{{ toYaml "x\\ny" }}', "|-\n  x\n  y"),
        ('{{ toYaml "0x1" }}', '"0x1"'),
        ('{{ toYaml "1e3" }}', '"1e3"'),
        ('{{ toYaml "2001-01-01" }}', '"2001-01-01"'),
        ('{{ toYaml "~" }}', '"~"'),
        ('{{ toYaml "@a" }}', "'@a'"),
        ('{{ toYaml "%a" }}', "'%a'"),
        ('{{ toYaml "a\\tb" }}', '"a\\tb"'),
        ('{{ toYaml "é" }}', "é"),
        ('{{ toYaml "☃😀" }}', '"☃\\U0001F600"'),
        ('{{ toYaml "<<" }}', "<<"),
        ('{{ toYaml "=" }}', "="),
        ('{{ toYaml "true" }}', '"true"'),
        ('{{ toYaml "12:30" }}', '"12:30"'),
        ('{{ toYaml "0o7" }}', '"0o7"'),
        ('{{ toYaml "- a" }}', "'- a'"),
        ('{{ toYaml "?" }}', "'?'"),
        ('{{ toYaml "!x" }}', "'!x'"),
        ('{{ toYaml "*a" }}', "'*a'"),
        ('{{ toYaml "a\\u0007" }}', '"a\\a"'),
        ('{{ toYaml (dict "1" "a" "b" 1 "a10" 1 "a9" 2) }}', '"1": a\na9: 2\na10: 1\nb: 1'),
        ("{{ toYaml 1.5 }}", "1.5"),
        ("{{ toYaml true }}", "true"),
        ('{{ toYaml (list nil "" 0) }}', '- null\n- ""\n- 0'),
        (
            '{{ toYaml (repeat 100 "word ") }}',
            "'word word word word word word word word word word word word word word word word word\n  word word word word word word word word word word word word word word word word\n  word word word word word word word word word word word word word word word word\n  word word word word word word word word word word word word word word word word\n  word word word word word word word word word word word word word word word word\n  word word word word word word word word word word word word word word word word\n  word word word '",
        ),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text
