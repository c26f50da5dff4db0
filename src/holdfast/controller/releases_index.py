"""Who is connected with whom: releases by the source of their chart, by dependency, by where their values come from.

In: HelmRelease objects as the watch tells of them. Out: look-ups. Keeps no object and asks nobody.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from holdfast.dialects.flux.helmrelease import read
from holdfast.kube.refs import Manifest
from holdfast.model.delivery import UnitKey


@dataclass(frozen=True, slots=True)
class _Links:
    source: UnitKey
    depends_on: frozenset[UnitKey]
    values: frozenset[tuple[str, str, str]]


class ReleaseIndex:
    def __init__(self) -> None:
        self._known: dict[UnitKey, _Links] = {}
        self._by_source: dict[UnitKey, set[UnitKey]] = defaultdict(set)
        self._dependants: dict[UnitKey, set[UnitKey]] = defaultdict(set)
        self._by_values: dict[tuple[str, str, str], set[UnitKey]] = defaultdict(set)

    def put(self, key: UnitKey, obj: Manifest | None) -> None:
        """Takes over what an object says now; None when it is gone. Raises ValueError or KeyError for what is no release."""
        self._remove(key)
        if obj is None:
            return
        links = _links(obj)
        self._known[key] = links
        self._by_source[links.source].add(key)
        for dependency in links.depends_on:
            self._dependants[dependency].add(key)
        for values in links.values:
            self._by_values[values].add(key)

    def of_source(self, source: UnitKey) -> frozenset[UnitKey]:
        return frozenset(self._by_source.get(source, ()))

    def dependants(self, key: UnitKey) -> frozenset[UnitKey]:
        return frozenset(self._dependants.get(key, ()))

    def of_values(self, kind: str, namespace: str, name: str) -> frozenset[UnitKey]:
        """Releases that take values from this ConfigMap or Secret, or reach their cluster with it."""
        return frozenset(self._by_values.get((kind, namespace, name), ()))

    def _remove(self, key: UnitKey) -> None:
        links = self._known.pop(key, None)
        if links is None:
            return
        self._by_source[links.source].discard(key)
        for dependency in links.depends_on:
            self._dependants[dependency].discard(key)
        for values in links.values:
            self._by_values[values].discard(key)


def _links(obj: Manifest) -> _Links:
    release = read(obj)
    namespace = release.key.namespace
    values = {(r.kind, namespace, r.name) for r in release.values_from}
    if release.target.kubeconfig_secret:
        values.add(("Secret", namespace, release.target.kubeconfig_secret))
    return _Links(release.source, frozenset(d.key for d in release.depends_on), frozenset(values))
