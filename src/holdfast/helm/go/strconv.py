"""Numbers and quoted text as Go's strconv reads and writes them."""

from __future__ import annotations

import math
import re
import unicodedata
from functools import lru_cache

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.types import from_bytes, to_bytes

_ESCAPES = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
_UNESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
}
_PLAIN = re.compile(r"[ !#-\[\]-~]*\Z")
_FLOAT = re.compile(r"[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?\Z")
_HEX_FLOAT = re.compile(r"([+-]?)0[xX]([0-9a-fA-F_]*)\.?([0-9a-fA-F_]*)[pP]([+-]?\d+)\Z")


@lru_cache(maxsize=4096)
def is_print(char: str) -> bool:
    """unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space."""
    return char == " " or unicodedata.category(char)[0] in "LMNPS"


def quote(text: str, mark: str = '"', *, ascii_only: bool = False) -> str:
    """strconv.Quote, or with another mark QuoteRune's manner."""
    if mark == '"' and _PLAIN.match(text):
        return f'"{text}"'
    return mark + "".join(_quoted_char(c, mark, ascii_only) for c in normal(text)) + mark


def _quoted_char(c: str, mark: str, ascii_only: bool) -> str:
    if c in (mark, "\\"):
        return "\\" + c
    n = ord(c)
    if 0xDC80 <= n <= 0xDCFF:
        return f"\\x{n - 0xDC00:02x}"
    if (n < 128 or not ascii_only) and is_print(c):
        return c
    if c in _ESCAPES:
        return _ESCAPES[c]
    if n < 32 or n == 0x7F:
        return f"\\x{n:02x}"
    return f"\\u{n:04x}" if n < 0x10000 else f"\\U{n:08x}"


def normal(text: str) -> str:
    """Surrogates that together are UTF-8 joined again: what a Go string of the same bytes would show."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return from_bytes(to_bytes(text))
    return text


def unquote(literal: str) -> str:
    """strconv.Unquote for "..." and `...`; GoError("invalid syntax") otherwise."""
    if len(literal) < 2 or literal[0] != literal[-1]:
        raise GoError("invalid syntax")
    body = literal[1:-1]
    if literal[0] == "`":
        return body.replace("\r", "")
    if "\\" not in body:
        if "\n" in body:
            raise GoError("invalid syntax")
        return body
    return _unescape(body, literal[0])


def _unescape(body: str, mark: str) -> str:
    out, i, raw = [], 0, False
    while i < len(body):
        text, i, byte = unquote_char(body, i, mark)
        raw = raw or byte
        out.append(text)
    joined = "".join(out)
    return normal(joined) if raw else joined


def unquote_char(body: str, i: int, mark: str) -> tuple[str, int, bool]:
    """One character from position i: (text, next position, whether it is a raw byte)."""
    c = body[i]
    if c == mark or c == "\n":
        raise GoError("invalid syntax")
    if c != "\\":
        return c, i + 1, False
    if i + 1 >= len(body):
        raise GoError("invalid syntax")
    e = body[i + 1]
    if e in _UNESCAPES and not (e in "'\"" and e != mark):
        return _UNESCAPES[e], i + 2, False
    if e in "xuU":
        return _unescape_hex(body, i + 2, e)
    if e in "01234567":
        digits = body[i + 1 : i + 4]
        if len(digits) < 3 or any(d not in "01234567" for d in digits) or int(digits, 8) > 255:
            raise GoError("invalid syntax")
        return _byte(int(digits, 8)), i + 4, True
    raise GoError("invalid syntax")


def _unescape_hex(body: str, at: int, letter: str) -> tuple[str, int, bool]:
    size = {"x": 2, "u": 4, "U": 8}[letter]
    digits = body[at : at + size]
    if len(digits) < size or any(d not in "0123456789abcdefABCDEF" for d in digits):
        raise GoError("invalid syntax")
    n = int(digits, 16)
    if letter == "x":
        return _byte(n), at + size, True
    if n > 0x10FFFF or 0xD800 <= n <= 0xDFFF:
        raise GoError("invalid syntax")
    return chr(n), at + size, False


def _byte(n: int) -> str:
    return chr(n) if n < 128 else chr(0xDC00 + n)


def format_float(value: float, verb: str = "g", precision: int = -1) -> str:
    """strconv.FormatFloat(v, verb, precision, 64)."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if verb in "xX":
        return _hex_float(value, precision, verb)
    if verb in "eE":
        return _exponent(_e_digits(value, precision), verb)
    if verb in "fF":
        return _shortest_f(value) if precision < 0 else f"{value:.{precision}f}"
    return _general(value, verb, precision)


def _e_digits(value: float, precision: int) -> str:
    if precision >= 0:
        return f"{value:.{precision}e}"
    text = repr(abs(value))
    digits = text.replace(".", "").split("e")[0].strip("0") or "0"
    return f"{value:.{len(digits) - 1}e}"


def _exponent(text: str, verb: str) -> str:
    """Python's e+06 has the two digits that Go writes as well."""
    return text.upper() if verb == "E" else text


def _shortest_f(value: float) -> str:
    text = repr(value)
    if "e" in text or "E" in text:
        from decimal import Decimal

        text = format(Decimal(text), "f")
    return text[:-2] if text.endswith(".0") else text


