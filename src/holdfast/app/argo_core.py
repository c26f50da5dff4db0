"""The door for ``argocd --core``: that command looks for two pods of Argo CD's, its cache (Redis) and its repository server, and
forwards ports to them. Here both are one pod: Holdfast's own in a cluster, or one that stands for this process in a sandbox.

Listens where only the forwarding reaches: on the pod's loopback, or on Unix sockets in a folder of this user's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from holdfast.api.listener import EncryptedListener, Serve
from holdfast.api.resp import serve as serve_resp
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import ApiError
from holdfast.dialects.argo import core_pod
from holdfast.dialects.argo.defaults import NAMESPACE
from holdfast.kube.refs import Manifest, ObjectRef

if TYPE_CHECKING:
    from holdfast.app.argo import Argo
    from holdfast.app.argo_answers import Answers

log = logging.getLogger(__name__)

CACHE_PORT: Final = core_pod.CACHE_PORT
REPOSITORY_PORT: Final = core_pod.REPOSITORY_PORT
SANDBOX_PATH: Final = "/holdfast/snapshot"
"""What a sandbox serves and no other API server."""
Ask = Callable[[], Awaitable["Answers"]]


@contextlib.asynccontextmanager
async def core_door(mode: str, client: Client, argo: Callable[[], Awaitable[Argo]]) -> AsyncIterator[None]:
    """``mode`` is ``auto`` (in sandboxes), ``pod`` (on the ports that Argo CD's programs have, on loopback) or ``off``.
    ``argo`` is asked for with the first call."""

    async def ask() -> Answers:
        return (await argo()).answers

    opening = asyncio.create_task(_open(mode, client, ask), name="argocd core")
    try:
        yield
    finally:
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)


async def _open(mode: str, client: Client, ask: Ask) -> None:
    """Until it is cancelled."""
    if mode == "off" or (mode == "auto" and not await _is_sandbox(client)):
        return
    async with contextlib.AsyncExitStack() as stack:
        try:
            if mode == "pod":
                await _listen_in_pod(stack, ask)
            else:
                await _stand_in(stack, client, ask, NAMESPACE)
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


async def _listen_in_pod(stack: contextlib.AsyncExitStack, ask: Ask) -> None:
    cache = await asyncio.start_server(_resp(ask), "127.0.0.1", CACHE_PORT)
    stack.push_async_callback(_stop, cache)
    _repository(stack, ask, socket.create_server(("127.0.0.1", REPOSITORY_PORT)))


def _repository(stack: contextlib.AsyncExitStack, ask: Ask, bound: socket.socket) -> None:
    listener = EncryptedListener(_grpc(ask), ["h2"])
    listener.start(bound)
    stack.push_async_callback(listener.stop)


async def _stand_in(stack: contextlib.AsyncExitStack, client: Client, ask: Ask, home: str) -> None:
    # Not the usual folder for temporary files: the path of a Unix socket has little room.
    folder = Path(tempfile.mkdtemp(prefix="holdfast-", dir="/tmp"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    cache, repository = folder / "holdfast-cache.sock", folder / "holdfast-repository.sock"
    stack.push_async_callback(_stop, await asyncio.start_unix_server(_resp(ask), cache))
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(repository))
    _repository(stack, ask, bound)
    objects = core_pod.objects({CACHE_PORT: str(cache), REPOSITORY_PORT: str(repository)}, home)
    for obj in objects:
        await client.apply(obj, manager="holdfast", force=True)
    pod = core_pod.ref(home)
    await client.patch(pod, core_pod.RUNNING, PatchType.MERGE, version="v1", subresource="status", manager="holdfast")
    stack.push_async_callback(_withdraw, client, objects[-1])


async def _withdraw(client: Client, ours: Manifest) -> None:
    """Nobody stands for the pod any more, unless another process does by now."""
    ref, notes = ObjectRef.of(ours), ours["metadata"]["annotations"]
    with contextlib.suppress(ApiError, TimeoutError):
        async with asyncio.timeout(3.0):
            there = await client.get(ref, version="v1")
            if notes.items() <= (there["metadata"].get("annotations") or {}).items():
                await client.delete(ref, version="v1", uid=there["metadata"]["uid"], grace_seconds=0)


async def _stop(server: asyncio.Server) -> None:
    server.close()


def _resp(ask: Ask) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve_resp((await ask()).store, reader, writer)

    return serve


def _grpc(ask: Ask) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from holdfast.api.grpc import GrpcConnection  # imported when somebody asks: most never do

        await GrpcConnection((await ask()).methods, reader, writer).run()

    return serve
