"""One sandbox, put together: store, registry, endpoints, server, and the controllers that were asked for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.sandbox import accounts, builtin, seed
from holdfast.sandbox.admission import plugins
from holdfast.sandbox.admission.hooks import FullHooks
from holdfast.sandbox.context import Clock
from holdfast.sandbox.controllers.facade import Controller
from holdfast.sandbox.controllers.local import LocalFacade
from holdfast.sandbox.controllers.start import start
from holdfast.sandbox.definitions import Definitions
from holdfast.sandbox.exchange import Exchange
from holdfast.sandbox.identity import Authenticator, User
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.server import ApiServer
from holdfast.sandbox.store import Store


@dataclass(slots=True)
class Machine:
    registry: Registry
    server: ApiServer
    clock: Clock
    _controllers: list[Controller] = field(default_factory=list)

    def start(self, names: Collection[str], ca_bundle: str) -> None:
        """Starts the named controllers on the running loop."""
        facade = LocalFacade(self.registry, self.clock)
        self._controllers = start(names, facade, ca_bundle)

    async def stop(self) -> None:
        for controller in self._controllers:
            await controller.stop()


def build(*, clock: Clock, authenticator: Authenticator, data: Path | None, authorization: str) -> Machine:
    """``authorization``: ``RBAC`` or ``AlwaysAllow``."""
    del authorization, data
    registry = Registry(Store(), builtin.catalog(), clock)
    registry.hooks = FullHooks(registry)
    plugins.install(registry)
    seed.populate(registry, clock())
    authenticator.resolve_with(lambda token, now: accounts.account_of(registry, registry.issuer, token, now))
    Definitions(registry, clock).settle_all()
    return Machine(registry, ApiServer(registry, authenticator, clock, _allow), clock)


def _allow(exchange: Exchange) -> User:
    return exchange.user
