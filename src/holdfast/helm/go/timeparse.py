"""Reading times by a layout, as time.ParseInLocation."""

from __future__ import annotations

import re

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.layout import DAYS, MONTHS, chunks
from holdfast.helm.go.strconv import quote
from holdfast.helm.go.times import UTC_ZONE, Time, Zone, civil, days_from_civil, fixed_zone, from_local


class _Reader:
    def __init__(self, layout: str, value: str) -> None:
        self.layout = layout
        self.value = value
        self.rest = value
        self.year, self.month, self.day, self.year_day = 0, -1, -1, -1
        self.hour = self.minute = self.second = self.nanos = 0
        self.pm = self.am = False
        self.offset: int | None = None
        self.abbreviation = ""
        self.utc = False

    def fault(self, element: str, message: str = "", rest: str | None = None) -> GoError:
        if message:
            return GoError(f"parsing time {quote(self.value)}{message}")
        left = self.rest if rest is None else rest
        return GoError(
            f"parsing time {quote(self.value)} as {quote(self.layout)}: cannot parse {quote(left)} as {quote(element)}"
        )

    def skip(self, literal: str) -> None:
        for i, c in enumerate(literal):
            if c == " ":
                if self.rest and not self.rest.startswith(" "):
                    raise self.fault(literal[i:])
                self.rest = self.rest.lstrip(" ")
                continue
            if not self.rest.startswith(c):
                raise self.fault(literal[i:])
            self.rest = self.rest[1:]

    def digits(self, chunk: str, low: int, high: int) -> int:
        match = re.match(r"[0-9]+", self.rest[:high])
        if match is None or len(match[0]) < low:
            raise self.fault(chunk)
        self.rest = self.rest[match.end() :]
        return int(match[0])

    def name(self, chunk: str, names: tuple[str, ...], short: bool) -> int:
        for i, name in enumerate(names):
            wanted = name[:3] if short else name
            if self.rest[: len(wanted)].lower() == wanted.lower():
                self.rest = self.rest[len(wanted) :]
                return i
        raise self.fault(chunk)

    def limited(self, value: int, low: int, high: int, what: str) -> int:
        if not low <= value <= high:
            raise self.fault("", f": {what} out of range")
        return value

    def read(self) -> None:
        for literal, chunk in chunks(self.layout):
            self.skip(literal)
            if not chunk:
                if self.rest:
                    raise self.fault("", f": extra text: {quote(self.rest)}")
                return
            self.chunk(chunk)

    def chunk(self, chunk: str) -> None:
        if chunk in ("2006", "06"):
            self.read_year(chunk)
        elif chunk in ("January", "Jan"):
            self.month = self.name(chunk, MONTHS, chunk == "Jan") + 1
        elif chunk in ("Monday", "Mon"):
            self.name(chunk, DAYS, chunk == "Mon")
        elif chunk in ("PM", "pm"):
            self.read_half(chunk)
        elif chunk[0] in ".,":
            self.read_fraction(chunk)
        elif chunk == "MST":
            self.read_zone()
        elif chunk[0] in "-Z":
            self.read_offset(chunk)
        else:
            self.number(chunk)

    def read_year(self, chunk: str) -> None:
        size = len(chunk)
        if not re.match(rf"[0-9]{{{size}}}", self.rest):
            raise self.fault(chunk)
        year = int(self.rest[:size])
        self.rest = self.rest[size:]
        self.year = year if size == 4 else year + (1900 if year >= 69 else 2000)

    def number(self, chunk: str) -> None:
        if chunk in ("_2", "__2"):
            self.rest = self.rest.lstrip(" ")
        if chunk in ("002", "__2"):
            self.year_day = self.digits(chunk, 3 if chunk == "002" else 1, 3)
            return
        value = self.digits(chunk, 2 if chunk[0] == "0" else 1, 2)
        if chunk in ("1", "01"):
            self.month = self.limited(value, 1, 12, "month")
        elif chunk in ("2", "_2", "02"):
            self.day = value
        elif chunk == "15":
            self.hour = self.limited(value, 0, 23, "hour")
        elif chunk in ("3", "03"):
            self.hour = self.limited(value, 0, 12, "hour")
        elif chunk in ("4", "04"):
            self.minute = self.limited(value, 0, 59, "minute")
        else:
            self.second = self.limited(value, 0, 59, "second")
            self.late_fraction()

    def late_fraction(self) -> None:
        """A fraction after the seconds is taken even where the layout has none."""
        match = re.match(r"[.,]([0-9]+)", self.rest)
        if match and not self.layout_has_fraction():
            self.nanos = int(match[1][:9].ljust(9, "0"))
            self.rest = self.rest[match.end() :]

    def layout_has_fraction(self) -> bool:
        return any(c and c[0] in ".," for _, c in chunks(self.layout))

    def read_half(self, chunk: str) -> None:
        half = self.rest[:2]
        if half not in (("PM", "AM") if chunk == "PM" else ("pm", "am")):
            raise self.fault(chunk)
        self.rest = self.rest[2:]
        self.pm, self.am = half.lower() == "pm", half.lower() == "am"

    def read_fraction(self, chunk: str) -> None:
        size = len(chunk) - 1
        if chunk[1] == "9":
            match = re.match(r"[.,]([0-9]+)", self.rest)
            if match is None:
                return
            self.nanos = int(match[1][:9].ljust(9, "0"))
            self.rest = self.rest[match.end() :]
            return
        match = re.match(rf"[.,]([0-9]{{{size}}})", self.rest)
        if match is None:
            raise self.fault(chunk)
        self.nanos = int(match[1][:9].ljust(9, "0"))
        self.rest = self.rest[match.end() :]

    def read_zone(self) -> None:
        if self.rest.startswith("UTC"):
            self.utc = True
            self.rest = self.rest[3:]
            return
        match = re.match(r"GMT[+-][0-9]{1,2}|[+-][0-9]{2,4}|[A-Z]{3,5}", self.rest)
        if match is None:
            raise self.fault("MST")
        self.abbreviation = match[0]
        self.rest = self.rest[match.end() :]

    def read_offset(self, chunk: str) -> None:
        if chunk[0] == "Z" and self.rest.startswith("Z"):
            self.rest = self.rest[1:]
            self.utc = True
            return
        form = {"07": r"([0-9]{2})", "0700": r"([0-9]{2})([0-9]{2})", "07:00": r"([0-9]{2}):([0-9]{2})"}
        form.update({"070000": r"([0-9]{2})([0-9]{2})([0-9]{2})", "07:00:00": r"([0-9]{2}):([0-9]{2}):([0-9]{2})"})
        match = re.match(r"([+-])" + form[chunk[1:]], self.rest)
        if match is None:
            raise self.fault(chunk)
        self.rest = self.rest[match.end() :]
        hours, minutes, seconds = (int(g) for g in (*match.groups()[1:], 0, 0)[:3])
        self.limited(hours, 0, 24, "time zone offset hour")
        self.limited(minutes, 0, 60, "time zone offset minute")
        self.offset = (hours * 3600 + minutes * 60 + seconds) * (-1 if match[1] == "-" else 1)

    def result(self, local: Zone) -> Time:
        hour = self.hour
        if self.pm and hour < 12:
            hour += 12
        elif self.am and hour == 12:
            hour = 0
        month, day = self.date()
        seconds = days_from_civil(self.year, month, day) * 86400 + hour * 3600 + self.minute * 60 + self.second
        if self.utc:
            return Time(seconds, self.nanos, UTC_ZONE)
        if self.offset is not None:
            return self.with_offset(seconds, local)
        if self.abbreviation:
            return self.with_abbreviation(seconds, local)
        return from_local(seconds, self.nanos, local)

    def date(self) -> tuple[int, int]:
        leap = self.year % 4 == 0 and (self.year % 100 != 0 or self.year % 400 == 0)
        if self.year_day >= 0:
            self.limited(self.year_day, 1, 365 + leap, "day-of-year")
            _, month, day = civil(days_from_civil(self.year, 1, 1) + self.year_day - 1)
            return month, day
        month = self.month if self.month > 0 else 1
        day = self.day if self.day >= 0 else 1
        last = (31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
        self.limited(day, 1, last, "day")
        return month, day

    def with_offset(self, seconds: int, local: Zone) -> Time:
        assert self.offset is not None
        at = seconds - self.offset
        offset, name = local.at(at)
        if offset == self.offset and (not self.abbreviation or name == self.abbreviation):
            return Time(at, self.nanos, local)
        return Time(at, self.nanos, fixed_zone(self.offset, self.abbreviation))

    def with_abbreviation(self, seconds: int, local: Zone) -> Time:
        offset, name = local.at(seconds)
        if name == self.abbreviation:
            return Time(seconds - offset, self.nanos, local)
        offset = 0
        if self.abbreviation.startswith("GMT") and len(self.abbreviation) > 3:
            offset = int(self.abbreviation[3:]) * 3600
        return Time(seconds - offset, self.nanos, fixed_zone(offset, self.abbreviation))


def parse_time(layout: str, value: str, local: Zone) -> Time:
    """time.ParseInLocation; raises GoError."""
    reader = _Reader(layout, value)
    reader.read()
    return reader.result(local)
