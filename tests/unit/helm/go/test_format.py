"""Go's printf: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            '{{ printf "%v %+v %#v" (dict "a" 1) (dict "a" "b") (list 1 "a") }}',
            'map[a:1] map[a:b] []interface {}{1, "a"}',
        ),
        ('{{ printf "%T %T %T" 1 1.5 "a" }}', "int float64 string"),
        ('{{ printf "%6.2f|%-8.3f|%e|%g" 3.14159 2.5 12345.678 1e21 }}', "  3.14|2.500   |1.234568e+04|1e+21"),
        ('{{ printf "%x %X %o %b %c %U" 255 255 8 5 65 65 }}', "ff FF 10 101 A U+0041"),
        ('{{ printf "%t %v" true nil }}', "true <nil>"),
        ('{{ printf "%s" nil }}', "%!s(<nil>)"),
        ('{{ printf "%d %d" 1 }}', "1 %!d(MISSING)"),
        ('{{ printf "%d" 1 2 }}', "1%!(EXTRA int=2)"),
        ('{{ printf "%[2]d %[1]d" 1 2 }}', "2 1"),
        ('{{ printf "%*d" 5 42 }}', "   42"),
        ('{{ printf "%+d % d" 5 5 }}', "+5  5"),
        ('{{ printf "%08.3f" 3.14159 }}', "0003.142"),
        ('{{ printf "%q %+q" "é" "é" }}', '"é" "\\u00e9"'),
        ('{{ printf "%5t" true }}', " true"),
        ('{{ printf "%v" 1e6 }}', "1e+06"),
        ('{{ printf "%v" 123456789.0 }}', "1.23456789e+08"),
        ('{{ printf "%.3s|%5.1s|" "hello" "world" }}', "hel|    w|"),
        ('{{ printf "%%" }}', "%"),
        ('{{ printf "%z" 1 }}', "%!z(int=1)"),
        (
            '{{ printf "%#v" (semver "1.2.3") }}',
            '&semver.Version{major:0x1, minor:0x2, patch:0x3, pre:"", metadata:"", original:"1.2.3"}',
        ),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text
