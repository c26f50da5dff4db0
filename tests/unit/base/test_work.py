"""Work in other processes: real ones, that are killed for real."""

from __future__ import annotations

import asyncio
import copy
import operator
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast.base.clock import VirtualClock, settle
from holdfast.base.errors import HoldfastError, Place, RetryLater, Stop
from holdfast.base.work import IDLE_SECONDS, NotSendable, WorkerDied, Workers


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    found = Workers(VirtualClock(), limit=1)
    yield found
    await found.close()


async def until_busy(workers: Workers) -> int:
    """The process that has been given the call."""
    async with asyncio.timeout(60):
        while not workers.busy:
            await settle()
    return workers.busy[0]


async def test_a_call_is_made_elsewhere_and_the_process_is_used_again(workers: Workers) -> None:
    first = await workers.call(os.getpid)
    assert first != os.getpid()
    assert await workers.call(os.getpid) == first
    assert await workers.call(operator.add, "a" * 5_000_000, "b") == "a" * 5_000_000 + "b"


async def test_errors_come_back_as_what_they_are(workers: Workers) -> None:
    with pytest.raises(ZeroDivisionError):
        await workers.call(operator.truediv, 1, 0)
    with pytest.raises(NotSendable):
        await workers.call(operator.neg, lambda: None)
    assert await workers.call(operator.add, 1, 2) == 3


async def test_an_error_for_people_crosses_whole(workers: Workers) -> None:
    for error in (
        Stop("wrong", place=Place("a.yaml", 3, 1), reason="Why", hint="do this"),
        RetryLater("x", after=4.0),
        HoldfastError("plain"),
    ):
        found = await workers.call(copy.copy, error)
        assert type(found) is type(error)
        assert found.__dict__ == error.__dict__
        assert str(found) == str(error)


async def test_a_call_whose_process_died_is_tried_once_more(workers: Workers, tmp_path: Path) -> None:
    status = await workers.call(os.system, f"mkdir {tmp_path}/once 2>/dev/null && kill -9 $PPID")
    assert status != 0
    assert (tmp_path / "once").is_dir()


async def test_a_call_that_kills_its_process_twice_is_given_up(workers: Workers) -> None:
    with pytest.raises(WorkerDied, match=r"was ended by .+, twice"):
        await workers.call(os._exit, 3)
    assert await workers.call(operator.add, 1, 2) == 3


async def test_a_process_that_died_in_its_rest_is_replaced(workers: Workers) -> None:
    first = await workers.call(os.getpid)
    os.kill(first, signal.SIGKILL)
    assert await workers.call(os.getpid) != first


async def test_a_call_that_nobody_wants_any_more_ends_its_process(workers: Workers) -> None:
    first = await workers.call(os.getpid)
    task = asyncio.create_task(workers.call(time.sleep, 3600))
    assert await until_busy(workers) == first
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await workers.call(os.getpid) != first


async def test_a_process_that_nobody_needs_for_a_while_is_let_go() -> None:
    clock = VirtualClock()
    workers = Workers(clock, limit=1)
    try:
        first = await workers.call(os.getpid)
        await clock.advance(IDLE_SECONDS - 1)
        assert await workers.call(os.getpid) == first
        await clock.advance(2 * IDLE_SECONDS)
        assert await workers.call(os.getpid) != first
    finally:
        await workers.close()


async def test_no_more_processes_than_allowed_work_at_once() -> None:
    workers = Workers(VirtualClock(), limit=2)
    try:
        pids = await asyncio.gather(*(workers.call(os.getpid) for _ in range(6)))
        assert len(set(pids)) <= 2
    finally:
        await workers.close()


def test_what_is_printed_in_a_process_spoils_no_answer() -> None:
    async def go() -> int:
        workers = Workers(VirtualClock(), limit=1)
        try:
            await workers.call(print, "noise")
            return await workers.call(operator.add, 1, 2)
        finally:
            await workers.close()

    assert asyncio.run(go()) == 3
