"""Literals that the checker judges before anything runs: patterns, durations, timestamps.

In: an expression that compiles. Out: the checker's report on the first bad literal, or nothing. Never: literals behind other expressions.
"""

from __future__ import annotations

import re
from datetime import datetime

_TEXT = r"""r?(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
_CALL = re.compile(rf"\.\s*(matches)\s*\(\s*({_TEXT})\s*\)|(?<![\w.])(duration|timestamp)\s*\(\s*({_TEXT})\s*\)")
_DURATION = re.compile(
    r"[-+]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*|[-+]?0"
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def report(source: str) -> str:
    """``ERROR: <input>:...`` with the line and a caret; empty when all literals are good."""
    for match in _CALL.finditer(source):
        name, group = (match[1], 2) if match[1] else (match[3], 4)
        if not _good(name, _value(match[group])):
            return _at(source, match.start(group), f"invalid {name} argument")
    return ""


def _value(literal: str) -> str:
    if literal.startswith("r"):
        return literal[2:-1]
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t", "r": "\r"}.get(m[1], m[1]), literal[1:-1])


def _good(name: str, value: str) -> bool:
    if name == "duration":
        return _DURATION.fullmatch(value) is not None
    if name == "timestamp":
        return _MOMENT.fullmatch(value) is not None and _is_moment(value)
    try:
        re.compile(value)
    except re.error as error:
        # What Python alone refuses (a possessive repeat, a Unicode class) is left to the run.
        return not re.search(r"unterminated|unbalanced|missing|nothing to repeat|bad character range", str(error))
    return True


def _is_moment(value: str) -> bool:
    try:
        datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def _at(source: str, offset: int, text: str) -> str:
    start = source.rfind("\n", 0, offset) + 1
    line, column = source.count("\n", 0, offset) + 1, offset - start
    shown = source[start:].partition("\n")[0]
    return f"ERROR: <input>:{line}:{column + 1}: {text}\n | {shown}\n | {'.' * column}^"
