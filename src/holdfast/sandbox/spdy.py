"""SPDY/3.1 as the Kubernetes clients speak it for streams: frames in, events out, frames back. No I/O.

Only the server's side, and only what those clients use: streams that they open, data both ways, half-closing, resets, pings.
There is no flow control in that dialect (moby's library never had it): WINDOW_UPDATE and SETTINGS are read and mean nothing.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from holdfast.base.errors import Stop

VERSION: Final = 3
MAX_FRAME: Final = 1024 * 1024
MAX_HEADERS: Final = 64 * 1024
FIN: Final = 1
DATA_PART: Final = 32 * 1024
"""Data is sent in frames of this size, so that other streams come in between."""

SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY = 1, 2, 3, 6, 7
_CANCEL: Final = 5

_NAMES: Final = """
options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow
authorization cache-control connection content-base content-encoding content-language content-length content-location
content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match
if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range
referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method
get status
"""
_TAIL: Final = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative "
    "Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal "
    "Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, "
    "Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,"
    "application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,"
    "utf-,*,enq=0."
)


def _sized(text: str) -> bytes:
    return struct.pack(">I", len(text)) + text.encode()


_PAIRS: Final = (("200 OK", "version"), ("HTTP/1.1", "url"), ("public", "set-cookie"), ("keep-alive", "origin"))
DICTIONARY: Final = (
    b"".join(map(_sized, _NAMES.split())) + b"".join(_sized(a) + _sized(b) for a, b in _PAIRS) + _TAIL.encode()
)
"""What both sides' compressors know beforehand, by the standard (2.6.10.1)."""


class ProtocolError(Stop):
    """What came is not SPDY, or more of it than anybody needs; the connection ends."""


@dataclass(frozen=True, slots=True)
class Opened:
    stream: int
    headers: Mapping[str, str]
    ended: bool


@dataclass(frozen=True, slots=True)
class Data:
    stream: int
    data: bytes
    ended: bool


@dataclass(frozen=True, slots=True)
class Reset:
    stream: int


@dataclass(frozen=True, slots=True)
class GoneAway:
    """The client opens no more streams."""


Event = Opened | Data | Reset | GoneAway


@dataclass(slots=True)
class Session:
    """One connection. ``feed`` gives events; the other methods give bytes, to be sent in the order in which they were asked for."""

    outgoing: bytearray = field(default_factory=bytearray)
    """What the protocol itself has to say (answers to pings); send it after each ``feed``."""
    _buffer: bytearray = field(default_factory=bytearray)
    _inflate: zlib._Decompress = field(default_factory=lambda: zlib.decompressobj(zdict=DICTIONARY))
    _deflate: zlib._Compress = field(default_factory=lambda: zlib.compressobj(zdict=DICTIONARY))
    _last: int = 0

    # --- what came

    def feed(self, data: bytes) -> list[Event]:
        """Raises ProtocolError."""
        self._buffer += data
        events: list[Event] = []
        while len(self._buffer) >= 8:
            head, rest = struct.unpack(">II", self._buffer[:8])
            flags, size = rest >> 24, rest & 0xFFFFFF
            if size > MAX_FRAME:
                raise ProtocolError(f"a frame of {size} bytes")
            if len(self._buffer) < 8 + size:
                break
            payload = bytes(self._buffer[8 : 8 + size])
            del self._buffer[: 8 + size]
            event = self._frame(head, flags, payload)
            if event is not None:
                events.append(event)
        return events

    def _frame(self, head: int, flags: int, payload: bytes) -> Event | None:
        if not head >> 31:
            return Data(head, payload, bool(flags & FIN))
        version, kind = head >> 16 & 0x7FFF, head & 0xFFFF
        if version != VERSION:
            raise ProtocolError(f"SPDY version {version}")
        if kind == SYN_STREAM:
            return self._opened(flags, payload)
        if kind == RST_STREAM:
            return Reset(_number(payload))
        if kind == PING and _number(payload) % 2:  # an even one answers a ping of ours
            self.outgoing += _control(PING, 0, payload[:4])
        return GoneAway() if kind == GOAWAY else None

    def _opened(self, flags: int, payload: bytes) -> Opened:
        stream = _number(payload)
        if len(payload) < 10 or not stream % 2 or stream <= self._last:
            raise ProtocolError(f"a stream cannot be opened as {stream}")
        self._last = stream
        return Opened(stream, self._headers(payload[10:]), bool(flags & FIN))

    def _headers(self, block: bytes) -> dict[str, str]:
        try:
            text = self._inflate.decompress(block, MAX_HEADERS)
        except zlib.error as error:
            raise ProtocolError(f"headers: {error}") from None
        if self._inflate.unconsumed_tail:
            raise ProtocolError("headers are too large")
        words = _words(text)
        return dict(zip(words[::2], words[1::2], strict=True))

    # --- what is said

    def reply(self, stream: int) -> bytes:
        """The stream is taken."""
        block = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _control(SYN_REPLY, 0, struct.pack(">I", stream) + block)

    @staticmethod
    def data(stream: int, data: bytes, *, end: bool = False) -> bytes:
        parts = [data[i : i + DATA_PART] for i in range(0, len(data), DATA_PART)] or ([b""] if end else [])
        last = len(parts) - 1
        frames = (
            struct.pack(">II", stream, (FIN if end and i == last else 0) << 24 | len(part)) + part
            for i, part in enumerate(parts)
        )
        return b"".join(frames)

    @staticmethod
    def reset(stream: int) -> bytes:
        return _control(RST_STREAM, 0, struct.pack(">II", stream, _CANCEL))


def _control(kind: int, flags: int, payload: bytes) -> bytes:
    return struct.pack(">II", 1 << 31 | VERSION << 16 | kind, flags << 24 | len(payload)) + payload


def _number(payload: bytes) -> int:
    if len(payload) < 4:
        raise ProtocolError("a frame is too short")
    return int.from_bytes(payload[:4], "big") & 0x7FFFFFFF


def _words(text: bytes) -> list[str]:
    """The names and values of a block of headers, in turn."""
    words: list[str] = []
    count = 2 * int.from_bytes(text[:4], "big")
    place = 4
    while len(words) < count:
        size = int.from_bytes(text[place : place + 4], "big")
        word = text[place + 4 : place + 4 + size]
        if len(text) < place + 4 or len(word) != size:
            raise ProtocolError("headers are cut off")
        words.append(word.decode("latin-1"))
        place += 4 + size
    return words
