"""Values as Go's standard library prints them: floats (``strconv.FormatFloat``), quoted strings, ``%#v``."""

from __future__ import annotations

import struct
from typing import Any

EXPONENT_FROM = 6


def go_float(value: float) -> str:
    """``FormatFloat(value, 'g', -1, 64)``: the shortest digits that read back as the same float, with an exponent below 1e-4 and from 1e6 on."""
    return _layout(repr(value)) if value == value else "NaN"


def go_float32(value: float) -> str:
    """``FormatFloat(value, 'g', -1, 32)``, spelled as YAML spells what is not finite."""
    if value != value:
        return ".nan"
    try:
        packed = struct.pack("<f", value)
    except OverflowError:
        return ".inf" if value > 0 else "-.inf"
    single = struct.unpack("<f", packed)[0]
    if abs(single) == float("inf"):
        return ".inf" if single > 0 else "-.inf"
    for digits in range(1, 10):
        text = f"{single:.{digits - 1}e}"
        if struct.pack("<f", float(text)) == packed:
            break
    return _layout(text)


def go_integer(value: float) -> int:
    """A float without a fraction as the integer that its shortest digits name: JSON's way to write it."""
    minus, digits, point = _digits(repr(value))
    number = int(digits) * 10 ** (point - len(digits)) if digits else 0
    return -number if minus else number


def _digits(text: str) -> tuple[str, str, int]:
    """Sign, digits without zeros around them, and where the point stands in them, of a number in Python's notation."""
    minus = "-" if text.startswith("-") else ""
    mantissa, _, power = text.removeprefix("-").partition("e")
    whole, _, part = mantissa.partition(".")
    bare = (whole + part).lstrip("0")
    point = len(whole) - (len(whole + part) - len(bare)) + int(power or "0")
    return minus, bare.rstrip("0"), point


def _layout(text: str) -> str:
    minus, digits, point = _digits(text)
    if not digits:
        return f"{minus}0"
    power = point - 1
    if power < -4 or power >= EXPONENT_FROM:
        tail = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{minus}{digits[0]}{tail}e{'-' if power < 0 else '+'}{abs(power):02}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return f"{minus}{digits}{'0' * (point - len(digits))}"
    return f"{minus}{digits[:point]}.{digits[point:]}"


ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def go_quote(text: str) -> str:
    """``strconv.Quote(text)``."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_quoted(char) for char in text) + '"'


def _quoted(char: str) -> str:
    if char in ESCAPES:
        return ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def go_syntax(value: Any, map_type: str) -> str:
    """``fmt.Sprintf("%#v", value)`` of decoded YAML, ``map_type`` being the type of its maps."""
    if value is None:
        return "interface {}(nil)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return go_quote(value)
    if isinstance(value, float):
        return go_float(value)
    if isinstance(value, dict):
        inner = ", ".join(f"{go_quote(key)}:{go_syntax(value[key], map_type)}" for key in sorted(value))
        return f"{map_type}{{{inner}}}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(go_syntax(item, map_type) for item in value) + "}"
    return str(value)
