"""Lists of ``status.conditions`` as values: find, set, remove, sort. Nothing is changed in place, and no clock is asked.

The rules of ``lastTransitionTime`` differ: apimachinery's (`Rule.STATUS`) renews it when the status changes, Flux's runtime
(`Rule.STATE`) when the status, reason or message does.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Any

Condition = dict[str, Any]


class Rule(enum.Enum):
    """What makes a condition's ``lastTransitionTime`` new."""

    STATUS = ("status",)
    STATE = ("status", "reason", "message")


# Flux's runtime writes what is wrong and what is going on first, then the summary, then all others: newest generation
# first, then by name.
WEIGHTS = {"Stalled": 0, "Reconciling": 1, "Ready": 2}


def get(conditions: Iterable[Mapping[str, Any]] | None, kind: str) -> Mapping[str, Any] | None:
    """The condition of type ``kind``, or None."""
    return next((condition for condition in conditions or () if condition.get("type") == kind), None)


def status(conditions: Iterable[Mapping[str, Any]] | None, kind: str) -> str:
    """``True``, ``False``, ``Unknown``, or "" where there is no such condition."""
    found = get(conditions, kind)
    return str(found.get("status") or "") if found else ""


def is_true(conditions: Iterable[Mapping[str, Any]] | None, kind: str) -> bool:
    return status(conditions, kind) == "True"


def put(
    conditions: Iterable[Mapping[str, Any]] | None, new: Mapping[str, Any], *, now: str, rule: Rule = Rule.STATE
) -> list[Condition]:
    """``conditions`` with ``new`` in the place of the one of its type, or at the end.

    ``now`` is an RFC 3339 time in whole seconds. It becomes ``lastTransitionTime`` unless ``new`` brings one or nothing that
    counts under ``rule`` has changed.
    """
    listed = [dict(condition) for condition in conditions or ()]
    for index, old in enumerate(listed):
        if old.get("type") == new.get("type"):
            listed[index] = _timed(new, old, now, rule)
            return listed
    listed.append({**new, "lastTransitionTime": new.get("lastTransitionTime") or now})
    return listed


def _timed(new: Mapping[str, Any], old: Mapping[str, Any], now: str, rule: Rule) -> Condition:
    same = all((new.get(field) or "") == (old.get(field) or "") for field in rule.value)
    time = old.get("lastTransitionTime") if same else new.get("lastTransitionTime")
    return {**new, "lastTransitionTime": time or now}


def remove(conditions: Iterable[Mapping[str, Any]] | None, *kinds: str) -> list[Condition]:
    """``conditions`` without those of the types ``kinds``."""
    return [dict(condition) for condition in conditions or () if condition.get("type") not in kinds]


def ordered(conditions: Iterable[Mapping[str, Any]] | None) -> list[Condition]:
    """``conditions`` as Flux's runtime sorts them."""
    return sorted(map(dict, conditions or ()), key=_rank)


def _rank(condition: Mapping[str, Any]) -> tuple[int, int, str]:
    kind = str(condition.get("type") or "")
    if kind in WEIGHTS:
        return WEIGHTS[kind], 0, kind
    return len(WEIGHTS), -int(condition.get("observedGeneration") or 0), kind
