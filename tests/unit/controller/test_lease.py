"""One leader among several, in virtual time against a real API server."""

from __future__ import annotations

import asyncio
import os
import socket

from holdfast.base.clock import VirtualClock, settle
from holdfast.cluster.client import Client, PatchType
from holdfast.controller.lease import Lease, identity
from holdfast.kube.refs import Manifest, ObjectRef


def lease(client: Client, namespace: str, who: str, clock: VirtualClock | None = None) -> Lease:
    return Lease(client, clock or VirtualClock(), name="holdfast", namespace=namespace, who=who)


async def stored(client: Client, namespace: str) -> Manifest:
    found: Manifest = (await client.get(ObjectRef("coordination.k8s.io", "Lease", namespace, "holdfast")))["spec"]
    return found


async def advance(clock: VirtualClock, seconds: int, task: asyncio.Task[None]) -> None:
    """Moves time on, with room for real requests between the steps."""
    for _ in range(seconds):
        if task.done():
            return
        await clock.advance(1)
        await asyncio.wait({task}, timeout=0.02)


async def finish(clock: VirtualClock, task: asyncio.Task[None]) -> None:
    """Moves time on until the task is done, however slow the machine: each request gets the time that it needs."""
    async with asyncio.timeout(60):
        while not task.done():
            await advance(clock, 1, task)


async def test_the_first_one_leads_and_a_second_one_waits_until_it_is_released(client: Client, namespace: str) -> None:
    first, clock = lease(client, namespace, "elsewhere_1"), VirtualClock()
    await first.acquire()
    second = asyncio.create_task(lease(client, namespace, "elsewhere_2", clock).acquire())
    await advance(clock, 12, second)
    assert not second.done()
    await first.release()
    await finish(clock, second)
    spec = await stored(client, namespace)
    assert (spec["holderIdentity"], spec["leaseTransitions"]) == ("elsewhere_2", 1)


async def test_a_leader_that_is_not_heard_of_any_more_is_followed_after_its_lease(
    client: Client, namespace: str
) -> None:
    await lease(client, namespace, "elsewhere_1").acquire()
    clock = VirtualClock()
    second = asyncio.create_task(lease(client, namespace, "elsewhere_2", clock).acquire())
    await advance(clock, 34, second)
    assert not second.done()
    await finish(clock, second)


async def test_a_leader_that_died_on_this_machine_is_followed_at_once(client: Client, namespace: str) -> None:
    child = await asyncio.create_subprocess_exec("true")
    await child.wait()
    await lease(client, namespace, f"{socket.gethostname()}_{child.pid}").acquire()
    async with asyncio.timeout(60):
        await lease(client, namespace, "elsewhere_2").acquire()
    assert (await stored(client, namespace))["holderIdentity"] == "elsewhere_2"


async def test_a_leader_that_lives_on_this_machine_is_not_followed(client: Client, namespace: str) -> None:
    await lease(client, namespace, f"{socket.gethostname()}_{os.getppid()}").acquire()
    clock = VirtualClock()
    second = asyncio.create_task(lease(client, namespace, "elsewhere_2", clock).acquire())
    await advance(clock, 20, second)
    assert not second.done()
    second.cancel()
    await settle()


async def test_a_lease_taken_by_another_ends_the_holding(client: Client, namespace: str) -> None:
    clock = VirtualClock()
    first = lease(client, namespace, "elsewhere_1", clock)
    await first.acquire()
    holding = asyncio.create_task(first.hold())
    await advance(clock, 25, holding)
    assert not holding.done()
    ref = ObjectRef("coordination.k8s.io", "Lease", namespace, "holdfast")
    await client.patch(ref, {"spec": {"holderIdentity": "elsewhere_2"}}, PatchType.MERGE)
    await finish(clock, holding)


async def test_a_lease_that_was_renewed_meanwhile_is_released_all_the_same(client: Client, namespace: str) -> None:
    first = lease(client, namespace, "elsewhere_1")
    await first.acquire()
    ref = ObjectRef("coordination.k8s.io", "Lease", namespace, "holdfast")
    await client.patch(ref, {"spec": {"renewTime": "2026-01-01T00:00:00.000000Z"}}, PatchType.MERGE)
    await first.release()
    assert not (await stored(client, namespace))["holderIdentity"]


async def test_a_lease_that_another_has_is_not_released(client: Client, namespace: str) -> None:
    first = lease(client, namespace, "elsewhere_1")
    await first.acquire()
    ref = ObjectRef("coordination.k8s.io", "Lease", namespace, "holdfast")
    await client.patch(ref, {"spec": {"holderIdentity": "elsewhere_2"}}, PatchType.MERGE)
    await first.release()
    assert (await stored(client, namespace))["holderIdentity"] == "elsewhere_2"


def test_an_identity_names_host_and_process() -> None:
    assert identity() == f"{socket.gethostname()}_{os.getpid()}"
