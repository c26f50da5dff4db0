"""Ages and lists as kubectl shows them."""

from __future__ import annotations

import pytest

from holdfast.sandbox.tables import text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "<invalid>"),
        (-0.5, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (599, "9m59s"),
        (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (7 * 3600 + 60, "7h1m"),
        (8 * 3600 + 60, "8h"),
        (48 * 3600, "2d"),
        (49 * 3600, "2d1h"),
        (8 * 86400, "8d"),
        (730 * 86400, "2y"),
        (731 * 86400, "2y1d"),
        (8 * 365 * 86400, "8y"),
    ],
)
def test_a_duration_is_as_coarse_as_it_is_long(seconds: float, shown: str) -> None:
    assert text.human(seconds) == shown


def test_a_selector_is_one_line_in_key_order() -> None:
    found = {"matchLabels": {"b": "1"}, "matchExpressions": [{"key": "a", "operator": "In", "values": ["y", "x"]}]}
    assert text.selector(found) == "a in (x,y),b=1"
    assert text.selector({}) == "<none>"


def test_long_lists_are_cut_and_counted() -> None:
    assert text.some(["a", "b", "c", "d", "e"]) == "a,b,c + 2 more..."
    assert text.some([]) == "<unset>"
