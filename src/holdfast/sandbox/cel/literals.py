"""What is wrong with literals in an expression whose types are right.

In: a checked expression. Out: complaints with their places: bad durations, moments and patterns, lists and maps of mixed types. Never: types.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache

import re2

from holdfast.sandbox.cel import formatting, types
from holdfast.sandbox.cel.checker import Checked
from holdfast.sandbox.cel.tree import Call, Const, Expr, Fold, ListOf, MapOf, Message, Select

_UNIT = r"(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)"
_DURATION = re.compile(rf"[-+]?({_UNIT}({_UNIT})*|0)")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_MIXED_ALLOWED = "format"
Found = list[tuple[int, str]]


def problems(checked: Checked) -> Found:
    found: Found = []
    _visit(checked, checked.tree, found, False)
    return found


def _visit(checked: Checked, expr: Expr, found: Found, mixed: bool) -> None:
    if isinstance(expr, Call):
        _call(checked, expr, found)
        mixed = mixed or expr.name == _MIXED_ALLOWED
    elif isinstance(expr, ListOf) and not mixed:
        _list(checked, expr, found)
    elif isinstance(expr, MapOf) and not mixed:
        _map(checked, expr, found)
    for below in _parts(expr):
        _visit(checked, below, found, mixed)


def _parts(expr: Expr) -> Iterator[Expr]:
    if isinstance(expr, Call):
        yield from ([expr.target] if expr.target is not None else [])
        yield from expr.args
    elif isinstance(expr, Select):
        yield expr.operand
    elif isinstance(expr, ListOf):
        yield from expr.items
    elif isinstance(expr, MapOf):
        for entry in expr.entries:
            yield from (entry.key, entry.value)
    elif isinstance(expr, Message):
        yield from expr.values
    elif isinstance(expr, Fold):
        yield from (expr.over, expr.start, expr.condition, expr.step, expr.result)


def conversion(checked: Checked) -> str:
    """Why a constant cannot be converted as the expression wants it, which is found out when a program is made of it."""
    found: list[str] = []
    _convert(checked.tree, found)
    return found[0] if found else ""


def _convert(expr: Expr, found: list[str]) -> None:
    for below in _parts(expr):
        _convert(below, found)
    if not isinstance(expr, Call) or expr.name not in _CONVERSIONS or not expr.args:
        return
    given = expr.args[0]
    if not isinstance(given, Const):
        return
    if given.kind == "null":
        found.append(f"no such overload: {expr.name}(null_type)")
    elif given.kind == "string" and not _CONVERSIONS[expr.name](str(given.value)):
        found.append(f"type conversion error from 'string' to '{expr.name}'")


def _reads(read: Callable[[str], object]) -> Callable[[str], bool]:
    def good(text: str) -> bool:
        try:
            read(text)
        except ValueError:
            return False
        return text == text.strip()

    return good


_TRUTHS = ("1", "0", "t", "f", "T", "F", "true", "false", "TRUE", "FALSE", "True", "False")
_CONVERSIONS: dict[str, Callable[[str], bool]] = {
    "int": lambda text: re.fullmatch(r"[-+]?\d+", text) is not None and -(2**63) <= int(text) < 2**63,
    "uint": lambda text: re.fullmatch(r"\d+", text) is not None and int(text) < 2**64,
    "double": _reads(float),
    "bool": lambda text: text in _TRUTHS,
    "string": lambda text: True,
    "bytes": lambda text: True,
}


# --- arguments ----------------------------------------------------------------------


def _call(checked: Checked, call: Call, found: Found) -> None:
    wrong = formatting.problem(checked, call) if call.name == _MIXED_ALLOWED else None
    if wrong is not None:
        found.append(wrong)
    good = _CHECKS.get(call.name)
    if good is None or not call.args:
        return
    argument = call.args[0]
    if isinstance(argument, Const) and isinstance(argument.value, str) and not good(argument.value):
        found.append((argument.at, f"invalid {call.name} argument"))


def _is_moment(text: str) -> bool:
    if not _MOMENT.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=256)
def _is_pattern(text: str) -> bool:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(text, options)
    except re2.error:
        return False
    return True


_CHECKS: dict[str, Callable[[str], bool]] = {
    "duration": lambda text: _DURATION.fullmatch(text) is not None,
    "timestamp": _is_moment,
    "matches": _is_pattern,
}


# --- lists and maps -------------------------------------------------------------------


def _list(checked: Checked, expr: ListOf, found: Found) -> None:
    first: types.Type | None = None
    for index, item in enumerate(expr.items):
        kind = _kind(checked, item, index in expr.optional)
        if first is None:
            first = kind
        elif kind != first:
            _told(item, first, kind, found)
            return


def _map(checked: Checked, expr: MapOf, found: Found) -> None:
    keys = values = None
    for entry in expr.entries:
        key, value = checked.types[entry.key], _kind(checked, entry.value, entry.optional)
        if keys is None or values is None:
            keys, values = key, value
            continue
        if key != keys:
            _told(entry.key, keys, key, found)
        if value != values:
            _told(entry.value, values, value, found)


def _kind(checked: Checked, expr: Expr, optional: bool) -> types.Type:
    kind = checked.types[expr]
    return types.unwrapped(kind)[0] if optional else kind


def _told(expr: Expr, wanted: types.Type, got: types.Type, found: Found) -> None:
    found.append((expr.at, f"expected type '{types.shown(wanted)}' but found '{types.shown(got)}'"))
