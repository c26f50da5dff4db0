"""Several replicas that share their work, in virtual time against a real API server.

Each replica keeps a book of what it works on; together they watch that nothing is in two of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from holdfast.base.clock import VirtualClock, settle
from holdfast.cluster.client import Client
from holdfast.cluster.watches import Watches
from holdfast.controller.lease import LEASE_SECONDS, RENEW_SECONDS, Lease
from holdfast.controller.sharding import DRAIN_SECONDS, LEASES, TICK_SECONDS, Sharding
from holdfast.controller.shards import SHARDS, placed
from holdfast.kube.refs import ObjectRef

ALL = frozenset(range(SHARDS))


class Replica:
    """A replica whose work is a set of shards. ``running`` are those that are not idle."""

    def __init__(self, fleet: Fleet, who: str) -> None:
        self.fleet, self.who = fleet, who
        self.clock = VirtualClock()
        self.running: set[int] = set()
        self.stubborn: set[int] = set()
        self.let: set[int] = set()
        self.caught_up = 0
        self.sharding: Sharding
        self.task: asyncio.Task[None]

    async def advance(self) -> None:
        """A second passes; whatever that begins may take as long as it needs."""
        assert not self.task.done(), self.task
        await self.clock.advance(1)
        await self.sharding.resting.wait()

    def busy(self) -> frozenset[int]:
        return frozenset(self.running)

    async def catch_up(self) -> None:
        self.caught_up += 1

    def take_up(self, shards: frozenset[int]) -> None:
        for other in self.fleet.replicas:
            assert other is self or not shards & (other.sharding.active | other.running), "worked on twice"

    def interrupt(self, shards: frozenset[int]) -> None:
        self.running -= shards - self.stubborn

    def abandon(self, shards: frozenset[int]) -> None:
        self.running -= shards
        self.sharding.poke()

    def let_go(self, shards: frozenset[int]) -> None:
        self.let |= shards


class Fleet:
    def __init__(self, client: Client, watches: Watches, namespace: str) -> None:
        self.client, self.watches, self.namespace = client, watches, namespace
        self.replicas: list[Replica] = []

    async def join(self, who: str, name: str = "together") -> Replica:
        replica = Replica(self, who)
        replica.sharding = Sharding(
            self.client,
            self.watches,
            replica.clock,
            name=name,
            namespace=self.namespace,
            who=f"elsewhere_{who}",
            work=replica,
        )
        replica.task = asyncio.create_task(replica.sharding.run())
        self.replicas.append(replica)
        return replica

    async def die(self, replica: Replica) -> None:
        """As with kill -9: it says nothing to anybody."""
        replica.task.cancel()
        await asyncio.gather(replica.task, return_exceptions=True)
        self.replicas.remove(replica)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Moves time on for all replicas alike until it is so, with room for real requests between the steps."""
        async with asyncio.timeout(100):
            while not holds():
                for replica in self.replicas:
                    await replica.advance()
                await asyncio.sleep(0.005)

    async def until_shared(self) -> None:
        await self.until(lambda: frozenset().union(*(r.sharding.active for r in self.replicas)) == ALL)
        parts = [r.sharding.active for r in self.replicas]
        assert sum(len(p) for p in parts) == SHARDS
        assert all(parts)

    async def settled(self, count: int) -> None:
        """Until each of so many replicas has its share."""
        await self.until(lambda: sum(1 for r in self.replicas if r.sharding.active) == count)
        await self.until_shared()


@pytest.fixture
async def fleet(client: Client, namespace: str) -> AsyncIterator[Fleet]:
    async with Watches(client, namespace=namespace, clock=VirtualClock()) as watches:
        found = Fleet(client, watches, namespace)
        yield found
        for replica in list(found.replicas):
            await found.die(replica)


async def test_a_single_replica_does_everything_and_a_second_one_gets_its_half(fleet: Fleet) -> None:
    one = await fleet.join("one")
    await fleet.settled(1)
    assert one.sharding.active == ALL
    two = await fleet.join("two")
    await fleet.settled(2)
    assert 0.3 * SHARDS < len(two.sharding.active) < 0.7 * SHARDS
    assert one.let == two.sharding.active
    assert two.caught_up == 1


