"""RollingSync: which applications of a set may be synced now, and where each of them stands.

In: the set, its applications as they are and as they should be, the statuses of before, the time. Out: new statuses, the
step that is being rolled out, the applications to sync. A step begins when all applications of the steps before it are
healthy; ``maxUpdate`` bounds how many of a step are under way at once. Texts and moves between states are Argo CD 3.5's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from holdfast.dialects.argo.appset.spec import ApplicationSet, Step
from holdfast.kube.refs import Manifest

WAITING, PENDING, PROGRESSING, HEALTHY = "Waiting", "Pending", "Progressing", "Healthy"
_NEW = "No Application status found, defaulting status to Waiting"
_BOTH_CHANGED = "Application has pending changes (revision and spec differ), setting status to Waiting"
_REVISION_CHANGED = "Application has pending changes, setting status to Waiting"
_SPEC_CHANGED = "Application has pending changes (spec differs), setting status to Waiting"
_SYNCED_HEALTHY = "Application resource has synced, updating status to Healthy"
_SYNCED = "Application resource has synced, updating status to Progressing"
_SUCCEEDED = "Application resource completed a sync successfully, updating status from Pending to Progressing"
_COMPLETED = "Application resource completed a sync, updating status from Pending to Progressing"
_STARTED = "Application resource became Progressing, updating status from Pending to Progressing"
_BROKEN = "Application resource has error and cannot sync, updating status to Progressing"
_BECAME_HEALTHY = "Application resource became Healthy, updating status from Progressing to Healthy"
_MOVED = "Application moved to Pending status, watching for the Application resource to start Progressing"
_REASON = "ApplicationSet RollingSync triggered a sync of this Application resource"

Status = dict[str, Any]
Changed = Callable[[Manifest, Manifest], bool]
"""(live, wanted): whether the set would change the application's specification."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """``step`` is the one under way, counted from 1, None when all is rolled out; ``sync`` the applications to sync now."""

    statuses: tuple[Status, ...]
    step: int | None
    sync: frozenset[str]


def advance(
    wanted: ApplicationSet,
    live: Sequence[Manifest],
    desired: Sequence[Manifest],
    before: Sequence[Mapping[str, Any]],
    now: str,
    changed: Changed,
) -> Rollout:
    steps = steps_of(wanted.steps, desired)
    old = {str(s.get("application") or ""): s for s in before}
    targets = {d["metadata"]["name"]: d for d in desired}
    statuses = [
        _status(app, old.get(app["metadata"]["name"]), targets.get(app["metadata"]["name"]), steps, now, changed)
        for app in live
    ]
    statuses.sort(key=lambda s: str(s["application"]))
    allowed = _allowed(wanted.steps, steps, {a["metadata"]["name"] for a in live}, statuses)
    if wanted.steps:
        statuses = _promoted(wanted.steps, statuses, steps, allowed, now)
    else:
        statuses = []
    pending = {s["application"] for s in statuses if s["status"] == PENDING}
    return Rollout(tuple(statuses), _under_way(len(wanted.steps), statuses), frozenset(allowed & pending))


def steps_of(steps: Sequence[Step], apps: Sequence[Manifest]) -> dict[str, int]:
    """The first step, counted from 0, that selects each application; those that none selects are left out."""
    found: dict[str, int] = {}
    for app in apps:
        labels = (app.get("metadata") or {}).get("labels") or {}
        number = next((i for i, s in enumerate(steps) if all(_fits(e, labels) for e in s.expressions)), None)
        if number is not None:
            found[app["metadata"]["name"]] = number
    return found


