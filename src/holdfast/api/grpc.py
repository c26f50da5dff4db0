"""gRPC's server side over HTTP/2 (the protocol itself is python-hyper's h2): messages in, one message or a status out.

In: a handler per method. Calls may stream messages in; every answer is one message. Bodies are bounded. Never knows what the
messages mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from holdfast.base.errors import HoldfastError, Stop

log = logging.getLogger(__name__)

Method = Callable[[Sequence[bytes]], Awaitable[bytes]]

UNKNOWN, INVALID, EXHAUSTED, UNIMPLEMENTED, INTERNAL = 2, 3, 8, 12, 13
CODES: Final = {"InvalidArgument": INVALID, "NotFound": 5, "FailedPrecondition": 9, "Unimplemented": UNIMPLEMENTED}
"""For errors that name their class of failure, as those of rendering do."""
MAX_BODY: Final = 64 * 1024 * 1024
CHUNK: Final = 64 * 1024


class CallError(Stop):
    """The call's answer is a status."""

    def __init__(self, message: str, *, code: int = UNKNOWN) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class _Call:
    path: str
    body: bytearray = field(default_factory=bytearray)
    refused: bool = False
    task: asyncio.Task[None] | None = None


class GrpcConnection:
    """One connection; ``run`` until its end."""

    def __init__(
        self, methods: Mapping[str, Method], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._methods = methods
        self._reader = reader
        self._writer = writer
        config = h2.config.H2Configuration(client_side=False)
        self._http = h2.connection.H2Connection(config)
        self._calls: dict[int, _Call] = {}
        self._window = asyncio.Event()

    async def run(self) -> None:
        try:
            self._http.initiate_connection()
            await self._flush()
            while data := await self._reader.read(CHUNK):
                for event in self._http.receive_data(data):
                    self._take(event)
                await self._flush()
        except (h2.exceptions.ProtocolError, ConnectionError) as error:
            log.debug("a client left: %s", error)
            with contextlib.suppress(ConnectionError):
                await self._flush()
        finally:
            await self._close()

    async def _close(self) -> None:
        tasks = [c.task for c in self._calls.values() if c.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._writer.close()

    async def _flush(self) -> None:
        data = self._http.data_to_send()
        if data:
            self._writer.write(data)
            await self._writer.drain()

    # --- what came

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            path = next((v.decode("latin-1") for n, v in event.headers if n == b":path"), "")
            self._calls[event.stream_id] = _Call(path)
        elif isinstance(event, h2.events.DataReceived):
            self._data(event)
        elif isinstance(event, h2.events.StreamEnded):
            call = self._calls.get(event.stream_id)
            if call is not None and not call.refused:
                call.task = asyncio.create_task(self._answer(event.stream_id, call))
        elif isinstance(event, h2.events.StreamReset):
            call = self._calls.pop(event.stream_id, None)
            if call is not None and call.task is not None:
                call.task.cancel()
            self._window.set()
        elif isinstance(event, h2.events.WindowUpdated | h2.events.RemoteSettingsChanged):
            self._window.set()

    def _data(self, event: h2.events.DataReceived) -> None:
        self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        call = self._calls.get(event.stream_id)
        if call is None or call.refused:
            return
        call.body += event.data
        if len(call.body) > MAX_BODY:
            call.refused = True
            call.body.clear()
            self._end(event.stream_id, EXHAUSTED, f"a request is larger than {MAX_BODY} bytes", started=False)

    # --- what is answered

    async def _answer(self, stream: int, call: _Call) -> None:
        message, code, text = b"", 0, ""
        try:
            message = await self._called(call)
        except CallError as error:
            code, text = error.code, error.message
        except HoldfastError as error:
            code, text = CODES.get(str(getattr(error, "code", "")), UNKNOWN), error.message
        except Exception:
            log.exception("%s", call.path)
            code, text = INTERNAL, "Holdfast met a defect of its own; its log says more"
        with contextlib.suppress(h2.exceptions.ProtocolError, ConnectionError):
            if not code:
                await self._send(stream, message)
            self._end(stream, code, text, started=not code)
            await self._flush()
        self._calls.pop(stream, None)

    async def _called(self, call: _Call) -> bytes:
        method = self._methods.get(call.path)
        if method is None:
            raise CallError(f"Holdfast does not answer {call.path}", code=UNIMPLEMENTED)
        return await method(messages(bytes(call.body)))

    async def _send(self, stream: int, message: bytes) -> None:
        self._http.send_headers(stream, [(":status", "200"), ("content-type", "application/grpc")])
        left = memoryview(b"\0" + len(message).to_bytes(4, "big") + message)
        while left:
            room = min(self._http.local_flow_control_window(stream), self._http.max_outbound_frame_size)
            if room <= 0:
                self._window.clear()
                await self._flush()
                await self._window.wait()
                continue
            self._http.send_data(stream, bytes(left[:room]))
            left = left[room:]
            await self._flush()

    def _end(self, stream: int, code: int, text: str, *, started: bool) -> None:
        trailers = [("grpc-status", str(code))]
        if text:
            trailers.append(("grpc-message", quote(text, safe=" !#$&'()*+,-./:;<=>?@[]^_`{|}~\"")))
        head = [] if started else [(":status", "200"), ("content-type", "application/grpc")]
        self._http.send_headers(stream, head + trailers, end_stream=True)


def messages(body: bytes) -> list[bytes]:
    """The messages of a call, each with its length before it. Raises CallError."""
    found, place = [], 0
    while place < len(body):
        size = int.from_bytes(body[place + 1 : place + 5], "big")
        if body[place]:
            raise CallError("compressed messages are not understood", code=UNIMPLEMENTED)
        if place + 5 + size > len(body):
            raise CallError("a message is cut off", code=INTERNAL)
        found.append(body[place + 5 : place + 5 + size])
        place += 5 + size
    return found
