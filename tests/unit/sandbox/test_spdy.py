"""SPDY/3.1: what clients send and what they get, with the client's side written here."""

from __future__ import annotations

import contextlib
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.sandbox import spdy
from holdfast.sandbox.spdy import Data, Event, GoneAway, Opened, ProtocolError, Reset, Session


class Client:
    """A client's frames, and its reading of the server's."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=spdy.DICTIONARY)
        self._inflate = zlib.decompressobj(zdict=spdy.DICTIONARY)

    def open(self, stream: int, headers: dict[str, str], *, flags: int = 0) -> bytes:
        words = [w for pair in headers.items() for w in pair]
        text = struct.pack(">I", len(headers)) + b"".join(struct.pack(">I", len(w)) + w.encode() for w in words)
        block = self._deflate.compress(text) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return control(1, struct.pack(">IIBB", stream, 0, 0, 0) + block, flags)

    def replied(self, frame: bytes) -> tuple[int, bytes]:
        """The stream of a SYN_REPLY and its headers as they are inflated."""
        assert frame[:4] == b"\x80\x03\x00\x02"
        return int.from_bytes(frame[8:12], "big"), self._inflate.decompress(frame[12:])


def control(kind: int, payload: bytes, flags: int = 0) -> bytes:
    return struct.pack(">HHI", 0x8003, kind, flags << 24 | len(payload)) + payload


def data(stream: int, payload: bytes, flags: int = 0) -> bytes:
    return struct.pack(">II", stream, flags << 24 | len(payload)) + payload


def test_the_dictionary_is_the_one_that_all_of_spdy_3_has() -> None:
    assert len(spdy.DICTIONARY) == 1423 and zlib.adler32(spdy.DICTIONARY) == 0xE3C6A7C2


def test_a_conversation_with_two_streams_is_told_in_order() -> None:
    client, session = Client(), Session()
    sent = (
        client.open(1, {"streamtype": "error", "port": "80"}, flags=1)
        + client.open(3, {"streamtype": "data", "port": "80"})
        + data(3, b"hello")
        + control(9, struct.pack(">II", 3, 100))
        + control(4, struct.pack(">I", 0))
        + data(3, b"", 1)
        + control(3, struct.pack(">II", 1, 5))
        + control(7, struct.pack(">II", 0, 0))
    )
    assert session.feed(sent) == [
        Opened(1, {"streamtype": "error", "port": "80"}, True),
        Opened(3, {"streamtype": "data", "port": "80"}, False),
        Data(3, b"hello", False),
        Data(3, b"", True),
        Reset(1),
        GoneAway(),
    ]


def test_replies_share_one_compressor() -> None:
    client, session = Client(), Session()
    assert [client.replied(session.reply(n)) for n in (1, 3)] == [(1, bytes(4)), (3, bytes(4))]


def test_a_ping_is_answered_and_an_answer_is_not() -> None:
    session = Session()
    session.feed(control(6, struct.pack(">I", 7)) + control(6, struct.pack(">I", 8)))
    assert bytes(session.outgoing) == control(6, struct.pack(">I", 7))


def test_large_data_goes_in_parts_and_only_the_last_ends_the_stream() -> None:
    sent = Session.data(5, b"x" * (spdy.DATA_PART + 1), end=True)
    first = spdy.DATA_PART + 8
    assert sent[4] == 0 and sent[first:] == data(5, b"x", 1)
    assert Session.data(5, b"", end=True) == data(5, b"", 1) and Session.data(5, b"") == b""


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(struct.pack(">II", 1, 0xFFFFFF), id="a frame beyond the bound"),
        pytest.param(struct.pack(">HHI", 0x8002, 1, 0), id="another version"),
        pytest.param(control(1, b"\0\0\0\2" + bytes(10)), id="a stream with an even number"),
        pytest.param(control(1, b"\0\0\0\1\0\0"), id="a frame that is cut off"),
        pytest.param(control(1, b"\0\0\0\1" + bytes(6) + b"no zlib"), id="headers that are not compressed"),
        pytest.param(Client().open(1, {"a": "x" * 100_000}), id="headers beyond the bound"),
        pytest.param(control(3, b""), id="a reset of nothing"),
    ],
)
def test_what_is_broken_ends_the_connection(sent: bytes) -> None:
    with pytest.raises(ProtocolError):
        Session().feed(sent)


@given(st.binary(max_size=200))
def test_any_bytes_are_events_or_an_error(sent: bytes) -> None:
    events: list[Event] = []
    with contextlib.suppress(ProtocolError):
        events = Session().feed(sent)
    assert all(isinstance(e, Event) for e in events)


@given(st.lists(st.binary(max_size=50), max_size=5), st.integers(1, 20))
def test_the_pieces_in_which_bytes_come_mean_nothing(payloads: list[bytes], size: int) -> None:
    client = Client()
    sent = client.open(1, {"a": "b"}) + b"".join(data(1, p) for p in payloads)
    session, events = Session(), list[Event]()
    for i in range(0, len(sent), size):
        events += session.feed(sent[i : i + size])
    assert events == [Opened(1, {"a": "b"}, False), *(Data(1, p, False) for p in payloads)]
