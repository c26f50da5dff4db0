"""What a unit's own words say about deletion and drift: annotations in, a small frozen policy out.

The operator's choice is the default, a unit's annotations win. An annotation that cannot be read counts as absent, so that a
slip of the pen never takes a guard away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from holdfast.base.duration import parse_duration

GROUP = "holdfast.dev"
DELETION_SAFETY = f"{GROUP}/deletion-safety"
ALLOW_PRUNE = f"{GROUP}/allow-prune"
PRUNE_BUDGET = f"{GROUP}/prune-budget"
KEEP_FOR = f"{GROUP}/keep-for"
DRIFT = f"{GROUP}/drift"
PIN = f"{GROUP}/pin"
PIN_FROM = f"{GROUP}/pin-from"
ANNOTATIONS = (DELETION_SAFETY, ALLOW_PRUNE, PRUNE_BUDGET, KEEP_FOR, DRIFT, PIN, PIN_FROM)
_SHORTEST = 7  # characters of a commit that are enough to name it


class DriftMode(Enum):
    """What happens when somebody changes a managed object: it is put right, told, or neither."""

    ENABLED = "enabled"
    WARN = "warn"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may go without being asked for: the larger of a number and a share of what there is."""

    objects: int = 10
    percent: float = 50.0

    def allows(self, doomed: int, owned: int) -> bool:
        return doomed <= max(self.objects, owned * self.percent / 100.0)

    def __str__(self) -> str:
        return f"{self.objects} objects or {self.percent:g} %"


COMMIT_BUDGET = Budget(30, 50.0)


@dataclass(frozen=True, slots=True)
class Safety:
    """``guarded`` False is Flux's behaviour: what is not desired goes, however much it is. ``consent`` is the revision whose
    deletions somebody has agreed to; ``keep_for`` how many seconds the objects of a deleted unit are kept."""

    guarded: bool = True
    budget: Budget = Budget()
    consent: str = ""
    keep_for: float = 0.0
    drift: DriftMode = DriftMode.ENABLED

    def consents(self, revision: str) -> bool:
        """Whether the consent is for this revision: all of it, its digest, or the beginning of its digest."""
        named, digest = self.consent.rpartition(":")[2], revision.rpartition(":")[2]
        if not self.consent or not revision:
            return False
        return self.consent == revision or (len(named) >= _SHORTEST and digest.startswith(named))


def read_safety(annotations: Mapping[str, Any], default: Safety | None = None) -> Safety:
    """What the annotations of a unit say."""
    default = default or Safety()
    return replace(
        default,
        guarded=_GUARDED.get(str(annotations.get(DELETION_SAFETY) or "").lower(), default.guarded),
        budget=parse_budget(str(annotations.get(PRUNE_BUDGET) or "")) or default.budget,
        consent=str(annotations.get(ALLOW_PRUNE) or "").strip(),
        keep_for=_seconds(str(annotations.get(KEEP_FOR) or ""), default.keep_for),
        drift=_DRIFT.get(str(annotations.get(DRIFT) or "").lower(), default.drift),
    )


_GUARDED = {"guarded": True, "enabled": True, "flux": False, "disabled": False, "upstream": False}
_DRIFT = {m.value: m for m in DriftMode}


def parse_budget(text: str) -> Budget | None:
    """``25``, ``40%`` or both with a comma; what is not named is 0 beside what is. None for what is no budget."""
    objects, percent = 0, 0.0
    try:
        for part in (p.strip() for p in text.split(",")):
            if part.endswith("%"):
                percent = float(part[:-1])
            else:
                objects = int(part)
    except ValueError:
        return None
    return Budget(objects, percent) if objects >= 0 and 0 <= percent <= 100 else None


def _seconds(text: str, default: float) -> float:
    try:
        return max(0.0, parse_duration(text)) if text else default
    except ValueError:
        return default
