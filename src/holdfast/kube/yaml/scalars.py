"""What a scalar means: its text, tag and style in, JSON data out, as go-yaml v2 (objects) or kyaml (kustomize) decides.

Source of the rules: ``resolve.go`` of sigs.k8s.io/yaml/goyaml.v2 and goyaml.v3.
"""

from __future__ import annotations

import enum
import re

Scalar = str | int | float | bool | None


class Dialect(enum.Enum):
    """Whose meaning a text is read with."""

    OBJECT = "object"
    """sigs.k8s.io/yaml, as kubectl, Flux and the API server read objects: YAML 1.1 booleans."""
    KYAML = "kyaml"
    """kustomize's kyaml: yes, no, on, off, y and n are strings; dates become timestamps."""


TAG = "tag:yaml.org,2002:"
NULLS = dict.fromkeys(("", "~", "null", "Null", "NULL"))
TRUTHS = {w: v for v in (True, False) for s in (str(v),) for w in (s, s.lower(), s.upper())}
OLD_TRUTHS = TRUTHS | {
    w: v
    for v, s in ((True, "Yes"), (True, "On"), (True, "Y"), (False, "No"), (False, "Off"), (False, "N"))
    for w in (s, s.lower(), s.upper())
}
FIXED: dict[Dialect, dict[str, Scalar]] = {Dialect.OBJECT: NULLS | OLD_TRUTHS, Dialect.KYAML: NULLS | TRUTHS}
NOT_NUMBERS = {".nan", ".NaN", ".NAN"} | {s + w for s in ("", "+", "-") for w in (".inf", ".Inf", ".INF")}
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
INT = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO]?(?P<oct>[0-7]+)|(?P<dec>0|[1-9][0-9]*))"
)
DOT = re.compile(r"\.[0-9]+([eE][-+]?[0-9]+)?")
TIMESTAMP = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)")
BASES = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}


def plain(text: str, dialect: Dialect) -> Scalar:
    """The meaning of an unquoted scalar without a tag."""
    fixed = FIXED[dialect]
    if text in fixed:
        return fixed[text]
    head = text[0]
    if head in "0123456789+-":
        return number(text)
    if head == "." and DOT.fullmatch(text):
        return float(text)
    return text


def number(text: str) -> Scalar:
    """An integer up to 64 bits, else a float, else the text itself."""
    bare = text.replace("_", "")
    if (match := INT.fullmatch(bare)) and match.lastgroup:
        value = int(match[match.lastgroup], BASES[match.lastgroup])
        if match["sign"] == "-":
            value = -value
        if -(1 << 63) <= value < 1 << 63 or (not match["sign"] and value < 1 << 64):
            return value
    if FLOAT.fullmatch(bare):
        value_f = float(bare)
        return value_f if abs(value_f) != float("inf") else text
    return text
