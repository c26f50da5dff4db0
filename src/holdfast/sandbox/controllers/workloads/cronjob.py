"""CronJobs: a Job at every time the schedule names."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from holdfast.kube.refs import Manifest
from holdfast.sandbox.controllers.workloads.actions import (
    Action,
    Create,
    Delete,
    View,
    Wake,
    is_going,
    owner_reference,
    parse_time,
    status_change,
)
from holdfast.sandbox.controllers.workloads.job import JOBS

CRONJOBS = "cronjobs.batch"
_NAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


def decide(view: View, owner: Manifest) -> list[Action]:
    if is_going(owner):
        return []
    jobs = view.owned(JOBS, owner)
    active = [j for j in jobs if not _ended(j)]
    status = dict(owner.get("status") or {})
    actions: list[Action] = []
    due, following = _due(view, owner, status)
    if due is not None and not owner["spec"].get("suspend"):
        policy = owner["spec"].get("concurrencyPolicy", "Allow")
        if policy != "Forbid" or not active:
            if policy == "Replace":
                actions += [_removed(j) for j in active]
                active = []
            actions.append(Create(JOBS, _job(owner, due)))
            status["lastScheduleTime"] = due.strftime("%Y-%m-%dT%H:%M:%SZ")
    finished = [t for j in jobs if (t := (j.get("status") or {}).get("completionTime"))]
    if finished:
        status["lastSuccessfulTime"] = max(finished)
    references = [_reference(j) for j in active]
    status.pop("active", None)
    if references:
        status["active"] = references
    actions += _history(owner, jobs)
    if following is not None:
        actions.append(Wake(max(0.5, (following - view.now).total_seconds())))
    return [*actions, *status_change(CRONJOBS, owner, status)]


def _ended(job: Manifest) -> str:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return next((c["type"] for c in conditions if c["type"] in ("Complete", "Failed") and c["status"] == "True"), "")


def _removed(job: Manifest) -> Action:
    return Delete(JOBS, job["metadata"]["namespace"], job["metadata"]["name"])


def _reference(job: Manifest) -> Manifest:
    meta = job["metadata"]
    return {
        "kind": "Job",
        "namespace": meta["namespace"],
        "name": meta["name"],
        "uid": meta["uid"],
        "apiVersion": "batch/v1",
        "resourceVersion": meta.get("resourceVersion", ""),
    }


def _history(owner: Manifest, jobs: list[Manifest]) -> list[Action]:
    actions: list[Action] = []
    for kind, field, default in (
        ("Complete", "successfulJobsHistoryLimit", 3),
        ("Failed", "failedJobsHistoryLimit", 1),
    ):
        done = [j for j in jobs if _ended(j) == kind]
        surplus = max(0, len(done) - int(owner["spec"].get(field, default)))
        actions += [_removed(j) for j in done[:surplus]]
    return actions


def _job(owner: Manifest, due: datetime) -> Manifest:
    template = copy.deepcopy(owner["spec"]["jobTemplate"])
    meta = template.get("metadata") or {}
    minutes = int(due.timestamp()) // 60
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{owner['metadata']['name']}-{minutes}",
            "namespace": owner["metadata"]["namespace"],
            "labels": dict(meta.get("labels") or {}),
            "annotations": {
                **(meta.get("annotations") or {}),
                "batch.kubernetes.io/cronjob-scheduled-timestamp": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": template["spec"],
    }


def _due(view: View, owner: Manifest, status: Manifest) -> tuple[datetime | None, datetime | None]:
    """The latest time that is due and not served yet, and the next one."""
    schedule = Schedule.parse(owner["spec"].get("schedule", ""), owner["spec"].get("timeZone") or "UTC")
    if schedule is None:
        return None, None
    since = parse_time(status.get("lastScheduleTime") or owner["metadata"]["creationTimestamp"])
    due = None
    moment = schedule.after(max(since, view.now - timedelta(hours=2)))
    while moment is not None and moment <= view.now:
        due, moment = moment, schedule.after(moment)
    return due, moment


class Schedule:
    """A cron expression of five fields."""

    def __init__(self, fields: list[frozenset[int]], day_rule: tuple[bool, bool], zone: ZoneInfo) -> None:
        self._fields = fields
        self._any_day, self._any_weekday = day_rule
        self._zone = zone

    @classmethod
    def parse(cls, text: str, zone: str) -> Schedule | None:
        parts = _NAMES.get(text.strip(), text).lower().split()
        if len(parts) != 5:
            return None
        bounds = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
        try:
            fields = [_field(p, low, high, i) for i, (p, (low, high)) in enumerate(zip(parts, bounds, strict=True))]
            where = ZoneInfo(zone)
        except (ValueError, ZoneInfoNotFoundError):
            return None
        return cls(fields, (parts[2] in ("*", "?"), parts[4] in ("*", "?")), where)

    def after(self, moment: datetime) -> datetime | None:
        """The first matching minute after a moment, within a year."""
        at = moment.astimezone(self._zone).replace(second=0, microsecond=0) + timedelta(minutes=1)
        end = at + timedelta(days=366)
        minutes, hours, _, months, _ = self._fields
        while at < end:
            if at.month not in months or not self._day(at):
                at = (at + timedelta(days=1)).replace(hour=0, minute=0)
            elif at.hour not in hours:
                at = (at + timedelta(hours=1)).replace(minute=0)
            elif at.minute not in minutes:
                at += timedelta(minutes=1)
            else:
                return at.astimezone(moment.tzinfo)
        return None

    def _day(self, at: datetime) -> bool:
        day = at.day in self._fields[2]
        weekday = (at.weekday() + 1) % 7 in self._fields[4]
        # As in cron: where both are restricted either will do.
        return day or weekday if not (self._any_day or self._any_weekday) else day and weekday


def _field(text: str, low: int, high: int, position: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span in ("*", "?"):
            first, last = low, high
        else:
            a, dash, b = span.partition("-")
            first = _number(a, position)
            last = _number(b, position) if dash else (high if step else first)
        if not low <= first <= last <= high:
            raise ValueError(text)
        found.update(range(first, last + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, position: int) -> int:
    if position == 3 and text in _MONTHS:
        return _MONTHS.index(text) + 1
    return _DAYS.index(text) if position == 4 and text in _DAYS else int(text)