def _fits(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    operator, key = expression.get("operator"), str(expression.get("key") or "")
    if key not in labels:
        return operator != "In"
    within = labels[key] in (expression.get("values") or ())
    return within if operator == "In" else not within if operator == "NotIn" else False


# --- where one application stands


def _status(
    app: Manifest,
    before: Mapping[str, Any] | None,
    target: Manifest | None,
    steps: Mapping[str, int],
    now: str,
    changed: Changed,
) -> Status:
    name, revisions = app["metadata"]["name"], _revisions(app)
    if before is None:
        found: Status = {
            "application": name, "message": _NEW, "status": WAITING, "targetRevisions": revisions, "lastTransitionTime": now,
        }  # fmt: skip
    else:
        found = dict(before)
    was = str(found.get("status") or "")
    found["step"] = str(steps[name] + 1) if name in steps else "-1"
    moved = list(found.get("targetRevisions") or ()) != revisions
    altered = target is not None and changed(app, target)
    if moved or altered:
        message = _BOTH_CHANGED if moved and altered else _REVISION_CHANGED if moved else _SPEC_CHANGED
        found |= {"targetRevisions": revisions, "message": message, "status": WAITING, "lastTransitionTime": now}
    news = _next(app, found, was, before or found)
    return {**found, "status": news[0], "message": news[1], "lastTransitionTime": now} if news else found


def _next(app: Manifest, found: Mapping[str, Any], was: str, before: Mapping[str, Any]) -> tuple[str, str] | None:
    status = app.get("status") or {}
    healthy = (status.get("health") or {}).get("status") == "Healthy"
    synced = (status.get("sync") or {}).get("status") == "Synced"
    if found["status"] == WAITING:
        if not synced:
            return None
        return (HEALTHY, _SYNCED_HEALTHY) if healthy else (PROGRESSING, _SYNCED)
    if was == PENDING:
        return _from_pending(status, found, before)
    if was == PROGRESSING and healthy and synced:
        return HEALTHY, _BECAME_HEALTHY
    return None


def _from_pending(
    status: Mapping[str, Any], found: Mapping[str, Any], before: Mapping[str, Any]
) -> tuple[str, str] | None:
    reconciled = status.get("reconciledAt")
    if reconciled and not _after(reconciled, found.get("lastTransitionTime")):
        return None
    operation = status.get("operationState")
    if operation and _after(operation.get("startedAt"), before.get("lastTransitionTime")):
        phase = operation.get("phase")
        if phase == "Succeeded":
            return PROGRESSING, _SUCCEEDED
        return PROGRESSING, _COMPLETED if phase in ("Failed", "Error") else _STARTED
    if any(c.get("type") in ("InvalidSpecError", "UnknownError") for c in status.get("conditions") or ()):
        return PROGRESSING, _BROKEN
    return None


def _after(one: Any, other: Any) -> bool:
    """Whether a moment is not before another: whole seconds cannot tell what happened within one."""
    if not one or not other:
        return True
    return datetime.fromisoformat(str(one)) >= datetime.fromisoformat(str(other))


def _revisions(app: Manifest) -> list[str]:
    sync = (app.get("status") or {}).get("sync") or {}
    if sync.get("revisions"):
        return list(sync["revisions"])
    return [sync["revision"]] if sync.get("revision") else []


# --- who may go


def _allowed(steps: Sequence[Step], by_name: Mapping[str, int], live: set[str], statuses: Sequence[Status]) -> set[str]:
    healthy = {s["application"] for s in statuses if s["status"] == HEALTHY}
    found: set[str] = set()
    for number in range(len(steps)):
        members = {name for name, step in by_name.items() if step == number}
        found |= members
        if not members <= (live & healthy):
            break
    return found


def _promoted(
    steps: Sequence[Step], statuses: Sequence[Status], by_name: Mapping[str, int], allowed: set[str], now: str
) -> list[Status]:
    def step(status: Status) -> int:
        return by_name.get(status["application"], 0)

    total = Counter(map(step, statuses))
    busy = Counter(step(s) for s in statuses if s["status"] in (PENDING, PROGRESSING))
    found = []
    for status in statuses:
        number = step(status)
        limit = _limit(steps[number].max_update, total[number])
        free = limit is None or busy[number] < limit
        if status["status"] == WAITING and status["application"] in allowed and free:
            status = {**status, "status": PENDING, "message": _MOVED, "lastTransitionTime": now}
            busy[number] += 1
        found.append(status)
    return found


def _limit(given: int | str | None, total: int) -> int | None:
    if given is None:
        return None
    if isinstance(given, int):
        return given
    share = given.removesuffix("%")
    found = total * int(share) // 100 if given.endswith("%") and share.isdecimal() else 0
    return found if given == "0%" else max(found, 1)


def _under_way(count: int, statuses: Sequence[Status]) -> int | None:
    unfinished = {s["step"] for s in statuses if s["status"] != HEALTHY}
    return next((i + 1 for i in range(count) if str(i + 1) in unfinished), None)


# --- what is written to applications


def driven(app: Manifest, rollout: Rollout) -> Manifest:
    """The application as it is to be written: never synced by itself, and told to sync when it is its turn."""
    policy = (app.get("spec") or {}).get("syncPolicy") or {}
    automated = policy.get("automated")
    out = app
    prune = False
    if automated is not None:
        prune = bool(automated.get("prune")) and automated.get("enabled", True)
        policy = {**policy, "automated": {**automated, "enabled": False}}
        out = {**app, "spec": {**app["spec"], "syncPolicy": policy}}
    if app["metadata"]["name"] not in rollout.sync:
        return out
    return {**out, "operation": _operation(policy, prune=prune)}


def _operation(policy: Mapping[str, Any], *, prune: bool) -> dict[str, Any]:
    sync: dict[str, Any] = {}
    if policy.get("syncOptions"):
        sync["syncOptions"] = list(policy["syncOptions"])
    if prune:
        sync["prune"] = True
    return {
        "info": [{"name": "Reason", "value": _REASON}],
        "initiatedBy": {"automated": True, "username": "applicationset-controller"},
        "retry": policy.get("retry") or {"limit": 5},
        "sync": sync,
    }


def deletion_order(wanted: ApplicationSet, live: Sequence[Manifest]) -> list[Manifest]:
    """The applications of the last step first; those of no step are not waited for."""
    steps = steps_of(wanted.steps, live)
    chosen = [a for a in live if a["metadata"]["name"] in steps]
    return sorted(chosen, key=lambda a: (-steps[a["metadata"]["name"]], a["metadata"]["name"]))
