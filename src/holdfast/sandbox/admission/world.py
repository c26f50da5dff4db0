"""What admission may read: stored objects by kind, without copies unless asked.

In: the registry. Out: lists and single objects. Never: writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.context import Call
from holdfast.sandbox.identity import LOOPBACK
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource


class World:
    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def resource(self, group: str, version: str, plural: str) -> Resource:
        found = self.registry.catalog.lookup(group, version, plural)
        if found is None:
            raise LookupError(plural)
        return found

    def get(self, group: str, version: str, plural: str, name: str, namespace: str = "") -> Manifest | None:
        resource = self.registry.catalog.lookup(group, version, plural)
        if resource is None:
            return None
        record = self.registry.find(resource, (namespace if resource.namespaced else "", name))
        return None if record is None else self.registry.show(resource, record)

    def list(self, group: str, version: str, plural: str, namespace: str = "") -> Iterator[Manifest]:
        resource = self.registry.catalog.lookup(group, version, plural)
        if resource is None:
            return
        table = self.registry.store.table(resource.storage)
        if not len(table):
            return
        for record in table.scan(namespace):
            yield self.registry.show(resource, record)

    def any(self, group: str, version: str, plural: str) -> bool:
        """Whether there is a single object of that kind: the cheap question before dearer ones."""
        resource = self.registry.catalog.lookup(group, version, plural)
        return resource is not None and len(self.registry.store.table(resource.storage)) > 0

    def update(
        self,
        group: str,
        version: str,
        plural: str,
        namespace: str,
        name: str,
        call: Call,
        change: Callable[[Manifest], None],
        subresource: str = "",
    ) -> None:
        """For the few plugins that keep books (quota)."""
        resource = self.resource(group, version, plural)

        own = replace(call, manager="kube-apiserver", user=LOOPBACK, warnings=[])

        def transform(old: Manifest | None) -> Manifest:
            assert old is not None
            change(old)
            return old

        self.registry.update(own, resource, (namespace, name), transform, subresource=subresource)

    def namespace_labels(self, namespace: str) -> dict[str, Any]:
        found = self.get("", "v1", "namespaces", namespace)
        return {} if found is None else found["metadata"].get("labels") or {}
