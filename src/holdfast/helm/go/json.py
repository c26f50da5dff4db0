"""encoding/json: values to JSON text and back, with Go's number forms, escapes and error texts."""

from __future__ import annotations

import base64
import json
import math
import re
from decimal import Decimal
from typing import Any

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.types import INVALID, GoSlice, GoStruct, NilMap, from_bytes, kind_name, to_bytes, type_name

_ESCAPE = re.compile('[\\x00-\\x1f"\\\\<>&\u2028\u2029\ud800-\udfff]')
_ESCAPE_RAW = re.compile('[\\x00-\\x1f"\\\\\u2028\u2029\ud800-\udfff]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def _escaped(match: re.Match[str]) -> str:
    c = match[0]
    if c in _SHORT:
        return _SHORT[c]
    n = ord(c)
    return "\\ufffd" if 0xD800 <= n <= 0xDFFF else f"\\u{n:04x}"


def encode_string(text: str, *, html: bool = True) -> str:
    pattern = _ESCAPE if html else _ESCAPE_RAW
    if not pattern.search(text):
        return f'"{text}"'
    if any("\udc80" <= c <= "\udcff" for c in text):
        text = from_bytes(to_bytes(text))
    return '"' + pattern.sub(_escaped, text) + '"'


def encode_float(value: float) -> str:
    if math.isnan(value) or math.isinf(value):
        shown = "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
        raise GoError(f"json: unsupported value: {shown}")
    if value == int(value) and abs(value) < 1e15:
        return "-0" if value == 0 and math.copysign(1, value) < 0 else str(int(value))
    size = abs(value)
    if size < 1e-6 or size >= 1e21:
        mantissa, _, exponent = repr(value).partition("e")
        if not exponent:
            mantissa, _, exponent = f"{value:e}".partition("e")
        digits = mantissa[:-2] if mantissa.endswith(".0") else mantissa
        sign, number = exponent[0] if exponent[0] in "+-" else "+", exponent.lstrip("+-").lstrip("0")
        # Go cleans up e-09 to e-9, and leaves e+21 as it is.
        return f"{digits}e{sign}{number if sign == '-' else number.rjust(2, '0')}"
    text = format(Decimal(repr(value)), "f")
    return text[:-2] if text.endswith(".0") else text


def encode(value: Any, *, html: bool = True) -> str:
    """json.Marshal. Raises GoError for what has no JSON."""
    out: list[str] = []
    _encode(value, out, html)
    return "".join(out)


def _encode(value: Any, out: list[str], html: bool) -> None:
    kind = type(value)
    if kind is str:
        out.append(encode_string(value, html=html))
    elif value is None or value is INVALID:
        out.append("null")
    elif kind is bool:
        out.append("true" if value else "false")
    elif kind is float:
        out.append(encode_float(value))
    elif isinstance(value, dict):
        _encode_map(value, out, html)
    elif isinstance(value, list):
        _encode_list(value, out, html)
    else:
        out.append(_encode_other(value, html))


def _encode_map(value: dict[str, Any], out: list[str], html: bool) -> None:
    if not value:
        out.append("null" if isinstance(value, NilMap) else "{}")
        return
    mark = "{"
    for key in sorted(value):
        out.append(mark + encode_string(key, html=html) + ":")
        _encode(value[key], out, html)
        mark = ","
    out.append("}")


def _encode_list(value: list[Any], out: list[str], html: bool) -> None:
    if not value:
        out.append("null" if isinstance(value, GoSlice) and value.nil else "[]")
        return
    mark = "["
    for item in value:
        out.append(mark)
        _encode(item, out, html)
        mark = ","
    out.append("]")


def _encode_other(value: Any, html: bool) -> str:
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, bytes):
        return f'"{base64.b64encode(value).decode()}"'
    if isinstance(value, GoStruct):
        found = (
            value.json_value()
            if hasattr(value, "json_value")
            else {n: getattr(value, a) for n, (a, _) in value.fields.items()}
        )
        if isinstance(found, dict):
            return "{" + ",".join(f"{encode_string(k)}:{encode(v, html=html)}" for k, v in found.items()) + "}"
        return encode(found, html=html)
    raise GoError(f"json: unsupported type: {type_name(value)}")


def indent(text: str, step: str = "  ") -> str:
    """json.Indent of compact JSON."""
    out: list[str] = []
    depth = 0
    for token in _TOKENS.findall(text):
        if token in ("{", "["):
            depth += 1
            out.append(token + "\n" + step * depth)
        elif token in ("}", "]"):
            depth -= 1
            out.append("\n" + step * depth + token)
        elif token == ",":
            out.append(",\n" + step * depth)
        else:
            out.append(": " if token == ":" else token)
    return "".join(out)


