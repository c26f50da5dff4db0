"""Sprig's and Helm's functions on dates and durations. The clock is the render's."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from holdfast.helm.go import duration as d
from holdfast.helm.go.duration import SECOND, Duration, parse_duration
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.strconv import format_float, parse_float, quote
from holdfast.helm.go.timeparse import parse_time
from holdfast.helm.go.times import UTC_ZONE, ZERO_SECONDS, Time, Zone, load_location, local_zone
from holdfast.helm.go.types import INVALID, Int32, Int64, type_name, wrap64
from holdfast.helm.gotemplate.runtime import Frame

_TEXT_SPACE = " \t\n\v\f\r\x85\xa0"


def _moment(f: Frame, value: Any, kinds: tuple[type, ...] = (int, Int64, Int32)) -> Time:
    """Sprig's reading of a date: seconds since 1970 or a time; anything else is now."""
    if isinstance(value, Time):
        return value
    if type(value) in kinds:
        return Time(int(value), 0, local_zone())
    found: Time = f.rt.services.now()
    return found


def _zone(name: str) -> Zone:
    try:
        return load_location(name)
    except GoError:
        return UTC_ZONE


def _in_zone(f: Frame, layout: str, value: Any, zone: str) -> str:
    t = _moment(f, value)
    return Time(t.seconds, t.nanos, _zone(zone)).format(layout)


def _date(f: Frame, layout: str, value: Any) -> str:
    return _in_zone(f, layout, value, "Local")


def _html_date(f: Frame, value: Any) -> str:
    return _in_zone(f, "2006-01-02", value, "Local")


def _html_date_in_zone(f: Frame, value: Any, zone: str) -> str:
    return _in_zone(f, "2006-01-02", value, zone)


def _now(f: Frame) -> Time:
    found: Time = f.rt.services.now()
    return found


def _ago(f: Frame, value: Any) -> str:
    gone = f.rt.services.now().since(_moment(f, value, (int, Int64)))
    return d.rounded(int(gone), SECOND).go_string()


def _modify(text: str, t: Time) -> Time:
    try:
        return t.add(parse_duration(text))
    except GoError:
        return t


def _must_modify(text: str, t: Time) -> Time:
    return t.add(parse_duration(text))


def _to_date(layout: str, text: str) -> Time:
    try:
        return _must_to_date(layout, text)
    except GoError:
        return Time(ZERO_SECONDS, 0, UTC_ZONE)


def _must_to_date(layout: str, text: str) -> Time:
    return parse_time(layout, text, local_zone())


def _unix_epoch(t: Time) -> str:
    return str(t.seconds)


def _duration(value: Any) -> str:
    seconds = 0
    if isinstance(value, str):
        seconds = _decimal_int(value)
    elif type(value) is Int64:
        seconds = int(value)
    return d.format_duration(wrap64(seconds * SECOND))


def _decimal_int(text: str) -> int:
    from holdfast.helm.go.strconv import parse_int

    try:
        return parse_int(text, 10)
    except GoError as fault:
        if "out of range" not in fault.text:
            return 0
        return -(1 << 63) if text.startswith("-") else (1 << 63) - 1


_STEPS = (
    (365 * 24 * 3600, "y"), (30 * 24 * 3600, "mo"), (24 * 3600, "d"), (3600, "h"), (60, "m"), (1, "s"),
)  # fmt: skip


def _duration_round(f: Frame, value: Any) -> str:
    size = abs(_span(f, value))
    for seconds, unit in _STEPS:
        if size > seconds * SECOND:
            return f"{size // (seconds * SECOND)}{unit}"
    return "0s"


def _span(f: Frame, value: Any) -> int:
    if isinstance(value, str):
        try:
            return int(parse_duration(value))
        except GoError:
            return 0
    if type(value) is Int64:
        return int(value)
    if isinstance(value, Time):
        return int(f.rt.services.now().since(value))
    return 0


def as_duration(value: Any) -> Duration:
    """Helm's reading of durations: texts with units, else seconds."""
    if isinstance(value, Duration):
        return value
    if isinstance(value, str):
        return _text_duration(value)
    if value is None or value is INVALID:
        raise GoError("invalid duration")
    if isinstance(value, float):
        return _float_duration(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if not -9223372036 <= value <= 9223372036:
            raise GoError(f"duration seconds overflow: {int(value)}")
        return Duration(int(value) * SECOND)
    raise GoError(f"unsupported duration type {type_name(value)}")


def _text_duration(text: str) -> Duration:
    bare = text.strip(_TEXT_SPACE)
    if not bare:
        raise GoError("empty duration")
    try:
        return parse_duration(bare)
    except GoError:
        pass
    try:
        return _float_duration(parse_float(bare))
    except GoError as fault:
        if fault.text.startswith("strconv"):
            raise GoError(f"could not parse duration {quote(text)}") from None
        raise


def _float_duration(seconds: float) -> Duration:
    if math.isnan(seconds) or math.isinf(seconds):
        raise GoError(f"invalid duration seconds: {format_float(seconds)}")
    if abs(seconds) > float((1 << 63) - 1) / 1e9:
        raise GoError(f"duration seconds overflow: {format_float(seconds)}")
    return Duration(wrap64(min(int(seconds * 1e9), (1 << 63) - 1)))


def _measured(how: Callable[[int], Any], zero: Any) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        try:
            return how(int(as_duration(value)))
        except GoError:
            return zero

    return run


def _days(value: int) -> float:
    return d.hours(value) / 24.0


def _weeks(value: int) -> float:
    return d.hours(value) / 24.0 / 7.0


def _to_multiple(how: Callable[[int, int], Duration]) -> Callable[[Any, Any], Duration]:
    def run(value: Any, multiple: Any) -> Duration:
        try:
            span = as_duration(value)
        except GoError:
            return Duration(0)
        try:
            return how(int(span), int(as_duration(multiple)))
        except GoError:
            return span

    return run


TABLE: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    *((name, "string, time.Time", _modify) for name in ("dateModify", "date_modify")),
    *((name, "string, time.Time", _must_modify) for name in ("mustDateModify", "must_date_modify")),
    ("toDate", "string, string", _to_date),
    ("mustToDate", "string, string", _must_to_date),
    ("unixEpoch", "time.Time", _unix_epoch),
    ("duration", "any", _duration),
    ("mustToDuration", "any", as_duration),
    ("durationSeconds", "any", _measured(d.seconds, 0.0)),
    ("durationMilliseconds", "any", _measured(d.milliseconds, Int64(0))),
    ("durationMicroseconds", "any", _measured(d.microseconds, Int64(0))),
    ("durationNanoseconds", "any", _measured(Int64, Int64(0))),
    ("durationMinutes", "any", _measured(d.minutes, 0.0)),
    ("durationHours", "any", _measured(d.hours, 0.0)),
    ("durationDays", "any", _measured(_days, 0.0)),
    ("durationWeeks", "any", _measured(_weeks, 0.0)),
    ("durationRoundTo", "any, any", _to_multiple(d.rounded)),
    ("durationTruncateTo", "any, any", _to_multiple(d.truncated)),
)

# These take the running frame first, for its clock.
FRAME_TABLE: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("now", "", _now),
    ("ago", "any", _ago),
    ("date", "string, any", _date),
    *((name, "string, any, string", _in_zone) for name in ("dateInZone", "date_in_zone")),
    ("htmlDate", "any", _html_date),
    ("htmlDateInZone", "any, string", _html_date_in_zone),
    ("durationRound", "any", _duration_round),
)
