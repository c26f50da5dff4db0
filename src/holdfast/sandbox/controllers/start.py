"""Starting the controllers that ``--controllers`` names."""

from __future__ import annotations

from collections.abc import Collection

from holdfast.sandbox.controllers import NAMES
from holdfast.sandbox.controllers.facade import Controller, Facade


def start(names: Collection[str], facade: Facade, ca_bundle: str) -> list[Controller]:
    """Start each named controller on the running loop; stop them with ``Controller.stop``."""
    started = []
    for name in NAMES:
        if name in names:
            controller = _make(name, facade, ca_bundle if "workloads" in names else None)
            controller.start()
            started.append(controller)
    return started


def _make(name: str, facade: Facade, ca_bundle: str | None) -> Controller:
    if name == "gc":
        from holdfast.sandbox.controllers.gc import GarbageCollector

        return GarbageCollector(facade)
    if name == "namespace":
        from holdfast.sandbox.controllers.namespace import NamespaceController

        return NamespaceController(facade)
    if name == "serviceaccount":
        from holdfast.sandbox.controllers.serviceaccount import ServiceAccountController

        return ServiceAccountController(facade, ca_bundle)
    if name == "quota":
        from holdfast.sandbox.controllers.quota import QuotaController

        return QuotaController(facade)
    if name == "aggregation":
        from holdfast.sandbox.controllers.aggregation import AggregationController

        return AggregationController(facade)
    from holdfast.sandbox.controllers.workloads.simulator import Workloads

    return Workloads(facade)
