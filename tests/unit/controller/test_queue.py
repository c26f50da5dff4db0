"""The queue of keys."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.base.backoff import Backoff
from holdfast.base.clock import VirtualClock, settle
from holdfast.controller.queue import Closed, WorkQueue


async def test_a_key_added_many_times_is_handed_out_once() -> None:
    queue = WorkQueue[str](VirtualClock())
    for _ in range(5):
        queue.add("a")
    assert await queue.get() == "a"
    queue.done("a")
    assert queue.idle


async def test_a_key_added_while_it_runs_runs_once_more_and_never_beside_itself() -> None:
    queue = WorkQueue[str](VirtualClock())
    queue.add("a")
    assert await queue.get() == "a"
    queue.add("a")
    queue.add("a")
    assert len(queue) == 0
    queue.done("a")
    assert await queue.get() == "a"
    queue.done("a")
    assert queue.idle


async def test_an_earlier_appointment_wins_over_a_later_one() -> None:
    clock = VirtualClock()
    queue = WorkQueue[str](clock)
    queue.add_after("a", 10)
    queue.add_after("a", 60)
    await clock.advance(11)
    assert len(queue) == 1


async def test_a_schedule_replaces_the_appointment() -> None:
    clock = VirtualClock()
    queue = WorkQueue[str](clock)
    queue.schedule("a", 10)
    queue.schedule("a", 60)
    await clock.advance(30)
    assert len(queue) == 0
    await clock.advance(31)
    assert len(queue) == 1


async def test_retries_come_later_each_time_until_one_succeeds() -> None:
    queue = WorkQueue[str](VirtualClock(), retry=Backoff(initial=1, limit=8))
    assert [queue.retry("a") for _ in range(5)] == [1, 2, 4, 8, 8]
    queue.succeeded("a")
    assert queue.retry("a") == 1


async def test_a_forgotten_key_has_no_appointment() -> None:
    clock = VirtualClock()
    queue = WorkQueue[str](clock)
    queue.add_after("a", 10)
    queue.forget("a")
    await clock.advance(20)
    assert len(queue) == 0


async def test_closing_lets_waiting_workers_go_and_hands_out_nothing_more() -> None:
    queue = WorkQueue[str](VirtualClock())
    waiting = [asyncio.create_task(queue.get()) for _ in range(3)]
    await settle()
    queue.close()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(r, Closed) for r in results)
    queue.add("a")
    with pytest.raises(Closed):
        await queue.get()


@given(st.lists(st.sampled_from(["add a", "add b", "take", "finish"]), max_size=60))
def test_no_wish_is_lost_and_no_key_runs_twice_at_once(script: list[str]) -> None:
    async def play() -> None:
        queue = WorkQueue[str](VirtualClock())
        running: list[str] = []
        owed: set[str] = set()
        for step in script:
            if step.startswith("add"):
                queue.add(step[-1])
                owed.add(step[-1])
            elif step == "take" and len(queue):
                key = await queue.get()
                assert key not in running
                running.append(key)
                owed.discard(key)
            elif step == "finish" and running:
                queue.done(running.pop(0))
        while running or len(queue):
            while running:
                queue.done(running.pop(0))
            if len(queue):
                running.append(await queue.get())
                owed.discard(running[-1])
        assert owed == set()
        assert queue.idle

    asyncio.run(play())
