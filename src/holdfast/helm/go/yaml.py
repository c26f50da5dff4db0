"""YAML texts as Go's two libraries print them: sigs.k8s.io/yaml (toYaml) and yaml.v3 (toYamlPretty)."""

from __future__ import annotations

import base64
import functools
import math
import re
from collections.abc import Callable
from typing import Any

from holdfast.helm.go import json as gojson
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.strconv import format_float
from holdfast.helm.go.types import INVALID, GoStruct, NilMap, from_bytes, to_bytes
from holdfast.kube.yaml.scalars import Dialect, plain, timestamp

_BASE60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_OLD_BOOLS = frozenset(
    ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF"]
)
_UNREADABLE = re.compile("[\x7f-\x84\x86-\x9f\ufffe\uffff]")
_NEL = re.compile("[ \t]*\x85(?:[ \t]*\x85)*[ \t]*")
_BREAKS = "\r\n\x85\u2028\u2029"
_SAFE = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*\Z")
_RESOLVED_HEADS = frozenset("yYnNtTfFoO~")
_MAX_SIMPLE_KEY = 128


class _Style:
    """One of the two libraries."""

    def __init__(self, pretty: bool) -> None:
        self.pretty = pretty
        self.scalar = functools.lru_cache(maxsize=8192)(self._scalar)
        self.key = functools.lru_cache(maxsize=8192)(self._key)
        self.order: Callable[[str, str], int] = functools.partial(_natural, pretty=pretty)

    def resolves(self, text: str) -> bool:
        """Read back unquoted it would be something else than a text."""
        if not text or plain(text, Dialect.KYAML if self.pretty else Dialect.OBJECT) != text:
            return True
        if text[0] in "0123456789+-":
            return bool(timestamp(text)) or bool(_BASE60.match(text))
        return self.pretty and text in _OLD_BOOLS

    def _scalar(self, text: str) -> str:
        """A text without line breaks as a value in block context."""
        if _SAFE.match(text) and text[0] not in _RESOLVED_HEADS:
            return text
        if self.pretty and _has_surrogate(text):
            return "!!binary " + base64.b64encode(to_bytes(text)).decode()
        if self.resolves(text):
            return double_quoted(text)
        return self._styled(text)

    def _styled(self, text: str) -> str:
        found = _Analysis(text, self.pretty)
        if found.plain:
            return text
        return single_quoted(text) if found.single else double_quoted(text)

    def _key(self, text: str) -> tuple[str, bool]:
        """(text as a key, whether it is a simple one)."""
        if "\n" in text or not text:
            return double_quoted(text), len(to_bytes(text)) <= _MAX_SIMPLE_KEY and "\n" not in text
        return self._scalar(text), len(to_bytes(text)) <= _MAX_SIMPLE_KEY


class _Analysis:
    """Which styles a text allows, as libyaml's analysis finds."""

    def __init__(self, text: str, tabs_allowed: bool) -> None:
        self.plain = not self._indicators(text)
        special = any(not _printable(c) and not (c == "\t" and tabs_allowed) for c in text)
        tab = tabs_allowed and "\t" in text
        breaks = [c in _BREAKS for c in text]
        spaces = [c == " " for c in text]
        pairs = list(zip(range(len(text) - 1), range(1, len(text)), strict=True))
        break_space = any(breaks[i] and spaces[j] for i, j in pairs)
        space_break = any(spaces[i] and breaks[j] for i, j in pairs)
        if text[0] == " " or text[-1] == " " or any(breaks):
            self.plain = False
        self.block = not (text[-1] == " " or space_break or special)
        self.single = not (break_space or space_break or special or tab)
        if not self.single:
            self.plain = False

    @staticmethod
    def _indicators(text: str) -> bool:
        first = text[0]
        if first in "#,[]{}&*!|>'\"%@`" or text[:3] in ("---", "..."):
            return True
        if first in "?:-" and (len(text) == 1 or _blank(text[1])):
            return True
        rest = text[1:]
        for i, c in enumerate(rest, 1):
            if c == ":" and (i + 1 >= len(text) or _blank(text[i + 1])):
                return True
            if c == "#" and (_blank(text[i - 1]) or text[i - 1] in _BREAKS):
                return True
        return False


def _blank(c: str) -> bool:
    return c in " \t"


def _printable(c: str) -> bool:
    n = ord(c)
    return n == 0x0A or 0x20 <= n <= 0x7E or (0xA0 <= n <= 0xFFFD and not 0xD800 <= n <= 0xDFFF and n != 0xFEFF)


def _has_surrogate(text: str) -> bool:
    return any("\udc80" <= c <= "\udcff" for c in text)


