"""Who is connected with whom: units by source, by dependency, by applied object.

In: Kustomization objects as the watch tells of them. Out: look-ups. Keeps no object and asks nobody. Of an applied object only
the hash of its reference is kept: should two ever have the same, one more unit counts as its owner, and that keeps it.
"""

from __future__ import annotations

import sys
from array import array
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.dialects.flux.conditions import said
from holdfast.dialects.flux.kustomization import read
from holdfast.dialects.flux.kustomization_status import read_status
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.delivery import Delivery, UnitKey


@dataclass(frozen=True, slots=True)
class _Known:
    source: UnitKey
    depends_on: frozenset[UnitKey]
    place: tuple[UnitKey, str, str]
    values: frozenset[tuple[str, str]]
    inventory: int
    objects: array[int]
    applied: bool
    settled: str
    leaving: bool


class UnitIndex:
    def __init__(self) -> None:
        self._known: dict[UnitKey, _Known] = {}
        self._by_source: dict[UnitKey, set[UnitKey]] = defaultdict(set)
        self._dependants: dict[UnitKey, set[UnitKey]] = defaultdict(set)
        self._owners: dict[int, tuple[UnitKey, ...]] = {}
        self._by_values: dict[tuple[str, str, str], set[UnitKey]] = defaultdict(set)

    def put(self, key: UnitKey, obj: Manifest | None) -> None:
        """Takes over what an object says now; None when it is gone."""
        old = self._known.get(key)
        new = None if obj is None else _facts(obj, old)
        if old is not None and (new is None or new is not old):
            self._remove(key, old)
        if new is not None:
            self._add(key, new)

    def of_source(self, source: UnitKey) -> frozenset[UnitKey]:
        return frozenset(self._by_source.get(source, ()))

    def behind(
        self, source: UnitKey, revision: str, changed: frozenset[str] | None
    ) -> tuple[list[UnitKey], list[UnitKey]]:
        """Units of a source that are not settled at a revision: those whose directory is among the changed ones, and the
        others. None stands for every directory."""
        first: list[UnitKey] = []
        others: list[UnitKey] = []
        for key in self._by_source.get(source, ()):
            known = self._known[key]
            if known.settled != revision:
                (first if changed is None or known.place[1] in changed else others).append(key)
        return first, others

    def objects_of(self, source: UnitKey) -> int:
        """How many objects the units of a source have in their inventories."""
        return sum(len(self._known[k].objects) for k in self._by_source.get(source, ()))

    def dependants(self, key: UnitKey) -> frozenset[UnitKey]:
        return frozenset(self._dependants.get(key, ()))

    def of_values(self, kind: str, namespace: str, name: str) -> frozenset[UnitKey]:
        """Units that substitute from this ConfigMap or Secret, decrypt with it or reach their cluster with it."""
        return frozenset(self._by_values.get((kind, namespace, name), ()))

    def claimed(self, ref: ObjectRef, unit: UnitKey) -> bool:
        """Whether a unit other than this one, and not on its way out, has the object in its inventory."""
        return any(k != unit and not self._known[k].leaving for k in self._owners.get(hash(ref), ()))

    def claimants(self, ref: ObjectRef) -> frozenset[UnitKey]:
        return frozenset(self._owners.get(hash(ref), ()))

    def heirs(self, unit: UnitKey) -> frozenset[UnitKey]:
        """Units that build the same place of the same source and have not applied it yet: one of them may be this one renamed."""
        known = self._known.get(unit)
        if known is None:
            return frozenset()
        return frozenset(
            k
            for k in self._by_source.get(known.source, ())
            if k != unit
            and self._known[k].place == known.place
            and not self._known[k].applied
            and not self._known[k].leaving
        )

    def _add(self, key: UnitKey, facts: _Known) -> None:
        self._known[key] = facts
        self._by_source[facts.source].add(key)
        for other in facts.depends_on:
            self._dependants[other].add(key)
        for kind, name in facts.values:
            self._by_values[kind, key.namespace, name].add(key)
        for mark in facts.objects:
            self._owners[mark] = (*self._owners.get(mark, ()), key)

    def _remove(self, key: UnitKey, facts: _Known) -> None:
        del self._known[key]
        _discard(self._by_source, facts.source, key)
        for other in facts.depends_on:
            _discard(self._dependants, other, key)
        for kind, name in facts.values:
            _discard(self._by_values, (kind, key.namespace, name), key)
        for mark in facts.objects:
            left = tuple(k for k in self._owners.pop(mark) if k != key)
            if left:
                self._owners[mark] = left


def _discard(index: dict[Any, set[UnitKey]], at: Any, key: UnitKey) -> None:
    index[at].discard(key)
    if not index[at]:
        del index[at]


def _secrets(delivery: Delivery) -> frozenset[tuple[str, str]]:
    policy = delivery.policy
    names = (policy.decryption.secret_name if policy.decryption else "", policy.target.kubeconfig_secret)
    return frozenset(("Secret", n) for n in names if n)


def _facts(obj: Mapping[str, Any], old: _Known | None) -> _Known:
    delivery, status = read(obj), obj.get("status") or {}
    inventory = _fingerprint(status)
    ready = said(obj).ready == "True"
    substitution = delivery.build.substitution
    return _Known(
        source=delivery.source,
        depends_on=frozenset(d.key for d in delivery.policy.depends_on),
        place=(delivery.source, delivery.build.path.strip("./"), delivery.build.target_namespace),
        values=frozenset((r.kind, r.name) for r in (substitution.references if substitution else ()))
        | _secrets(delivery),
        inventory=inventory,
        objects=old.objects if old is not None and old.inventory == inventory else _marks(obj),
        applied=bool(status.get("lastAppliedRevision")) or delivery.policy.suspend,
        settled=sys.intern(str(status.get("lastAttemptedRevision") or "")) if ready else "",
        leaving=bool(obj["metadata"].get("deletionTimestamp")),
    )


def _fingerprint(status: Mapping[str, Any]) -> int:
    entries = (status.get("inventory") or {}).get("entries") or ()
    return hash(tuple(str(e.get("id")) for e in entries))


def _marks(obj: Mapping[str, Any]) -> array[int]:
    """A hash for each object in the inventory."""
    return array("q", {hash(e.ref) for e in read_status(obj).inventory.entries})
