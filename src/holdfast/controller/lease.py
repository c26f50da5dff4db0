"""One leader among several replicas, by a Lease of coordination.k8s.io.

In: a name and an identity. Out: the moment we lead, and the moment we no longer do. A replica that died on this very
machine is recognised by its process id and followed at once; any other is waited for until its lease is over.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from datetime import UTC, datetime

from holdfast.base.clock import Clock
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import AlreadyExists, ApiError, Conflict, NotFound
from holdfast.kube.refs import Manifest, ObjectRef

log = logging.getLogger(__name__)

LEASE_SECONDS = 35
RENEW_SECONDS = 10.0
RETRY_SECONDS = 5.0


def identity() -> str:
    """This process: host and process id."""
    return f"{socket.gethostname()}_{os.getpid()}"


class Lease:
    def __init__(self, client: Client, clock: Clock, *, name: str, namespace: str, who: str) -> None:
        self._client = client
        self._clock = clock
        self._ref = ObjectRef("coordination.k8s.io", "Lease", namespace, name)
        self._who = who
        self._seen: tuple[str, str, float] | None = None
        self._version = ""

    async def acquire(self) -> None:
        """Returns once we lead."""
        told = False
        while not await self._try():
            if not told:
                log.info("waiting for the lease %s, held by %s", self._ref, self._seen[0] if self._seen else "another")
                told = True
            await self._clock.sleep(RETRY_SECONDS)

    async def attempt(self) -> bool:
        """Leads if nobody else does, without waiting."""
        return await self._try()

    async def hold(self) -> None:
        """Renews until cancelled; returns when the lease is lost."""
        renewed = self._clock.monotonic()
        while True:
            await self._clock.sleep(RENEW_SECONDS)
            try:
                if not await self._renew():
                    log.error("the lease %s is lost to another", self._ref)
                    return
                renewed = self._clock.monotonic()
            except ApiError as error:
                log.warning("the lease %s could not be renewed: %s", self._ref, error)
                if self._clock.monotonic() - renewed > LEASE_SECONDS - RENEW_SECONDS:
                    return

    async def release(self) -> None:
        """Lets the next one lead at once."""
        given_up = {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": self._now()}
        try:
            # A renewal that was on its way when we were told to end may have been the last writer: look again, once.
            if not await self._write(given_up) and await self._is_ours():
                await self._write(given_up)
        except ApiError as error:
            log.debug("the lease could not be released: %s", error)

    async def _is_ours(self) -> bool:
        lease = await self._client.get(self._ref)
        self._remember(lease)
        return (lease.get("spec") or {}).get("holderIdentity") == self._who

    async def _try(self) -> bool:
        try:
            lease = await self._client.get(self._ref)
        except NotFound:
            return await self._create()
        if not self._free(lease):
            return False
        return await self._take(lease)

    async def _create(self) -> bool:
        spec = {
            "holderIdentity": self._who,
            "leaseDurationSeconds": LEASE_SECONDS,
            "acquireTime": self._now(),
            "renewTime": self._now(),
            "leaseTransitions": 0,
        }
        meta = {"name": self._ref.name, "namespace": self._ref.namespace}
        body: Manifest = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}
        try:
            self._remember(await self._client.create(body))
        except AlreadyExists:
            return False
        return True

    async def _take(self, lease: Manifest) -> bool:
        spec = lease.get("spec") or {}
        changes = {
            "holderIdentity": self._who,
            "leaseDurationSeconds": LEASE_SECONDS,
            "acquireTime": self._now(),
            "renewTime": self._now(),
            "leaseTransitions": int(spec.get("leaseTransitions") or 0) + 1,
        }
        self._remember(lease)
        return await self._write(changes)

    async def _renew(self) -> bool:
        return await self._write({"renewTime": self._now()}) or await self._is_ours()

    async def _write(self, spec: Manifest) -> bool:
        body = {"metadata": {"resourceVersion": self._version}, "spec": spec}
        try:
            self._remember(await self._client.patch(self._ref, body, PatchType.MERGE))
        except (Conflict, NotFound):
            return False
        return True

    def _free(self, lease: Manifest) -> bool:
        spec = lease.get("spec") or {}
        holder = str(spec.get("holderIdentity") or "")
        if not holder or holder == self._who or is_dead_neighbour(holder):
            return True
        # Clocks differ between machines: what counts is how long we have seen no renewal, as client-go does.
        mark = (holder, str(spec.get("renewTime")))
        if self._seen is None or self._seen[:2] != mark:
            self._seen = (*mark, self._clock.monotonic())
            return False
        return self._clock.monotonic() - self._seen[2] > float(spec.get("leaseDurationSeconds") or LEASE_SECONDS)

    def _remember(self, lease: Manifest) -> None:
        self._version = str((lease.get("metadata") or {}).get("resourceVersion") or "")

    def _now(self) -> str:
        return datetime.fromtimestamp(self._clock.time(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def is_dead_neighbour(holder: str) -> bool:
    """Whether the holder was a process of this machine that is no more."""
    host, _, pid = holder.rpartition("_")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return int(pid) == os.getpid()


async def lead(lease: Lease, stop: asyncio.Event) -> asyncio.Task[None]:
    """Acquires, then keeps the lease in the background; ``stop`` is set when it is lost. Cancel the task to end it."""
    await lease.acquire()

    async def keep() -> None:
        await lease.hold()
        stop.set()

    return asyncio.create_task(keep(), name="lease")