_DOUBLE = {
    "\0": "\\0", "\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r",
    "\x1b": "\\e", '"': '\\"', "\\": "\\\\", "\x85": "\\N", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip


def double_quoted(text: str) -> str:
    return '"' + "".join(_double_char(c) for c in text) + '"'


def _double_char(c: str) -> str:
    if c in _DOUBLE:
        return _DOUBLE[c]
    if _printable(c):
        return c
    n = ord(c)
    return f"\\x{n:02X}" if n <= 0xFF else f"\\u{n:04X}" if n <= 0xFFFF else f"\\U{n:08X}"


def single_quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _literal(text: str, indent: int, style: _Style) -> str:
    """A text with line breaks, as a literal block where that is possible."""
    found = _Analysis(text, style.pretty)
    if not found.block:
        return double_quoted(text)
    hint = "2" if text[0] in " " + _BREAKS else ""
    chomp = "-" if text[-1] not in _BREAKS else "+" if len(text) == 1 or text[-2] in _BREAKS else ""
    pad = " " * indent
    lines = text.split("\n")
    body = "\n".join(pad + line if line else "" for line in lines)
    return f"|{hint}{chomp}\n{body}"


_WIDTH = 80
_FOLD_FROM = 40


def fold(text: str, column: int, indent: int) -> str:
    """A written scalar broken at blanks beyond the best width, as sigs.k8s.io/yaml does and yaml.v3 does not."""
    if column + len(text) <= _WIDTH:
        return text
    quoted = text[0] if text[0] in "'\"" else ""
    first, last = (1, len(text) - 2) if quoted else (0, len(text) - 1)
    out: list[str] = []
    spaces = False
    for i, c in enumerate(text):
        if c == " " and first <= i <= last:
            following = text[i + 1 : i + 2] == " "
            inner = not quoted or first < i < last
            if not spaces and column > _WIDTH and inner and (quoted == '"' or not following):
                out.append("\n" + " " * indent + ("\\" if following else ""))
                column = indent + following
            else:
                out.append(c)
                column += 1
            spaces = True
        else:
            out.append(c)
            column += 1
            spaces = False
    return "".join(out)


class _Writer:
    def __init__(self, style: _Style) -> None:
        self.style = style
        self.out: list[str] = []

    def newline(self, indent: int) -> None:
        """To the start of an indented line; a literal block that ended in a break is already on one."""
        last = self.out[-1] if self.out else "\n"
        self.out.append(" " * indent if last.endswith("\n") else "\n" + " " * indent)

    def value(self, value: Any, indent: int, *, mapped: bool) -> None:
        """A value after ``key:`` or ``-``; ``indent`` is that of the collection it is in."""
        if isinstance(value, dict) and value:
            self.mapping(value, indent + 2, inline=not mapped)
        elif isinstance(value, list) and value:
            deeper = indent + 2 if self.style.pretty or not mapped else indent
            self.sequence(value, deeper, inline=not mapped)
        else:
            if mapped:
                self.out.append(" ")
            self.out.append(self.scalar(value, indent + 2))

    def mapping(self, value: dict[str, Any], indent: int, *, inline: bool) -> None:
        for key in sort_keys(value, self.style):
            if not inline:
                self.newline(indent)
            inline = False
            text, simple = self.style.key(key)
            if simple:
                self.out.append(text + ":")
                self.value(value[key], indent, mapped=True)
                continue
            self.out.append("? " + (_literal(key, indent + 2, self.style) if "\n" in key else text))
            self.newline(indent)
            self.out.append(": ")
            self.value(value[key], indent, mapped=False)

    def sequence(self, value: list[Any], indent: int, *, inline: bool) -> None:
        for item in value:
            if not inline:
                self.newline(indent)
            inline = False
            self.out.append("- ")
            self.value(item, indent, mapped=False)

    def column(self) -> int:
        """How many characters the line has so far."""
        size = 0
        for piece in reversed(self.out):
            cut = piece.rfind("\n")
            if cut >= 0:
                return size + len(piece) - cut - 1
            size += len(piece)
        return size

    def scalar(self, value: Any, indent: int) -> str:
        if (
            isinstance(value, str)
            and len(value) > _FOLD_FROM
            and not self.style.pretty
            and " " in value
            and "\n" not in value
        ):
            return fold(self.style.scalar(value), self.column(), indent)
        if isinstance(value, str):
            return (
                _literal(value, indent, self.style)
                if "\n" in value and not _has_surrogate(value)
                else self.style.scalar(value)
            )
        if value is None or value is INVALID:
            return "null"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float):
            return self.float(value)
        if isinstance(value, int):
            return value.go_string() if self.style.pretty and hasattr(value, "go_string") else str(int(value))
        return "{}" if isinstance(value, dict) else "[]"

    def float(self, value: float) -> str:
        if math.isinf(value) or math.isnan(value):
            return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
        if not self.style.pretty and value == int(value) and -(2.0**63) <= value < 2.0**64 and abs(value) < 1e21:
            exact = int(gojson.encode_float(value))
            if -(1 << 63) <= exact < 1 << 64:
                return str(exact)
        return format_float(value)

    def document(self, value: Any) -> str:
        if isinstance(value, dict) and value:
            self.mapping(value, 0, inline=False)
        elif isinstance(value, list) and value:
            self.sequence(value, 0, inline=False)
        else:
            self.out.append(self.scalar(value, 2))
        text = "".join(self.out)
        return text if text.endswith("\n") else text + "\n"


