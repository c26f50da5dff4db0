"""Where an application goes: from ``spec.destination`` to one of the clusters that are known.

In: a destination, the registered clusters as (name, server). Out: the cluster, or the refusal in Argo CD's words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from holdfast.base.errors import Stop
from holdfast.dialects.argo.project import Cluster

LOCAL = Cluster("https://kubernetes.default.svc", "in-cluster")
"""The cluster that we are in, known without being registered."""


class DestinationError(Stop):
    """A destination that is none, or is not known."""


def resolve(destination: Mapping[str, Any], known: Sequence[Cluster]) -> Cluster:
    """Raises DestinationError."""
    name, server = str(destination.get("name") or ""), str(destination.get("server") or "")
    if name and server:
        raise DestinationError(f"application destination can't have both name and server defined: {name} {server}")
    if server:
        return _by_server(server, known)
    if not name:
        raise DestinationError("Destination server missing from app spec")
    servers = [c.server for c in known if c.name == name]
    if not servers and name == LOCAL.name:
        servers = [LOCAL.server]
    if not servers:
        raise DestinationError(f"there are no clusters with this name: {name}")
    if len(servers) > 1:
        raise DestinationError(f"there are {len(servers)} clusters with the same name: [{' '.join(servers)}]")
    return Cluster(servers[0], name)


def _by_server(server: str, known: Sequence[Cluster]) -> Cluster:
    wanted = server.rstrip("/")
    for cluster in known:
        if cluster.server.rstrip("/") == wanted:
            return cluster
    if wanted == LOCAL.server:
        return LOCAL
    raise DestinationError(
        f'error getting cluster by server "{server}": rpc error: code = NotFound desc = cluster "{wanted}" not found'
    )
