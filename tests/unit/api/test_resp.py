"""The window on the controller's answers, judged by Redis' own client."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio
from redis.exceptions import ResponseError

from holdfast.api import resp


class Values:
    """A store over a dictionary; one key is made when it is asked for."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        return b"made" if key == "on demand" else self.kept.get(key)

    def set(self, key: str, value: bytes) -> None:
        self.kept[key] = value

    def delete(self, key: str) -> bool:
        return self.kept.pop(key, None) is not None

    async def changes(self, channel: str) -> AsyncIterator[None]:
        for _ in channel:
            yield


@pytest.fixture
async def port() -> AsyncIterator[int]:
    values = Values()
    server = await asyncio.start_server(lambda r, w: resp.serve(values, r, w), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@contextlib.asynccontextmanager
async def _client(port: int, protocol: int = 3) -> AsyncIterator[Any]:
    factory: Any = redis.asyncio.Redis  # its types differ between versions
    client = factory(port=port, protocol=protocol)
    try:
        yield client
    finally:
        await client.aclose()


@pytest.mark.parametrize("protocol", [2, 3])
async def test_values_are_kept_made_and_taken_away(port: int, protocol: int) -> None:
    async with _client(port, protocol) as client:
        assert await client.ping()
        assert await client.get("a|b.gz") is None and await client.get("on demand") == b"made"
        await client.set("a|b.gz", b"\x1f\x8b\r\n\x00", ex=3600)
        await client.execute_command("SETEX", "c", 60, b"v")
        assert await client.get("a|b.gz") == b"\x1f\x8b\r\n\x00" and await client.get("c") == b"v"
        assert await client.delete("a|b.gz", "c", "d") == 2 and await client.get("c") is None


@pytest.mark.parametrize("protocol", [2, 3])
async def test_who_subscribes_is_told_of_changes_until_it_leaves(port: int, protocol: int) -> None:
    async with _client(port, protocol) as client, asyncio.timeout(60):
        channels = client.pubsub()
        await channels.subscribe("ab", "c")
        told = [await anext(aiter(channels.listen())) for _ in range(5)]
        kinds = sorted((m["type"], m["channel"]) for m in told)
        assert kinds == [("message", b"ab")] * 2 + [("message", b"c"), ("subscribe", b"ab"), ("subscribe", b"c")]
        await channels.unsubscribe("ab")
        left = await anext(aiter(channels.listen()))
        assert left["type"] == "unsubscribe" and left["data"] == 1
        await channels.aclose()


async def test_large_values_go_in_one_piece(port: int) -> None:
    async with _client(port) as client:
        await client.set("k", b"x" * 3_000_000)
        assert await client.get("k") == b"x" * 3_000_000


async def test_commands_that_mean_nothing_here_are_refused_and_the_connection_goes_on(port: int) -> None:
    async with _client(port) as client:
        with pytest.raises(ResponseError, match="unknown command"):
            await client.execute_command("FLUSHALL")
        assert await client.ping()


async def _said(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    writer.write_eof()
    got = await reader.read()
    writer.close()
    return got


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        (b"PING\r\n", b"+PONG\r\n"),
        (b"*2\r\n$5\r\nHELLO\r\n$1\r\n9\r\n", b"-NOPROTO unsupported protocol version\r\n"),
        (b"*1\r\n$4\r\nQUIT\r\n", b"+OK\r\n"),
        (b"*99999\r\n", b"-ERR Protocol error: invalid multibulk length\r\n"),
        (b"*1\r\n$-5\r\n", b"-ERR Protocol error: invalid bulk length\r\n"),
        (b"*1\r\n+PING\r\n", b"-ERR Protocol error: expected '$'\r\n"),
        (b"*2\r\n$3\r\nGET\r\n$10\r\nabc", b""),
    ],
)
async def test_what_comes_raw_is_answered_or_ends_the_connection(port: int, sent: bytes, got: bytes) -> None:
    assert await _said(port, sent) == got


async def test_a_broken_number_ends_the_connection(port: int) -> None:
    assert (await _said(port, b"*one\r\n")).startswith(b"-ERR Protocol error")
