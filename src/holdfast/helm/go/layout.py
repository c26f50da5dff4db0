"""Layouts of times, "2006-01-02" and the like: their parts, and a time written after one."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

_CHUNKS = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|_2006|__2|_2(?!006)|002|01|02|03|04|05|06|15|1(?!5)|2(?!006)|3|4|5|PM|pm"
    r"|-070000|-07:00:00|-0700|-07:00|-07|Z070000|Z07:00:00|Z0700|Z07:00|Z07|[.,]0+(?![0-9])|[.,]9+(?![0-9])"
)


@lru_cache(maxsize=512)
def chunks(layout: str) -> tuple[tuple[str, str], ...]:
    """(literal text before, placeholder) pairs; the last placeholder is empty."""
    out: list[tuple[str, str]] = []
    at = start = 0
    while True:
        match = _CHUNKS.search(layout, at)
        if match is None:
            out.append((layout[start:], ""))
            return tuple(out)
        found = match[0]
        if found == "_2006":
            # Go reads "_2006" as an underscore and the year.
            out.append((layout[start : match.start() + 1], "2006"))
        else:
            out.append((layout[start : match.start()], found))
        at = start = match.end()


def format_time(t: Any, layout: str) -> str:
    year, month, day, hour, minute, second = t.parts()
    offset, abbreviation = t.zone.at(t.seconds)
    simple = {
        "2006": f"{year:04d}" if year >= 0 else f"-{-year:04d}", "06": f"{year % 100:02d}", "January": MONTHS[month - 1],
        "Jan": MONTHS[month - 1][:3], "1": str(month), "01": f"{month:02d}", "2": str(day), "_2": f"{day:2d}", "02": f"{day:02d}",
        "15": f"{hour:02d}", "3": str(hour % 12 or 12), "03": f"{hour % 12 or 12:02d}", "4": str(minute), "04": f"{minute:02d}",
        "5": str(second), "05": f"{second:02d}", "PM": "PM" if hour >= 12 else "AM", "pm": "pm" if hour >= 12 else "am",
    }  # fmt: skip
    out: list[str] = []
    for literal, chunk in chunks(layout):
        out.append(literal)
        if chunk:
            out.append(simple[chunk] if chunk in simple else _format_rest(t, chunk, offset, abbreviation))
    return "".join(out)


def _format_rest(t: Any, chunk: str, offset: int, abbreviation: str) -> str:
    if chunk in ("Monday", "Mon"):
        name = DAYS[t.weekday()]
        return name if chunk == "Monday" else name[:3]
    if chunk in ("__2", "002"):
        return f"{t.year_day():3d}" if chunk == "__2" else f"{t.year_day():03d}"
    if chunk == "MST":
        return abbreviation or _short_offset(offset)
    if chunk[0] in ".,":
        return _fraction(t.nanos, chunk)
    return _offset(offset, chunk)


def _short_offset(offset: int) -> str:
    minutes = abs(offset) // 60
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02d}{minutes % 60:02d}"


def _fraction(nanos: int, chunk: str) -> str:
    digits = f"{nanos:09d}"[: len(chunk) - 1].ljust(len(chunk) - 1, "0")
    if chunk[1] == "9":
        digits = digits.rstrip("0")
        return chunk[0] + digits if digits else ""
    return chunk[0] + digits


def _offset(offset: int, chunk: str) -> str:
    if chunk[0] == "Z" and offset == 0:
        return "Z"
    sign = "-" if offset < 0 else "+"
    size = abs(offset)
    colon = ":" if ":" in chunk else ""
    text = f"{sign}{size // 3600:02d}"
    if chunk[1:] != "07":
        text += f"{colon}{size // 60 % 60:02d}"
    if chunk.endswith(("0000", ":00:00")):
        text += f"{colon}{size % 60:02d}"
    return text
