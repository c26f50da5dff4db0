"""Whom a changed cluster Secret concerns. In: the clusters before and after, an application's destination. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from holdfast.dialects.argo.application import IN_CLUSTER
from holdfast.dialects.argo.settings import KnownCluster
from holdfast.model.app import AppDestination

IN_CLUSTER_NAME = "in-cluster"
"""What the cluster that Argo CD runs in is called, as long as no Secret declares it."""


def altered(before: Mapping[str, KnownCluster], after: Mapping[str, KnownCluster]) -> tuple[KnownCluster, ...]:
    """Clusters that came, went or are declared otherwise: as they were and as they are."""
    gone = [c for server, c in before.items() if after.get(server) != c]
    new = [c for server, c in after.items() if before.get(server) != c]
    return (*gone, *new)


def concerns(clusters: Sequence[KnownCluster], destination: AppDestination, project: str) -> bool:
    """Whether an application may fare differently: it goes there, or its project has a cluster of its own more or less."""
    if destination.server and any(c.server == destination.server.rstrip("/") for c in clusters):
        return True
    if destination.name and any(destination.name in _names(c) for c in clusters):
        return True
    return any(c.project and c.project == project for c in clusters)


def _names(cluster: KnownCluster) -> tuple[str, ...]:
    return (cluster.name, IN_CLUSTER_NAME) if cluster.server == IN_CLUSTER else (cluster.name,)
