"""String formats of schemas, and the named formats of CEL.

In: a format's name and a text. Out: whether it fits, or the complaints. Never: schemas.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import date
from urllib.parse import urlsplit

from holdfast.sandbox.kinds import names


class _Pattern:
    """A regular expression that is compiled when first used: most servers never meet most formats."""

    __slots__ = ("_compiled", "_flags", "_text")

    def __init__(self, text: str, flags: int = 0) -> None:
        self._text, self._flags = text, flags
        self._compiled: re.Pattern[str] | None = None

    def match(self, text: str) -> re.Match[str] | None:
        if self._compiled is None:
            self._compiled = re.compile(self._text, self._flags)
        return self._compiled.match(text)


_DATE = _Pattern(r"^\d{4}-\d{2}-\d{2}$")
_CLOCK = _Pattern(r"^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$")
_DURATION = _Pattern(r"^[-+]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*$")
_PARTS = re.compile(r"(\d+)\s*([A-Za-zµ]+)")
_UNITS = (("ns", "nano"), ("us", "µs", "micro"), ("ms", "milli"), ("s", "sec"), ("m", "min"), ("h", "hr", "hour"), ("d", "day"), ("w", "wk", "week"))  # fmt: skip
_UUID = _Pattern(r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$")
_UUID3 = _Pattern(r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$")
_UUID4 = _Pattern(r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$")
_UUID5 = _Pattern(r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$")
_MAC = _Pattern(r"^([0-9A-Fa-f]{2}([:-])([0-9A-Fa-f]{2}\2){4,18}[0-9A-Fa-f]{2}|([0-9A-Fa-f]{4}\.){2,9}[0-9A-Fa-f]{4})$")
_HEX_COLOR = _Pattern(r"^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$")
_RGB_COLOR = _Pattern(
    r"^rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)$"
)
_EMAIL = _Pattern(r"^([^<>]*<[^\s@<>]+@[^\s@<>]+>|[^\s@<>]+@[^\s@<>]+)$")
_BASE64 = _Pattern(r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$")
_CARD = _Pattern(
    r"^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$"
)
_SSN = _Pattern(r"^\d{3}[- ]?\d{2}[- ]?\d{4}$")


def _date(text: str) -> bool:
    if not _DATE.match(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _date_time(text: str) -> bool:
    day, separator, clock = text.lower().partition("t")
    if not separator or not _date(day):
        return False
    match = _CLOCK.match(clock.partition("t")[0])
    return match is not None and match[1] <= "23" and match[2] <= "59" and match[3] <= "59"


def duration(text: str) -> bool:
    """Go's notation, or counts with units in words (``2 days``) somewhere in the text."""
    if text == "0" or _DURATION.match(text):
        return True
    return any(_is_unit(unit.lower()) for _, unit in _PARTS.findall(text))


def _is_unit(text: str) -> bool:
    return any(text in variants or text.startswith(variants[-1]) for variants in _UNITS)


def _ipv4(text: str) -> bool:
    if ":" in text:
        return "." in text and _ipv6(text)
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() and len(part) <= 3 and int(part) <= 255 for part in parts)


def _ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return "%" not in text


def _cidr(text: str) -> bool:
    if "/" not in text:
        return False
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return text.partition("/")[2].isdigit()


def _uri(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    if any(char.isspace() or ord(char) < 32 for char in text) and " " in text.partition("?")[0]:
        return False
    return bool(parts.scheme) or text.startswith("/")


def _byte(text: str) -> bool:
    return _BASE64.match(text) is not None


def _isbn10(text: str) -> bool:
    digits = text.replace("-", "").replace(" ", "")
    if not re.fullmatch(r"\d{9}[\dX]", digits):
        return False
    return sum((10 if d == "X" else int(d)) * (i + 1) for i, d in enumerate(digits)) % 11 == 0


def _isbn13(text: str) -> bool:
    digits = text.replace("-", "").replace(" ", "")
    return (
        bool(re.fullmatch(r"\d{13}", digits))
        and sum(int(d) * (1 if i % 2 == 0 else 3) for i, d in enumerate(digits)) % 10 == 0
    )


def _card(text: str) -> bool:
    digits = re.sub(r"[^0-9]+", "", text)
    if not _CARD.match(digits):
        return False
    total = 0
    for index, char in enumerate(reversed(digits)):
        number = int(char) * (2 if index % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


_LETTER = r"a-zA-Z\p{S}\p{L}"
_HOST_NAME = rf"^([0-9{_LETTER}](-?[0-9{_LETTER}]{{0,62}})?|([0-9{_LETTER}]([0-9{_LETTER}\-]{{0,61}}[0-9{_LETTER}])?\.)+[a-zA-Z\p{{L}}]{{2,63}})$"


def _host_name(text: str) -> bool:
    """Labels may hold letters and symbols of any script; the last one letters only."""
    import re2

    if len(text.encode()) > 255 or any(len(part) > 63 for part in text.split(".")):
        return False
    return re2.search(_HOST_NAME, text) is not None


_CHECKS: dict[str, Callable[[str], bool]] = {
    "date": _date,
    "date-time": _date_time,
    "datetime": _date_time,
    "duration": duration,
    "ipv4": _ipv4,
    "ipv6": _ipv6,
    "cidr": _cidr,
    "uri": _uri,
    "email": lambda text: bool(_EMAIL.match(text)),
    "hostname": _host_name,
    "mac": lambda text: bool(_MAC.match(text)),
    "uuid": lambda text: bool(_UUID.match(text)),
    "uuid3": lambda text: bool(_UUID3.match(text)),
    "uuid4": lambda text: bool(_UUID4.match(text)),
    "uuid5": lambda text: bool(_UUID5.match(text)),
    "byte": _byte,
    "isbn": lambda text: _isbn10(text) or _isbn13(text),
    "isbn10": _isbn10,
    "isbn13": _isbn13,
    "creditcard": _card,
    "ssn": lambda text: len(text) == 11 and bool(_SSN.match(text)),
    "hexcolor": lambda text: bool(_HEX_COLOR.match(text)),
    "rgbcolor": lambda text: bool(_RGB_COLOR.match(text)),
    "bsonobjectid": lambda text: bool(re.fullmatch(r"[0-9a-fA-F]{24}", text)),
    "password": lambda text: True,
    "k8s-short-name": lambda text: not names.dns_label(text),
    "k8s-long-name": lambda text: not names.dns_subdomain(text),
}
KNOWN = frozenset({*_CHECKS, "int32", "int64", "float", "double", "binary"})
"""Formats that a definition may name without a warning."""


def fits(name: str, text: str) -> bool:
    check = _CHECKS.get(name)
    return check is None or check(text)


_RULES: dict[str, names.NameRule] = {
    "dns1123Label": names.dns_label,
    "dns1123Subdomain": names.dns_subdomain,
    "dns1035Label": names.dns_1035_label,
    "qualifiedName": names.qualified,
    "dns1123LabelPrefix": names.for_prefix(names.dns_label),
    "dns1123SubdomainPrefix": names.for_prefix(names.dns_subdomain),
    "dns1035LabelPrefix": names.for_prefix(names.dns_1035_label),
    "labelValue": names.label_value,
}


def named_problems(name: str, text: str) -> list[str]:
    rule = _RULES.get(name)
    if rule is not None:
        return rule(text)
    return [] if fits(name, text) else [f"invalid {name}"]
