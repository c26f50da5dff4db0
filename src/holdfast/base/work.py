"""Processes that take work off this one: a call of a function goes in, its result or its error comes back.

In: a function of a module and arguments that can be sent. Out: what it returns or raises, here. A process is started when it is
needed and ended when it was not for a while; one that dies is replaced, and the call that it died of is tried once more. A
call that is cancelled ends its process. What is sent goes through pipes: nothing of it is written anywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from typing import Any, TypeVar

from holdfast.base.clock import Clock, Timer
from holdfast.base.errors import RetryLater

T = TypeVar("T")
IDLE_SECONDS = 30.0
_LENGTH = 8
_BUFFER = 1 << 22
_TRIES = 2
_ENDS_SECONDS = 10.0


class WorkerDied(RetryLater):
    """A process ended in the middle of a call, twice: most likely there was not enough memory."""


class NotSendable(Exception):
    """The arguments cannot go to another process."""


class Workers:
    """At most ``limit`` processes. Close it in the end."""

    def __init__(self, clock: Clock, *, limit: int = 0, idle_seconds: float = IDLE_SECONDS) -> None:
        """``limit`` 0 leaves one processor to whoever asks."""
        self._clock = clock
        self._idle_seconds = idle_seconds
        self._free = asyncio.Semaphore(limit or max(1, min(4, (os.cpu_count() or 1) - 1)))
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._timer: Timer | None = None

    @property
    def busy(self) -> list[int]:
        """The processes that are at work."""
        return [w.process.pid for w in self._busy]

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        """Raises what ``function`` raises, `NotSendable` or `WorkerDied`."""
        try:
            job = pickle.dumps((function, args), pickle.HIGHEST_PROTOCOL)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise NotSendable(str(error)) from error
        async with self._free:
            answer = await self._tried(job)
        found: T | BaseException
        good, found = pickle.loads(answer)
        if good:
            return found  # type: ignore[return-value]
        assert isinstance(found, BaseException)
        raise found

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        workers = [*self._busy, *self._idle]
        self._busy.clear()
        self._idle.clear()
        await asyncio.gather(*(w.end() for w in workers))

    async def _tried(self, job: bytes) -> bytes:
        for left in reversed(range(_TRIES)):
            worker = self._idle.pop() if self._idle else await _Worker.start()
            self._busy.add(worker)
            try:
                answer = await worker.ask(job)
            except (asyncio.IncompleteReadError, ConnectionError):
                await worker.gone()
                if not left:
                    raise WorkerDied(f"the process that did it was ended by {worker.ended}, twice") from None
                continue
            except BaseException:
                worker.kill()
                raise
            finally:
                self._busy.discard(worker)
            self._rest(worker)
            return answer
        raise AssertionError("unreachable")

    def _rest(self, worker: _Worker) -> None:
        worker.since = self._clock.monotonic()
        self._idle.append(worker)
        if self._timer is None:
            self._timer = self._clock.call_later(self._idle_seconds, self._thin_out)

    def _thin_out(self) -> None:
        now = self._clock.monotonic()
        for worker in [w for w in self._idle if now - w.since >= self._idle_seconds]:
            self._idle.remove(worker)
            worker.dismiss()
        self._timer = self._clock.call_later(self._idle_seconds, self._thin_out) if self._idle else None


class _Worker:
    def __init__(self, process: Process) -> None:
        self.process = process
        self.since = 0.0

    @classmethod
    async def start(cls) -> _Worker:
        command = [sys.executable, "-m", "holdfast.base.work"]
        return cls(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=_BUFFER))

    async def ask(self, job: bytes) -> bytes:
        into, out = self.process.stdin, self.process.stdout
        assert into is not None
        assert out is not None
        if into.is_closing() or self.process.returncode is not None:
            raise ConnectionResetError
        into.write(len(job).to_bytes(_LENGTH, "big"))
        into.write(job)
        await into.drain()
        return await out.readexactly(int.from_bytes(await out.readexactly(_LENGTH), "big"))

    @property
    def ended(self) -> str:
        code = self.process.returncode
        return f"signal {-code}" if code is not None and code < 0 else f"status {code}"

    def dismiss(self) -> None:
        """It ends by itself when nobody can ask it any more."""
        if self.process.stdin is not None:
            self.process.stdin.close()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    async def gone(self) -> None:
        """It stopped answering, so it is ending: how, is known only if nobody sends it a signal meanwhile."""
        try:
            await asyncio.wait_for(self.process.wait(), _ENDS_SECONDS)
        except TimeoutError:
            await self.end()

    async def end(self) -> None:
        self.kill()
        await self.process.wait()


def main() -> None:
    """Answers calls from standard input until it ends. Whatever prints does so elsewhere."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started us is interrupted too, and decides
    with contextlib.suppress(OSError):
        os.nice(5)
    into, out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while len(head := into.read(_LENGTH)) == _LENGTH:
        answer = _answer(into.read(int.from_bytes(head, "big")))
        try:
            out.write(len(answer).to_bytes(_LENGTH, "big"))
            out.write(answer)
            out.flush()
        except BrokenPipeError:
            return


def _answer(job: bytes) -> bytes:
    try:
        function, args = pickle.loads(job)
        return pickle.dumps((True, function(*args)), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where the call was made
        try:
            return pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)
        except (pickle.PicklingError, TypeError, AttributeError):
            return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")), pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    main()
