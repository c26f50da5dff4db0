"""Conditions as the Flux controllers keep them.

In: an object's condition list. Out: changed lists: sorted (Stalled, Reconciling, Ready, then the highest generation first,
then by type), each condition with the generation of its last change. A transition time changes with status, reason or
message. Times come from the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"
HEALTHY = "Healthy"
PROGRESSING = "Progressing"
PROGRESSING_WITH_RETRY = "ProgressingWithRetry"
SUCCEEDED = "Succeeded"
FAILED = "Failed"

_FIRST = {STALLED: 0, RECONCILING: 1, READY: 2}
_LONGEST = 32768

Condition = dict[str, Any]


class Conditions:
    """The conditions of one object while it is reconciled."""

    def __init__(self, existing: Iterable[Mapping[str, Any]], generation: int, now: str) -> None:
        """``now`` is the time of changes, as RFC 3339."""
        self._all: dict[str, Condition] = {str(c.get("type")): dict(c) for c in existing}
        self._order = list(self._all)
        self._generation = generation
        self._now = now

    def get(self, type: str) -> Condition | None:
        return self._all.get(type)

    def has(self, type: str) -> bool:
        return type in self._all

    def is_true(self, type: str) -> bool:
        return self._status(type) == "True"

    def is_false(self, type: str) -> bool:
        return self._status(type) == "False"

    def is_unknown(self, type: str) -> bool:
        """Also where there is none, as in Flux."""
        return self._status(type) in ("Unknown", "")

    def _status(self, type: str) -> str:
        found = self._all.get(type)
        return str(found.get("status")) if found else ""

    def message(self, type: str) -> str:
        found = self._all.get(type)
        return str(found.get("message") or "") if found else ""

    def set(self, type: str, status: str, reason: str, message: str) -> None:
        message = _trim(message)
        new: Condition = {
            "type": type,
            "status": status,
            "reason": reason,
            "message": message,
            "observedGeneration": self._generation,
            "lastTransitionTime": self._now,
        }
        old = self._all.get(type)
        if old is not None and all(old.get(k) == new[k] for k in ("status", "reason", "message")):
            new["lastTransitionTime"] = old.get("lastTransitionTime", self._now)
        if old is None:
            self._order.append(type)
        self._all[type] = new
        # The order is that of the moment of the last change: a later deletion does not sort again.
        self._order.sort(key=lambda t: _rank(self._all[t]))

    def true(self, type: str, reason: str, message: str) -> None:
        self.set(type, "True", reason, message)

    def false(self, type: str, reason: str, message: str) -> None:
        self.set(type, "False", reason, message)

    def unknown(self, type: str, reason: str, message: str) -> None:
        self.set(type, "Unknown", reason, message)

    def delete(self, *types: str) -> None:
        for type in types:
            if self._all.pop(type, None) is not None:
                self._order.remove(type)

    def reconciling(self, reason: str, message: str) -> None:
        """In progress; no longer stalled."""
        self.delete(STALLED)
        self.true(RECONCILING, reason, message)

    def stalled(self, reason: str, message: str) -> None:
        self.delete(RECONCILING)
        self.true(STALLED, reason, message)

    def progress(self, message: str, *, drift: bool = False, reason: str = PROGRESSING) -> None:
        """A step is begun. Ready becomes Unknown where it was not known, or where ``drift`` says that it no longer holds."""
        self.reconciling(reason, message)
        if drift or self.is_unknown(READY):
            self.unknown(READY, reason, message)

    def retrying(self) -> None:
        """The last step failed and will be tried again: its message stays, its reason tells of the retry."""
        found = self._all.get(RECONCILING)
        if found and found.get("status") == "True":
            self.true(RECONCILING, PROGRESSING_WITH_RETRY, str(found.get("message") or ""))

    def summarise(self, target: str, types: Sequence[str], negative: Iterable[str]) -> None:
        """Sets ``target`` from the most important of ``types``; those in ``negative`` are bad news when they are True.

        Precedence: a negative one that is True, another that is False, another that is True, a negative one that is
        False, unknown; within one class the order of ``types``.
        """
        bad = frozenset(negative)
        present = [self._all[t] for t in types if t in self._all]
        if not present:
            return
        chosen = min(present, key=lambda c: (_priority(c, bad), types.index(c["type"])))
        status = str(chosen["status"])
        if chosen["type"] in bad and status in ("True", "False"):
            status = "False" if status == "True" else "True"
        self.set(target, status, str(chosen["reason"]), str(chosen["message"]))

    def as_list(self) -> list[Condition]:
        return [self._all[t] for t in self._order]


def _priority(condition: Condition, bad: frozenset[str]) -> int:
    negative = condition["type"] in bad
    if condition["status"] == "True":
        return 0 if negative else 2
    if condition["status"] == "False":
        return 3 if negative else 1
    return 4


def _rank(condition: Condition) -> tuple[int, int, str]:
    type = str(condition["type"])
    if type in _FIRST:
        return (_FIRST[type], 0, "")
    return (len(_FIRST), -int(condition.get("observedGeneration") or 0), type)


def _trim(message: str) -> str:
    return message if len(message) <= _LONGEST else message[: _LONGEST - 3] + "..."


@dataclass(frozen=True, slots=True)
class Said:
    """What one object's conditions come down to, for people and for dependants."""

    ready: str
    reason: str
    message: str


def said(obj: Mapping[str, Any]) -> Said:
    """The Ready condition of an object; empty strings where there is none."""
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition.get("type") == READY:
            return Said(str(condition.get("status")), str(condition.get("reason")), str(condition.get("message")))
    return Said("", "", "")
