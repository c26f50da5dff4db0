"""Forwarded ports over real sockets: a client, the HTTP server, and who stands for the pod."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import tempfile
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from holdfast.kube.refs import Manifest
from holdfast.sandbox import portforward, spdy
from holdfast.sandbox.httpd import Request, Response, Server
from holdfast.sandbox.status import StatusError


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: the path of a Unix socket has little room."""
    with tempfile.TemporaryDirectory(dir="/tmp") as found:
        yield Path(found)


@contextlib.asynccontextmanager
async def _standing(path: Path) -> AsyncIterator[None]:
    """Says everything back in capitals."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            writer.write(data.upper())
        writer.close()

    server = await asyncio.start_unix_server(serve, path)
    async with server:
        yield


def _pod(path: str) -> Manifest:
    return {"metadata": {"name": "p", "annotations": {f"{portforward.ANNOTATION}80": path}}}


@contextlib.asynccontextmanager
async def _serving(pod: Manifest) -> AsyncIterator[int]:
    async def handle(request: Request) -> Response:
        try:
            return portforward.serve(request, pod)
        except StatusError as error:
            return Response(error.code, error.message.encode())

    server = Server(handle)
    yield await server.start("127.0.0.1", 0, None)
    await server.stop()


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n%b\r\n"
VERSION = b"X-Stream-Protocol-Version: portforward.k8s.io\r\n"


class Client:
    """Just enough of a SPDY client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._deflate = zlib.compressobj(zdict=spdy.DICTIONARY)

    def open(self, stream: int, kind: str, port: str = "80", request: str = "0") -> None:
        words = ("streamtype", kind, "port", port, "requestid", request)
        text = struct.pack(">I", 3) + b"".join(struct.pack(">I", len(w)) + w.encode() for w in words)
        block = self._deflate.compress(text) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        body = struct.pack(">IIH", stream, 0, 0) + block
        self.writer.write(struct.pack(">HHI", 0x8003, 1, len(body)) + body)

    def send(self, stream: int, data: bytes, *, end: bool = False) -> None:
        self.writer.write(struct.pack(">II", stream, int(end) << 24 | len(data)) + data)

    async def until_ended(self, *streams: int) -> dict[int, bytes]:
        """The data of the streams once all of them are ended or reset."""
        got, left = dict.fromkeys(streams, b""), set(streams)
        while left:
            head, rest = struct.unpack(">II", await self.reader.readexactly(8))
            body = await self.reader.readexactly(rest & 0xFFFFFF)
            if not head >> 31:
                got[head] += body
                left -= {head} if rest >> 24 else set()
            elif head & 0xFFFF == 3:
                left.discard(int.from_bytes(body[:4], "big"))
        return got


@contextlib.asynccontextmanager
async def _connected(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD % VERSION)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n") and b"X-Stream-Protocol-Version: " in head
    yield Client(reader, writer)
    writer.close()


async def test_bytes_go_both_ways_until_the_pod_is_done(folder: Path) -> None:
    path = folder / "holdfast-a.sock"
    async with _standing(path), _serving(_pod(f"unix:{path}")) as port, _connected(port) as client:
        client.open(1, "error")
        client.open(3, "data")
        client.send(3, b"some ")
        client.send(3, b"words", end=True)
        assert await client.until_ended(1, 3) == {1: b"", 3: b"SOME WORDS"}
        client.open(5, "error", request="1")
        client.open(7, "data", request="1")
        client.send(7, b"x" * 300_000, end=True)
        assert await client.until_ended(5, 7) == {5: b"", 7: b"X" * 300_000}


@pytest.mark.parametrize("place", ["", "unix:/tmp/other.sock", "127.0.0.1:80", "unix:/tmp/holdfast-there-is-none.sock"])
async def test_nobody_behind_a_port_is_told_on_the_stream_for_errors(place: str) -> None:
    async with _serving(_pod(place)) as port, _connected(port) as client:
        client.open(1, "error")
        client.open(3, "data")
        client.send(3, b"x")
        got = await client.until_ended(1, 3)
        assert got[1].startswith(b"error forwarding port 80 to pod: ") and got[3] == b""


async def test_streams_that_mean_nothing_are_reset() -> None:
    async with _serving(_pod("")) as port, _connected(port) as client:
        client.open(1, "data", request="7")
        client.open(3, "error", "70000")
        client.open(5, "error", "http")
        assert await client.until_ended(1, 3, 5) == {1: b"", 3: b"", 5: b""}


async def test_a_client_that_speaks_something_else_is_sent_away() -> None:
    async with _serving(_pod("")) as port, _connected(port) as client:
        client.writer.write(b"\xff" * 100)
        assert await client.reader.read() == b""


async def test_over_websocket_the_same_bytes_are_in_messages(folder: Path) -> None:
    path = folder / "holdfast-b.sock"
    async with _standing(path), _serving(_pod(f"unix:{path}")) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: v4.channel.k8s.io, SPDY/3.1+portforward.k8s.io\r\n\r\n"
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head and b"Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io\r\n" in head
        ping = struct.pack(">HHII", 0x8003, 6, 4, 1)
        writer.write(b"\x82\x8c" + bytes(4) + ping)
        assert await reader.readexactly(14) == b"\x82\x0c" + ping
        writer.close()


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (HEAD % b"X-Stream-Protocol-Version: v9\r\n", b"403"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", b"400"),
    ],
    ids=["no upgrade", "another protocol", "a WebSocket without a key"],
)
async def test_who_does_not_ask_for_the_tunnel_does_not_get_it(request_: bytes, code: bytes) -> None:
    async with _serving(_pod("")) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_)
        assert (await reader.readuntil(b"\r\n\r\n")).split()[1] == code
        writer.close()
