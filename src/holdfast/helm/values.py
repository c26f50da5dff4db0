"""Values given on a command line: --set and its kin, and the files of -f, in Helm's order of precedence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from holdfast.helm.chart.load import load_values, merge_maps
from holdfast.helm.errors import ChartError, ValuesError
from holdfast.helm.go import json as gojson
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.strconv import atoi, parse_int, quote
from holdfast.helm.go.types import Int64

Map = dict[str, Any]
Reader = Callable[[str], Any]
_MAX_INDEX = 65536
_MAX_LEVEL = 30


class _End(Exception):
    """The text is over."""


class SetFault(Exception):
    """A --set text that cannot be read."""


def typed(text: str) -> Any:
    """--set: integers, booleans and null have types, all else is text."""
    lowered = text.lower()
    if lowered in ("true", "false"):
        return lowered == "true"
    if lowered == "null":
        return None
    if text == "0":
        return Int64(0)
    if text and text[0] != "0":
        try:
            return Int64(parse_int(text, 10))
        except GoError:
            return text
    return text


def as_text(text: str) -> Any:
    return text


class _Parser:
    """``literal``: no escapes, no lists, a value takes the rest. ``json``: values are JSON."""

    def __init__(self, text: str, reader: Reader, *, literal: bool = False, json: bool = False) -> None:
        self.text = text
        self.at = 0
        self.reader = reader
        self.literal = literal
        self.json = json

    def into(self, data: Map) -> None:
        try:
            while True:
                self.key(data, 0)
        except _End:
            return

    def until(self, stop: str) -> tuple[str, str]:
        """(text before, the stop character); "" for the character at the end."""
        out: list[str] = []
        while self.at < len(self.text):
            c = self.text[self.at]
            self.at += 1
            if c in stop:
                return "".join(out), c
            if c == "\\" and not self.literal:
                if self.at >= len(self.text):
                    break
                c = self.text[self.at]
                self.at += 1
            out.append(c)
        return "".join(out), ""

    def key(self, data: Map, level: int) -> None:
        name, last = self.until("=[." if self.literal else "=[,.")
        if not last:
            if not name:
                raise _End
            raise SetFault(f"key {quote(name)} has no value")
        if last == "=":
            self.assign(lambda value: _put(data, name, value))
        elif last == "[":
            self.indexed(data, name, level)
        elif last == ".":
            self.nested(data, name, level + 1)
        else:
            _put(data, name, "")
            raise SetFault(f"key {quote(name)} has no value (cannot end with ,)")

    def indexed(self, data: Map, name: str, level: int) -> None:
        index = self.index()
        items = data.get(name, [])
        if not isinstance(items, list):
            raise SetFault(_conversion(items, "[]interface {}"))
        items = list(items)
        try:
            self.item(items, index, level)
        finally:
            _put(data, name, items)

    def nested(self, data: Map, name: str, level: int) -> None:
        if level > _MAX_LEVEL:
            raise SetFault(f"value name nested level is greater than maximum supported nested level of {_MAX_LEVEL}")
        inner = data.get(name, {})
        if not isinstance(inner, dict):
            raise SetFault(_conversion(inner, "map[string]interface {}"))
        try:
            self.key(inner, level)
        finally:
            if inner:
                _put(data, name, inner)
        if not inner:
            raise SetFault(f"key map {quote(name)} has no value")

    def index(self) -> int:
        text, last = self.until("]")
        if not last:
            raise SetFault("error parsing index: EOF")
        try:
            return atoi(text)
        except GoError as fault:
            raise SetFault(f"error parsing index: {fault.text}") from None

    def item(self, items: list[Any], index: int, level: int) -> None:
        if index < 0:
            raise SetFault(f"negative {index} index not allowed")
        rest, last = self.until("[.=")
        if rest:
            raise SetFault(f"unexpected data at end of array index: {quote(rest)}")
        if not last:
            raise _End
        if last == "=":
            self.assign(lambda value: _put_index(items, index, value))
        elif last == "[":
            self.deeper_item(items, index, level)
        else:
            inner = items[index] if index < len(items) and isinstance(items[index], dict) else {}
            self.key(inner, level)
            _put_index(items, index, inner)

    def deeper_item(self, items: list[Any], index: int, level: int) -> None:
        following = self.index()
        inner = items[index] if index < len(items) and items[index] is not None else []
        if not isinstance(inner, list):
            raise SetFault(_conversion(inner, "[]interface {}"))
        inner = list(inner)
        self.item(inner, following, level)
        _put_index(items, index, inner)

    def assign(self, put: Callable[[Any], None]) -> None:
        if self.literal:
            put(self.text[self.at :])
            self.at = len(self.text)
        elif self.json:
            self.assign_json(put)
        elif self.at >= len(self.text):
            put("")
            raise _End
        elif self.text[self.at] == "{":
            self.at += 1
            put(self.listed())
        else:
            value, _ = self.until(",")
            put(self.reader(value))

    def assign_json(self, put: Callable[[Any], None]) -> None:
        if self.blank():
            put(None)
            return
        import json

        rest = self.text[self.at :]
        try:
            _, size = json.JSONDecoder().raw_decode(rest)
            value = gojson.decode(rest[:size])
        except (ValueError, GoError):
            raise SetFault("") from None
        put(value)
        self.at += size
        self.blank()

    def blank(self) -> bool:
        """Over blanks; whether a comma or the end came."""
        while self.at < len(self.text):
            c = self.text[self.at]
            if c == ",":
                self.at += 1
                return True
            if not c.isspace():
                return False
            self.at += 1
        return True

    def listed(self) -> list[Any]:
        found: list[Any] = []
        while True:
            value, last = self.until(",}")
            if not last:
                raise SetFault("list must terminate with '}'")
            found.append(self.reader(value))
            if last == "}":
                if self.text[self.at : self.at + 1] == ",":
                    self.at += 1
                return found


def _conversion(value: Any, wanted: str) -> str:
    from holdfast.helm.go.types import type_name

    shown = "nil" if value is None else type_name(value)
    return f"unable to parse key: interface conversion: interface {{}} is {shown}, not {wanted}"


def _put(data: Map, name: str, value: Any) -> None:
    if name:
        data[name] = value


def _put_index(items: list[Any], index: int, value: Any) -> None:
    if index > _MAX_INDEX:
        raise SetFault(f"index of {index} is greater than maximum supported index of {_MAX_INDEX}")
    items.extend([None] * (index + 1 - len(items)))
    items[index] = value


def parse_set(text: str, into: Map) -> None:
    _Parser(text, typed).into(into)


def parse_set_string(text: str, into: Map) -> None:
    _Parser(text, as_text).into(into)


def parse_set_file(text: str, into: Map, read: Reader) -> None:
    _Parser(text, read).into(into)


def parse_set_literal(text: str, into: Map) -> None:
    _Parser(text, as_text, literal=True).into(into)


def parse_set_json(text: str, into: Map) -> None:
    _Parser(text, as_text, json=True).into(into)


@dataclass
class ValueOptions:
    """What the flags said; ``read`` opens the files that -f and --set-file name."""

    files: Sequence[str] = ()
    json: Sequence[str] = ()
    values: Sequence[str] = ()
    strings: Sequence[str] = ()
    file_values: Sequence[str] = ()
    literals: Sequence[str] = ()
    read: Callable[[str], bytes] = field(default=lambda path: b"")

    def merged(self) -> Map:
        """Raises ValuesError with Helm's text."""
        base: Map = {}
        for path in self.files:
            try:
                base = merge_maps(base, load_values(self.read(path)))
            except ChartError as fault:
                raise ValuesError(f"failed to parse {path}: {fault.message}") from None
        for text in self.json:
            base = self._json(text, base)
        self._each(self.values, "--set", lambda text: parse_set(text, base))
        self._each(self.strings, "--set-string", lambda text: parse_set_string(text, base))
        self._each(self.file_values, "--set-file", lambda text: parse_set_file(text, base, self._file))
        self._each(self.literals, "--set-literal", lambda text: parse_set_literal(text, base))
        return base

    def _file(self, path: str) -> str:
        try:
            return self.read(path).decode("utf-8", "surrogateescape")
        except ValuesError as fault:
            raise SetFault(fault.message) from None

    @staticmethod
    def _each(texts: Sequence[str], flag: str, parse: Callable[[str], None]) -> None:
        for text in texts:
            try:
                parse(text)
            except SetFault as fault:
                raise ValuesError(f"failed parsing {flag} data: {fault}") from None

    @staticmethod
    def _json(text: str, base: Map) -> Map:
        if text.strip().startswith("{"):
            try:
                return merge_maps(base, gojson.decode_as(text.strip(), "map[string]interface {}") or {})
            except GoError:
                raise ValuesError(f"failed parsing --set-json data JSON: {text}") from None
        try:
            parse_set_json(text, base)
        except SetFault:
            raise ValuesError(f"failed parsing --set-json data {text}") from None
        return base
