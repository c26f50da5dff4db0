"""Aggregated ClusterRoles have the rules of the roles that their selectors find."""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.kube.selectors import label_selector
from holdfast.sandbox.controllers.facade import Change, Controller, Facade

ROLES = "clusterroles.rbac.authorization.k8s.io"


class AggregationController(Controller):
    name = "aggregation"

    def __init__(self, facade: Facade) -> None:
        super().__init__(facade)
        self._aggregated: set[str] = set()

    def changed(self, change: Change) -> None:
        if change.resource != ROLES:
            return
        name = change.object["metadata"]["name"]
        if change.deleted or not change.object.get("aggregationRule"):
            self._aggregated.discard(name)
        else:
            self._aggregated.add(name)
        for role in self._aggregated:
            self.enqueue(role)

    async def work(self, key: Any) -> None:
        role = self.facade.get(ROLES, "", key)
        if role is None or not role.get("aggregationRule") or role["metadata"].get("deletionTimestamp"):
            return
        rules = self._rules(role)
        if (role.get("rules") or None) != rules:
            await self.facade.update(ROLES, {**role, "rules": rules}, manager="clusterrole-aggregation-controller")

    def _rules(self, role: Manifest) -> list[Manifest] | None:
        selectors = [label_selector(s) for s in role["aggregationRule"].get("clusterRoleSelectors") or ()]
        found: list[Manifest] = []
        for other in sorted(self.facade.list(ROLES), key=lambda r: str(r["metadata"]["name"])):
            if other["metadata"]["name"] == role["metadata"]["name"]:
                continue
            labels = other["metadata"].get("labels") or {}
            if any(s.matches(labels) for s in selectors):
                found += [r for r in other.get("rules") or () if r not in found]
        return found or None
