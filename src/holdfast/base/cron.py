"""Schedules of five fields, as robfig/cron reads them (Kubernetes and Argo CD use it).

In: an expression and a moment. Out: the next moment. A schedule is plain arithmetic on wall-clock time: zones are the
caller's business, but for an expression that names its own (``TZ=Europe/Paris 0 22 * * *``): its moments are UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS = {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6}
_MONTHS |= {"jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12}
_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
_YEARS = 5


class BadSchedule(ValueError):
    """An expression that is none; the text is the original library's."""


@dataclass(frozen=True, slots=True)
class _Bounds:
    low: int
    high: int
    names: dict[str, int]


_FIELDS = (_Bounds(0, 59, {}), _Bounds(0, 23, {}), _Bounds(1, 31, {}), _Bounds(1, 12, _MONTHS), _Bounds(0, 6, _DAYS))


@dataclass(frozen=True, slots=True)
class Schedule:
    """``any_day``, ``any_weekday``: the field is a star, so that the other alone decides."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool
    zone: ZoneInfo | None = None

    def after(self, moment: datetime) -> datetime | None:
        """The first matching minute after ``moment``; None where there is none within five years."""
        if self.zone is None:
            return self._after(moment)
        found = self._after(moment.replace(tzinfo=UTC).astimezone(self.zone).replace(tzinfo=None))
        return found and found.replace(tzinfo=self.zone).astimezone(UTC).replace(tzinfo=None)

    def _after(self, moment: datetime) -> datetime | None:
        at = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        last = at.year + _YEARS
        while at.year <= last:
            if at.month not in self.months:
                at = (at.replace(day=1, hour=0, minute=0) + timedelta(days=32)).replace(day=1)
            elif not self._day(at):
                at = at.replace(hour=0, minute=0) + timedelta(days=1)
            elif at.hour not in self.hours:
                at = at.replace(minute=0) + timedelta(hours=1)
            elif at.minute not in self.minutes:
                at += timedelta(minutes=1)
            else:
                return at
        return None

    def _day(self, at: datetime) -> bool:
        day, weekday = at.day in self.days, (at.weekday() + 1) % 7 in self.weekdays
        return day and weekday if self.any_day or self.any_weekday else day or weekday


def parse_schedule(text: str) -> Schedule:
    """Raises BadSchedule."""
    if not text:
        raise BadSchedule("empty spec string")
    zone = None
    if text.startswith(("TZ=", "CRON_TZ=")):
        named, _, text = text.partition(" ")
        zone = _zone(named.partition("=")[2])
    if text.startswith("@"):
        raise BadSchedule(f"parser does not accept descriptors: {text}")
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise BadSchedule(f"expected exactly {len(_FIELDS)} fields, found {len(parts)}: [{' '.join(parts)}]")
    read = [_field(part, bounds) for part, bounds in zip(parts, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = (values for values, _ in read)
    return Schedule(minutes, hours, days, months, weekdays, read[2][1], read[4][1], zone)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadSchedule(f"provided bad location {name}: unknown time zone {name}") from None


def _field(text: str, bounds: _Bounds) -> tuple[frozenset[int], bool]:
    found: set[int] = set()
    star = False
    for part in filter(None, text.split(",")):
        values, starred = _range(part, bounds)
        found |= values
        star = star or starred
    return frozenset(found), star


def _range(text: str, bounds: _Bounds) -> tuple[set[int], bool]:
    span, *steps = text.split("/")
    ends = span.split("-")
    if len(ends) > 2:
        raise BadSchedule(f"too many hyphens: {text}")
    star = ends[0] in ("*", "?")
    low = bounds.low if star else _number(ends[0], bounds)
    high = bounds.high if star else _number(ends[1], bounds) if len(ends) == 2 else low
    step = 1
    if len(steps) > 1:
        raise BadSchedule(f"too many slashes: {text}")
    if steps:
        step = _integer(steps[0])
        if len(ends) == 1 and not star:
            high = bounds.high
        star = star and step <= 1
    _check(text, low, high, step, bounds)
    return set(range(low, high + 1, step)), star


def _check(text: str, low: int, high: int, step: int, bounds: _Bounds) -> None:
    if low < bounds.low:
        raise BadSchedule(f"beginning of range ({low}) below minimum ({bounds.low}): {text}")
    if high > bounds.high:
        raise BadSchedule(f"end of range ({high}) above maximum ({bounds.high}): {text}")
    if low > high:
        raise BadSchedule(f"beginning of range ({low}) beyond end of range ({high}): {text}")
    if step == 0:
        raise BadSchedule(f"step of range should be a positive number: {text}")


def _number(text: str, bounds: _Bounds) -> int:
    named = bounds.names.get(text.lower())
    return named if named is not None else _integer(text)


def _integer(text: str) -> int:
    if not text.isdecimal() or not text.isascii():
        if text[:1] == "-" and text[1:].isdecimal():
            raise BadSchedule(f"negative number ({int(text)}) not allowed: {text}")
        raise BadSchedule(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)
