"""The status of a source while it is reconciled, as Flux's source-controller writes it.

In: the object, then what happens, step by step. Out: the status to write, and the event to tell. The end of a run is one
of: succeeded, nothing to do, failed (tried again, later each time), waiting for another object, stalled (until the
declaration changes), suspended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from holdfast.base.errors import HoldfastError
from holdfast.dialects.flux.conditions import READY, RECONCILING, STALLED, SUCCEEDED, Conditions

ARTIFACT_IN_STORAGE = "ArtifactInStorage"
ARTIFACT_OUTDATED = "ArtifactOutdated"
FETCH_FAILED = "FetchFailed"
BUILD_FAILED = "BuildFailed"
INCLUDE_UNAVAILABLE = "IncludeUnavailable"
SOURCE_VERIFIED = "SourceVerified"
STORAGE_FAILED = "StorageOperationFailed"
REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"


@dataclass(frozen=True, slots=True)
class ConditionSet:
    """Which conditions a kind of source has, in order of importance, and which of them are bad news when True."""

    summary: tuple[str, ...]
    negative: frozenset[str]
    failures: tuple[str, ...]
    bipolar: tuple[str, ...] = (SOURCE_VERIFIED,)


_STORAGE = (STORAGE_FAILED, FETCH_FAILED)
GIT = ConditionSet(
    summary=(
        *_STORAGE,
        INCLUDE_UNAVAILABLE,
        ARTIFACT_OUTDATED,
        ARTIFACT_IN_STORAGE,
        SOURCE_VERIFIED,
        STALLED,
        RECONCILING,
    ),
    negative=frozenset({*_STORAGE, INCLUDE_UNAVAILABLE, ARTIFACT_OUTDATED, STALLED, RECONCILING}),
    failures=(FETCH_FAILED, INCLUDE_UNAVAILABLE, STORAGE_FAILED),
)
_SUMMARY = (*_STORAGE, ARTIFACT_OUTDATED, ARTIFACT_IN_STORAGE)
OCI = ConditionSet(
    summary=(*_SUMMARY, SOURCE_VERIFIED, STALLED, RECONCILING),
    negative=frozenset({*_STORAGE, ARTIFACT_OUTDATED, STALLED, RECONCILING}),
    failures=_STORAGE,
)
HELM_REPOSITORY = ConditionSet(
    summary=(*_SUMMARY, STALLED, RECONCILING),
    negative=frozenset({*_STORAGE, ARTIFACT_OUTDATED, STALLED, RECONCILING}),
    failures=_STORAGE,
    bipolar=(),
)
BUCKET = HELM_REPOSITORY
HELM_CHART = ConditionSet(
    summary=(
        *_STORAGE,
        BUILD_FAILED,
        ARTIFACT_OUTDATED,
        ARTIFACT_IN_STORAGE,
        SOURCE_VERIFIED,
        STALLED,
        RECONCILING,
    ),
    negative=frozenset({*_STORAGE, BUILD_FAILED, ARTIFACT_OUTDATED, STALLED, RECONCILING}),
    failures=(BUILD_FAILED, FETCH_FAILED, STORAGE_FAILED),
)


class Ending(Enum):
    FAILED = "failed"
    WAITING = "waiting"
    STALLED = "stalled"


class SourceFailure(HoldfastError):
    """Why a run ended early: the condition that tells it (``bad`` when True; else set to False), and what follows."""

    def __init__(
        self, message: str, *, reason: str, condition: str, ending: Ending = Ending.FAILED, bad: bool = True
    ) -> None:
        super().__init__(message, reason=reason)
        self.condition = condition
        self.ending = ending
        self.bad = bad


@dataclass(frozen=True, slots=True)
class Told:
    """An event: ``warning`` or normal; ``annotations`` without the group prefix."""

    reason: str
    message: str
    warning: bool = False
    annotations: Mapping[str, str] = field(default_factory=dict)


class SourceStatus:
    def __init__(self, obj: Mapping[str, Any], now: str, conditions: ConditionSet = GIT) -> None:
        self._meta = obj.get("metadata") or {}
        self._generation = int(self._meta.get("generation") or 1)
        self._before = dict(obj.get("status") or {})
        self._set = conditions
        self.fields: dict[str, Any] = dict(self._before)
        """Everything but conditions; set and delete freely."""
        self.conditions = Conditions(self._before.get("conditions") or (), self._generation, now)
        self._failed_before = any(self.conditions.has(t) for t in conditions.failures)

    @property
    def artifact(self) -> Mapping[str, Any] | None:
        return self.fields.get("artifact")

    @property
    def revision(self) -> str:
        return str((self.artifact or {}).get("revision") or "")

    def begin(self) -> None:
        self.conditions.progress("reconciliation in progress")
        observed = int(self.fields.get("observedGeneration") or 0)
        if observed != self._generation:
            self.conditions.progress(f"processing object: new generation {observed} -> {self._generation}")
        self.conditions.delete(STORAGE_FAILED)

    def storage(self, *, present: bool) -> None:
        """Whether the artifact that the status tells of is there."""
        missing = self.artifact is not None and not present
        if missing:
            self.fields.pop("artifact")
        if self.artifact is None:
            text = "building artifact: disappeared from storage" if missing else "building artifact"
            self.conditions.progress(text, drift=True)
            self.conditions.delete(ARTIFACT_IN_STORAGE)

    def outdated(self, reason: str, message: str, *, known: bool) -> None:
        """The artifact no longer is what is declared: ``known`` says whether there was one of the kind before."""
        if known:
            self.conditions.true(ARTIFACT_OUTDATED, reason, message)
        self.conditions.progress(f"building artifact: {message}", drift=True)

    def stored(self, message: str, reason: str = SUCCEEDED) -> None:
        self.conditions.delete(ARTIFACT_OUTDATED)
        self.conditions.true(ARTIFACT_IN_STORAGE, reason, message)

    def record(self, changes: Mapping[str, Any]) -> None:
        """Sets fields; None removes."""
        for key, value in changes.items():
            if value is None:
                self.fields.pop(key, None)
            else:
                self.fields[key] = value

    @property
    def recovered(self) -> bool:
        """A failure of before is no more."""
        return self._failed_before and not any(self.conditions.has(t) for t in self._set.failures)

    @property
    def new_digest(self) -> bool:
        was = self._before.get("artifact") or {}
        return was.get("digest") != (self.artifact or {}).get("digest")

    def fail(self, failure: SourceFailure) -> Told:
        if failure.bad:
            self.conditions.true(failure.condition, failure.reason, failure.message)
        else:
            self.conditions.false(failure.condition, failure.reason, failure.message)
        self.conditions.retrying()
        if failure.ending is Ending.STALLED:
            self.conditions.stalled(failure.reason, failure.message)
            self.fields["observedGeneration"] = self._generation
        else:
            self.conditions.delete(STALLED)
        return Told(failure.reason, failure.message, warning=failure.ending is not Ending.WAITING)

    def succeed(self) -> None:
        self.conditions.delete(RECONCILING, STALLED)
        self.fields["observedGeneration"] = self._generation

    def rest(self) -> None:
        """Suspended: what was observed stays; the generation has been seen."""
        self.conditions.retrying()
        self.conditions.delete(STALLED)
        if self.conditions.as_list():
            self.fields["observedGeneration"] = self._generation

    def result(self, *, handled: bool = True, summarise: bool = True) -> dict[str, Any]:
        """The status to write. ``handled``: a request by annotation counts as answered (a suspended object's never does)."""
        if handled:
            requested = (self._meta.get("annotations") or {}).get(REQUESTED_AT)
            if requested:
                self.fields["lastHandledReconcileAt"] = requested
        if summarise:
            self._summarise()
        conditions = self.conditions.as_list()
        status = dict(self.fields)
        if conditions:
            status["conditions"] = conditions
        else:
            status.pop("conditions", None)
        return status

    def _summarise(self) -> None:
        self.conditions.summarise(READY, self._set.summary, self._set.negative)
        for type in self._set.bipolar:
            found = self.conditions.get(type)
            if found is not None and found["status"] == "False":
                self.conditions.false(READY, found["reason"], found["message"])
                return
