from __future__ import annotations

import pytest

from holdfast.sandbox.crd.literals import report


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("self.matches('[a')", "ERROR: <input>:1:14: invalid matches argument\n | self.matches('[a')\n | .............^"),
        ('duration("1x") > self', 'ERROR: <input>:1:10: invalid duration argument\n | duration("1x") > self\n | .........^'),
        ("1 == 1 &&\ntimestamp('now') < self", "ERROR: <input>:2:11: invalid timestamp argument\n | timestamp('now') < self\n | ..........^"),
    ],
)  # fmt: skip
def test_a_bad_literal_is_told_where_it_stands(source: str, told: str) -> None:
    assert report(source) == told


@pytest.mark.parametrize(
    "source",
    [
        "self.matches('^[a-z]+$')",
        r"self.matches(r'\d+')",
        "duration('1h30m') > duration('-1.5s')",
        "timestamp('2020-01-01T00:00:00Z') < self",
        "self.matches(other)",
        "'duration(1x)' == self",
    ],
)
def test_good_literals_and_other_expressions_pass(source: str) -> None:
    assert report(source) == ""
