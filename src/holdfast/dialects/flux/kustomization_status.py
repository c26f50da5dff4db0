"""An Outcome in, the status of a Kustomization out, exactly as Flux's controller writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from holdfast.base.duration import format_duration
from holdfast.dialects.flux.conditions import HEALTHY, READY, RECONCILING, Conditions
from holdfast.dialects.flux.kustomization import GROUP
from holdfast.model.inventory import Inventory, InventoryEntry
from holdfast.model.outcome import Event, HistoryEntry, Outcome, Verdict, Wellness

_HISTORY = 5
KEPT = "PruneHeld"
DRIFTED = "Drifted"
REQUESTED = "reconcile.fluxcd.io/requestedAt"


@dataclass(frozen=True, slots=True)
class Before:
    """What the status of the last run says, as far as the next one needs it."""

    inventory: Inventory
    applied: str
    was_healthy: bool
    ready_reason: str
    kept: str = ""
    attempted: str = ""


def timestamp(seconds: float) -> str:
    """RFC 3339 in whole seconds, as Kubernetes writes times."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_status(obj: Mapping[str, Any]) -> Before:
    status = obj.get("status") or {}
    conditions = Conditions(status.get("conditions") or (), 0, "")
    entries = ((status.get("inventory") or {}).get("entries")) or ()
    parsed = (InventoryEntry.parse(str(e.get("id")), str(e.get("v"))) for e in entries)
    return Before(
        inventory=Inventory(tuple(p for p in parsed if p is not None)),
        applied=str(status.get("lastAppliedRevision") or ""),
        was_healthy=conditions.is_true(HEALTHY),
        ready_reason=str((conditions.get(READY) or {}).get("reason") or ""),
        kept=conditions.message(KEPT),
        attempted=str(status.get("lastAttemptedRevision") or ""),
    )


def write_status(obj: Mapping[str, Any], outcome: Outcome, *, now: float) -> dict[str, Any]:
    """The new status. A running outcome (wellness RUNNING) is an intermediate one."""
    generation = int(obj["metadata"].get("generation") or 1)
    status: dict[str, Any] = dict(obj.get("status") or {})
    conditions = Conditions(status.get("conditions") or (), generation, timestamp(now))
    _write_conditions(conditions, outcome)
    _write_revisions(status, outcome)
    if outcome.inventory is not None:
        status["inventory"] = _inventory(outcome.inventory)
    if outcome.history is not None:
        status["history"] = _history(list(status.get("history") or ()), outcome.history, now)
    if outcome.verdict is Verdict.READY or outcome.reason == "InvalidCELExpression":
        status["observedGeneration"] = generation
    # The default of the definition, which is only filled in where a status is created with the object.
    status.setdefault("observedGeneration", -1)
    requested = (obj["metadata"].get("annotations") or {}).get(REQUESTED)
    if requested and outcome.wellness is not Wellness.RUNNING:
        status["lastHandledReconcileAt"] = requested
    if conditions.as_list():
        status["conditions"] = conditions.as_list()
    return status


def suspended_status(obj: Mapping[str, Any], *, now: float) -> dict[str, Any] | None:
    """The status of a suspended object where it differs from what stands there; None where nothing is to be written."""
    generation = int(obj["metadata"].get("generation") or 1)
    status: dict[str, Any] = dict(obj.get("status") or {})
    conditions = Conditions(status.get("conditions") or (), generation, timestamp(now))
    if not conditions.is_true(READY) or status.get("observedGeneration") == generation:
        return None
    conditions.delete(RECONCILING)
    return {**status, "conditions": conditions.as_list(), "observedGeneration": generation}


def drift_status(obj: Mapping[str, Any], message: str, *, now: float) -> dict[str, Any]:
    """The status with what is told of drift, empty for none; nothing else of it changes."""
    generation = int(obj["metadata"].get("generation") or 1)
    status: dict[str, Any] = dict(obj.get("status") or {})
    conditions = Conditions(status.get("conditions") or (), generation, timestamp(now))
    _write_told(conditions, DRIFTED, "DriftDetected", message)
    return {**status, "conditions": conditions.as_list()}


