"""A small HTTP/1.1 server: bytes in, ``Request`` out to a handler, its ``Response`` back as bytes.

Written here because the start-up budget (300 ms to ready) and the idle memory leave no room for a web framework's imports.
Supports keep-alive, pipelined requests one after another, chunked bodies both ways, ``Expect: 100-continue``, streams with
back-pressure. Never knows what Kubernetes is.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

MAX_HEAD: Final = 64 * 1024
MAX_BODY: Final = 3 * 1024 * 1024
"""Bodies beyond this are not kept; the request is marked and the connection closed after the answer."""
IDLE_SECONDS: Final = 90.0
HEAD_SECONDS: Final = 30.0


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


Handler = Callable[[Request], Awaitable[Response]]


class BadRequest(Exception):
    """What came is not HTTP."""


class Connection(asyncio.Protocol):
    """One client connection: parses requests and answers them in order."""

    def __init__(self, handler: Handler, open_connections: set[Connection]) -> None:
        self._handler = handler
        self._open = open_connections
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._data = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._closed = False
        self._peer: dict[str, Any] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]  # uvloop's transports share the interface, not the class
        self._peer = transport.get_extra_info("peercert") or None
        self._open.add(self)
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) > MAX_BODY + MAX_HEAD and self._transport is not None:
            self._transport.pause_reading()
        self._data.set()

    def eof_received(self) -> bool:
        self._closed = True
        self._data.set()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._closed = True
        self._open.discard(self)
        self._data.set()
        self._drained.set()
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._drained.clear()

    def resume_writing(self) -> None:
        self._drained.set()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    async def _serve(self) -> None:
        try:
            while not self._closed:
                request = await self._read_request()
                if request is None or not await self._answer(request):
                    break
        except BadRequest:
            self._write(
                b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n400 Bad Request"
            )
        except (TimeoutError, asyncio.CancelledError):
            pass
        finally:
            self.close()

    async def _wait(self, seconds: float) -> None:
        self._data.clear()
        if self._closed:
            raise asyncio.CancelledError
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.resume_reading()
        async with asyncio.timeout(seconds):
            await self._data.wait()

    async def _read_request(self) -> Request | None:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadRequest
            if self._closed:
                return None
            await self._wait(HEAD_SECONDS if self._buffer else IDLE_SECONDS)
        head = bytes(self._buffer[:end])
        del self._buffer[: end + 4]
        request = parse_head(head)
        request.peer = self._peer
        if request.header("expect").lower() == "100-continue":
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await self._read_body(request)
        return request

    async def _read_body(self, request: Request) -> None:
        if "chunked" in request.header("transfer-encoding").lower():
            await self._read_chunks(request)
            return
        length = request.header("content-length")
        if not length:
            return
        if not length.isdecimal():
            raise BadRequest
        size = int(length)
        if size > MAX_BODY:
            request.oversized = True
            return
        while len(self._buffer) < size:
            await self._wait(HEAD_SECONDS)
        request.body = bytes(self._buffer[:size])
        del self._buffer[:size]

    async def _read_chunks(self, request: Request) -> None:
        body = bytearray()
        while True:
            line = await self._read_line()
            try:
                size = int(line.split(b";")[0], 16)
            except ValueError:
                raise BadRequest from None
            if len(body) + size > MAX_BODY:
                request.oversized = True
                return
            while len(self._buffer) < size + 2:
                await self._wait(HEAD_SECONDS)
            body += self._buffer[:size]
            del self._buffer[: size + 2]
            if size == 0:
                break
        request.body = bytes(body)

    async def _read_line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadRequest
            await self._wait(HEAD_SECONDS)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    async def _answer(self, request: Request) -> bool:
        """Answers; tells whether the connection stays open."""
        response = await self._handler(request)
        keep = not request.oversized and request.header("connection").lower() != "close"
        if response.stream is None:
            self._write(head_of(response, keep) + (b"" if request.method == "HEAD" else response.body))
            await self._drained.wait()
            return keep
        await self._send_stream(response)
        return keep

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


def parse_head(head: bytes) -> Request:
    lines = head.decode("latin-1").split("\r\n")
    while lines and not lines[0]:
        lines.pop(0)
    parts = lines[0].split(" ") if lines else []
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequest
    repeated: list[tuple[str, str]] = []
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest
        name, value = name.lower(), value.strip()
        repeated.append((name, value))
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if parts[2] == "HTTP/1.0":
        headers.setdefault("connection", "close")
    target, _, query = parts[1].partition("?")
    if "://" in target:
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    return Request(parts[0], target, query, headers, repeated)


_REASONS: Final = {s.value: s.phrase for s in HTTPStatus}


def head_of(response: Response, keep: bool) -> bytes:
    lines = [f"HTTP/1.1 {response.code} {_REASONS.get(response.code, 'Unknown')}"]
    if response.content_type:
        lines.append(f"Content-Type: {response.content_type}")
    lines += [f"{name}: {value}" for name, value in response.headers]
    if response.stream is not None:
        lines.append("Transfer-Encoding: chunked")
    elif response.code != 204:
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