_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|\{\}|\[\]|[{}\[\],:]|[^{}\[\],:"]+')


def _no_constant(text: str) -> Any:
    raise ValueError(text)


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise GoError(f"json: cannot unmarshal number {text} into Go value of type float64")
    return value


# Go's bound.
_MAX_DEPTH = 10_000
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_DECODER = json.JSONDecoder(parse_int=_number, parse_float=_number, parse_constant=_no_constant)


def _beyond(text: str) -> str:
    """The bracket, outside of strings, that is nested deeper than Go reads; empty where none is."""
    level = 0
    for found in _BRACKETS.finditer(text):
        bracket = found[0][0]
        level += (bracket in "[{") - (bracket in "]}")
        if level > _MAX_DEPTH:
            return bracket
    return ""


def decode(text: str) -> Any:
    """json.Unmarshal into an interface {}: every number is a float."""
    if text.count("[") + text.count("{") > _MAX_DEPTH and (beyond := _beyond(text)):
        raise GoError(f"invalid character '{beyond}' exceeded max depth")
    try:
        value = _DECODER.decode(text.lstrip(" \t\r\n").rstrip(" \t\r\n"))
    except (ValueError, RecursionError):
        raise GoError(_fault(text)) from None
    return _clean(value) if "\\u" in text or _SURROGATE.search(text) else value


def _clean(value: Any) -> Any:
    """Lone surrogates and bytes that are no UTF-8 become U+FFFD."""
    if isinstance(value, str):
        return _SURROGATE.sub("�", value)
    if isinstance(value, list):
        return [_clean(v) for v in value]
    if isinstance(value, dict):
        return {_clean(k): _clean(v) for k, v in value.items()}
    return value


def decode_as(text: str, wanted: str) -> Any:
    """Into a map or a list; ``null`` leaves it empty."""
    value = decode(text)
    if value is None:
        return None
    kind = kind_name(value)
    if (kind == "map") == (wanted[:3] == "map") and (kind == "slice") == (wanted[:2] == "[]"):
        return value
    found = {"map": "object", "slice": "array", "float64": "number"}.get(kind, kind)
    raise GoError(f"json: cannot unmarshal {found} into Go value of type {wanted}")


_NO_SPACE = ("in literal", "in numeric", "in exponent", "after decimal point", "in string escape", "in \\u hexadecimal")


class _Scanner:
    """Finds what Go's scanner would say about a text that is no JSON."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self, context: str) -> GoError:
        if self.at >= len(self.text):
            # At the end Go tries a space: only within a word, a number or an escape is that wrong.
            if context.startswith(_NO_SPACE):
                return GoError(f"invalid character ' ' {context}")
            return GoError("unexpected end of JSON input")
        return GoError(f"invalid character {_shown(self.text[self.at])} {context}")

    def space(self) -> str:
        while self.at < len(self.text) and self.text[self.at] in " \t\r\n":
            self.at += 1
        return self.text[self.at : self.at + 1]

    def value(self, empty: str = "") -> None:
        c = self.space()
        if empty and c == empty:
            return
        if c == '"':
            self.string()
        elif c == "{":
            self.object()
        elif c == "[":
            self.array()
        elif c in ("t", "f", "n") and c:
            self.word({"t": "true", "f": "false", "n": "null"}[c])
        elif c and c in "-0123456789":
            self.number(c)
        else:
            raise self.fail("looking for beginning of value")

    def object(self) -> None:
        self.at += 1
        if self.space() == "}":
            self.at += 1
            return
        while True:
            if self.space() != '"':
                raise self.fail("looking for beginning of object key string")
            self.string()
            if self.space() != ":":
                raise self.fail("after object key")
            self.at += 1
            self.value()
            if self.space() == "}":
                self.at += 1
                return
            if self.space() != ",":
                raise self.fail("after object key:value pair")
            self.at += 1

    def array(self) -> None:
        self.at += 1
        if self.space() == "]":
            self.at += 1
            return
        while True:
            self.value()
            if self.space() == "]":
                self.at += 1
                return
            if self.space() != ",":
                raise self.fail("after array element")
            self.at += 1

    def string(self) -> None:
        self.at += 1
        while True:
            c = self.text[self.at : self.at + 1]
            if not c or c < " ":
                raise self.fail("in string literal")
            self.at += 1
            if c == '"':
                return
            if c == "\\":
                self.escape()

    def escape(self) -> None:
        c = self.text[self.at : self.at + 1]
        if c == "u":
            for _ in range(4):
                self.at += 1
                if self.text[self.at : self.at + 1] not in tuple("0123456789abcdefABCDEF"):
                    raise self.fail("in \\u hexadecimal character escape")
        elif c not in tuple('bfnrt\\/"'):
            raise self.fail("in string escape code")
        self.at += 1

    def word(self, word: str) -> None:
        for i, c in enumerate(word):
            if self.text[self.at : self.at + 1] != c:
                raise self.fail(f"in literal {word} (expecting {_shown(word[i])})")
            self.at += 1

    def digits(self) -> None:
        while self.text[self.at : self.at + 1] in tuple("0123456789"):
            self.at += 1

    def number(self, c: str) -> None:
        if c == "-":
            self.at += 1
            c = self.text[self.at : self.at + 1]
            if c not in tuple("0123456789"):
                raise self.fail("in numeric literal")
        if c == "0":
            self.at += 1
        else:
            self.digits()
        for mark, words in ((".", "after decimal point in numeric literal"), ("eE", "in exponent of numeric literal")):
            if self.text[self.at : self.at + 1] in tuple(mark):
                self.at += 1
                if mark == "eE" and self.text[self.at : self.at + 1] in ("+", "-"):
                    self.at += 1
                if self.text[self.at : self.at + 1] not in tuple("0123456789"):
                    raise self.fail(words)
                self.digits()

    def top(self) -> None:
        self.value()
        if self.space():
            raise self.fail("after top-level value")


def _shown(c: str) -> str:
    from holdfast.helm.go.strconv import quote

    if not c.isascii():
        c = chr(to_bytes(c)[0])  # Go's scanner looks at bytes
    if c == "'":
        return "'\\''"
    if c == '"':
        return "'\"'"
    return "'" + quote(c)[1:-1] + "'"


def _fault(text: str) -> str:
    try:
        _Scanner(text).top()
    except GoError as fault:
        return fault.text
    except RecursionError:
        return "exceeded max depth"
    return "unexpected end of JSON input"
