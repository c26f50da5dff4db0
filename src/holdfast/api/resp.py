"""Redis' protocol (RESP2 and RESP3), as far as a client that keeps values under keys speaks it: GET, SET, DEL and what goes with them.

In: a store that answers for keys and tells of changes. Out: a handler of connections. There is no expiry, nothing of a client's is
published, one database: this is a window on what the controller knows, not a database.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, Protocol

log = logging.getLogger(__name__)

MAX_ARGUMENTS: Final = 64
MAX_BULK: Final = 8 * 1024 * 1024
MAX_CHANNELS: Final = 256
NONE: Final = {2: b"$-1\r\n", 3: b"_\r\n"}
OK: Final = b"+OK\r\n"


class Store(Protocol):
    """None: there is no such key."""

    async def get(self, key: str) -> bytes | None: ...

    def set(self, key: str, value: bytes) -> None: ...

    def delete(self, key: str) -> bool: ...

    def changes(self, channel: str) -> AsyncIterator[None]:
        """One item for whatever may have changed since the one before."""
        ...


class _Broken(Exception):
    """What came is not RESP."""


async def serve(store: Store, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection until its end."""
    session = Session(store, writer.write)
    try:
        while (command := await _command(reader)) is not None:
            writer.write(await session.answer(command))
            await writer.drain()
            if command[0].upper() == b"QUIT":
                break
    except (_Broken, ValueError) as error:
        writer.write(_error(f"Protocol error: {error}"))
    except (ConnectionError, asyncio.IncompleteReadError) as error:
        log.debug("a client left: %s", error)
    finally:
        await session.close()
        writer.close()


async def _command(reader: asyncio.StreamReader) -> list[bytes] | None:
    line = await reader.readline()
    if not line:
        return None
    if not line.startswith(b"*"):
        found = line.split()
        return found or [b""]
    count = int(line[1:])
    if not 0 < count <= MAX_ARGUMENTS:
        raise _Broken("invalid multibulk length")
    return [await _bulk(reader) for _ in range(count)]


async def _bulk(reader: asyncio.StreamReader) -> bytes:
    line = await reader.readline()
    if not line.startswith(b"$"):
        raise _Broken("expected '$'")
    size = int(line[1:])
    if not 0 <= size <= MAX_BULK:
        raise _Broken("invalid bulk length")
    return (await reader.readexactly(size + 2))[:-2]


class Session:
    """What one client is answered, and told by ``tell``; it chooses the version of the protocol."""

    def __init__(self, store: Store, tell: Callable[[bytes], None]) -> None:
        self._store = store
        self._tell = tell
        self._version = 2
        self._channels: dict[str, asyncio.Task[None]] = {}

    async def close(self) -> None:
        self._leave(list(self._channels))

    async def answer(self, command: Sequence[bytes]) -> bytes:
        name = command[0].upper().decode("latin-1")
        words = [w.decode("utf-8", "surrogateescape") for w in command[1:2]]
        if name == "PING":
            return b"+PONG\r\n"
        if name in ("CLIENT", "SELECT", "QUIT"):
            return OK
        if name == "HELLO":
            return self._hello(words)
        if name in ("SUBSCRIBE", "UNSUBSCRIBE"):
            return self._subscribed(name, [w.decode("utf-8", "surrogateescape") for w in command[1:]])
        if name == "GET" and len(command) == 2:
            value = await self._store.get(words[0])
            return NONE[self._version] if value is None else _bulk_of(value)
        if name in ("SET", "SETEX", "SETNX") and len(command) > 2:
            self._store.set(words[0], command[3] if name == "SETEX" and len(command) > 3 else command[2])
            return OK if name != "SETNX" else b":1\r\n"
        if name in ("DEL", "UNLINK") and len(command) > 1:
            gone = sum(self._store.delete(k.decode("utf-8", "surrogateescape")) for k in command[1:])
            return b":%d\r\n" % gone
        return _error(f"unknown command '{name[:64]}'")

    # --- channels

    def _subscribed(self, name: str, channels: list[str]) -> bytes:
        said = b""
        for channel in channels or list(self._channels):
            if name == "UNSUBSCRIBE":
                self._leave([channel])
            elif channel not in self._channels and len(self._channels) < MAX_CHANNELS:
                self._channels[channel] = asyncio.create_task(self._follow(channel))
            said += self._pushed(name.lower(), channel) + b":%d\r\n" % len(self._channels)
        return said

    def _leave(self, channels: list[str]) -> None:
        for channel in channels:
            task = self._channels.pop(channel, None)
            if task is not None:
                task.cancel()

    async def _follow(self, channel: str) -> None:
        async for _ in self._store.changes(channel):
            self._tell(self._pushed("message", channel) + _bulk_of(b""))

    def _pushed(self, kind: str, channel: str) -> bytes:
        start = b">3\r\n" if self._version == 3 else b"*3\r\n"
        return start + _bulk_of(kind.encode()) + _bulk_of(channel.encode("utf-8", "surrogateescape"))

    def _hello(self, words: Sequence[str]) -> bytes:
        if words and words[0] not in ("2", "3"):
            return b"-NOPROTO unsupported protocol version\r\n"
        self._version = int(words[0]) if words else self._version
        facts = {"server": b"redis", "version": b"7.4.0", "mode": b"standalone", "role": b"master"}
        start = b"%%%d\r\n" % (len(facts) + 2) if self._version == 3 else b"*%d\r\n" % (2 * len(facts) + 4)
        pairs = b"".join(_bulk_of(k.encode()) + _bulk_of(v) for k, v in facts.items())
        return start + pairs + _bulk_of(b"proto") + b":%d\r\n" % self._version + _bulk_of(b"modules") + b"*0\r\n"


def _bulk_of(value: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(value), value)


def _error(text: str) -> bytes:
    plain = "".join(c for c in text if c.isprintable())
    return f"-ERR {plain}\r\n".encode()
