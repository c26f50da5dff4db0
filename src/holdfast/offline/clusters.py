"""Telling the clusters of one repository apart: the same unit declared in two directories belongs to two clusters."""

from __future__ import annotations

import os
from collections.abc import Iterable

from holdfast.model.delivery import UnitKey


def cluster_directories(units: Iterable[tuple[UnitKey, str]]) -> list[str]:
    """The directories that are a cluster each, from units and the files they stand in; ``[""]`` where there is only one.

    Two units of one name in ``clusters/a/apps.yaml`` and ``clusters/b/apps.yaml`` make ``clusters/a`` and ``clusters/b``.
    """
    places: dict[UnitKey, set[str]] = {}
    for key, path in units:
        places.setdefault(key, set()).add(path.rpartition("/")[0])
    found: set[str] = set()
    for directories in places.values():
        if len(directories) > 1:
            found |= _apart(sorted(directories))
    # Of nested candidates the outer one is the cluster.
    outer = {d for d in found if not any(d != o and d.startswith(o + "/") for o in found)}
    return sorted(outer) or [""]


def _apart(directories: list[str]) -> set[str]:
    common = os.path.commonpath(directories) if all(directories) else ""
    depth = len(common.split("/")) if common else 0
    return {"/".join(d.split("/")[: depth + 1]) for d in directories if d != common}


def nearness(path: str, cluster: str, others: Iterable[str]) -> int:
    """Of several objects of one name in different files, the one meant is of the highest: 2 where the path names the cluster,
    0 where it names another one only."""
    parts = path.split("/")
    if cluster and cluster.rpartition("/")[2] in parts:
        return 2
    return 0 if any(o.rpartition("/")[2] in parts for o in others) else 1


def belongs(path: str, cluster: str, clusters: Iterable[str]) -> bool:
    """Whether a file concerns a cluster: it stands in its directory, or in no cluster's."""
    return not cluster or path.startswith(cluster + "/") or not any(path.startswith(c + "/") for c in clusters)