def _write_conditions(conditions: Conditions, outcome: Outcome) -> None:
    if outcome.progress:
        # A run that got under way ends what stalled; one that only waits leaves it.
        conditions.reconciling("Progressing", outcome.progress)
    match outcome.verdict:
        case Verdict.READY:
            conditions.delete(RECONCILING)
            conditions.true(READY, outcome.reason, outcome.message)
        case Verdict.STALLED:
            conditions.false(READY, outcome.reason, outcome.message)
            conditions.stalled(outcome.reason, outcome.message)
        case Verdict.CANCELLED:
            conditions.unknown(READY, "Progressing", "Reconciliation in progress")
        case Verdict.FAILED | Verdict.WAITING:
            conditions.false(READY, outcome.reason, outcome.message)
            conditions.retrying()
    _write_wellness(conditions, outcome)
    _write_told(conditions, KEPT, "PruneHeld", outcome.kept)
    _write_told(conditions, DRIFTED, "DriftDetected", outcome.drifted)


def _write_told(conditions: Conditions, type: str, reason: str, message: str | None) -> None:
    """Our own conditions: there only while there is something to tell. Flux has none of them."""
    if message:
        conditions.true(type, reason, message)
    elif message == "":
        conditions.delete(type)


def _write_wellness(conditions: Conditions, outcome: Outcome) -> None:
    match outcome.wellness:
        case Wellness.NOT_ASKED:
            conditions.delete(HEALTHY)
        case Wellness.RUNNING:
            conditions.unknown(HEALTHY, "Progressing", outcome.wellness_message)
        case Wellness.HEALTHY:
            conditions.true(HEALTHY, "Succeeded", outcome.wellness_message)
        case Wellness.UNHEALTHY:
            conditions.false(HEALTHY, "HealthCheckFailed", outcome.wellness_message)
        case Wellness.UNTOUCHED:
            pass


def _write_revisions(status: dict[str, Any], outcome: Outcome) -> None:
    if outcome.attempted:
        status["lastAttemptedRevision"] = outcome.attempted
    if outcome.applied:
        status["lastAppliedRevision"] = outcome.applied
        if outcome.origin_revision:
            status["lastAppliedOriginRevision"] = outcome.origin_revision
        else:
            status.pop("lastAppliedOriginRevision", None)


def _inventory(inventory: Inventory) -> dict[str, Any]:
    return {"entries": [{"id": e.id, "v": e.version} for e in inventory.entries]}


def _history(history: list[dict[str, Any]], entry: HistoryEntry, now: float) -> list[dict[str, Any]]:
    """Newest first. A digest that comes again with the same result moves to the front and counts up."""
    metadata = {"revision": entry.revision}
    if entry.origin_revision:
        metadata["originRevision"] = entry.origin_revision
    known = next(
        (h for h in history if h.get("digest") == entry.digest and h.get("lastReconciledStatus") == entry.status), None
    )
    first, count = (known["firstReconciled"], int(known["totalReconciliations"])) if known else (timestamp(now), 0)
    snapshot = {
        "digest": entry.digest,
        "firstReconciled": first,
        "lastReconciled": timestamp(now),
        "lastReconciledDuration": format_duration(entry.duration),
        "lastReconciledStatus": entry.status,
        "totalReconciliations": count + 1,
        "metadata": metadata,
    }
    return [snapshot, *(h for h in history if h is not known)][:_HISTORY]


def event_reason(event: Event, ready_reason: str) -> str:
    """What Flux calls an event: the reason of the Ready condition, or the severity where there is none yet."""
    return event.reason or ready_reason or ("error" if event.warning else "info")


def event_annotations(event: Event) -> dict[str, str]:
    """The metadata that notifiers read."""
    out = {f"{GROUP}/{k}": v for k, v in event.metadata.items()}
    if event.revision:
        out[f"{GROUP}/revision"] = event.revision
    if event.origin_revision:
        out[f"{GROUP}/originRevision"] = event.origin_revision
    return out
