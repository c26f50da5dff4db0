"""time.Time: an instant in a zone, with its methods. Layouts are in ``layout``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import ClassVar

from holdfast.helm.go.duration import SECOND, Duration
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.layout import DAYS, MONTHS, format_time
from holdfast.helm.go.strconv import quote
from holdfast.helm.go.types import GoStruct, Int64, Method, SizedInt, method, wrap64

# Go's calendar begins in year 1; its zero time is that many seconds before 1970.
ZERO_SECONDS = -62135596800
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Zone:
    """A location: its name and the offset (seconds) and abbreviation at an instant."""

    __slots__ = ("info", "name")

    def __init__(self, name: str, info: tzinfo | None) -> None:
        self.name = name
        self.info = info

    def at(self, seconds: int) -> tuple[int, str]:
        if self.info is None:
            return 0, "UTC"
        moment = (_EPOCH + timedelta(seconds=seconds)).astimezone(self.info)
        offset = moment.utcoffset() or timedelta(0)
        return int(offset.total_seconds()), moment.tzname() or ""


UTC_ZONE = Zone("UTC", None)


class _Fixed(Zone):
    """A zone that a text named by its offset."""

    __slots__ = ("abbreviation", "offset")

    def __init__(self, offset: int, abbreviation: str) -> None:
        super().__init__(abbreviation, None)
        self.offset = offset
        self.abbreviation = abbreviation

    def at(self, seconds: int) -> tuple[int, str]:
        return self.offset, self.abbreviation


def fixed_zone(offset: int, abbreviation: str = "") -> Zone:
    return _Fixed(offset, abbreviation)


def local_zone() -> Zone:
    """The zone of this machine: TZ or the system's."""
    import os

    name = os.environ.get("TZ")
    if name in ("", "UTC"):
        return Zone("Local", None)
    if name:
        found = _named(name.removeprefix(":"))
        return Zone("Local", found.info) if found else Zone("Local", None)
    return Zone("Local", datetime.now().astimezone().tzinfo)


@lru_cache(maxsize=64)
def _named(name: str) -> Zone | None:
    from zoneinfo import ZoneInfo

    try:
        return Zone(name, ZoneInfo(name))
    except (OSError, ValueError, KeyError):
        return None


def load_location(name: str) -> Zone:
    """time.LoadLocation; raises GoError for an unknown name."""
    if name in ("", "UTC"):
        return UTC_ZONE
    if name == "Local":
        return local_zone()
    found = _named(name)
    if found is None:
        raise GoError(f"unknown time zone {name}")
    return found


class Month(SizedInt):
    go_type: ClassVar[str] = "time.Month"
    methods: ClassVar[dict[str, Method]] = {}
    __slots__ = ()

    def go_string(self) -> str:
        return MONTHS[self - 1] if 1 <= self <= 12 else f"%!Month({int(self)})"


class Weekday(SizedInt):
    go_type: ClassVar[str] = "time.Weekday"
    methods: ClassVar[dict[str, Method]] = {}
    __slots__ = ()

    def go_string(self) -> str:
        return DAYS[self]


Month.methods = {"String": method("String", "", lambda m: m.go_string())}
Weekday.methods = {"String": method("String", "", lambda d: d.go_string())}


def civil(days: int) -> tuple[int, int, int]:
    """Days since 1970 to (year, month, day), over all years."""
    days += 719468
    era, day_of_era = divmod(days, 146097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    mp = (5 * day_of_year + 2) // 153
    month = mp + 3 if mp < 10 else mp - 9
    return year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * mp + 2) // 5 + 1


def days_from_civil(year: int, month: int, day: int) -> int:
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468


