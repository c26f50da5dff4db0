"""gRPC calls over real connections, with a client out of h2."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import h2.connection
import h2.events
import pytest

from holdfast.api import grpc
from holdfast.api.certificate import self_signed
from holdfast.api.grpc import CallError, GrpcConnection
from holdfast.base.errors import Stop


@dataclass
class Answer:
    message: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> tuple[str, str]:
        return self.headers.get("grpc-status", ""), self.headers.get("grpc-message", "")


class Client:
    """Calls one after another, or several at the same time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._http = h2.connection.H2Connection()
        self._http.initiate_connection()

    async def call(self, *calls: tuple[str, Sequence[bytes]]) -> list[Answer]:
        answers = {self._start(path, messages): Answer() for path, messages in calls}
        left = set(answers)
        self._writer.write(self._http.data_to_send())
        while left:
            for event in self._http.receive_data(await self._reader.read(65536)):
                self._take(event, answers, left)
            self._writer.write(self._http.data_to_send())
        return list(answers.values())

    def _start(self, path: str, messages: Sequence[bytes]) -> int:
        stream = self._http.get_next_available_stream_id()
        names = [(":method", "POST"), (":scheme", "https"), (":path", path), (":authority", "x"), ("te", "trailers")]
        self._http.send_headers(stream, names)
        for message in messages:
            self._http.send_data(stream, b"\0" + len(message).to_bytes(4, "big") + message)
        self._http.end_stream(stream)
        return stream

    def _take(self, event: h2.events.Event, answers: dict[int, Answer], left: set[int]) -> None:
        if isinstance(event, h2.events.ResponseReceived | h2.events.TrailersReceived):
            assert event.headers is not None
            answers[event.stream_id].headers |= {n.decode(): v.decode() for n, v in event.headers}
        elif isinstance(event, h2.events.DataReceived):
            answers[event.stream_id].message += event.data
            self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            answers[event.stream_id].message = answers[event.stream_id].message[5:]
            left.discard(event.stream_id)


async def _echo(messages: Sequence[bytes]) -> bytes:
    return b"|".join(messages)


async def _large(messages: Sequence[bytes]) -> bytes:
    return messages[0] * 1_000_000


async def _refused(messages: Sequence[bytes]) -> bytes:
    raise CallError("not ünder this roof\n100 %", code=9)


async def _stopped(messages: Sequence[bytes]) -> bytes:
    raise Stop("cannot be had")


class _Named(Stop):
    code = "FailedPrecondition"


async def _named(messages: Sequence[bytes]) -> bytes:
    raise _Named("broken YAML")


async def _broken(messages: Sequence[bytes]) -> bytes:
    raise RuntimeError("a secret")


METHODS = {
    "/s/Echo": _echo,
    "/s/Large": _large,
    "/s/Refused": _refused,
    "/s/Stopped": _stopped,
    "/s/Broken": _broken,
    "/s/Named": _named,
}


@contextlib.asynccontextmanager
async def _serving(context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await GrpcConnection(METHODS, reader, writer).run()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@contextlib.asynccontextmanager
async def connected(port: int, context: ssl.SSLContext | None = None) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    yield Client(reader, writer)
    writer.close()


async def test_messages_are_answered_by_the_method_of_their_path() -> None:
    async with _serving() as port, connected(port) as client:
        (answer,) = await client.call(("/s/Echo", [b"one", b"", b"three"]))
        assert answer.message == b"one||three" and answer.status == ("0", "")
        assert answer.headers[":status"] == "200" and answer.headers["content-type"] == "application/grpc"


async def test_answers_larger_than_every_window_and_small_ones_go_side_by_side() -> None:
    async with _serving() as port, connected(port) as client:
        large, small = await client.call(("/s/Large", [b"ab"]), ("/s/Echo", [b"x"]))
        assert large.message == b"ab" * 1_000_000 and small.message == b"x"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/s/Refused", ("9", "not %C3%BCnder this roof%0A100 %25")),
        ("/s/Stopped", ("2", "cannot be had")),
        ("/s/Named", ("9", "broken YAML")),
        ("/s/Broken", ("13", "Holdfast met a defect of its own; its log says more")),
        ("/s/Nothing", ("12", "Holdfast does not answer /s/Nothing")),
    ],
)
async def test_what_cannot_be_answered_is_a_status(path: str, status: tuple[str, str]) -> None:
    async with _serving() as port, connected(port) as client:
        (answer,) = await client.call((path, [b""]))
        assert answer.status == status and answer.message == b""


async def test_clients_that_want_encryption_and_know_nobody_get_in() -> None:
    there = await asyncio.to_thread(self_signed, ["h2"])
    here = ssl.create_default_context()
    here.check_hostname, here.verify_mode = False, ssl.CERT_NONE
    here.set_alpn_protocols(["h2"])
    async with _serving(there) as port, connected(port, here) as client:
        (answer,) = await client.call(("/s/Echo", [b"x"]))
        assert answer.message == b"x"


async def test_who_speaks_no_http_2_is_sent_away() -> None:
    async with _serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.read()
        assert reader.at_eof()
        writer.close()


@pytest.mark.parametrize("body", [b"\1\0\0\0\1x", b"\0\0\0\0\5x"], ids=["compressed", "cut off"])
def test_bodies_that_are_no_messages_are_refused(body: bytes) -> None:
    with pytest.raises(CallError):
        grpc.messages(body)
