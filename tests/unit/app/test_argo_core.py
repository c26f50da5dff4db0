"""The door for argocd --core in a sandbox: a pod stands for this process, and its ports lead here."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from holdfast.app.argo_answers import CoreStore
from holdfast.app.controller import Settings, work
from holdfast.cluster.client import Client
from holdfast.cluster.config import ClusterConfig
from holdfast.cluster.errors import NotFound
from holdfast.dialects.argo import core_pod
from holdfast.dialects.argo.views import Question
from holdfast.kube.refs import Manifest, ObjectRef


async def _pod(client: Client) -> Manifest:
    try:
        return await client.get(core_pod.ref("argocd"), version="v1")
    except NotFound:
        return {}


async def _until(client: Client, there: bool) -> Manifest:
    async with asyncio.timeout(100):
        while True:
            found = await _pod(client)
            ready = any(c["type"] == "Ready" for c in (found.get("status") or {}).get("conditions") or ())
            if ready is there and bool(found) is there:
                return found
            await asyncio.sleep(0.05)


def _socket(pod: Manifest, port: int) -> str:
    return str(pod["metadata"]["annotations"][f"{core_pod.FORWARD}{port}"]).removeprefix("unix:")


async def test_a_pod_stands_for_the_controller_as_long_as_it_works(
    api_server: ClusterConfig, client: Client, tmp_path: Path
) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(work(Settings(config=api_server, state=tmp_path, local_sources=True), stop))
    try:
        pod = await _until(client, there=True)
        assert pod["metadata"]["labels"]["app.kubernetes.io/name"] == "argocd-redis"
        service = await client.get(ObjectRef("", "Service", "argocd", core_pod.NAME))
        assert service["metadata"]["labels"]["app.kubernetes.io/name"] == "argocd-redis"
        path = _socket(pod, core_pod.CACHE_PORT)
        assert os.stat(Path(path).parent).st_mode & 0o077 == 0
        factory: Any = redis.asyncio.Redis  # its types differ between versions
        cache = factory(unix_socket_path=path)
        assert await cache.ping() and await cache.get("app|managed-resources|none|1.8.3.gz") is None
        await cache.aclose()
        encrypted = ssl.create_default_context()
        encrypted.check_hostname, encrypted.verify_mode = False, ssl.CERT_NONE
        encrypted.set_alpn_protocols(["h2"])
        _, writer = await asyncio.open_unix_connection(
            _socket(pod, core_pod.REPOSITORY_PORT), ssl=encrypted, server_hostname="localhost"
        )
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
        writer.close()
    finally:
        stop.set()
        await running
    await _until(client, there=False)
    assert not await asyncio.to_thread(os.path.exists, path)


async def _never(instance: str) -> AsyncIterator[None]:
    for _ in ():
        yield


async def _nothing(question: Question) -> None:
    del question


@pytest.mark.parametrize("key", ["repo|https://x|p|connection-state|1.8.3.gz", "other"])
async def test_what_the_command_keeps_for_itself_is_kept_for_a_while(key: str) -> None:
    store = CoreStore(_nothing, _never)
    store.set(key, b"v")
    store.set("app|resources-tree|a|1.8.3.gz", b"not ours to be told")
    assert await store.get(key) == b"v" and await store.get("app|resources-tree|a|1.8.3.gz") is None
    for i in range(1000):
        store.set(str(i), b"")
    assert await store.get(key) is None and store.delete("999") and not store.delete("999")
