"""Sync windows of an AppProject: when its applications may be synced.

In: the windows, an application's name and destination, a moment. Out: whether a sync may run then, and when that answer
may change. Never asks the clock. As Argo CD 3.5 does it (SyncWindows in its API types): a schedule that never comes counts
as open, and a zone is taken with the offset that it has at the moment asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from holdfast.base.cron import BadSchedule, Schedule, parse_schedule
from holdfast.base.duration import parse_duration
from holdfast.base.errors import Stop
from holdfast.base.globs import glob

ALLOW, DENY = "allow", "deny"
BLOCKED = "Sync operation blocked by sync window"


class WindowError(Stop):
    """A schedule or a duration cannot be understood."""


@dataclass(frozen=True, slots=True)
class SyncWindow:
    kind: str
    schedule: str
    duration: str
    applications: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    manual_sync: bool = False
    time_zone: str = ""
    and_operator: bool = False
    sync_overrun: bool = False

    def matches(self, application: str, server: str, cluster: str, namespace: str) -> bool:
        """``server`` and ``cluster`` (a name) as the application's destination gives them."""
        checks = (
            (self.applications, (application,)),
            (self.clusters, tuple(filter(None, (cluster, server)))),
            (self.namespaces, (namespace,)),
        )
        asked = [_any_matches(patterns, values) for patterns, values in checks if patterns]
        if not asked:
            return False
        return all(asked) if self.and_operator else any(asked)

    def active(self, moment: datetime) -> bool:
        """Raises WindowError."""
        following = self._opening(moment)
        return following is None or following < self._local(moment)

    def _opening(self, moment: datetime) -> datetime | None:
        """The first time it opens after ``moment`` less its duration, on the wall clock of its zone."""
        schedule, length = self._read()
        return schedule.after(self._local(moment) - length)

    def change(self, moment: datetime) -> datetime | None:
        """When it opens or closes next."""
        _, length = self._read()
        local = self._local(moment)
        opening = self._opening(moment)
        if opening is None:
            return None
        if opening < local:
            return moment + (opening + length - local)
        return moment + (opening - local)

    def _read(self) -> tuple[Schedule, timedelta]:
        try:
            schedule = parse_schedule(self.schedule)
        except BadSchedule as error:
            raise WindowError(f"cannot parse schedule '{self.schedule}': {error}") from error
        try:
            return schedule, timedelta(seconds=parse_duration(self.duration))
        except ValueError as error:
            raise WindowError(f"cannot parse duration '{self.duration}': {error}") from error

    def _local(self, moment: datetime) -> datetime:
        try:
            zone = ZoneInfo(self.time_zone) if self.time_zone else UTC
        except (ZoneInfoNotFoundError, ValueError, OSError):
            zone = UTC
        return moment.astimezone(zone).replace(tzinfo=None)


def _any_matches(patterns: Iterable[str], values: Sequence[str]) -> bool:
    return any(p == "*" or glob(p, v) for p in patterns for v in values)


def read_windows(specs: Iterable[Mapping[str, Any]]) -> tuple[SyncWindow, ...]:
    return tuple(_read(s) for s in specs if s)


def _read(spec: Mapping[str, Any]) -> SyncWindow:
    return SyncWindow(
        kind=str(spec.get("kind") or ""),
        schedule=str(spec.get("schedule") or ""),
        duration=str(spec.get("duration") or ""),
        applications=tuple(spec.get("applications") or ()),
        namespaces=tuple(spec.get("namespaces") or ()),
        clusters=tuple(spec.get("clusters") or ()),
        manual_sync=bool(spec.get("manualSync")),
        time_zone=str(spec.get("timeZone") or ""),
        and_operator=bool(spec.get("andOperator")),
        sync_overrun=bool(spec.get("syncOverrun")),
    )


def matching(windows: Iterable[SyncWindow], name: str, destination: Mapping[str, Any]) -> tuple[SyncWindow, ...]:
    """Those that are about an application with this name and ``spec.destination``."""
    server, cluster = str(destination.get("server") or ""), str(destination.get("name") or "")
    namespace = str(destination.get("namespace") or "")
    return tuple(w for w in windows if w.matches(name, server, cluster, namespace))


def can_sync(windows: Sequence[SyncWindow], now: datetime, *, manual: bool, started: datetime | None = None) -> bool:
    """Whether a sync may run now. ``started`` is when a running one began. Raises WindowError.

    Deny beats allow; ``manualSync`` on every window in the way lets a manual sync pass, ``syncOverrun`` on every one of
    them a sync that began while it was allowed.
    """
    if not windows:
        return True
    blocking = _blocking(windows, now)
    if not blocking:
        return True
    if manual and all(w.manual_sync for w in blocking):
        return True
    if started is not None and all(w.sync_overrun for w in blocking):
        before = _blocking(windows, started)
        return not before or (manual and all(w.manual_sync for w in before))
    return False


def _blocking(windows: Sequence[SyncWindow], moment: datetime) -> list[SyncWindow]:
    """The windows that forbid syncing at a moment: open denials, else closed allowances while none is open."""
    try:
        active = [w for w in windows if w.active(moment)]
    except WindowError as error:
        raise WindowError(f"invalid sync windows: {error.message}") from error
    denials = [w for w in active if w.kind == DENY]
    if denials:
        return denials
    if any(w.kind == ALLOW for w in active):
        return []
    return [w for w in windows if w.kind == ALLOW and w not in active]


def next_change(windows: Iterable[SyncWindow], now: datetime) -> datetime | None:
    """When the first of them opens or closes; None where none ever does."""
    found = []
    for window in windows:
        try:
            change = window.change(now)
        except WindowError:
            continue
        if change is not None:
            found.append(change)
    return min(found, default=None)
