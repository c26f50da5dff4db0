"""The door for ``argocd --core``: that command looks for two pods of Argo CD's, its cache (Redis) and its repository server, and
forwards ports to them. Here both are one pod: Holdfast's own in a cluster, or one that stands for this process in a sandbox.

Listens where only the forwarding reaches: on the pod's loopback, or on Unix sockets in a folder of this user's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from holdfast.api.certificate import self_signed
from holdfast.api.resp import serve as serve_resp
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import ApiError
from holdfast.controller.app_repository import AppRepository, Method
from holdfast.controller.app_views import AppViews
from holdfast.controller.applications import Applications
from holdfast.dialects.argo import core_pod
from holdfast.dialects.argo.views import asked, cached

log = logging.getLogger(__name__)

CACHE_PORT: Final = core_pod.CACHE_PORT
REPOSITORY_PORT: Final = core_pod.REPOSITORY_PORT
SANDBOX_PATH: Final = "/holdfast/snapshot"
"""What a sandbox serves and no other API server."""
KEPT: Final = 256
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class CoreStore:
    """What the command's cache holds: the controller's answers, and the few values that the command keeps there itself."""

    def __init__(self, views: AppViews) -> None:
        self._views = views
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    async def get(self, key: str) -> bytes | None:
        question = asked(key)
        if question is None:
            return self._kept.get(key)
        value = await self._views.answer(question)
        return None if value is None else cached(value, packed=question.packed)

    def set(self, key: str, value: bytes) -> None:
        if asked(key) is None:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)

    def delete(self, key: str) -> bool:
        return self._kept.pop(key, None) is not None


@contextlib.asynccontextmanager
async def core_door(mode: str, client: Client, apps: Applications) -> AsyncIterator[None]:
    """``mode`` is ``auto`` (in sandboxes), ``pod`` (on the ports that Argo CD's programs have, on loopback) or ``off``."""
    opening = asyncio.create_task(_open(mode, client, apps), name="argocd core")
    try:
        yield
    finally:
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)


async def _open(mode: str, client: Client, apps: Applications) -> None:
    """Until it is cancelled."""
    if mode == "off" or (mode == "auto" and not await _is_sandbox(client)):
        return
    store, methods = CoreStore(AppViews(apps)), AppRepository(apps, apps.source).methods()
    async with contextlib.AsyncExitStack() as stack:
        try:
            if mode == "pod":
                await _listen_in_pod(stack, store, methods)
            else:
                await _stand_in(stack, client, store, methods, apps.world.home)
        except (ApiError, OSError) as error:
            log.warning("argocd --core finds nothing here: %s", error)
            return
        await asyncio.Event().wait()


async def _is_sandbox(client: Client) -> bool:
    try:
        return SANDBOX_PATH in ((await client.raw("/")).get("paths") or ())
    except ApiError as error:
        log.debug("the paths of the API server: %s", error)
        return False


async def _listen_in_pod(stack: contextlib.AsyncExitStack, store: CoreStore, methods: Mapping[str, Method]) -> None:
    context = await asyncio.to_thread(self_signed, ["h2"])
    cache = await asyncio.start_server(_resp(store), "127.0.0.1", CACHE_PORT)
    stack.push_async_callback(_stop, cache)
    stack.push_async_callback(
        _stop, await asyncio.start_server(_grpc(methods), "127.0.0.1", REPOSITORY_PORT, ssl=context)
    )


async def _stand_in(
    stack: contextlib.AsyncExitStack, client: Client, store: CoreStore, methods: Mapping[str, Method], home: str
) -> None:
    # Not the usual folder for temporary files: the path of a Unix socket has little room.
    folder = Path(tempfile.mkdtemp(prefix="holdfast-", dir="/tmp"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    cache, repository = folder / "holdfast-cache.sock", folder / "holdfast-repository.sock"
    context = await asyncio.to_thread(self_signed, ["h2"])
    stack.push_async_callback(_stop, await asyncio.start_unix_server(_resp(store), cache))
    stack.push_async_callback(_stop, await asyncio.start_unix_server(_grpc(methods), repository, ssl=context))
    objects = core_pod.objects({CACHE_PORT: str(cache), REPOSITORY_PORT: str(repository)}, home)
    for obj in objects:
        await client.apply(obj, manager="holdfast", force=True)
    pod = core_pod.ref(home)
    await client.patch(pod, core_pod.RUNNING, PatchType.MERGE, version="v1", subresource="status", manager="holdfast")
    stack.push_async_callback(_withdraw, client, home)


async def _withdraw(client: Client, home: str) -> None:
    """Nobody stands for the pod any more."""
    with contextlib.suppress(ApiError, TimeoutError):
        await asyncio.wait_for(client.delete(core_pod.ref(home), version="v1", grace_seconds=0), 3.0)


async def _stop(server: asyncio.Server) -> None:
    server.close()


def _resp(store: CoreStore) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve_resp(store, reader, writer)

    return serve


def _grpc(methods: Mapping[str, Method]) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from holdfast.api.grpc import GrpcConnection  # imported when somebody asks: most never do

        await GrpcConnection(methods, reader, writer).run()

    return serve
