"""How a reconciliation went, in data; the dialects turn it into conditions, the notifiers into messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from holdfast.model.inventory import Inventory


class Verdict(Enum):
    READY = "ready"
    FAILED = "failed"  # tried, and will be tried again
    WAITING = "waiting"  # a source, a dependency: somebody else acts first
    STALLED = "stalled"  # nothing changes until the declaration does
    CANCELLED = "cancelled"  # a newer revision took over while waiting


class Wellness(Enum):
    """The health check of what was applied, as far as it got."""

    NOT_ASKED = "not asked"
    UNTOUCHED = "untouched"  # this run did not get that far; what was said before stays
    RUNNING = "running"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Event:
    """Something to tell. ``reason`` empty: the reason of the Ready condition at the moment of telling."""

    message: str
    warning: bool = False
    reason: str = ""
    revision: str = ""
    origin_revision: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One digest with one result; repeated results are counted, not repeated. Times are seconds since the epoch."""

    digest: str
    status: str
    revision: str
    origin_revision: str = ""
    started: float = 0.0
    duration: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """``progress`` is the last step's message (kept beside a failure); ``attempted`` and ``applied`` are revisions, empty
    where this run did not set them. ``inventory`` None: the one of before stays. ``kept`` says which objects are kept although
    nobody desires them, and why; None: what was said before stays. ``drifted`` the same of drift that is only told."""

    verdict: Verdict
    reason: str
    message: str
    progress: str = ""
    attempted: str = ""
    applied: str = ""
    origin_revision: str = ""
    inventory: Inventory | None = None
    wellness: Wellness = Wellness.UNTOUCHED
    wellness_message: str = ""
    history: HistoryEntry | None = None
    events: tuple[Event, ...] = ()
    kept: str | None = None
    drifted: str | None = None
    steps: tuple[tuple[str, float], ...] = ()  # (what began, when in seconds since the epoch), in order
    next_run: float | None = None  # seconds until the next attempt; None: only when something changes
