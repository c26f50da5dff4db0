"""One sandbox, put together: store, registry, endpoints, server, and the controllers that were asked for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.base.errors import Stop
from holdfast.sandbox import accounts, builtin, seed
from holdfast.sandbox.admission import plugins
from holdfast.sandbox.admission.hooks import FullHooks
from holdfast.sandbox.auth import bootstrap
from holdfast.sandbox.auth.attributes import AlwaysAllow
from holdfast.sandbox.auth.escalation import Escalation
from holdfast.sandbox.auth.gate import Gate
from holdfast.sandbox.auth.rbac import Rbac
from holdfast.sandbox.auth.signers import Signers
from holdfast.sandbox.context import Call, Clock
from holdfast.sandbox.controllers.facade import Controller
from holdfast.sandbox.controllers.local import LocalFacade
from holdfast.sandbox.controllers.start import start
from holdfast.sandbox.definitions import Definitions
from holdfast.sandbox.identity import Authenticator
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.server import ApiServer
from holdfast.sandbox.snapshot import Contents
from holdfast.sandbox.store import Store
from holdfast.sandbox.tls import Pair


@dataclass(slots=True)
class Machine:
    registry: Registry
    server: ApiServer
    clock: Clock
    _controllers: list[Controller] = field(default_factory=list)

    def start(self, names: Collection[str], ca_bundle: str, ca: Pair | None = None) -> None:
        """Starts the named controllers on the running loop. ``ca`` signs what is approved; without it nothing does."""
        facade = LocalFacade(self.registry, self.clock)
        self._controllers = start(names, facade, ca_bundle)
        if "serviceaccount" in names:
            self._hand_out_credentials(facade, ca_bundle, ca)

    def _hand_out_credentials(self, facade: LocalFacade, ca_bundle: str, ca: Pair | None) -> None:
        from holdfast.sandbox.auth.credentials import Signer, TokenSecrets

        more: list[Controller] = [TokenSecrets(facade, self.registry.issuer, ca_bundle)]
        if ca is not None:
            more.append(Signer(facade, ca))
        for controller in more:
            controller.start()
        self._controllers += more

    async def stop(self) -> None:
        for controller in self._controllers:
            await controller.stop()


def _store(data: Path | None) -> Store:
    if data is None:
        return Store()
    from holdfast.sandbox.persist import SqliteJournal

    journal = SqliteJournal(data)
    store = Store(journal)
    journal.restore(store)
    return store


def _filled(store: Store, contents: Contents | None) -> Store:
    if contents is None:
        return store
    if any(len(table) for table in store.tables()):
        raise Stop(
            "the --data folder holds a cluster already", hint="choose an empty folder, or start without restoring"
        )
    store.fill(contents.records, contents.revision)
    return store


def build(
    *,
    clock: Clock,
    authenticator: Authenticator,
    data: Path | None,
    authorization: str,
    contents: Contents | None = None,
) -> Machine:
    """``authorization``: ``RBAC`` or ``AlwaysAllow``. ``contents`` are there before anything that a cluster starts with."""
    registry = Registry(_filled(_store(data), contents), builtin.catalog(), clock)
    registry.hooks = FullHooks(registry)
    registry.authorizer = Rbac(registry.store) if authorization == "RBAC" else AlwaysAllow()
    _install(registry)
    seed.populate(registry, clock())
    bootstrap.populate(registry, Call(clock(), manager="kube-apiserver"))
    authenticator.resolve_with(lambda token, now: accounts.account_of(registry, registry.issuer, token, now))
    Definitions(registry, clock).settle_all()
    return Machine(registry, ApiServer(registry, authenticator, clock, Gate(registry.authorizer).admit), clock)


def _install(registry: Registry) -> None:
    """Admission around writes: the rights that they take come behind mutation and before validation."""
    rights = Escalation(registry.authorizer)
    registry.hooks.validating += [rights.creates, Signers(registry.authorizer).check]
    plugins.install(registry)
    registry.hooks.mutating.append(rights.grants)