async def test_who_joins_or_dies_moves_only_its_own_share(fleet: Fleet) -> None:
    one, two = await fleet.join("one"), await fleet.join("two")
    await fleet.settled(2)
    before = {r: r.sharding.active for r in (one, two)}
    three = await fleet.join("three")
    await fleet.settled(3)
    assert all(r.sharding.active < before[r] for r in (one, two))
    await fleet.die(three)
    await fleet.until_shared()
    assert {r: r.sharding.active for r in (one, two)} == before


async def test_the_shards_of_a_dead_replica_are_taken_over_no_sooner_than_its_lease_ends(fleet: Fleet) -> None:
    one, two = await fleet.join("one"), await fleet.join("two")
    await fleet.settled(2)
    died = two.clock.monotonic()
    await fleet.die(one)
    await fleet.until(lambda: two.sharding.active == ALL)
    assert two.clock.monotonic() - died > LEASE_SECONDS - RENEW_SECONDS - TICK_SECONDS


async def test_a_replica_that_cannot_renew_has_stopped_before_another_may_begin(fleet: Fleet) -> None:
    one, two = await fleet.join("one"), await fleet.join("two")
    await fleet.settled(2)
    one.running |= one.sharding.active
    one.task.cancel()  # its requests reach nobody any more; what it does goes on
    await settle()
    fleet.replicas.remove(one)
    async with asyncio.timeout(100):
        while two.sharding.active != ALL:
            await one.clock.advance(1)
            await two.advance()
            assert not two.sharding.active & one.running
            await asyncio.sleep(0.005)
    assert not one.sharding.active
    assert not one.running


async def test_a_shard_moves_when_nothing_runs_in_it_any_more(fleet: Fleet) -> None:
    one = await fleet.join("one")
    await fleet.settled(1)
    await fleet.join("two")
    one.running |= ALL
    one.stubborn |= {3, 4, 5}
    await fleet.until(lambda: bool(fleet.replicas[1].sharding.active))
    assert not fleet.replicas[1].sharding.active & {3, 4, 5}
    one.running.clear()
    one.sharding.poke()
    await fleet.settled(2)


async def test_what_runs_too_long_in_a_shard_that_has_to_move_is_ended(fleet: Fleet) -> None:
    one = await fleet.join("one")
    await fleet.settled(1)
    one.running |= ALL
    one.stubborn |= ALL
    await fleet.join("two")
    since = one.clock.monotonic()
    await fleet.settled(2)
    assert one.clock.monotonic() - since >= DRAIN_SECONDS


async def test_who_leaves_in_order_hands_over_at_once(fleet: Fleet) -> None:
    one, two = await fleet.join("one"), await fleet.join("two")
    await fleet.settled(2)
    await fleet.die(one)
    await one.sharding.leave()
    since = two.clock.monotonic()
    await fleet.until(lambda: two.sharding.active == ALL)
    assert two.clock.monotonic() - since < LEASE_SECONDS - 2 * TICK_SECONDS


async def test_replicas_wait_for_a_single_leader_and_a_leader_for_replicas(fleet: Fleet) -> None:
    leader = Lease(fleet.client, VirtualClock(), name="together", namespace=fleet.namespace, who="elsewhere_leader")
    await leader.acquire()
    one = await fleet.join("one")
    for _ in range(10):
        await one.clock.advance(1)
        await asyncio.sleep(0.005)
    assert not one.sharding.active
    await leader.release()
    await fleet.settled(1)
    assert not await leader.attempt()
    await fleet.die(one)
    await one.sharding.leave()
    assert await leader.attempt()


async def test_the_names_of_members_are_never_used_again(fleet: Fleet) -> None:
    one = await fleet.join("one")
    await fleet.settled(1)
    (before,) = await names(fleet)
    await fleet.client.delete(ObjectRef(LEASES.group, LEASES.kind, fleet.namespace, before))
    await fleet.until(lambda: one.caught_up == 2)
    await fleet.settled(1)
    (after,) = await names(fleet)
    assert after != before


async def names(fleet: Fleet) -> list[str]:
    found = (o["metadata"]["name"] for o in (await fleet.client.list(LEASES, fleet.namespace)).items)
    return [n for n in found if n != "together"]


def test_everybody_agrees_on_the_places() -> None:
    assert placed(["x", "y"]) == placed({"y", "x"})
