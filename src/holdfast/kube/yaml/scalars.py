"""What a scalar means: its text and tag in, JSON data out, as go-yaml v2 (objects) or kyaml (kustomize) decides.

Source of the rules: ``resolve.go`` of go.yaml.in/yaml v2 (below sigs.k8s.io/yaml) and v3 (below kyaml).
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from holdfast.base.lazy import pattern
from holdfast.kube.yaml.errors import Flaw

if TYPE_CHECKING:
    import re

Scalar = str | int | float | bool | None


class OddKey(str):
    """The text of a key that is no string, as `Dialect.KYAML` keeps it."""

    __slots__ = ()


DOUBLED = OddKey("\0doubled")
"""Stands in a mapping that has a key twice, where that is let pass for now; its value says which key."""


class Dialect(enum.Enum):
    """Whose meaning a text is read with."""

    OBJECT = "object"
    """sigs.k8s.io/yaml, as kubectl, Flux and the API server read objects: YAML 1.1 booleans."""
    KYAML = "kyaml"
    """kustomize's kyaml: yes, no, on, off, y and n are strings; dates become timestamps; a key twice is an error."""


def _spellings(*words: str) -> set[str]:
    return {form for word in words for form in (word, word.lower(), word.upper())}


INFINITIES = {sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")}
NANS = {".nan", ".NaN", ".NAN"}
NULLS: dict[str, Scalar] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
BOOLS = dict.fromkeys(_spellings("True"), True) | dict.fromkeys(_spellings("False"), False)
OLD_BOOLS = dict.fromkeys(_spellings("Yes", "On", "Y"), True) | dict.fromkeys(_spellings("No", "Off", "N"), False)
FLOATS = dict.fromkeys(NANS, float("nan")) | {w: float(w.replace(".", "")) for w in INFINITIES}
FIXED: dict[Dialect, dict[str, Scalar]] = {
    Dialect.OBJECT: {**NULLS, **BOOLS, **OLD_BOOLS, **FLOATS},
    Dialect.KYAML: {**NULLS, **BOOLS, **FLOATS},
}

HEADS = frozenset("0123456789+-.")
FLOAT = pattern(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
DIGITS = r"[0-9]+(?:_[0-9]+)*"
DOT_FLOAT = pattern(rf"\.{DIGITS}(?:[eE][-+]?{DIGITS})?")
INT = pattern(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO]?(?P<oct>[0-7]+)|(?P<dec>0|[1-9][0-9]*))"
)
LATE_INT = pattern(r"0(?:b(?P<binary>[-+][01]+)|o(?P<octal>[-+][0-7]+))")
BASES = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}
LOWEST, HIGHEST, HIGHEST_UNSIGNED = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1
SHORT = {
    f"tag:yaml.org,2002:{name}": f"!!{name}"
    for name in ("str", "bool", "int", "float", "null", "timestamp", "binary", "merge")
}
RESOLVABLE = frozenset(("!!str", "!!bool", "!!int", "!!float", "!!null", "!!timestamp"))
INFINITY = float("inf")


def plain(text: str, dialect: Dialect) -> Scalar:
    """The meaning of an unquoted scalar without a tag."""
    fixed = FIXED[dialect]
    if text in fixed:
        return fixed[text]
    if text[0] not in HEADS:
        return text
    if dialect is Dialect.KYAML and (stamp := timestamp(text)):
        return stamp
    value = number(text, dialect)
    return text if value is None else value


def tagged(text: str, tag: str, dialect: Dialect) -> Scalar:
    """The meaning of a scalar under an explicit tag, in its long form."""
    short = SHORT.get(tag, tag)
    if short not in RESOLVABLE or short == "!!str":
        return text
    stamp = timestamp(text) if short == "!!timestamp" else ""
    if stamp:
        return stamp if dialect is Dialect.KYAML else text
    value = plain(text, Dialect.OBJECT if short != "!!timestamp" and dialect is Dialect.OBJECT else dialect)
    found = _tag_of(value)
    if found == short:
        return value
    if short == "!!float" and found == "!!int" and isinstance(value, int) and value <= HIGHEST:
        return float(value)
    raise Flaw(f"yaml: cannot decode {found} `{text}` as a {short}")


def _tag_of(value: Scalar) -> str:
    if value is None:
        return "!!null"
    names = {bool: "!!bool", int: "!!int", float: "!!float"}
    return names.get(type(value), "!!str")


def number(text: str, dialect: Dialect = Dialect.OBJECT) -> int | float | None:
    """An integer of at most 64 bits, else a float, else None: the text is no number."""
    if text[0] == ".":
        return _finite(text) if DOT_FLOAT.fullmatch(text) else None
    bare = text.replace("_", "")
    match = INT.fullmatch(bare)
    if match and match.lastgroup:
        value = int(match[match.lastgroup], BASES[match.lastgroup])
        if match["sign"] == "-":
            value = -value
        if LOWEST <= value <= HIGHEST or (not match["sign"] and value <= HIGHEST_UNSIGNED):
            return value
    if FLOAT.fullmatch(bare):
        return _finite(bare)
    return _late_integer(bare, dialect)


def _late_integer(bare: str, dialect: Dialect) -> int | None:
    # go-yaml strips "0b" (v3 also "0o") itself once the standard library has refused the text, so a sign may follow it: 0b-1.
    match = LATE_INT.fullmatch(bare)
    if not match or (match["octal"] and dialect is Dialect.OBJECT):
        return None
    value = int(match["octal"], 8) if match["octal"] else int(match["binary"], 2)
    return value if LOWEST <= value <= HIGHEST else None


def _finite(text: str) -> float | None:
    value = float(text)
    return None if abs(value) == INFINITY else value


STAMP = pattern(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
    r"(?:(?P<sep>[Tt]| +)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2}):(?P<second>[0-9]{1,2})(?:[.,](?P<fraction>[0-9]+))?"
    r"(?P<zone>Z|[-+][0-9]{2}:[0-9]{2})?)?"
)


def timestamp(text: str) -> str:
    """``text`` as Go prints the moment it names (RFC 3339, shortest fraction), or "" when it names none."""
    if len(text) < 8 or text[4] != "-":
        return ""
    match = STAMP.fullmatch(text)
    if not match or not _is_day(match):
        return ""
    day = f"{match['year']}-{int(match['month']):02}-{int(match['day']):02}"
    if not match["sep"]:
        return f"{day}T00:00:00Z"
    zone = match["zone"] or ""
    # A zone belongs to the form with T and only to it.
    if (match["sep"][0] == " ") == bool(zone):
        return ""
    return _moment(match, day, zone or "Z")


def _moment(match: re.Match[str], day: str, zone: str) -> str:
    hour, minute, second = (int(match[part]) for part in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        return ""
    if zone != "Z" and (int(zone[1:3]) > 24 or int(zone[4:]) > 60):
        return ""
    if zone[1:] == "00:00":
        zone = "Z"
    fraction = (match["fraction"] or "")[:9].rstrip("0")
    return f"{day}T{hour:02}:{minute:02}:{second:02}{'.' + fraction if fraction else ''}{zone}"


def _is_day(match: re.Match[str]) -> bool:
    from datetime import date

    year = int(match["year"])
    try:
        # Year 0 exists for Go and not for Python; it is a leap year, as 2000 is.
        date(year or 2000, int(match["month"]), int(match["day"]))
    except ValueError:
        return False
    return True
