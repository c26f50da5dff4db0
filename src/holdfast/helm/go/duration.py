"""time.Duration: nanoseconds with Go's reading, writing, rounding and methods."""

from __future__ import annotations

import math
import re
from typing import ClassVar

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.strconv import quote
from holdfast.helm.go.types import Int64, Method, SizedInt, method, wrap64

SECOND = 1_000_000_000
_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_PART = re.compile(r"([0-9]*)(?:(\.)([0-9]*))?([^0-9.]*)")


class Duration(SizedInt):
    go_type: ClassVar[str] = "time.Duration"
    methods: ClassVar[dict[str, Method]] = {}
    __slots__ = ()

    def go_string(self) -> str:
        return format_duration(int(self))


def format_duration(value: int) -> str:
    size = abs(value)
    sign = "-" if value < 0 else ""
    if size == 0:
        return "0s"
    if size < SECOND:
        for unit, scale in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000)):
            if size < scale * 1000:
                return sign + _decimal(size, scale) + unit
    minutes, rest = divmod(size, 60 * SECOND)
    text = _decimal(rest, SECOND) + "s"
    if minutes:
        hours, minutes = divmod(minutes, 60)
        text = f"{minutes}m{text}"
        if hours:
            text = f"{hours}h{text}"
    return sign + text


def _decimal(value: int, scale: int) -> str:
    whole, rest = divmod(value, scale)
    if not rest:
        return str(whole)
    return f"{whole}.{str(rest).rjust(len(str(scale)) - 1, '0').rstrip('0')}"


def parse_duration(text: str) -> Duration:
    """time.ParseDuration; raises GoError with Go's text."""
    invalid = GoError(f"time: invalid duration {quote(text)}")
    body, negative = text, False
    if body[:1] in ("+", "-"):
        negative = body[0] == "-"
        body = body[1:]
    if body == "0":
        return Duration(0)
    if not body:
        raise invalid
    total = 0
    while body:
        total += _part(body, text, invalid)
        match = _PART.match(body)
        body = body[match.end() :] if match else ""
        if total > 1 << 63:
            raise invalid
    if not negative and total > (1 << 63) - 1:
        raise invalid
    return Duration(-total if negative else total)


def _part(body: str, text: str, invalid: GoError) -> int:
    match = _PART.match(body)
    if match is None or not (match[1] or match[3]):
        raise invalid
    whole, fraction, unit = match[1], match[3] or "", match[4]
    if not unit:
        raise GoError(f"time: missing unit in duration {quote(text)}")
    if unit not in _UNITS:
        raise GoError(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
    scale = _UNITS[unit]
    value = int(whole or "0") * scale
    if fraction:
        value += int(int(fraction[:18]) * (scale / 10 ** len(fraction[:18])))
    return value


def rounded(value: int, step: int) -> Duration:
    if step <= 0:
        return Duration(value)
    rest = int(math.fmod(value, step)) if abs(value) < 1 << 53 else abs(value) % step * (1 if value >= 0 else -1)
    if value < 0:
        rest = -rest
        down = value + rest
        return Duration(down) if rest + rest < step else Duration(wrap64(down - step))
    return Duration(value - rest) if rest + rest < step else Duration(wrap64(value + step - rest))


def truncated(value: int, step: int) -> Duration:
    if step <= 0:
        return Duration(value)
    rest = abs(value) % step
    return Duration(value - rest if value >= 0 else value + rest)


def _float_of(value: int, unit: int) -> float:
    whole = abs(value) // unit
    rest = abs(value) % unit
    found = float(whole) + float(rest) / float(unit)
    return -found if value < 0 else found


def _toward_zero(value: int, unit: int) -> Int64:
    return Int64(abs(value) // unit * (1 if value >= 0 else -1))


def hours(value: int) -> float:
    return _float_of(value, 3600 * SECOND)


def minutes(value: int) -> float:
    return _float_of(value, 60 * SECOND)


def seconds(value: int) -> float:
    return _float_of(value, SECOND)


def milliseconds(value: int) -> Int64:
    return _toward_zero(value, 1_000_000)


def microseconds(value: int) -> Int64:
    return _toward_zero(value, 1_000)


Duration.methods = {
    "Hours": method("Hours", "", hours),
    "Minutes": method("Minutes", "", minutes),
    "Seconds": method("Seconds", "", seconds),
    "Milliseconds": method("Milliseconds", "", milliseconds),
    "Microseconds": method("Microseconds", "", microseconds),
    "Nanoseconds": method("Nanoseconds", "", lambda d: Int64(d)),
    "String": method("String", "", lambda d: d.go_string()),
    "Round": method("Round", "time.Duration", rounded),
    "Truncate": method("Truncate", "time.Duration", truncated),
    "Abs": method("Abs", "", lambda d: Duration(abs(d))),
}
