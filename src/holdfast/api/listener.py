"""A listening socket whose connections are encrypted with a certificate that is made when the first of them comes.

Making certificates loads a library of some megabytes; a door that most never use shall not cost them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Final

log = logging.getLogger(__name__)

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
BACKLOG: Final = 64


class EncryptedListener:
    """``start`` listens; ``stop`` ends that and the connections."""

    def __init__(self, serve: Serve, protocols: list[str]) -> None:
        self._serve = serve
        self._protocols = protocols
        self._context: ssl.SSLContext | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._arrived: set[asyncio.Task[None]] = set()

    def start(self, bound: socket.socket) -> None:
        bound.setblocking(False)
        bound.listen(BACKLOG)
        self._accepting = asyncio.create_task(self._accept(bound), name="encrypted listener")

    async def stop(self) -> None:
        tasks = [*self._arrived, *([self._accepting] if self._accepting is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, bound: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.closing(bound):
            while True:
                connection, _ = await loop.sock_accept(bound)
                arrived = asyncio.create_task(self._take(connection))
                self._arrived.add(arrived)
                arrived.add_done_callback(self._arrived.discard)

    async def _take(self, connection: socket.socket) -> None:
        try:
            reader, writer = await self._encrypted(connection)
        except (OSError, ssl.SSLError) as error:
            connection.close()
            log.debug("a client left: %s", error)
            return
        await self._serve(reader, writer)

    async def _encrypted(self, connection: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        context = await self._secret()
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection, ssl=context)
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _secret(self) -> ssl.SSLContext:
        if self._context is None:
            from holdfast.api.certificate import self_signed

            self._context = await asyncio.to_thread(self_signed, self._protocols)
        return self._context