def _general(value: float, verb: str, precision: int) -> str:
    if precision >= 0:
        return f"{value:.{precision}{verb}}"
    e_form = _e_digits(value, -1)
    mantissa, _, exp = e_form.partition("e")
    exponent = int(exp)
    if exponent < -4 or exponent >= 6:
        return e_form.upper() if verb == "G" else e_form
    digits = len(mantissa.replace(".", "").lstrip("-"))
    return f"{value:.{max(digits - 1 - exponent, 0)}f}"


def _hex_float(value: float, precision: int, verb: str) -> str:
    sign = "-" if math.copysign(1, value) < 0 else ""
    mantissa, exponent = math.frexp(abs(value))
    if mantissa == 0:
        frac = "0" * max(precision, 0)
        text = f"{sign}0x0{'.' + frac if frac else ''}p+00"
        return text.upper() if verb == "X" else text
    bits = int(mantissa * (1 << 53))
    exponent -= 1
    if precision >= 0 and precision < 13:
        shift = 52 - 4 * precision
        half, rest = 1 << (shift - 1), bits & ((1 << shift) - 1)
        bits >>= shift
        if rest > half or (rest == half and bits & 1):
            bits += 1
        bits <<= shift
        if bits >> 53:
            bits >>= 1
            exponent += 1
    frac = f"{bits & ((1 << 52) - 1):013x}"
    frac = frac.rstrip("0") if precision < 0 else frac.ljust(precision, "0")[:precision]
    text = f"{sign}0x1{'.' + frac if frac else ''}p{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    return text.upper() if verb == "X" else text


def parse_float(text: str) -> float:
    """strconv.ParseFloat(s, 64); GoError with Go's text."""
    lowered = text.lower()
    if lowered.lstrip("+-") in ("inf", "infinity") and len(lowered) - len(lowered.lstrip("+-")) <= 1:
        return -math.inf if text[0] == "-" else math.inf
    if lowered == "nan":
        return math.nan
    match = _HEX_FLOAT.match(text)
    if match and match[2] + match[3]:
        return _parse_hex_float(match)
    if not text.isascii() or not _FLOAT.match(text) or ("_" in text and not underscores_ok(text)):
        raise GoError(f"strconv.ParseFloat: parsing {quote(text)}: invalid syntax")
    value = float(text.replace("_", ""))
    if math.isinf(value):
        raise GoError(f"strconv.ParseFloat: parsing {quote(text)}: value out of range")
    return value


def _parse_hex_float(match: re.Match[str]) -> float:
    whole, frac = match[2].replace("_", ""), match[3].replace("_", "")
    value = math.ldexp(int(whole + frac, 16), int(match[4]) - 4 * len(frac))
    return -value if match[1] == "-" else value


def parse_int(text: str, base: int = 0, bits: int = 64) -> int:
    """strconv.ParseInt; GoError with Go's text."""
    value = _parse_digits(text, base, "ParseInt", signed=True)
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise GoError(f"strconv.ParseInt: parsing {quote(text)}: value out of range")
    return value


def parse_uint(text: str, base: int = 0, bits: int = 64) -> int:
    value = _parse_digits(text, base, "ParseUint", signed=False)
    if value >= 1 << bits:
        raise GoError(f"strconv.ParseUint: parsing {quote(text)}: value out of range")
    return value


def _parse_digits(text: str, base: int, name: str, *, signed: bool) -> int:
    invalid = GoError(f"strconv.{name}: parsing {quote(text)}: invalid syntax")
    body, sign = text, 1
    if signed and body[:1] in ("+", "-"):
        sign = -1 if body[0] == "-" else 1
        body = body[1:]
    if not body or not body.isascii():
        raise invalid
    if base == 0:
        base, body = _base_of(body)
        if not underscores_ok(text):
            raise invalid
        body = body.replace("_", "")
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"[:base]
    if not body or any(c not in digits for c in body.lower()):
        raise invalid
    try:
        return sign * int(body, base)
    except ValueError:
        raise invalid from None


def _base_of(body: str) -> tuple[int, str]:
    prefix = body[:2].lower()
    if len(body) >= 3 and prefix in ("0x", "0o", "0b"):
        return {"0x": 16, "0o": 8, "0b": 2}[prefix], body[2:]
    if body[0] == "0" and len(body) > 1:
        return 8, body[1:]
    return 10, body


def underscores_ok(text: str) -> bool:
    """Underscores only between digits, a base prefix counting as a digit."""
    body = text.lstrip("+-")
    digits, last = "0123456789", "^"
    if body[:1] == "0" and body[1:2].lower() in ("b", "o", "x"):
        digits += "abcdefABCDEF" if body[1] in "xX" else ""
        body, last = body[2:], "0"
    for c in body:
        if c in digits:
            last = "0"
        elif c == "_":
            if last != "0":
                return False
            last = "_"
        elif last == "_":
            return False
        else:
            last = "!"
    return last != "_"


def atoi(text: str) -> int:
    value = _parse_digits(text, 10, "Atoi", signed=True)
    if not -(1 << 63) <= value < 1 << 63:
        raise GoError(f"strconv.Atoi: parsing {quote(text)}: value out of range")
    return value
