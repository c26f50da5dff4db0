"""Numbers and quoted texts: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ quote "a\\"b\\\\\\n\\t\\u0001é\\u200b" }}', '"a\\"b\\\\\\n\\t\\x01é\\u200b"'),
        ('{{ printf "%q" "\\x00" }}', '"\\x00"'),
        ('{{ printf "%+q" "é☃😀" }}', '"\\u00e9\\u2603\\U0001f600"'),
        ('{{ atoi "12" }}', "12"),
        ('{{ atoi "x" }}', "0"),
        ('{{ int "0x1f" }}', "31"),
        ('{{ int " 7" }}', "0"),
        ('{{ float64 "1e3" }}', "1000"),
        ('{{ float64 "x" }}', "0"),
        ("{{ toString 1.0 }}", "1"),
        ("{{ toString 1e20 }}", "1e+20"),
        ("{{ toString 1e21 }}", "1e+21"),
        ("{{ toString 0.000001 }}", "1e-06"),
        ("{{ toString 1e-7 }}", "1e-07"),
        ("{{ toString 100000.5 }}", "100000.5"),
        ('{{ int64 "9223372036854775808" }}', "0"),
        ('{{ float64 "1_000" }}', "1000"),
        ('{{ printf "%v" 1e100 }}', "1e+100"),
        ('{{ printf "%.17g" 0.1 }}', "0.10000000000000001"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text
