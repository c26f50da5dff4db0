"""Functions on numbers: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ add 1 2 3 }}", "6"),
        ("{{ add1 1 }}", "2"),
        ("{{ sub 5 2 }}", "3"),
        ("{{ mul 2 3 4 }}", "24"),
        ("{{ div 7 2 }}", "3"),
        ("{{ mod 7 4 }}", "3"),
        ("{{ max 1 5 3 }}", "5"),
        ("{{ min 1 5 3 }}", "1"),
        ("{{ floor 3.7 }}", "3"),
        ("{{ ceil 3.2 }}", "4"),
        ("{{ round 3.14159 2 }}", "3.14"),
        ("{{ round 2.5 0 }}", "3"),
        ("{{ addf 1.5 2 }}", "3.5"),
        ("{{ subf 5 1.5 }}", "3.5"),
        ("{{ mulf 1.5 2 }}", "3"),
        ("{{ divf 1 4 }}", "0.25"),
        ("{{ maxf 1.5 2 }}", "2"),
        ("{{ minf 1.5 2 }}", "1.5"),
        ('{{ int "12" }}', "12"),
        ('{{ int64 "0x1f" }}', "31"),
        ('{{ float64 "1.5" }}', "1.5"),
        ('{{ toDecimal "0777" }}', "511"),
        ('{{ atoi "42" }}', "42"),
        ("{{ int 3.9 }}", "3"),
        ("{{ biggest 1 2 }}", "2"),
        ('{{ int "1.5" }}', "0"),
        ("{{ seq 5 }}", "1 2 3 4 5"),
        ("{{ seq 2 -1 }}", "2 1 0 -1"),
        ('{{ add "1" 2 }}', "3"),
        ("{{ div 1 3 }}", "0"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text
