"""Protocol buffers by tables, held against the rules of the format."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.base.protowire import Messages, WireError, fields

MESSAGES = Messages(
    {
        "Whole": "text:1 flag:2=bool number:3=int raw:4=bytes words:5* part:6=Part parts:7=Part* notes:8% flags:9=bool% named:16=Part%",
        "Part": "name:1 deeper:2=Part",
    }
)


def test_a_message_has_the_bytes_of_the_format() -> None:
    value = {"text": "testing", "flag": True, "number": 150, "words": ["a", ""], "notes": {"k": "v"}}
    data = b"\x0a\x07testing" + b"\x10\x01" + b"\x18\x96\x01" + b"\x2a\x01a\x2a\x00" + b"\x42\x06\x0a\x01k\x12\x01v"
    assert MESSAGES.encode("Whole", value) == data and MESSAGES.decode("Whole", data) == value


def test_fields_that_nobody_knows_are_passed_over() -> None:
    unknown = b"\x98\x06\x01" + b"\x9d\x06\1\2\3\4" + b"\x99\x06" + bytes(8) + b"\xa2\x06\x01x"
    assert MESSAGES.decode("Part", unknown + b"\x0a\x01n") == {"name": "n"}


def test_the_last_of_several_values_counts_and_an_entry_may_leave_out_its_parts() -> None:
    assert MESSAGES.decode("Part", b"\x0a\x01a\x0a\x01b") == {"name": "b"}
    assert MESSAGES.decode("Whole", b"\x42\x00\x4a\x03\x0a\x01k") == {"notes": {"": ""}, "flags": {"k": False}}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x0a\x05ab", id="text that is cut off"),
        pytest.param(b"\x0a", id="no length"),
        pytest.param(b"\x18" + b"\xff" * 11, id="a number without end"),
        pytest.param(b"\x0b", id="a form that is not used any more"),
        pytest.param(b"\x08\x01", id="a number where text should be"),
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        MESSAGES.decode("Whole", data)


def test_nesting_has_a_bound() -> None:
    data = b""
    for _ in range(40):
        data = MESSAGES.encode("Part", {"name": "x"}) + b"\x12" + _varint(len(data)) + data
    with pytest.raises(WireError):
        MESSAGES.decode("Part", data)


def _varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 0x7F | 0x80]) + _varint(value >> 7)


_PARTS = st.recursive(
    st.fixed_dictionaries({}, optional={"name": st.text(max_size=5)}),
    lambda inner: st.fixed_dictionaries({"deeper": inner}, optional={"name": st.text(max_size=5)}),
    max_leaves=4,
)
_WHOLES = st.fixed_dictionaries(
    {},
    optional={
        "text": st.text(),
        "flag": st.booleans(),
        "number": st.integers(-(2**63), 2**63 - 1),
        "raw": st.binary(),
        "words": st.lists(st.text(max_size=5), min_size=1, max_size=4),
        "part": _PARTS,
        "parts": st.lists(_PARTS, min_size=1, max_size=3),
        "notes": st.dictionaries(st.text(max_size=4), st.text(max_size=4), min_size=1, max_size=3),
        "flags": st.dictionaries(st.text(max_size=4), st.booleans(), min_size=1, max_size=3),
        "named": st.dictionaries(st.text(max_size=4), _PARTS, min_size=1, max_size=3),
    },
)


@given(_WHOLES)
def test_what_is_written_is_read_again(value: dict[str, Any]) -> None:
    assert MESSAGES.decode("Whole", MESSAGES.encode("Whole", value)) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_fields_or_an_error(data: bytes) -> None:
    try:
        found = list(fields(data))
    except WireError:
        return
    assert all(number >= 0 for number, _ in found)
