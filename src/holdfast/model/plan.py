"""What is to be done to a cluster, and why; and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef


class Action(Enum):
    CREATE = "create"
    UPDATE = "update"
    RECREATE = "recreate"
    KEEP = "keep"  # live already is as desired
    SKIP = "skip"  # an annotation or policy says: hands off
    DELETE = "delete"


class Reason(Enum):
    """Why a change is in the plan. The words are for people and for tests."""

    MISSING = "not in the cluster"
    UNVERIFIED = "not known to be as desired"
    DESIRED_CHANGED = "the desired state changed"
    DRIFTED = "somebody changed fields we own"
    DRIFT_LEFT = "somebody changed it, and drift is not put right here"
    FOREIGN_MANAGERS = "fields written by kubectl are taken over"
    TAKE_OVER = "another owner's object is taken over"
    IN_SYNC = "already as desired"
    IMMUTABLE = "an immutable field changed and force is set"
    RECONCILE_DISABLED = "reconciliation is disabled by annotation"
    APPLY_IGNORED = "server-side apply is set to Ignore"
    IF_NOT_PRESENT = "it exists, and apply is set to IfNotPresent"
    NOT_DESIRED = "no longer in the desired state"
    UNIT_DELETED = "its unit is deleted"
    PRUNE_DISABLED = "pruning is disabled by annotation"
    OTHER_OWNER = "it belongs to another unit"
    HANDED_OVER = "another unit renders it"
    PROTECTED = "it holds what others put there"
    ALREADY_GONE = "already gone"


@dataclass(frozen=True, slots=True)
class Change:
    """One object, what to do with it and why; ``desired`` only where something is applied."""

    action: Action
    reason: Reason
    ref: ObjectRef
    gvk: GroupVersionKind
    desired: Manifest | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Stage:
    """Changes that may go together; the next stage waits until ``wait`` ones are ready."""

    name: str
    changes: tuple[Change, ...]
    wait: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Stages in order, then what is pruned (already in the order of deletion)."""

    stages: tuple[Stage, ...] = ()
    prune: tuple[Change, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        return (*(c for s in self.stages for c in s.changes), *self.prune)

    @property
    def is_empty(self) -> bool:
        """Whether executing it would send nothing."""
        return all(c.action in (Action.KEEP, Action.SKIP) for c in self.changes)


class Done(Enum):
    """What became of one object: Flux's words for its events."""

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Applied:
    """One line of a report. ``live`` is the object as the server returned it, where it did."""

    ref: ObjectRef
    version: str
    done: Done
    live: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.ref} {self.done.value}"


@dataclass(frozen=True, slots=True)
class Report:
    """Everything done, in the plan's order. ``error`` is why it stopped early; objects after that were not touched."""

    entries: tuple[Applied, ...] = ()
    error: Exception | None = None

    @property
    def changed(self) -> tuple[Applied, ...]:
        return tuple(e for e in self.entries if e.done not in (Done.UNCHANGED, Done.SKIPPED))
