"""What is left of an HTTP connection after ``101 Switching Protocols``: bytes both ways, with back-pressure."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

HIGH: Final = 256 * 1024
"""Bytes that may wait to be read before the transport is told to pause."""


class Duplex(Protocol):
    """Two byte streams. ``read`` answers nothing at the end; ``write`` returns when more may be written."""

    async def read(self) -> bytes: ...

    async def write(self, data: bytes) -> None: ...


class Upgraded:
    """A Duplex over a transport that an HTTP connection no longer reads from."""

    def __init__(self, transport: asyncio.Transport, drained: asyncio.Event) -> None:
        self._transport = transport
        self._drained = drained
        self._buffer = bytearray()
        self._arrived = asyncio.Event()
        self._ended = False

    async def read(self) -> bytes:
        while not self._buffer and not self._ended:
            self._arrived.clear()
            await self._arrived.wait()
        data = bytes(self._buffer)
        self._buffer.clear()
        if data and not self._transport.is_closing():
            self._transport.resume_reading()
        return data

    async def write(self, data: bytes) -> None:
        if self._transport.is_closing():
            raise ConnectionResetError("the client is gone")
        self._transport.write(data)
        await self._drained.wait()

    # --- the connection's calls

    def feed(self, data: bytes) -> None:
        self._buffer += data
        self._arrived.set()
        if len(self._buffer) > HIGH:
            self._transport.pause_reading()

    def end(self) -> None:
        self._ended = True
        self._arrived.set()
