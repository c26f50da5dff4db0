"""Numbers in answers are spelled as Go spells them."""

from __future__ import annotations

import pytest

from holdfast.sandbox import gonumbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"n": 1e20}, b'{"n":100000000000000000000}'),
        ([-1.5e19, 123456789012345678901.0], b"[-15000000000000000000,123456789012345680000]"),
        (1e21, b"1e+21"),
    ],
)
def test_whole_numbers_below_1e21_have_all_their_digits(value: object, text: bytes) -> None:
    assert gonumbers.dumps(value) == text


def test_what_looks_like_a_number_within_a_string_stays() -> None:
    assert gonumbers.dumps({"a": '{"n":1e+20}', "b": 1e20}) == b'{"a":"{\\"n\\":1e+20}","b":100000000000000000000}'
