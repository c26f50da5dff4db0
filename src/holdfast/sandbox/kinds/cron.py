"""Cron schedules: whether a text is one, in the words of the parser that the real server uses.

In: a schedule. Out: the complaint, empty when it is fine. Never: when it fires.
"""

from __future__ import annotations

import re
from functools import lru_cache

from holdfast.sandbox import gotext

_BOUNDS: tuple[tuple[int, int, dict[str, int]], ...] = ((0, 59, {}), (0, 23, {}), (1, 31, {}), (1, 12, {name: n + 1 for n, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])}),
           (0, 6, {name: n for n, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}))  # fmt: skip
_MACROS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_DURATION = re.compile(r"^[-+]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*$")


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    # Imported when a time zone is first named: a start of the server needs none.
    import zoneinfo

    return frozenset(zoneinfo.available_timezones())


def problem(schedule: str) -> str:
    if not schedule:
        return "empty spec string"
    text = schedule
    if text.startswith(("TZ=", "CRON_TZ=")):
        zone, _, text = text.partition("=")[2].partition(" ")
        if zone not in ("", "UTC", "Local") and zone not in zones():
            return f"provided bad location {zone}: unknown time zone {zone}"
        text = text.strip()
    if text.startswith("@"):
        return _macro(text)
    fields = text.split()
    if len(fields) != 5:
        return f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
    for field, (low, high, names) in zip(fields, _BOUNDS, strict=True):
        for part in field.split(","):
            found = _range(part, low, high, names)
            if found:
                return found
    return ""


def _macro(text: str) -> str:
    if text in _MACROS:
        return ""
    if text.startswith("@every "):
        rest = text.removeprefix("@every ")
        if _DURATION.match(rest):
            return ""
        return f"failed to parse duration {text}: time: invalid duration {gotext.quote(rest)}"
    return f"unrecognized descriptor: {text}"


def _range(part: str, low: int, high: int, names: dict[str, int]) -> str:
    span, slash, step = part.partition("/")
    if step.count("/") or (slash and not step):
        return (
            f"too many slashes: {part}"
            if step.count("/")
            else 'failed to parse int from : strconv.Atoi: parsing "": invalid syntax'
        )
    start_text, dash, end_text = span.partition("-")
    if start_text in ("*", "?"):
        start, end = low, high
    else:
        try:
            start = _number(start_text, names)
            if dash and "-" in end_text:
                return f"too many hyphens: {part}"
            end = _number(end_text, names) if dash else start
        except ValueError as error:
            return str(error)
    if slash:
        try:
            every = _number(step, {})
        except ValueError as error:
            return str(error)
        if not dash:
            end = high
        if every == 0:
            return f"step of range should be a positive number: {part}"
    if start < low:
        return f"beginning of range ({start}) below minimum ({low}): {part}"
    if end > high:
        return f"end of range ({end}) above maximum ({high}): {part}"
    if start > end:
        return f"beginning of range ({start}) beyond end of range ({end}): {part}"
    return ""


def _number(text: str, names: dict[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if re.fullmatch(r"[-+]?\d+", text):
        number = int(text)
        if number < 0:
            raise ValueError(f"negative number ({number}) not allowed: {text}")
        return number
    raise ValueError(f"failed to parse int from {text}: strconv.Atoi: parsing {gotext.quote(text)}: invalid syntax")
