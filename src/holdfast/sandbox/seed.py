"""The objects that a cluster has from its first moment."""

from __future__ import annotations

import datetime

from holdfast.sandbox import seams
from holdfast.sandbox.context import Call
from holdfast.sandbox.registry import Registry

_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


def populate(registry: Registry, now: datetime.datetime) -> None:
    """Creates what is missing."""
    resource = registry.catalog.lookup("", "v1", "namespaces")
    assert resource is not None
    for name in _NAMESPACES:
        if registry.find(resource, ("", name)) is None:
            obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            seams.default(resource.gvk, obj)
            registry.create(Call(now, manager="kube-apiserver"), resource, "", obj)