class Time(GoStruct):
    """``seconds`` since 1970, ``nanos`` below a second, shown in ``zone``."""

    go_type: ClassVar[str] = "time.Time"
    stringer: ClassVar[bool] = True
    methods: ClassVar[dict[str, Method]] = {}
    __slots__ = ("nanos", "seconds", "zone")

    def __init__(self, seconds: int, nanos: int = 0, zone: Zone = UTC_ZONE) -> None:
        self.seconds = seconds
        self.nanos = nanos
        self.zone = zone

    def parts(self) -> tuple[int, int, int, int, int, int]:
        """(year, month, day, hour, minute, second) in the zone."""
        days, rest = divmod(self.seconds + self.zone.at(self.seconds)[0], 86400)
        return (*civil(days), rest // 3600, rest // 60 % 60, rest % 60)

    def weekday(self) -> int:
        return (((self.seconds + self.zone.at(self.seconds)[0]) // 86400) + 4) % 7

    def year_day(self) -> int:
        year, month, day = self.parts()[:3]
        return days_from_civil(year, month, day) - days_from_civil(year, 1, 1) + 1

    def add(self, nanos: int) -> Time:
        seconds, rest = divmod(self.nanos + nanos, SECOND)
        return Time(self.seconds + seconds, rest, self.zone)

    def go_string(self) -> str:
        return self.format("2006-01-02 15:04:05.999999999 -0700 MST")

    def format(self, layout: str) -> str:
        return format_time(self, layout)

    def json_value(self) -> str:
        return self.format("2006-01-02T15:04:05.999999999Z07:00")

    def unix_nano(self) -> int:
        return wrap64(self.seconds * SECOND + self.nanos)

    def since(self, other: Time) -> Duration:
        nanos = (self.seconds - other.seconds) * SECOND + self.nanos - other.nanos
        return Duration(max(-(1 << 63), min((1 << 63) - 1, nanos)))

    def key(self) -> tuple[int, int]:
        return self.seconds, self.nanos

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Time) and self.key() == other.key() and self.zone is other.zone

    def __hash__(self) -> int:
        return hash(self.key())


def _add_date(t: Time, years: int, months: int, days: int) -> Time:
    year, month, day, hour, minute, second = t.parts()
    carry, month0 = divmod(month - 1 + months, 12)
    start = days_from_civil(year + years + carry, month0 + 1, 1) + day - 1 + days
    local = start * 86400 + hour * 3600 + minute * 60 + second
    return from_local(local, t.nanos, t.zone)


def from_local(local: int, nanos: int, zone: Zone) -> Time:
    """The instant at which a clock in the zone shows these seconds (since 1970 on that clock)."""
    offset = zone.at(local)[0]
    if offset:
        second = zone.at(local - offset)[0]
        offset = second if second != offset else offset
    return Time(local - offset, nanos, zone)


def _truncate(t: Time, step: int) -> Time:
    if step <= 0:
        return t
    total = (t.seconds - ZERO_SECONDS) * SECOND + t.nanos
    return t.add(-(total % step))


def _round(t: Time, step: int) -> Time:
    if step <= 0:
        return t
    rest = ((t.seconds - ZERO_SECONDS) * SECOND + t.nanos) % step
    return t.add(-rest if rest + rest < step else step - rest)


_T = "time.Time"
Time.methods = {
    "Year": method("Year", "", lambda t: t.parts()[0]),
    "Month": method("Month", "", lambda t: Month(t.parts()[1])),
    "Day": method("Day", "", lambda t: t.parts()[2]),
    "Hour": method("Hour", "", lambda t: t.parts()[3]),
    "Minute": method("Minute", "", lambda t: t.parts()[4]),
    "Second": method("Second", "", lambda t: t.parts()[5]),
    "Nanosecond": method("Nanosecond", "", lambda t: t.nanos),
    "Weekday": method("Weekday", "", lambda t: Weekday(t.weekday())),
    "YearDay": method("YearDay", "", lambda t: t.year_day()),
    "Unix": method("Unix", "", lambda t: Int64(t.seconds)),
    "UnixNano": method("UnixNano", "", lambda t: Int64(t.unix_nano())),
    "UnixMilli": method("UnixMilli", "", lambda t: Int64(t.seconds * 1000 + t.nanos // 1_000_000)),
    "UnixMicro": method("UnixMicro", "", lambda t: Int64(t.seconds * 1_000_000 + t.nanos // 1000)),
    "Format": method("Format", "string", lambda t, layout: t.format(layout)),
    "String": method("String", "", lambda t: t.go_string()),
    "UTC": method("UTC", "", lambda t: Time(t.seconds, t.nanos, UTC_ZONE)),
    "Local": method("Local", "", lambda t: Time(t.seconds, t.nanos, local_zone())),
    "IsZero": method("IsZero", "", lambda t: t.seconds == ZERO_SECONDS and t.nanos == 0),
    "Add": method("Add", "time.Duration", lambda t, d: t.add(d)),
    "AddDate": method("AddDate", "int, int, int", _add_date),
    "Sub": method("Sub", _T, lambda t, u: t.since(u)),
    "After": method("After", _T, lambda t, u: t.key() > u.key()),
    "Before": method("Before", _T, lambda t, u: t.key() < u.key()),
    "Equal": method("Equal", _T, lambda t, u: t.key() == u.key()),
    "Compare": method("Compare", _T, lambda t, u: (t.key() > u.key()) - (t.key() < u.key())),
    "Truncate": method("Truncate", "time.Duration", _truncate),
    "Round": method("Round", "time.Duration", _round),
    "MarshalText": method("MarshalText", "", lambda t: t.json_value().encode()),
    "MarshalJSON": method("MarshalJSON", "", lambda t: quote(t.json_value()).encode()),
    "GoString": method("GoString", "", lambda t: t.go_string()),
    "AppendFormat": method("AppendFormat", "[]uint8, string", lambda t, b, layout: b + t.format(layout).encode()),
}
