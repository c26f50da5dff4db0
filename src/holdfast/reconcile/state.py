"""What is known when a unit's turn comes: named states, nothing that still has to be looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.model.delivery import Delivery, Dependency
from holdfast.model.inventory import Inventory
from holdfast.model.source import Snapshot


@dataclass(frozen=True, slots=True)
class SourceState:
    """A unit's source. ``snapshot`` None: ``problem`` says why, ``missing`` and ``denied`` what kind of why."""

    snapshot: Snapshot | None = None
    origin_revision: str = ""
    problem: str = ""
    missing: bool = False
    denied: bool = False

    @property
    def revision(self) -> str:
        return self.snapshot.revision if self.snapshot else ""


@dataclass(frozen=True, slots=True)
class DependencyState:
    """A unit that has to be ready first. ``problem`` is why it could not be read at all."""

    dependency: Dependency
    found: bool
    ready: bool = False
    same_source: bool = False
    applied: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """Everything a decision may depend on. ``inventory``, ``applied``, ``attempted`` and ``was_healthy`` are from the last run's status,
    ``kept`` what it said of objects that are kept. ``deleted_at``: seconds since the epoch; ``settled``: this declaration was
    applied at ``applied`` already."""

    delivery: Delivery
    source: SourceState
    dependencies: tuple[DependencyState, ...] = ()
    inventory: Inventory = field(default_factory=Inventory)
    applied: str = ""
    attempted: str = ""
    was_healthy: bool = False
    deleting: bool = False
    kept: str = ""
    deleted_at: float = 0.0
    settled: bool = False

    @property
    def applied_already(self) -> bool:
        """Whether an earlier run applied just this."""
        return self.settled and bool(self.applied) and self.applied == self.source.revision
