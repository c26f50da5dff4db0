"""The quota controller: counts what is used in a namespace and keeps ``status.hard`` equal to ``spec.hard``.

Admission raises ``status.used`` itself when something is made; this loop corrects it when things go or change.
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.quantity import Quantity, parse
from holdfast.kube.refs import Manifest
from holdfast.sandbox import usage
from holdfast.sandbox.controllers.facade import Change, Controller, Facade

QUOTAS = "resourcequotas"


class QuotaController(Controller):
    name = "quota"

    def __init__(self, facade: Facade) -> None:
        super().__init__(facade)
        self._quotas: dict[str, set[str]] = {}

    def changed(self, change: Change) -> None:
        meta = change.object["metadata"]
        namespace = meta.get("namespace", "")
        if change.resource == QUOTAS:
            names = self._quotas.setdefault(namespace, set())
            names.discard(meta["name"])
            if not change.deleted:
                names.add(meta["name"])
        for name in self._quotas.get(namespace, ()):
            self.enqueue((namespace, name))

    async def work(self, key: Any) -> None:
        quota = self.facade.get(QUOTAS, *key)
        if quota is None or quota["metadata"].get("deletionTimestamp"):
            return
        hard = (quota.get("spec") or {}).get("hard") or {}
        status: Manifest = {"hard": dict(hard), "used": self._used(quota, key[0], hard)}
        if quota.get("status") != status:
            await self.facade.update(QUOTAS, {**quota, "status": status}, manager="sandbox-quota", subresource="status")

    def _used(self, quota: Manifest, namespace: str, hard: Manifest) -> dict[str, str]:
        total: dict[str, Quantity] = {}
        for served in self.facade.served():
            if not served.namespaced or not _counts(served.resource, hard):
                continue
            for obj in self.facade.list(served.resource, namespace):
                if usage.in_scope(quota, served.resource, obj):
                    usage.add(total, usage.usage(served.resource, obj))
        zero = parse("0")
        return {name: str(total.get(name, zero)) for name in hard}


_OWN_NAMES = ("pods", "services", "persistentvolumeclaims")


def _counts(resource: str, hard: Manifest) -> bool:
    """Whether a quota can count objects of this resource at all; listing every kind would cost too much."""
    return resource in _OWN_NAMES or resource in hard or f"count/{resource}" in hard
