"""What a controller may ask of the API server it lives beside, and the loop that every controller runs in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from holdfast.kube.refs import Manifest

log = logging.getLogger(__name__)

Resource = str
"""A resource's plural with its group: ``pods``, ``deployments.apps``; subresources follow a slash (``pods/binding``)."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something became as ``object`` says, or (``deleted``) is gone and was last seen so."""

    resource: Resource
    object: Manifest
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Served:
    """A resource that is served now, in its preferred version."""

    resource: Resource
    api_version: str
    kind: str
    namespaced: bool
    deletable: bool


class Refused(Exception):
    """The API server said no. ``reason`` is the Status reason (``NotFound``, ``Conflict``, ``AlreadyExists``, ``Forbidden``, ...)."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Facade(Protocol):
    """The API as a controller sees it. All calls go through admission, validation and field tracking like requests do."""

    def subscribe(self, listener: Callable[[Change], None]) -> None:
        """Tell everything there is, then every change, of every resource, on the server's own loop."""
        ...

    def served(self) -> Iterable[Served]: ...

    def get(self, resource: Resource, namespace: str, name: str) -> Manifest | None: ...

    def list(self, resource: Resource, namespace: str | None = None) -> list[Manifest]: ...

    async def create(self, resource: Resource, obj: Manifest, *, manager: str) -> Manifest: ...

    async def update(self, resource: Resource, obj: Manifest, *, manager: str, subresource: str = "") -> Manifest: ...

    async def delete(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        *,
        propagation: str = "",
        uid: str = "",
        grace_seconds: int | None = None,
    ) -> None: ...


class Controller:
    """A set of dirty keys and a task that works them off; errors put a key back with a growing delay.

    Subclasses say which keys a change makes dirty (``changed``) and what to do for one (``work``).
    """

    name = "controller"

    def __init__(self, facade: Facade) -> None:
        self.facade = facade
        self._dirty: dict[Any, None] = {}
        self._failures: dict[Any, int] = {}
        self._timers: dict[Any, asyncio.TimerHandle] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.facade.subscribe(self.changed)
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"sandbox-{self.name}")

    async def stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def changed(self, change: Change) -> None:
        raise NotImplementedError

    async def work(self, key: Any) -> None:
        raise NotImplementedError

    def enqueue(self, key: Any, after: float = 0.0) -> None:
        """Look at a key now, or after some seconds (the earliest of several wishes wins)."""
        if after <= 0:
            self._dirty[key] = None
            self._wake.set()
            return
        loop = asyncio.get_running_loop()
        old = self._timers.get(key)
        if old is not None and old.when() <= loop.time() + after:
            return
        if old is not None:
            old.cancel()
        self._timers[key] = loop.call_later(after, self._due, key)

    def _due(self, key: Any) -> None:
        self._timers.pop(key, None)
        self.enqueue(key)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._dirty:
                key = next(iter(self._dirty))
                del self._dirty[key]
                await self._one(key)
                # Requests of clients come first: a roll-out of hundreds of pods must not hold the server up.
                await asyncio.sleep(0)

    async def _one(self, key: Any) -> None:
        try:
            await self.work(key)
            self._failures.pop(key, None)
        except Refused as error:
            count = self._failures[key] = self._failures.get(key, 0) + 1
            if error.reason not in ("Conflict", "NotFound", "AlreadyExists"):
                log.debug("%s: %s: %s", self.name, key, error.message)
            self.enqueue(key, min(30.0, 0.005 * 2**count))
        except asyncio.CancelledError:
            raise
        except Exception:
            # A defect in one decision must not end the controller for everything else.
            log.exception("%s: cannot handle %s", self.name, key)
            count = self._failures[key] = self._failures.get(key, 0) + 1
            self.enqueue(key, min(60.0, 0.5 * 2**count))

    def now(self) -> datetime:
        return datetime.now(UTC).replace(microsecond=0)


def key_of(obj: Manifest) -> tuple[str, str]:
    meta = obj["metadata"]
    return meta.get("namespace", ""), meta["name"]
