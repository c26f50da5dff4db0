"""Quantities are kept, made canonical or refused as the API server does it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.sandbox.kinds.quantities import WRONG_FORMAT, WRONG_SUFFIX, QuantityError, canonical, parse


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("0.1", "100m"), ("1.5Gi", "1536Mi"), ("1024Mi", "1Gi"), ("2", "2"), ("129e6", "129e6"), ("1E3", "1E3"), ("5e-1", "500e-3"), ("0.5k", "500"),
        ("1.50", "1500m"), ("2000000000", "2G"), ("+1", "+1"), ("1000m", "1"), ("0.0005", "1m"), ("1000Ki", "1000Ki"), ("0Gi", "0"), ("-1Gi", "-1Gi"),
    ],
)  # fmt: skip
def test_a_quantity_reads_back_in_its_canonical_form(written: str, read: str) -> None:
    assert canonical(written) == read


@pytest.mark.parametrize(
    ("text", "words"), [("abc", WRONG_FORMAT), ("", WRONG_FORMAT), ("1.2.3", WRONG_FORMAT), ("100mm", WRONG_SUFFIX)]
)
def test_what_is_no_quantity_is_refused_with_the_servers_words(text: str, words: str) -> None:
    with pytest.raises(QuantityError, match=None) as caught:
        parse(text)
    assert str(caught.value) == words


@given(st.integers(0, 10**15), st.sampled_from(["", "m", "k", "M", "Ki", "Mi", "Gi"]))
def test_the_canonical_form_has_the_same_value_and_is_its_own_canonical_form(number: int, suffix: str) -> None:
    text = f"{number}{suffix}"
    assert parse(canonical(text)).value == parse(text).value
    assert canonical(canonical(text)) == canonical(text)
