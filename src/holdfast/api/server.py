"""The controller's HTTP: artifacts, metrics, health, and webhooks that put a key on the queue.

In: functions handed over by ``app``. Binds loopback unless told otherwise. A webhook's content is never acted on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

Artifact = Callable[[str], Path | None]
Hook = Callable[[str, bytes, dict[str, str]], Awaitable[bool]]
Push = Callable[[bytes, dict[str, str]], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Doors:
    """What the server may ask: a stored artifact by path, the metrics' text, whether the controller works, and a hook.

    ``hook`` gets the path behind ``/hook/``, the body and the headers; False means that there is no such receiver, or that
    its token or signature is wrong (which is not told apart). ``push`` gets what a Git host tells at ``/api/webhook`` and
    returns the HTTP status.
    """

    artifact: Artifact
    metrics: Callable[[], str]
    ready: Callable[[], bool]
    hook: Hook | None = None
    push: Push | None = None


class ApiServer:
    """``start`` returns the port; ``stop`` ends connections in order."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        app = web.Application(client_max_size=1024 * 1024)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._healthy)
        app.router.add_get("/readyz", self._ready)
        app.router.add_post("/hook/{name}", self._hook)
        app.router.add_post("/api/webhook", self._push)
        for kind in ("gitrepository", "ocirepository", "helmrepository", "helmchart", "bucket"):
            app.router.add_get(f"/{kind}/{{rest:.+}}", self._artifact)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=2.0)

    async def start(self, host: str, port: int) -> int:
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _artifact(self, request: web.Request) -> web.StreamResponse:
        file = self._doors.artifact(request.path.lstrip("/"))
        if file is None:
            raise web.HTTPNotFound(text="404 page not found\n")
        # Chunked by aiohttp as it is read; the type is the packed file's own, so that no client unpacks it on the way.
        kind = "application/gzip" if file.name.endswith((".gz", ".tgz")) else "text/plain; charset=utf-8"
        return web.FileResponse(file, headers={"Content-Type": kind})

    async def _metrics(self, request: web.Request) -> web.Response:
        del request
        return web.Response(text=self._doors.metrics(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def _healthy(self, request: web.Request) -> web.Response:
        del request
        return web.Response(text="ok")

    async def _ready(self, request: web.Request) -> web.Response:
        del request
        return web.Response(text="ok") if self._doors.ready() else web.Response(status=503, text="not leading yet")

    async def _hook(self, request: web.Request) -> web.Response:
        if self._doors.hook is None:
            raise web.HTTPNotFound(text="404 page not found\n")
        taken = await self._doors.hook(request.match_info["name"], await request.read(), dict(request.headers))
        return web.Response(status=200 if taken else 404)

    async def _push(self, request: web.Request) -> web.Response:
        if self._doors.push is None:
            raise web.HTTPNotFound(text="404 page not found\n")
        return web.Response(status=await self._doors.push(await request.read(), dict(request.headers)))
