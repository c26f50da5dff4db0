"""What is made at first use."""

from __future__ import annotations

from holdfast.base.lazy import pattern


def test_a_lazy_pattern_matches_as_a_compiled_one() -> None:
    number = pattern(r"(?P<sign>-?)([0-9]+)")
    found = number.fullmatch("-12")
    assert found is not None and found["sign"] == "-" and found[2] == "12"
    assert number.fullmatch("x") is None
    assert [m[0] for m in number.finditer("1 -2")] == ["1", "-2"]


def test_bytes_are_matched_by_a_pattern_of_bytes() -> None:
    assert pattern(rb"\n---(.*)\n").split(b"a\n--- b\nc") == [b"a", b" b", b"c"]
