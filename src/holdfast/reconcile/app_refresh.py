"""When an application is looked at again, how deeply, and whether it is synced by itself. Pure.

A comparison is renewed because somebody asks, the declaration changed, it is too old, or a live object changed; the level
says what may come from memory. As Argo CD's application controller decides it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from holdfast.model.app import AppCondition, Application, AppSource, AppStatus, Compared, SyncOrder
from holdfast.model.sync import OperationPhase, ResourceState, SelectedResource, SyncStatus

HEAL_FIRST, HEAL_FACTOR, HEAL_CAP = 2.0, 3.0, 300.0
COMPARISON = ("ComparisonError", "SharedResourceWarning", "RepeatedResourceWarning", "ExcludedResourceWarning")
SPEC = ("InvalidSpecError", "UnknownError")
SYNC = ("SyncError",)


class Level(IntEnum):
    """How deep a look goes: what hangs below only; the known revision; the newest as far as known; asked for anew."""

    TREE = 0
    RECENT = 1
    LATEST = 2
    RESOLVE = 3


@dataclass(frozen=True, slots=True)
class Look:
    level: Level
    hard: bool = False


def next_look(app: Application, asked: Level | None, now: float, *, expires: float, hard_expires: float) -> Look | None:
    """``asked`` is what the controller itself wants; the ages are in seconds, 0 for never."""
    if app.refresh:
        return Look(Level.RESOLVE, hard=app.refresh == "hard")
    compared = app.status.sync.compared
    if not _same_sources(app, compared):
        return Look(Level.RESOLVE)
    age = now - app.status.reconciled if app.status.reconciled is not None else None
    if age is None or (expires and age >= expires) or (hard_expires and age >= hard_expires):
        return Look(Level.LATEST, hard=bool(hard_expires and (age is None or age >= hard_expires)))
    if compared is None or compared.destination != app.spec.destination or namespace_metadata_changed(app):
        return Look(Level.LATEST)
    if compared.ignore != app.spec.ignore:
        return Look(Level.LATEST)
    return Look(asked) if asked is not None else None


def _same_sources(app: Application, compared: Compared | None) -> bool:
    if compared is None:
        return False
    if app.spec.several:
        return compared.sources == app.spec.sources
    return compared.source == _only(app)


def _only(app: Application) -> AppSource | None:
    return app.spec.sources[0] if app.spec.sources else None


def namespace_metadata_changed(app: Application) -> bool:
    """Whether the labels and annotations wanted on the namespace are others than those of the last sync."""
    wanted = app.spec.namespace_metadata
    if wanted is None or app.state is None or app.state.record is None:
        return False
    return app.state.record.namespace_metadata != wanted


def with_conditions(
    status: AppStatus, found: Iterable[AppCondition], evaluated: Iterable[str], now: float
) -> AppStatus:
    """Conditions of the evaluated types are replaced; one that says what it said keeps its time."""
    judged = set(evaluated)
    known = {c.type: c for c in reversed(status.conditions)}
    kept = [c if c.since is not None else replace(c, since=now) for c in status.conditions if c.type not in judged]
    for condition in found:
        before = known.get(condition.type)
        same = before is not None and before.message == condition.message
        kept.append(before if same and before is not None else replace(condition, since=condition.since or now))
    return replace(status, conditions=tuple(sorted(kept, key=lambda c: (c.type, c.message, c.since or 0.0))))


# --- syncing by itself


@dataclass(frozen=True, slots=True)
class AutoSync:
    """``order`` is to be carried out; else ``condition`` is what stands in the way, or ``wait`` when to look again."""

    order: SyncOrder | None = None
    condition: AppCondition | None = None
    wait: float | None = None
    revisions: tuple[str, ...] = ()


NOTHING = AutoSync()


Guard = Callable[[Sequence[ResourceState]], str]


def auto_sync(
    app: Application,
    status: AppStatus,
    *,
    changed: bool,
    now: float,
    heal_seconds: float = 0.0,
    guard: Guard = lambda pruned: "",
) -> AutoSync:
    """``status`` is what was just found; ``changed`` tells that the revision found counts as another one; ``guard`` says why
    these may not be pruned."""
    policy, sync = app.spec.automated, status.sync
    if policy is None or app.operation is not None or app.deleted is not None:
        return NOTHING
    if sync.code is not SyncStatus.OUT_OF_SYNC:
        return NOTHING
    differing = [r for r in status.resources if r.sync is not SyncStatus.SYNCED]
    if not policy.prune and all(r.requires_pruning for r in differing):
        return NOTHING
    desired = sync.revisions if app.spec.several else (sync.revision,)
    order = SyncOrder(
        revision=sync.revision,
        revisions=sync.revisions,
        prune=policy.prune,
        options=app.spec.sync_options,
        source=None if app.spec.several else _only(app),
        sources=app.spec.sources if app.spec.several else (),
    )
    attempt = _attempt(app, desired, changed)
    if attempt is not None:
        healed = _heal(app, order, differing, attempt, now, heal_seconds)
        if healed.order is None:
            return healed
        order = healed.order
    if policy.prune and not policy.allow_empty and all(r.requires_pruning for r in status.resources):
        text = f"Skipping sync attempt to {_listed(desired)}: auto-sync will wipe out all resources"
        return AutoSync(condition=AppCondition("SyncError", text))
    held = guard([r for r in status.resources if r.requires_pruning]) if policy.prune else ""
    if held:
        return AutoSync(condition=AppCondition("SyncError", f"Skipping sync attempt to {_listed(desired)}: {held}"))
    return AutoSync(order=order, revisions=desired)


def _listed(revisions: Sequence[str]) -> str:
    return f"[{' '.join(revisions)}]"


@dataclass(frozen=True, slots=True)
class _Attempt:
    revisions: tuple[str, ...]
    phase: OperationPhase


def _attempt(app: Application, desired: tuple[str, ...], changed: bool) -> _Attempt | None:
    """The last sync, where it was already to what is desired now."""
    state = app.state
    if state is None:
        return None
    record = state.record
    if record is None:
        return _Attempt((), state.phase) if state.phase.completed else None
    tried = record.revisions if app.spec.several else (record.revision,)
    if changed and tried != desired:
        return None
    same = record.sources == app.spec.sources if app.spec.several else record.source == _only(app)
    return _Attempt(tried, state.phase) if same else None


def _heal(
    app: Application,
    order: SyncOrder,
    differing: Sequence[ResourceState],
    attempt: _Attempt,
    now: float,
    heal_seconds: float,
) -> AutoSync:
    state, policy = app.state, app.spec.automated
    if attempt.phase is not OperationPhase.SUCCEEDED:
        message = state.message if state is not None else ""
        text = f"Failed last sync attempt to {_listed(attempt.revisions)}: {message}"
        return AutoSync(condition=AppCondition("SyncError", text))
    if policy is None or not policy.self_heal:
        return NOTHING
    attempts = state.operation.sync.heal_attempts if state is not None and state.operation.sync is not None else 0
    wait = _heal_wait(app, attempts, now, heal_seconds)
    if wait > 0:
        return AutoSync(wait=wait)
    selected = tuple(SelectedResource(r.ref.group, r.ref.kind, r.ref.name) for r in differing)
    return AutoSync(order=replace(order, heal_attempts=attempts + 1, selected=selected))


def _heal_wait(app: Application, attempts: int, now: float, heal_seconds: float) -> float:
    state = app.state
    if state is None:
        return 0.0
    delay = heal_seconds or (min(HEAL_CAP, HEAL_FIRST * HEAL_FACTOR ** (attempts - 1)) if attempts else 0.0)
    since = now - state.finished if state.finished is not None else 0.0
    return delay - since


def changes(before: AppStatus, after: AppStatus) -> list[str]:
    """What is told of a change: sync first, health second."""
    told = []
    if before.sync.code != after.sync.code:
        told.append(f"Updated sync status: {before.sync.code or ''} -> {after.sync.code or ''}")
    if before.health != after.health:
        told.append(f"Updated health status: {before.health or ''} -> {after.health or ''}")
    return told


def sync_conditions(outcome: AutoSync) -> tuple[AppCondition, ...]:
    return (outcome.condition,) if outcome.condition is not None else ()


def shared_message(conditions: Iterable[AppCondition]) -> str:
    """Of the first warning about an object that others have too; "" where there is none."""
    return next((c.message for c in conditions if c.type == "SharedResourceWarning"), "")


def blocking(conditions: Iterable[AppCondition]) -> str:
    """Why no operation may run, "" where nothing is in the way."""
    errors = [c for c in conditions if c.type in ("ComparisonError", "InvalidSpecError")]
    return ";".join(f"{c.type}: {c.message}" for c in errors)


def counts(states: Iterable[ResourceState]) -> Mapping[str, int]:
    """How many objects there are in each state of sync, for metrics."""
    found: dict[str, int] = {}
    for state in states:
        key = state.sync or "None"
        found[key] = found.get(key, 0) + 1
    return found
