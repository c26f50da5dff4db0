"""TOML as BurntSushi's library writes and reads it."""

from __future__ import annotations

import math
import re
import tomllib
from datetime import UTC, date, datetime, time
from typing import Any

from holdfast.helm.go.duration import Duration
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.strconv import format_float, quote
from holdfast.helm.go.times import UTC_ZONE, Time, days_from_civil, fixed_zone
from holdfast.helm.go.types import INVALID, GoSlice, GoStruct, Int64, is_nil, kind_name

_TABLE = re.compile(r"\s*\[{1,2}\s*([^\[\]]*?)\s*\]")
Key = tuple[str, ...]
_ESCAPES = {
    '"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "\x7f": "\\u007f",
}  # fmt: skip


def _quoted(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in text) + '"'


def _name(key: str) -> str:
    plain = bool(key) and all((c.isalnum() and c.isascii()) or c in "_-" for c in key)
    return key if plain else _quoted(key)


def _kind(value: Any) -> str:
    """table, tables (a list of tables), value, or "" for nil."""
    if is_nil(value):
        return ""
    if isinstance(value, dict) or (isinstance(value, GoStruct) and not hasattr(value, "json_value")):
        return "table"
    if not isinstance(value, list) or not value:
        return "value"
    kinds = [_kind(v) for v in value]
    if "" in kinds:
        raise GoError("toml: cannot encode array with nil element")
    return "tables" if all(k == "table" for k in kinds) else "value"


class _Writer:
    def __init__(self) -> None:
        self.out: list[str] = []

    def newline(self) -> None:
        if self.out:
            self.out.append("\n")

    def encode(self, key: Key, value: Any) -> None:
        kind = _kind(value)
        if not kind:
            return
        if kind == "table":
            self.table(key, value)
        elif kind == "tables":
            self.tables(key, value)
        else:
            self.pair(key, value)

    def pair(self, key: Key, value: Any) -> None:
        if not key:
            self.out.append(self.element(value))
            return
        self.out.append(f"{'  ' * (len(key) - 1)}{_name(key[-1])} = {self.element(value)}\n")

    def tables(self, key: Key, values: list[Any]) -> None:
        if not key:
            raise GoError("toml: top-level values must be Go maps or structs")
        for value in values:
            self.newline()
            self.out.append(f"{'  ' * (len(key) - 1)}[[{'.'.join(map(_name, key))}]]\n")
            self.members(key, value)

    def table(self, key: Key, value: Any) -> None:
        if len(key) == 1:
            self.newline()
        if key:
            self.out.append(f"{'  ' * (len(key) - 1)}[{'.'.join(map(_name, key))}]\n")
        self.members(key, value)

    def members(self, key: Key, value: Any) -> None:
        found = _members(value)
        direct = [k for k in sorted(found) if _kind(found[k]) not in ("table", "tables")]
        for name in direct + [k for k in sorted(found) if k not in direct]:
            self.encode((*key, name), found[name])

    def element(self, value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float):
            return _float(value)
        if isinstance(value, int):
            return _quoted(value.go_string()) if isinstance(value, Duration) else str(int(value))
        if isinstance(value, str):
            return _quoted(value)
        if isinstance(value, Time):
            return value.json_value()
        if hasattr(value, "json_value"):
            return _quoted(str(value.json_value()))
        if isinstance(value, (list, bytes)):
            return "[" + ", ".join(self.element(v) for v in value) + "]"
        if isinstance(value, (dict, GoStruct)):
            return self.inline(_members(value))
        raise GoError(f"unsupported type: {kind_name(value)}")

    def inline(self, value: dict[str, Any]) -> str:
        direct = [k for k in sorted(value) if _kind(value[k]) not in ("table", "tables")]
        names = direct + [k for k in sorted(value) if k not in direct]
        return "{" + ", ".join(f"{_name(k)} = {self.element(value[k])}" for k in names if _kind(value[k])) + "}"


def _members(value: Any) -> dict[str, Any]:
    if isinstance(value, GoStruct):
        return {n: getattr(value, a) for n, (a, _) in value.fields.items()}
    found: dict[str, Any] = value
    return found


def _float(value: float) -> str:
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    text = format_float(value)
    return text if "e" in text or "." in text else text + ".0"


def dump(value: Any) -> str:
    """Raises GoError for what TOML cannot hold."""
    if value is None or value is INVALID:
        raise GoError("reflect: call of reflect.Value.Type on zero Value")
    writer = _Writer()
    writer.encode((), value)
    return "".join(writer.out)


def load(text: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = _go(tomllib.loads(text))
    except tomllib.TOMLDecodeError as fault:
        raise GoError(f"toml: {_go_words(str(fault), text)}") from None
    return found


def _go_words(message: str, text: str) -> str:
    """The library's words for the most frequent fault; ours, with the line in front, for the others."""
    match = re.search(r"(.*) \(at line (\d+), column (\d+)\)", message)
    if match is None and message.startswith("Expected '=' after a key"):
        return f"line {text.count(chr(10)) + 1}: unexpected EOF; expected key separator '='"
    if match is None and message.startswith("Invalid value") and "=" in text.rpartition("\n")[2]:
        key = text.rpartition("\n")[2].partition("=")[0].strip()
        return f"line {text.count(chr(10)) + 1} (last key {quote(key)}): unexpected EOF; expected value"
    if match is None:
        return message
    words, number, column = match[1], int(match[2]), int(match[3])
    line = text.split("\n")[number - 1]
    here = f"{line}\n"[column - 1 : column] or "\n"
    if words.startswith(("Expected '=' after a key", "Invalid statement")):
        return f"line {number}: expected '.' or '=', but got {quote(here, chr(39))} instead"
    if words.startswith("Expected newline or end of document") and column <= len(line):
        table = _TABLE.match(line)
        key = f" (last key {quote(table[1])})" if table else ""
        wanted = "expected a top-level item to end with a newline, comment, or EOF"
        return f"line {number}{key}: {wanted}, but got {quote(line[column - 1], chr(39))} instead"
    return f"line {number}: {words}"


def _go(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _go(v) for k, v in value.items()}
    if isinstance(value, list):
        return _go_list(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return Int64(value)
    if isinstance(value, (datetime, date, time)):
        return _moment(value)
    return value


def _go_list(values: list[Any]) -> list[Any]:
    """A list of tables is []map[string]interface {} where it was written as [[tables]] or inline."""
    found = [_go(v) for v in values]
    if found and all(type(v) is dict for v in found):
        return GoSlice(found, "map[string]interface {}")
    return found


def _moment(value: datetime | date | time) -> Time:
    if isinstance(value, time):
        return Time(
            days_from_civil(0, 1, 1) * 86400 + value.hour * 3600 + value.minute * 60 + value.second,
            value.microsecond * 1000,
            UTC_ZONE,
        )
    if not isinstance(value, datetime):
        return Time(days_from_civil(value.year, value.month, value.day) * 86400, 0, UTC_ZONE)
    offset = value.utcoffset()
    seconds = int(value.replace(tzinfo=UTC).timestamp())
    if offset is None or not offset.total_seconds():
        return Time(seconds, value.microsecond * 1000, UTC_ZONE)
    shift = int(offset.total_seconds())
    return Time(seconds - shift, value.microsecond * 1000, fixed_zone(shift))
