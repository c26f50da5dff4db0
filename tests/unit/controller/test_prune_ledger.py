"""What commits have taken, counted by all replicas together."""

from __future__ import annotations

import asyncio

from holdfast.base.clock import VirtualClock
from holdfast.cluster.client import Client
from holdfast.controller.prune_ledger import NAME, PruneLedger, dump, parse
from holdfast.kube.refs import ObjectRef
from holdfast.model.safety import Budget

SOURCE = "GitRepository/apps/app"


def ledger(client: Client, namespace: str, clock: VirtualClock | None = None) -> PruneLedger:
    """At most ten objects go with a commit."""
    return PruneLedger(client, namespace, Budget(10, 0), clock or VirtualClock())


async def test_two_replicas_count_together_and_a_restart_forgets_nothing(client: Client, namespace: str) -> None:
    one, two = ledger(client, namespace), ledger(client, namespace)
    assert await one.spend(SOURCE, "r1", 6, total=100) is None
    assert await two.spend(SOURCE, "r1", 4, total=100) is None
    assert await one.spend(SOURCE, "r1", 1, total=90) == (10, 100)
    assert await ledger(client, namespace).spend(SOURCE, "r1", 1, total=90) == (10, 100)
    assert await two.spend(SOURCE, "r2", 10, total=90) is None


async def test_nobody_is_overlooked_when_many_book_at_once(client: Client, namespace: str) -> None:
    books = [ledger(client, namespace) for _ in range(5)]
    found = await asyncio.gather(*(b.spend(SOURCE, "r1", 3, total=100) for b in books))
    assert sorted(f is None for f in found) == [False, False, True, True, True]


async def test_deletions_without_a_commit_are_counted_anew_after_quiet_minutes(client: Client, namespace: str) -> None:
    clock = VirtualClock()
    book = ledger(client, namespace, clock)
    assert await book.spend(SOURCE, "", 10, total=100) is None
    await clock.advance(590)
    assert await book.spend(SOURCE, "", 10, total=100) == (10, 100)
    await clock.advance(20)
    assert await book.spend(SOURCE, "", 10, total=100) is None


async def test_where_nothing_can_be_written_the_count_goes_on_in_memory(client: Client) -> None:
    book = ledger(client, "there-is-no-such-namespace")
    assert await book.spend(SOURCE, "r1", 6, total=100) is None
    assert await book.spend(SOURCE, "r1", 6, total=100) == (6, 100)


async def test_a_ledger_that_somebody_spoilt_or_deleted_is_begun_anew(client: Client, namespace: str) -> None:
    book, ref = ledger(client, namespace), ObjectRef("", "ConfigMap", namespace, NAME)
    assert await book.spend(SOURCE, "r1", 6, total=100) is None
    await client.delete(ref)
    assert await book.spend(SOURCE, "r1", 4, total=100) is None
    assert parse((await client.get(ref))["data"]["ledger.json"]) == book._book
    assert parse("[[1]]") == parse("{") == parse("") == parse(dump(parse("")))
