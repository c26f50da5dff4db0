"""A small HTTP/1.1 server: bytes in, ``Request`` out to a handler, its ``Response`` back as bytes.

The protocol itself is parsed by httptools (Node's llhttp); what is here is the connection around it, because the start-up
budget (300 ms to ready) and the idle memory leave no room for a web framework. Supports keep-alive, pipelined requests one
after another, chunked bodies both ways, ``Expect: 100-continue``, streams with back-pressure. Never knows what Kubernetes is.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import httptools

from holdfast.sandbox.duplex import Duplex, Upgraded

MAX_HEAD: Final = 64 * 1024
MAX_BODY: Final = 3 * 1024 * 1024
"""Bodies beyond this are not kept; the request is marked and the connection closed after the answer."""
IDLE_SECONDS: Final = 90.0
HEAD_SECONDS: Final = 30.0
MAX_PIPELINED: Final = 16
"""Requests that may wait on one connection before its reading pauses."""


@dataclass(slots=True)
class Request:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    """Names in lower case; of repeated headers the values are joined by ``, ``."""
    repeated: list[tuple[str, str]]
    """Every header as it came, names in lower case."""
    body: bytes = b""
    oversized: bool = False
    peer: dict[str, Any] | None = None
    """The verified client certificate, as ``ssl.getpeercert`` gives it."""

    def header(self, name: str) -> str:
        return self.headers.get(name, "")

    def values(self, name: str) -> list[str]:
        return [v for n, v in self.repeated if n == name]


@dataclass(slots=True)
class Response:
    code: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)
    stream: AsyncIterator[bytes] | None = None
    upgrade: Callable[[Duplex], Awaitable[None]] | None = None
    """With code 101: what the connection is used for from now on."""


Handler = Callable[[Request], Awaitable[Response]]


class Connection(asyncio.Protocol):
    """One client connection: requests as the parser finds them, answered in order."""

    def __init__(self, handler: Handler, open_connections: set[Connection]) -> None:
        self._handler = handler
        self._open = open_connections
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._peer: dict[str, Any] | None = None
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._arrived = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._answering = False
        self._deaf = False  # an oversized body or a broken request: nothing more is read
        self._early: bytes | None = None  # what came behind a request that asks for another protocol
        self._upgraded: Upgraded | None = None
        self._forget()

    def _forget(self) -> None:
        self._url = b""
        self._repeated: list[tuple[str, str]] = []
        self._body = bytearray()
        self._head_size = 0
        self._partial = False

    # -- the transport's calls ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's transports share the interface, not the class
        self._peer = transport.get_extra_info("peercert") or None
        self._open.add(self)
        self._task = asyncio.get_running_loop().create_task(self._serve())
        self._rest(IDLE_SECONDS)

    def data_received(self, data: bytes) -> None:
        if self._upgraded is not None:
            self._upgraded.feed(data)
            return
        if self._deaf:
            return
        if self._early is not None:
            self._early += data
            if len(self._early) > MAX_HEAD and self._transport is not None:
                self._transport.pause_reading()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as asked:
            self._early = data[asked.args[0] :]
        except httptools.HttpParserError:
            self._refuse()
        if len(self._waiting) > MAX_PIPELINED and self._transport is not None:
            self._transport.pause_reading()
        self._rest(HEAD_SECONDS if self._partial else IDLE_SECONDS)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._open.discard(self)
        self._drained.set()
        if self._upgraded is not None:
            self._upgraded.end()
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._drained.clear()

    def resume_writing(self) -> None:
        self._drained.set()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _rest(self, seconds: float) -> None:
        """Close the connection unless something arrives in time."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._idle)

    def _idle(self) -> None:
        if not self._waiting and not self._answering:
            self.close()

    # -- the parser's calls ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._forget()
        self._partial = True

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._repeated.append((name.decode("latin-1").lower(), value.decode("latin-1").strip()))
        self._count(len(name) + len(value))

    def _count(self, size: int) -> None:
        self._head_size += size
        if self._head_size > MAX_HEAD and not self._deaf:
            self._refuse()

    def on_headers_complete(self) -> None:
        if any(n == "expect" and v.lower() == "100-continue" for n, v in self._repeated):
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self._deaf:
            return
        self._body += body
        if len(self._body) > MAX_BODY:
            self._body.clear()
            self._finish(oversized=True)
            self._deaf = True

    def on_message_complete(self) -> None:
        if not self._deaf:
            self._finish(oversized=False)

    def _finish(self, *, oversized: bool) -> None:
        headers: dict[str, str] = {}
        for name, value in self._repeated:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        path, _, query = self._target().partition("?")
        method = self._parser.get_method().decode("latin-1")
        request = Request(method, path, query, headers, self._repeated, bytes(self._body), oversized, self._peer)
        keep = self._parser.should_keep_alive() and not oversized and not self._parser.should_upgrade()
        self._waiting.append((request, keep))
        self._partial = False
        self._arrived.set()

    def _target(self) -> str:
        target = self._url.decode("latin-1")
        if "://" in target.partition("?")[0]:
            target = "/" + target.split("://", 1)[1].partition("/")[2]
        return target

    # -- answering ------------------------------------------------------------------------------------------------

    def _refuse(self) -> None:
        """What came is not HTTP, or is more of it than anybody needs."""
        self._deaf = True
        self._write(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n400 Bad Request")
        self.close()

    async def _serve(self) -> None:
        try:
            keep = True
            while keep:
                while not self._waiting:
                    self._arrived.clear()
                    await self._arrived.wait()
                request, keep = self._waiting.popleft()
                if self._transport is not None and not self._transport.is_closing() and not self._deaf:
                    self._transport.resume_reading()
                self._answering = True
                await self._answer(request, keep)
                self._answering = False
                self._rest(IDLE_SECONDS)
        except asyncio.CancelledError:
            pass
        finally:
            self.close()

    async def _answer(self, request: Request, keep: bool) -> None:
        response = await self._handler(request)
        if response.upgrade is not None:
            await self._become(response, response.upgrade)
            return
        if response.stream is None:
            self._write(head_of(response, keep) + (b"" if request.method == "HEAD" else response.body))
            await self._drained.wait()
            return
        await self._send_stream(response)

    async def _become(self, response: Response, use: Callable[[Duplex], Awaitable[None]]) -> None:
        """The connection is no longer HTTP's, and ends with what it is used for."""
        if self._transport is None or self._early is None:
            return
        self._write(head_of(response, True))
        self._upgraded = Upgraded(self._transport, self._drained)
        self._upgraded.feed(self._early)
        await use(self._upgraded)

    async def _send_stream(self, response: Response) -> None:
        stream = response.stream
        assert stream is not None
        self._write(head_of(response, True))
        try:
            async for chunk in stream:
                if chunk:
                    self._write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                    await self._drained.wait()
        finally:
            close = getattr(stream, "aclose", None)
            if close is not None:
                await close()
        self._write(b"0\r\n\r\n")

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


_REASONS: Final = {s.value: s.phrase for s in HTTPStatus}


def head_of(response: Response, keep: bool) -> bytes:
    lines = [f"HTTP/1.1 {response.code} {_REASONS.get(response.code, 'Unknown')}"]
    if response.content_type:
        lines.append(f"Content-Type: {response.content_type}")
    lines += [f"{name}: {value}" for name, value in response.headers]
    if response.stream is not None:
        lines.append("Transfer-Encoding: chunked")
    elif response.code not in (101, 204):
        lines.append(f"Content-Length: {len(response.body)}")
    if not keep:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")


class Server:
    """A listening socket and its connections."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int, context: ssl.SSLContext | None) -> int:
        """Listens; returns the port (of use when 0 was asked for)."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._handler, self._connections), host, port, ssl=context, backlog=1024
        )
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()
