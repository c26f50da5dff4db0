"""WebSocket frames of clients, in whatever pieces they come."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.sandbox.websocket import FrameError, WebSocket, accept


class Wire:
    """What a client has sent already, piece by piece, and what it was sent."""

    def __init__(self, sent: bytes, size: int = 65536) -> None:
        self._pieces = [sent[i : i + size] for i in range(0, len(sent), size)]
        self.got = b""

    async def read(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    async def write(self, data: bytes) -> None:
        self.got += data


def frame(code: int, payload: bytes, *, mask: bytes = b"\1\2\3\4", final: bool = True) -> bytes:
    size = len(payload)
    head = bytes((code | (0x80 if final else 0),))
    if size < 126:
        head += bytes((0x80 | size,))
    elif size < 1 << 16:
        head += struct.pack(">BH", 0x80 | 126, size)
    else:
        head += struct.pack(">BQ", 0x80 | 127, size)
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


async def _all(wire: Wire) -> bytes:
    socket, got = WebSocket(wire), b""
    while data := await socket.read():
        got += data
    return got


def test_the_key_is_answered_as_the_standard_says() -> None:
    assert accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(1, 40))
async def test_messages_are_bytes_in_a_row(payloads: list[bytes], size: int) -> None:
    wire = Wire(b"".join(frame(2, p) for p in payloads), size)
    assert await _all(wire) == b"".join(payloads)


async def test_fragments_and_large_messages_are_read() -> None:
    sent = frame(2, b"ab", final=False) + frame(0, b"c") + frame(2, b"x" * 70_000)
    assert await _all(Wire(sent)) == b"abc" + b"x" * 70_000


async def test_a_ping_is_answered_and_a_close_ends_it() -> None:
    wire = Wire(frame(9, b"hi") + frame(8, b"\x03\xe8bye") + frame(2, b"too late"))
    assert await _all(wire) == b""
    assert wire.got == b"\x8a\x02hi" + b"\x88\x02\x03\xe8"


@pytest.mark.parametrize("size", [5, 200, 70_000])
async def test_what_is_written_is_one_binary_frame(size: int) -> None:
    wire = Wire(b"")
    await WebSocket(wire).write(b"y" * size)
    length = {5: b"\x05", 200: b"\x7e\x00\xc8", 70_000: b"\x7f" + struct.pack(">Q", 70_000)}[size]
    assert wire.got == b"\x82" + length + b"y" * size


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"\x82\x01a", id="a frame without a mask"),
        pytest.param(b"\xc2\x81\1\2\3\4a", id="reserved bits"),
        pytest.param(b"\x82\xff" + struct.pack(">Q", 1 << 40) + bytes(4), id="a frame beyond the bound"),
    ],
)
async def test_what_is_no_frame_ends_it(sent: bytes) -> None:
    with pytest.raises(FrameError):
        await _all(Wire(sent))
