"""The HTTP server, spoken to in raw bytes over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from holdfast.sandbox import httpd
from holdfast.sandbox.httpd import Request, Response, Server


async def _echo(request: Request) -> Response:
    if request.path == "/stream":
        return Response(200, stream=_chunks())
    size = "oversized" if request.oversized else str(len(request.body))
    text = f"{request.method} {request.path}?{request.query} {size} {request.header('x-a')}"
    return Response(413 if request.oversized else 200, text.encode(), "text/plain")


async def _chunks() -> AsyncIterator[bytes]:
    yield b"one"
    yield b"two"


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = Server(_echo)
    yield await server.start("127.0.0.1", 0, None)
    await server.stop()


async def _talk(port: int, *parts: bytes, answers: int = 1) -> bytes:
    """Send the parts one by one, read until so many answers (by their ends) or the close."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    got = b""
    while got.count(b"HTTP/1.1 ") < answers or not got.split(b"HTTP/1.1 ")[-1].partition(b"\r\n\r\n")[2]:
        data = await reader.read(65536)
        if not data:
            break
        got += data
    writer.close()
    return got


async def test_a_request_in_pieces_is_one_request(port: int) -> None:
    got = await _talk(
        port, b"POST /a?b=c HTT", b"P/1.1\r\nHost: x\r\nX-A: 1\r\nx-a: 2\r\nContent-Le", b"ngth: 3\r\n\r\na", b"bc"
    )
    assert got.startswith(b"HTTP/1.1 200 OK\r\n") and got.endswith(b"POST /a?b=c 3 1, 2")


async def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    one = b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"
    got = await _talk(port, b"".join(one % i for i in range(5)), answers=5)
    assert [got.index(b"GET /%d?" % i) for i in range(5)] == sorted(got.index(b"GET /%d?" % i) for i in range(5))


async def test_chunked_bodies_are_put_together(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    got = await _talk(port, head, b"3\r\nabc\r\n4\r\ndefg\r\n", b"0\r\n\r\n")
    assert got.endswith(b"POST /? 7 ")


async def test_streams_are_sent_in_chunks(port: int) -> None:
    got = await _talk(port, b"GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", answers=2)
    assert got.endswith(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


async def test_an_oversized_body_is_answered_and_the_connection_closed(port: int) -> None:
    size = httpd.MAX_BODY + 1000
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
    got = await _talk(port, head, b"x" * size, answers=2)
    assert got.startswith(b"HTTP/1.1 413 ") and b"Connection: close" in got and got.endswith(b"oversized ")


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * (httpd.MAX_HEAD + 1) + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["tls", "no-target", "bad-length", "huge-head", "bad-chunk"],
)
async def test_what_is_not_http_is_refused_and_harms_nobody(port: int, data: bytes) -> None:
    got = await _talk(port, data, answers=2)
    assert got.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert (await _talk(port, b"GET /well HTTP/1.1\r\nHost: x\r\n\r\n")).endswith(b"GET /well? 0 ")


async def test_expect_continue_is_granted(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    got = await _talk(port, head, b"ok", answers=2)
    assert got.startswith(b"HTTP/1.1 100 Continue\r\n\r\n") and got.endswith(b"POST /? 2 ")


async def test_an_upgrade_that_nobody_offers_is_an_ordinary_request(port: int) -> None:
    head = b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
    got = await _talk(port, head)
    assert got.startswith(b"HTTP/1.1 200 OK\r\n") and b"Connection: close\r\n" in got and got.endswith(b"GET /x? 0 ")