def sort_keys(keys: dict[str, Any], style: _Style) -> list[str]:
    """The library's natural order: digits by number, letters after all else."""
    names = sorted(keys)
    if all(map(str.isalpha, names)):
        return names
    return sorted(names, key=functools.cmp_to_key(style.order))


def _natural(a: str, b: str, pretty: bool) -> int:
    for i, (x, y) in enumerate(zip(a, b, strict=False)):
        if x == y:
            continue
        lx, ly = x.isalpha(), y.isalpha()
        if lx and ly:
            return -1 if x < y else 1
        if lx or ly:
            first = lx if pretty and i and a[i - 1].isdigit() else ly
            return -1 if first else 1
        return _by_number(a, b, i)
    return (len(a) > len(b)) - (len(a) < len(b))


def _by_number(a: str, b: str, i: int) -> int:
    lead = 0
    if a[i] == "0" or b[i] == "0":
        j = i - 1
        while j >= 0 and a[j].isdigit():
            if a[j] != "0":
                lead = 1
                break
            j -= 1
    na, ia = _digits(a, i, lead)
    nb, ib = _digits(b, i, lead)
    left, right = (na, ia, a[i]), (nb, ib, b[i])
    return (left > right) - (left < right)


def _digits(text: str, i: int, value: int) -> tuple[int, int]:
    while i < len(text) and text[i].isdigit():
        value = value * 10 + ord(text[i]) - 48
        i += 1
    return value, i


_V2, _V3 = _Style(False), _Style(True)


def to_yaml(value: Any) -> str:
    """yaml.Marshal of sigs.k8s.io/yaml: by way of JSON. Raises GoError for what has no JSON."""
    return _Writer(_V2).document(_through_json(value))


def _through_json(value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return _json_text(value)
    if kind is bool or value is None or value is INVALID:
        return None if value is INVALID else value
    if kind is float:
        if math.isnan(value) or math.isinf(value):
            raise GoError(f"error marshaling into JSON: json: unsupported value: {format_float(value)}")
        return value
    if isinstance(value, NilMap):
        return None
    if isinstance(value, dict):
        return {_json_text(k): _through_json(v) for k, v in value.items()}
    if isinstance(value, list):
        return None if getattr(value, "nil", False) else [_through_json(v) for v in value]
    if isinstance(value, int):
        return int(value)
    if isinstance(value, (GoStruct, bytes)):
        return gojson.decode(gojson.encode(value))
    raise GoError(f"error marshaling into JSON: json: unsupported type: {kind.__name__}")


def _json_text(text: str) -> str:
    """What the YAML reader makes of the text in JSON: some characters are folded, some refused."""
    if text.isascii() and "\x7f" not in text:
        return text
    if _has_surrogate(text):
        text = "".join("�" if 0xD800 <= ord(c) <= 0xDFFF else c for c in from_bytes(to_bytes(text)))
    if _UNREADABLE.search(text):
        raise GoError("error converting JSON to YAML: yaml: control characters are not allowed")
    return _NEL.sub(lambda m: " " if m[0].count("\x85") == 1 else "\n" * (m[0].count("\x85") - 1), text)


def to_yaml_pretty(value: Any) -> str:
    """yaml.v3's encoder with an indent of two."""
    return _Writer(_V3).document(_plain_data(value))


def _plain_data(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain_data(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain_data(v) for v in value]
    if isinstance(value, bytes):
        return [int(b) for b in value]
    if isinstance(value, GoStruct):
        if hasattr(value, "json_value"):
            return value.json_value()
        return {n.lower(): _plain_data(getattr(value, a)) for n, (a, _) in value.fields.items()}
    return value
