"""The server's side of WebSocket (RFC 6455), as far as a tunnel for bytes needs it: a Duplex over a Duplex.

Text and binary messages are the same bytes here; fragments need no putting together. Pings are answered, a close ends it.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import Final

from holdfast.base.errors import Stop
from holdfast.sandbox.duplex import Duplex

MAX_FRAME: Final = 1024 * 1024
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10


class FrameError(Stop):
    """What came is no frame of a client."""


def accept(key: str) -> str:
    """What proves that the key was read."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()


class WebSocket:
    """Raises FrameError from ``read``."""

    def __init__(self, wire: Duplex) -> None:
        self._wire = wire
        self._buffer = bytearray()
        self._closed = False

    async def read(self) -> bytes:
        while not self._closed:
            code, payload = await self._frame()
            if code in (_CONTINUATION, _TEXT, _BINARY) and payload:
                return payload
            if code == _PING:
                await self._wire.write(_framed(_PONG, payload))
            if code == _CLOSE and not self._closed:
                await self.close(payload[:2])
        return b""

    async def write(self, data: bytes) -> None:
        await self._wire.write(_framed(_BINARY, data))

    async def close(self, reason: bytes = b"\x03\xe8") -> None:
        self._closed = True
        await self._wire.write(_framed(_CLOSE, reason))

    async def _frame(self) -> tuple[int, bytes]:
        """One frame; the end of the wire is the empty close."""
        if not await self._fill(2):
            return self._over()
        first, second = self._buffer[0], self._buffer[1]
        size, start = second & 0x7F, 2
        if size > 125:
            start = 4 if size == 126 else 10
            if not await self._fill(start):
                return self._over()
            size = int.from_bytes(self._buffer[2:start], "big")
        if not second & 0x80 or first & 0x70 or size > MAX_FRAME or (first & 8 and size > 125):
            raise FrameError("a broken WebSocket frame")
        end = start + 4 + size
        if not await self._fill(end):
            return self._over()
        mask, payload = bytes(self._buffer[start : start + 4]), bytes(self._buffer[start + 4 : end])
        del self._buffer[:end]
        return first & 0xF, _masked(payload, mask)

    def _over(self) -> tuple[int, bytes]:
        self._closed = True
        return _CLOSE, b""

    async def _fill(self, size: int) -> bool:
        while len(self._buffer) < size:
            data = await self._wire.read()
            if not data:
                return False
            self._buffer += data
        return True


def _framed(code: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x80 | code, size)) + payload
    if size < 1 << 16:
        return struct.pack(">BBH", 0x80 | code, 126, size) + payload
    return struct.pack(">BBQ", 0x80 | code, 127, size) + payload


def _masked(payload: bytes, mask: bytes) -> bytes:
    """XOR with the repeated mask, at once: a loop over bytes is too slow for data."""
    size = len(payload)
    repeated = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(size, "big")
