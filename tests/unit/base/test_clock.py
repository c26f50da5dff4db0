"""The clock that tests move by hand."""

from __future__ import annotations

import asyncio

from holdfast.base.backoff import Backoff
from holdfast.base.clock import VirtualClock


async def test_timers_fire_in_order_and_only_when_time_is_moved_on() -> None:
    clock, seen = VirtualClock(), list[str]()
    clock.call_later(20, lambda: seen.append("late"))
    clock.call_later(10, lambda: seen.append("early"))
    assert seen == []
    await clock.advance(15)
    assert seen == ["early"]
    await clock.advance(5)
    assert seen == ["early", "late"]


async def test_a_cancelled_timer_never_fires() -> None:
    clock, seen = VirtualClock(), list[str]()
    clock.call_later(1, lambda: seen.append("no")).cancel()
    await clock.advance(10)
    assert seen == []


async def test_a_sleeper_wakes_at_its_time_and_sleeps_again() -> None:
    clock, woken = VirtualClock(), list[float]()

    async def sleeper() -> None:
        for _ in range(3):
            await clock.sleep(60)
            woken.append(clock.monotonic())

    task = asyncio.create_task(sleeper())
    await clock.advance(150)
    assert woken == [60, 120]
    await clock.advance(30)
    assert woken == [60, 120, 180]
    await task


def test_waits_grow_to_their_limit() -> None:
    backoff = Backoff(initial=1, factor=2, limit=10)
    assert [backoff.delay(n) for n in range(6)] == [1, 2, 4, 8, 10, 10]


def test_many_failures_do_not_overflow() -> None:
    assert Backoff(limit=900).delay(100_000) == 900
