"""Redis' protocol (RESP2), as far as a client that keeps values under keys speaks it: GET, SET, DEL and what goes with them.

In: a store that answers for keys. Out: a handler of connections. There is no expiry, no publishing, one database: this is a
window on what the controller knows, not a database.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Protocol

log = logging.getLogger(__name__)

MAX_ARGUMENTS: Final = 64
MAX_BULK: Final = 8 * 1024 * 1024
NONE: Final = b"$-1\r\n"
OK: Final = b"+OK\r\n"


class Store(Protocol):
    """None: there is no such key."""

    async def get(self, key: str) -> bytes | None: ...

    def set(self, key: str, value: bytes) -> None: ...

    def delete(self, key: str) -> bool: ...


class _Broken(Exception):
    """What came is not RESP."""


async def serve(store: Store, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection until its end."""
    try:
        while (command := await _command(reader)) is not None:
            writer.write(await answer(store, command))
            await writer.drain()
            if command[0].upper() == b"QUIT":
                break
    except (_Broken, ValueError) as error:
        writer.write(_error(f"Protocol error: {error}"))
    except (ConnectionError, asyncio.IncompleteReadError) as error:
        log.debug("a client left: %s", error)
    finally:
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


async def answer(store: Store, command: Sequence[bytes]) -> bytes:
    name = command[0].upper().decode("latin-1")
    words = [w.decode("utf-8", "surrogateescape") for w in command[1:2]]
    if name == "PING":
        return b"+PONG\r\n"
    if name in ("CLIENT", "SELECT", "QUIT"):
        return OK
    if name == "HELLO":
        return b"-NOPROTO unsupported protocol version\r\n"  # clients go on with RESP2
    if name == "GET" and len(command) == 2:
        value = await store.get(words[0])
        return NONE if value is None else b"$%d\r\n%b\r\n" % (len(value), value)
    if name in ("SET", "SETEX", "SETNX") and len(command) > 2:
        store.set(words[0], command[3] if name == "SETEX" and len(command) > 3 else command[2])
        return OK if name != "SETNX" else b":1\r\n"
    if name in ("DEL", "UNLINK") and len(command) > 1:
        gone = sum(store.delete(k.decode("utf-8", "surrogateescape")) for k in command[1:])
        return b":%d\r\n" % gone
    return _error(f"unknown command '{name[:64]}'")


def _error(text: str) -> bytes:
    plain = "".join(c for c in text if c.isprintable())
    return f"-ERR {plain}\r\n".encode()
