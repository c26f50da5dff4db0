"""The life of an operation: started, retried, ended, told. Pure.

In: the state as it stands and what a pass has given. Out: the next state. Who carries out a pass is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from holdfast.base.duration import parse_duration
from holdfast.model.app import (
    Application,
    AppSource,
    HistoryRecord,
    Operation,
    OperationState,
    Retry,
    SyncOrder,
    SyncRecord,
)
from holdfast.model.sync import OperationPhase, SyncRequest, SyncStrategy

FIRST_WAIT, FACTOR, LONGEST_WAIT = 5.0, 2, 180.0
RUNNING, TERMINATING = OperationPhase.RUNNING, OperationPhase.TERMINATING
INVALID = "Invalid operation request: no operation specified"
_BY_OPTION = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}


@dataclass(frozen=True, slots=True)
class Begin:
    """``state`` is worked on in this turn; ``write`` first, where it differs from what is written. ``wait``: nothing yet."""

    state: OperationState
    write: bool = False
    fresh: bool = False
    wait: float | None = None
    cause: str = ""


class BadBackoff(ValueError):
    """The backoff of a retry cannot be read."""


def begin(app: Application, operation: Operation, now: float, *, limit: float = 0.0) -> Begin:
    """Where an operation stands at the start of a turn. ``limit`` is the longest that a sync may take, 0 for any."""
    state = app.state
    if state is None or state.phase.completed:
        return Begin(OperationState(operation, RUNNING, started=now), write=True, fresh=True)
    if state.phase is TERMINATING:
        return Begin(state)
    if limit and now > state.started + limit:
        ending = replace(state, phase=TERMINATING, message="operation is terminating due to timeout")
        return Begin(ending, write=True, cause="controller sync timeout")
    if state.finished is not None:
        return _retry(state, now)
    return Begin(state)


def _retry(state: OperationState, now: float) -> Begin:
    try:
        due = (state.finished or now) + retry_wait(state.operation.retry, state.retries)
    except BadBackoff as error:
        return Begin(replace(state, phase=OperationPhase.ERROR, message=str(error)), write=True)
    if due > now:
        return Begin(state, wait=due - now)
    operation, extra = state.operation, ""
    if operation.retry.refresh and operation.sync is not None:
        extra = " with latest revisions"
        raw = {**operation.raw, "sync": _without_revisions(operation.raw.get("sync") or {})}
        operation = replace(operation, raw=raw, sync=replace(operation.sync, revision="", revisions=()))
    message = f"Retrying operation{extra}. Attempt #{state.retries}"
    return Begin(replace(state, operation=operation, message=message, finished=None, record=None), write=True)


def _without_revisions(sync: Mapping[str, object]) -> dict[str, object]:
    return {k: v for k, v in sync.items() if k not in ("revision", "revisions")}


def retry_wait(retry: Retry, count: int) -> float:
    """Seconds until the next attempt after ``count`` of them. Raises BadBackoff."""
    try:
        first = parse_duration(retry.duration) if retry.duration else FIRST_WAIT
        longest = parse_duration(retry.max_duration) if retry.max_duration else LONGEST_WAIT
    except ValueError as error:
        raise BadBackoff(str(error)) from error
    wait = first * float(FACTOR if retry.factor is None else retry.factor) ** count
    return min(longest, wait) if longest > 0 else wait


def record_for(app: Application, order: SyncOrder) -> SyncRecord:
    """What a new sync is about: the sources of the order, else those of the application."""
    if order.sources or order.source is not None:
        source, sources = order.source, order.sources
    else:
        source = app.spec.sources[0]
        sources = app.spec.sources if app.spec.several else ()
    return SyncRecord(order.revision, order.revisions, source, sources)


def with_declared_revisions(operation: Operation, sources: Sequence[AppSource]) -> Operation:
    """What an order for several sources leaves open is what the sources declare."""
    order = operation.sync
    if order is None or len(order.revisions) != len(sources) or all(order.revisions):
        return operation
    revisions = tuple(r or s.revision for r, s in zip(order.revisions, sources, strict=True))
    raw = {**operation.raw, "sync": {**operation.raw.get("sync", {}), "revisions": list(revisions)}}
    return replace(operation, raw=raw, sync=replace(order, revisions=revisions))


def conclude(state: OperationState, now: float, *, terminating: bool, cause: str = "") -> OperationState:
    """What becomes of a pass that has failed: another attempt, or the end with what is to be said about the attempts."""
    if state.phase not in (OperationPhase.FAILED, OperationPhase.ERROR):
        return state
    retry = state.operation.retry
    if not terminating and (state.retries < retry.limit or retry.limit < 0):
        try:
            wait = retry_wait(retry, state.retries)
        except BadBackoff as error:
            return replace(state, phase=OperationPhase.ERROR, message=f"{state.message} (failed to retry: {error})")
        at = datetime.fromtimestamp(now + wait, UTC)
        clock = f"{at.hour % 12 or 12}:{at:%M}{at:%p}"
        message = f"{state.message}. Retrying attempt #{state.retries + 1} at {clock}."
        return replace(state, phase=RUNNING, finished=now, retries=state.retries + 1, message=message)
    message = state.message
    if terminating and cause:
        message = f"{message}, triggered by {cause}"
    if state.retries > 0:
        message = f"{message} (retried {state.retries} times)."
    return replace(state, message=message)


def told(state: OperationState) -> tuple[bool, str]:
    """(whether it went well, the text of the event) of an operation that has ended."""
    partial = state.operation.sync is not None and state.operation.sync.selected
    words = ["Partial sync operation" if partial else "Sync operation"]
    if state.record is not None:
        words.append(f"to {state.record.revision}")
    if state.phase is OperationPhase.SUCCEEDED:
        return True, " ".join([*words, "succeeded"])
    return False, " ".join([*words, f"failed: {state.message}"])


def request_for(app: Application, state: OperationState, order: SyncOrder) -> SyncRequest:
    """What the engine is asked to do in a pass."""
    metadata = app.spec.namespace_metadata
    return SyncRequest(
        revision=state.record.revision if state.record is not None else order.revision,
        prune=order.prune,
        dry_run=order.dry_run,
        selected=order.selected,
        strategy=SyncStrategy.HOOK if order.hooks else SyncStrategy.APPLY,
        force=order.force,
        options=order.options,
        manifests=order.manifests,
        namespace=app.spec.destination.namespace,
        namespace_labels=metadata.labels if metadata is not None else None,
        namespace_annotations=metadata.annotations if metadata is not None else None,
        confirmed=app.confirmed_at is not None and app.confirmed_at >= int(state.started),
        started=state.started,
    )


def next_history(
    app: Application, state: OperationState, record: SyncRecord, now: float, *, several: bool
) -> tuple[HistoryRecord, ...]:
    """The history with one more entry, cut to the application's limit."""
    entry = HistoryRecord(
        id=app.history[-1].id + 1 if app.history else 0,
        revision="" if several else record.revision,
        revisions=record.revisions if several else (),
        source=None if several else record.source,
        sources=record.sources if several else (),
        started=state.started,
        deployed=now,
        automated=state.operation.automated,
        username=state.operation.username,
    )
    entries = (*app.history, entry)
    limit = app.spec.history_limit
    return entries[max(0, len(entries) - limit) :] if limit else ()
