"""``pods/portforward``: connections of a client, carried to whoever stands for the pod.

Nothing runs in a simulated pod. A program beside the sandbox can stand for one: it listens on a Unix socket and names it in the
pod's annotation ``sandbox.holdfast.dev/forward.<port>``. Only sockets whose file name starts with ``holdfast-`` are gone to: who
may write pods shall not reach every socket of this machine through the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import PurePosixPath
from typing import Final

from holdfast.base.errors import HoldfastError, Stop
from holdfast.kube.refs import Manifest
from holdfast.sandbox import spdy, status, websocket
from holdfast.sandbox.duplex import Duplex
from holdfast.sandbox.httpd import Request, Response

log = logging.getLogger(__name__)

ANNOTATION: Final = "sandbox.holdfast.dev/forward."
PREFIX: Final = "holdfast-"
PROTOCOL: Final = "portforward.k8s.io"
TUNNEL: Final = f"SPDY/3.1+{PROTOCOL}"
MAX_STREAMS: Final = 1024
CHUNK: Final = 64 * 1024

Dial = Callable[[int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class NobodyListens(Stop):
    """Nobody stands for this port of the pod."""


def serve(request: Request, pod: Manifest) -> Response:
    """101 and the tunnel, or why not."""
    upgrade = request.header("upgrade").lower()
    if upgrade == "websocket" and request.method == "GET":
        return _websocket(request, pod)
    if upgrade == "spdy/3.1":
        return _spdy(request, pod)
    raise status.bad_request("Upgrade request required")


def _spdy(request: Request, pod: Manifest) -> Response:
    asked = [p.strip() for v in request.values("x-stream-protocol-version") for p in v.split(",")]
    if asked and PROTOCOL not in asked:
        text = f"unable to upgrade: unable to negotiate protocol: client supports {asked}, server accepts [{PROTOCOL}]"
        return Response(403, text.encode(), "text/plain")
    headers = [("Connection", "Upgrade"), ("Upgrade", "SPDY/3.1"), ("X-Stream-Protocol-Version", PROTOCOL)]

    async def take(wire: Duplex) -> None:
        await forward(wire, dialer(pod))

    return Response(101, content_type="", headers=headers, upgrade=take)


def _websocket(request: Request, pod: Manifest) -> Response:
    asked = [p.strip() for v in request.values("sec-websocket-protocol") for p in v.split(",")]
    key = request.header("sec-websocket-key")
    if TUNNEL not in asked or not key:
        raise status.bad_request(f"unable to upgrade: the only protocol over WebSocket is {TUNNEL}")
    headers = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Accept", websocket.accept(key)),
        ("Sec-WebSocket-Protocol", TUNNEL),
    ]

    async def take(wire: Duplex) -> None:
        tunnel = websocket.WebSocket(wire)
        await forward(tunnel, dialer(pod))
        await tunnel.close()

    return Response(101, content_type="", headers=headers, upgrade=take)


def dialer(pod: Manifest) -> Dial:
    """Connects to who stands for a port of the pod."""
    annotations = pod["metadata"].get("annotations") or {}

    async def dial(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        named = str(annotations.get(f"{ANNOTATION}{port}") or "")
        path = named.removeprefix("unix:")
        if not named.startswith("unix:/") or not PurePosixPath(path).name.startswith(PREFIX):
            raise NobodyListens("the sandbox simulates containers: nothing listens there")
        try:
            return await asyncio.open_unix_connection(path)
        except OSError as error:
            raise NobodyListens(f"{path}: {error.strerror or error}") from None

    return dial


async def forward(wire: Duplex, dial: Dial) -> None:
    """Until the client goes away."""
    forwarder = Forwarder(wire, dial)
    try:
        await forwarder.run()
    except (HoldfastError, ConnectionError) as error:
        log.info("port-forward: %s", error)
    finally:
        await forwarder.close()


class _Pair:
    """One forwarded connection: a stream for its bytes and one for what goes wrong."""

    def __init__(self, port: int, errors: int) -> None:
        self.port = port
        self.errors = errors
        self.data = 0
        self.dialled = asyncio.Event()
        self.writer: asyncio.StreamWriter | None = None
        """None after dialling: nobody listens."""
        self.task: asyncio.Task[None] | None = None

    async def take(self, event: spdy.Data) -> None:
        """What the client sent goes on. What comes after the other side is gone is dropped."""
        await self.dialled.wait()
        if self.writer is None:
            return
        with contextlib.suppress(ConnectionError, RuntimeError):  # RuntimeError: written to after its end
            if event.data:
                self.writer.write(event.data)
                await self.writer.drain()
            if event.ended:
                self.writer.write_eof()


class Forwarder:
    def __init__(self, wire: Duplex, dial: Dial) -> None:
        self._wire = wire
        self._dial = dial
        self._session = spdy.Session()
        self._pairs: dict[str, _Pair] = {}
        self._by_data: dict[int, _Pair] = {}

    async def run(self) -> None:
        while data := await self._wire.read():
            for event in self._session.feed(data):
                await self._take(event)
            if self._session.outgoing:
                said = bytes(self._session.outgoing)
                self._session.outgoing.clear()
                await self._wire.write(said)

    async def close(self) -> None:
        tasks = [p.task for p in self._by_data.values() if p.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(self, event: spdy.Event) -> None:
        if isinstance(event, spdy.Opened):
            await self._opened(event)
        elif isinstance(event, spdy.Data):
            pair = self._by_data.get(event.stream)
            if pair is not None:
                await pair.take(event)
        elif isinstance(event, spdy.Reset):
            pair = self._by_data.get(event.stream)
            if pair is not None and pair.task is not None:
                pair.task.cancel()

    async def _opened(self, event: spdy.Opened) -> None:
        kind, port = event.headers.get("streamtype"), event.headers.get("port", "")
        request = event.headers.get("requestid", "")
        full = len(self._pairs) >= MAX_STREAMS
        if not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65536 or full:
            await self._wire.write(self._session.reset(event.stream))
            return
        if kind == "error" and request not in self._pairs:
            self._pairs[request] = _Pair(int(port), event.stream)
            await self._wire.write(self._session.reply(event.stream))
            return
        pair = self._pairs.get(request)
        if kind != "data" or pair is None or pair.data:
            await self._wire.write(self._session.reset(event.stream))
            return
        pair.data = event.stream
        self._by_data[event.stream] = pair
        await self._wire.write(self._session.reply(event.stream))
        pair.task = asyncio.create_task(self._carry(request, pair))

    async def _carry(self, request: str, pair: _Pair) -> None:
        """One connection from its dialling to its end."""
        problem = b""
        try:
            reader, pair.writer = await self._dial(pair.port)
            pair.dialled.set()
            await self._back(reader, pair)
        except NobodyListens as error:
            problem = f"error forwarding port {pair.port} to pod: {error.message}".encode()
        finally:
            pair.dialled.set()
            self._pairs.pop(request, None)
            self._by_data.pop(pair.data, None)
            if pair.writer is not None:
                pair.writer.close()
        ends = self._session.data(pair.errors, problem, end=True) + self._session.data(pair.data, b"", end=True)
        with contextlib.suppress(ConnectionError):
            await self._wire.write(ends)

    async def _back(self, reader: asyncio.StreamReader, pair: _Pair) -> None:
        try:
            while data := await reader.read(CHUNK):
                await self._wire.write(self._session.data(pair.data, data))
        except ConnectionError as error:
            log.debug("port %d: %s", pair.port, error)
