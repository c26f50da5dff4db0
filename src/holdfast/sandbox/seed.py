"""The objects that a cluster has from its first moment."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from holdfast.kube.refs import Manifest
from holdfast.sandbox import seams
from holdfast.sandbox.context import Call
from holdfast.sandbox.registry import Registry

_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_PRIORITIES = (
    ("system-cluster-critical", 2_000_000_000, "run in the cluster, but can be moved to another node if necessary"),
    ("system-node-critical", 2_000_001_000, "not be moved from their current node"),
)
_FIRST_ADDRESS = "10.0.0.1"


def populate(registry: Registry, now: datetime.datetime) -> None:
    """Creates what is missing."""
    for group, plural, namespace, obj in _objects():
        resource = registry.catalog.lookup(group, "v1", plural)
        assert resource is not None
        if registry.find(resource, (namespace, obj["metadata"]["name"])) is None:
            obj |= {"apiVersion": resource.api_version, "kind": resource.kind}
            seams.default(resource.gvk, obj)
            registry.create(Call(now, manager="kube-apiserver"), resource, namespace, obj)


def _objects() -> Iterator[tuple[str, str, str, Manifest]]:
    """Group, plural, namespace and the object without its kind."""
    for name in _NAMESPACES:
        yield "", "namespaces", "", {"metadata": {"name": name}}
    for name, value, meaning in _PRIORITIES:
        text = f"Used for system critical pods that must {meaning}."
        yield (
            "scheduling.k8s.io",
            "priorityclasses",
            "",
            {"metadata": {"name": name}, "value": value, "description": text},
        )
    yield "", "services", "default", _own_service()


def _own_service() -> Manifest:
    """The address under which a cluster's own API is found from inside."""
    labels = {"component": "apiserver", "provider": "kubernetes"}
    ports = [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}]
    spec = {"clusterIP": _FIRST_ADDRESS, "clusterIPs": [_FIRST_ADDRESS], "type": "ClusterIP", "ports": ports}
    return {"metadata": {"name": "kubernetes", "labels": labels}, "spec": spec}
