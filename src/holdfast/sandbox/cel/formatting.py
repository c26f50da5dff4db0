"""The clauses of ``'%d'.format([1])``, held against what is handed over.

In: a checked call of ``format`` on a literal text with a literal list. Out: a complaint with its place, or nothing.
"""

from __future__ import annotations

import re
from typing import Final

from holdfast.sandbox.cel.checker import Checked
from holdfast.sandbox.cel.tree import Call, Const, Expr, ListOf, MapOf

_CLAUSE: Final = re.compile(r"%(%|(?:\.(\d*))?(.?))", re.DOTALL)
_TAKES: Final = {
    "d": (("int", "uint"), "decimal clause can only be used on integers"),
    "f": (("double", "string"), "fixed-point clause can only be used on doubles"),
    "e": (("double", "string"), "scientific clause can only be used on doubles"),
    "b": (("int", "uint", "bool"), "only integers and bools can be formatted as binary"),
    "x": (("int", "uint", "string", "bytes"), "only integers, byte buffers, and strings can be formatted as hex"),
    "X": (("int", "uint", "string", "bytes"), "only integers, byte buffers, and strings can be formatted as hex"),
    "o": (("int", "uint"), "octal clause can only be used on integers"),
}  # fmt: skip
_TEXTS: Final = (
    "list",
    "map",
    "int",
    "uint",
    "double",
    "bool",
    "string",
    "timestamp",
    "bytes",
    "duration",
    "type",
    "null",
    "dyn",
)
_GO_NAMES: Final = {
    "null": "null_type",
    "timestamp": "google.protobuf.Timestamp",
    "duration": "google.protobuf.Duration",
}


def problem(checked: Checked, call: Call) -> tuple[int, str] | None:
    if not isinstance(call.target, Const) or call.target.kind != "string" or len(call.args) != 1:
        return None
    given = call.args[0]
    if not isinstance(given, ListOf):
        return None
    count = 0
    for match in _CLAUSE.finditer(str(call.target.value)):
        if match[1] == "%":
            continue
        if not match[3] and match[2] is None:
            return call.at, "unexpected end of string"
        if count >= len(given.items):
            return call.at, f"index {count} out of range"
        found = _clause(checked, call, match[3], given.items[count])
        if found is not None:
            return found
        count += 1
    if len(given.items) > count:
        text = f"too many arguments supplied to string.format (expected {count}, got {len(given.items)})"
        return call.at, text
    return None


def _clause(checked: Checked, call: Call, clause: str, given: Expr) -> tuple[int, str] | None:
    if clause == "s":
        bad = _untextual(checked, given)
        words = "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps"
        return None if bad is None else (bad.at, _wrong(checked, bad, words))
    if clause not in _TAKES:
        return call.at, f'could not parse formatting clause: unrecognized formatting clause "{clause}"'
    kinds, words = _TAKES[clause]
    if checked.types[given][0] in (*kinds, "dyn"):
        return None
    return given.at, _wrong(checked, given, words)


def _wrong(checked: Checked, expr: Expr, words: str) -> str:
    kind = checked.types[expr]
    name = str(kind[1]) if kind[0] in ("opaque", "struct") else str(kind[0])
    return f"error during formatting: {words}, was given {_GO_NAMES.get(name, name)}"


def _untextual(checked: Checked, expr: Expr) -> Expr | None:
    """The part that has no form as text."""
    if checked.types[expr][0] not in _TEXTS:
        return expr
    if isinstance(expr, ListOf):
        parts = expr.items
    elif isinstance(expr, MapOf):
        parts = [part for entry in expr.entries for part in (entry.key, entry.value)]
    else:
        return None
    return next((bad for part in parts if (bad := _untextual(checked, part)) is not None), None)
