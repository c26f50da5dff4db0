"""A queue of keys: each waits at most once, runs at most once at a time, and may be put off or retried with growing waits.

In: keys, from anybody, at any time. Out: keys, one at a time per key, to as many workers as ask. What a key means is not
known here; an event that caused it is never kept.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from holdfast.base.backoff import Backoff
from holdfast.base.clock import Clock, Timer

K = TypeVar("K", bound=Hashable)


class Closed(Exception):
    """The queue is closed and empty of work for this worker."""


class WorkQueue(Generic[K]):
    """Not thread-safe: everything happens on one event loop."""

    def __init__(self, clock: Clock, *, retry: Backoff | None = None) -> None:
        self._clock = clock
        self._retry = retry or Backoff(initial=0.75, limit=900.0)
        self._ready: OrderedDict[K, float] = OrderedDict()
        self._running: set[K] = set()
        self._again: set[K] = set()
        self._timers: dict[K, tuple[float, Timer]] = {}
        self._failures: dict[K, int] = {}
        self._waiters: asyncio.Queue[None] = asyncio.Queue()
        self._closed = False

    def __len__(self) -> int:
        """Keys that wait for a worker."""
        return len(self._ready)

    @property
    def running(self) -> frozenset[K]:
        return frozenset(self._running)

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing runs (timers may still be set)."""
        return not self._ready and not self._running

    def add(self, key: K) -> None:
        """As soon as possible. While the key runs, it is remembered and runs once more."""
        if self._closed:
            return
        if key in self._running:
            self._again.add(key)
            return
        if key not in self._ready:
            self._ready[key] = self._clock.monotonic()
            self._waiters.put_nowait(None)

    def add_after(self, key: K, delay: float) -> None:
        """After ``delay`` seconds; an earlier appointment of the same key stays."""
        due = self._clock.monotonic() + delay
        known = self._timers.get(key)
        if known is None or due < known[0]:
            self.schedule(key, delay)

    def schedule(self, key: K, delay: float | None) -> None:
        """Replaces any appointment of the key; None takes it away."""
        known = self._timers.pop(key, None)
        if known is not None:
            known[1].cancel()
        if delay is None or self._closed:
            return
        if delay <= 0:
            self.add(key)
            return
        timer = self._clock.call_later(delay, lambda: self._due(key))
        self._timers[key] = (self._clock.monotonic() + delay, timer)

    def retry(self, key: K) -> float:
        """After a failure: later each time. Returns the wait in seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = self._retry.delay(failures)
        self.schedule(key, delay)
        return delay

    def succeeded(self, key: K) -> None:
        """The next failure starts from the shortest wait again."""
        self._failures.pop(key, None)

    def forget(self, key: K) -> None:
        """The object is gone: no appointment, no failures."""
        self.schedule(key, None)
        self._failures.pop(key, None)

    async def get(self) -> K:
        """The next key. ``done`` must be called for it. Raises Closed after ``close`` once nothing is ready."""
        while True:
            if self._ready and not self._closed:
                key, _ = self._ready.popitem(last=False)
                self._running.add(key)
                return key
            if self._closed:
                raise Closed
            await self._waiters.get()

    def done(self, key: K) -> None:
        self._running.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def close(self) -> None:
        """No new work is handed out; what runs may finish."""
        self._closed = True
        for _, timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._ready.clear()
        for _ in range(1024):
            self._waiters.put_nowait(None)

    def _due(self, key: K) -> None:
        self._timers.pop(key, None)
        self.add(key)
