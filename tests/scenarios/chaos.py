"""A bad line between the controller and its API server: plain HTTP in front, the sandbox's TLS behind.

Watches can be cut, told that their version is gone, or have each of their events doubled and delayed; requests can be refused
for a while, before or after the server has acted on them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import orjson
from aiohttp import web
from yarl import URL

from holdfast.cluster.config import ClusterConfig

_HOP = {
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "accept-encoding",
    "content-encoding",
    "keep-alive",
}
_GONE = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410, "message": "gone"}
_BUSY = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "ServiceUnavailable", "code": 503}


class Line:
    """``doubled`` and ``delay`` (seconds) are for events of watches; ``lost`` is how many answers to writes are lost still."""

    def __init__(self, config: ClusterConfig) -> None:
        self._config = config
        self.doubled = False
        self.delay = 0.0
        self.refusing = False
        self.gone = 0
        self.lost = 0
        self._watches: set[asyncio.Task[None]] = set()

    def cut(self) -> int:
        """Ends all watches at once; returns how many there were."""
        for task in self._watches:
            task.cancel()
        return len(self._watches)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.refusing:
            return web.json_response(_BUSY, status=503)
        if request.query.get("watch"):
            return await self._watch(request)
        body = await request.read()
        async with self._session.request(
            request.method, self._url(request), data=body, headers=_headers(request)
        ) as answer:
            data = await answer.read()
            if request.method in ("PATCH", "POST", "DELETE") and self.lost > 0:
                # The server has done it; nobody is told so.
                self.lost -= 1
                return web.json_response(_BUSY, status=503)
            return web.Response(body=data, status=answer.status, content_type=answer.content_type)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        if self.gone > 0 and request.query.get("resourceVersion"):
            self.gone -= 1
            return web.json_response(_GONE, status=410)
        response = web.StreamResponse()
        response.content_type = "application/json"
        await response.prepare(request)
        task = asyncio.create_task(self._pump(request, response))
        self._watches.add(task)
        task.add_done_callback(self._watches.discard)
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return response

    async def _pump(self, request: web.Request, response: web.StreamResponse) -> None:
        async with self._session.get(self._url(request), headers=_headers(request)) as answer:
            async for line in answer.content:
                if self.delay:
                    await asyncio.sleep(self.delay)
                await response.write(line * 2 if self.doubled and b'"BOOKMARK"' not in line else line)

    def _url(self, request: web.Request) -> URL:
        return URL(self._config.server + request.raw_path, encoded=True)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[ClusterConfig]:
        """Yields how to reach the API server through this line."""
        context = self._config.ssl_context(self._config.client_cert, self._config.client_key)
        connector = aiohttp.TCPConnector(ssl=context if context is not None else True, limit=0)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            json_serialize=lambda o: orjson.dumps(o).decode(),
            read_bufsize=1 << 22,
        ) as session:
            self._session = session
            app = web.Application(client_max_size=1 << 24)
            app.router.add_route("*", "/{rest:.*}", self.handle)
            runner = web.AppRunner(app, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            try:
                yield replace(self._config, server=f"http://127.0.0.1:{port}", ca=b"", client_cert=b"", client_key=b"")
            finally:
                self.cut()
                await runner.cleanup()


def _headers(request: web.Request) -> dict[str, str]:
    return {k: v for k, v in request.headers.items() if k.lower() not in _HOP}
