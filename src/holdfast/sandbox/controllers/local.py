"""The Facade over the server's own registry: no HTTP between, the same pipeline behind."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from holdfast.kube.refs import Manifest
from holdfast.sandbox import seams
from holdfast.sandbox.context import Call, Clock
from holdfast.sandbox.controllers.facade import Change, Refused, Served
from holdfast.sandbox.deletion import delete
from holdfast.sandbox.options import DeleteOptions
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.status import StatusError
from holdfast.sandbox.store import DELETED, Event, Record

T = TypeVar("T")


def name_of(resource: Resource) -> str:
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


class LocalFacade:
    """Implements ``facade.Facade``. Objects are shown in the preferred version of their group."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock
        self._generation = -1
        self._by_name: dict[str, Resource] = {}
        self._by_table: dict[str, Resource] = {}
        self._listeners: list[Callable[[Change], None]] = []

    # -- which resources there are --------------------------------------------------------------------------------

    def _refresh(self) -> None:
        catalog = self._registry.catalog
        if catalog.generation == self._generation and self._by_name:
            return
        self._by_name, self._by_table = {}, {}
        for resource in self._preferred_first():
            self._by_name.setdefault(name_of(resource), resource)
            self._by_table.setdefault(resource.storage, resource)
        self._generation = catalog.generation

    def _preferred_first(self) -> Iterator[Resource]:
        catalog = self._registry.catalog
        yield from catalog.of_version("", "v1")
        for group in catalog.groups():
            for version in group.versions:
                yield from catalog.of_version(group.name, version)

    def _resource(self, name: str) -> Resource:
        self._refresh()
        found = self._by_name.get(name)
        if found is None:
            raise Refused("NotFound", f"{name} is not served")
        return found

    def served(self) -> Iterable[Served]:
        self._refresh()
        for name, resource in self._by_name.items():
            if self._by_table[resource.storage] is resource:
                yield Served(name, resource.api_version, resource.kind, resource.namespaced, "delete" in resource.verbs)

    # -- reading --------------------------------------------------------------------------------------------------

    def subscribe(self, listener: Callable[[Change], None]) -> None:
        store = self._registry.store
        for table in store.tables():
            for record in table.scan():
                change = self._change(table.name, record, deleted=False)
                if change is not None:
                    listener(change)

        if not self._listeners:
            store.watchers.append(self._tell)
        self._listeners.append(listener)

    def _tell(self, table: str, event: Event) -> None:
        """The object is read once for all of them; none of them changes it."""
        change = self._change(table, event.record, deleted=event.type == DELETED)
        if change is not None:
            for listener in self._listeners:
                listener(change)

    def _change(self, table: str, record: Record, *, deleted: bool) -> Change | None:
        self._refresh()
        resource = self._by_table.get(table)
        if resource is None:
            return None
        return Change(name_of(resource), self._show(resource, record), deleted)

    def _show(self, resource: Resource, record: Record) -> Manifest:
        return self._registry.show(resource, record)

    def get(self, resource: str, namespace: str, name: str) -> Manifest | None:
        try:
            where = self._resource(resource)
        except Refused:
            return None
        record = self._registry.find(where, (namespace if where.namespaced else "", name))
        return self._show(where, record) if record is not None else None

    def list(self, resource: str, namespace: str | None = None) -> list[Manifest]:
        try:
            where = self._resource(resource)
        except Refused:
            return []
        table = self._registry.store.table(where.storage)
        return [self._show(where, r) for r in table.scan(namespace or "")]

    # -- writing --------------------------------------------------------------------------------------------------

    def _call(self, manager: str) -> Call:
        return Call(self._clock(), manager=manager)

    async def create(self, resource: str, obj: Manifest, *, manager: str) -> Manifest:
        where = self._resource(resource)
        fresh = copy.deepcopy(obj)
        if not where.crd:
            seams.default(where.gvk, fresh)
        namespace = str(fresh["metadata"].get("namespace") or "")
        return self._guarded(lambda: self._registry.create(self._call(manager), where, namespace, fresh))

    async def update(self, resource: str, obj: Manifest, *, manager: str, subresource: str = "") -> Manifest:
        where = self._resource(resource)
        meta = obj["metadata"]
        key = (str(meta.get("namespace") or "") if where.namespaced else "", str(meta["name"]))
        fresh = copy.deepcopy(obj)

        def write() -> Manifest:
            updated, _ = self._registry.update(
                self._call(manager), where, key, lambda old: fresh, subresource=subresource
            )
            return updated

        return self._guarded(write)

    async def delete(
        self,
        resource: str,
        namespace: str,
        name: str,
        *,
        propagation: str = "",
        uid: str = "",
        grace_seconds: int | None = None,
    ) -> None:
        where = self._resource(resource)
        options = DeleteOptions(grace=grace_seconds, uid=uid or None, policy=propagation or None)
        key = (namespace if where.namespaced else "", name)
        self._guarded(lambda: delete(self._registry, self._call("sandbox"), where, key, options))

    def _guarded(self, write: Callable[[], T]) -> T:
        try:
            return write()
        except StatusError as error:
            raise Refused(error.reason, error.message) from None
