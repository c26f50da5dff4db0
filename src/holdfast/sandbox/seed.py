"""The objects that a cluster has from its first moment."""

from __future__ import annotations

import datetime

from holdfast.sandbox import seams
from holdfast.sandbox.context import Call
from holdfast.sandbox.registry import Registry

_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_PRIORITIES = (
    ("system-cluster-critical", 2_000_000_000, "run in the cluster, but can be moved to another node if necessary"),
    ("system-node-critical", 2_000_001_000, "not be moved from their current node"),
)


def populate(registry: Registry, now: datetime.datetime) -> None:
    """Creates what is missing."""
    resource = registry.catalog.lookup("", "v1", "namespaces")
    assert resource is not None
    for name in _NAMESPACES:
        if registry.find(resource, ("", name)) is None:
            obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            seams.default(resource.gvk, obj)
            registry.create(Call(now, manager="kube-apiserver"), resource, "", obj)
    _priorities(registry, now)


def _priorities(registry: Registry, now: datetime.datetime) -> None:
    resource = registry.catalog.lookup("scheduling.k8s.io", "v1", "priorityclasses")
    assert resource is not None
    for name, value, meaning in _PRIORITIES:
        if registry.find(resource, ("", name)) is None:
            obj = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}, "value": value}
            obj["description"] = f"Used for system critical pods that must {meaning}."
            seams.default(resource.gvk, obj)
            registry.create(Call(now, manager="kube-apiserver"), resource, "", obj)
