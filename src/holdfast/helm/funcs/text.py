"""Sprig's functions on texts."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from holdfast.helm.funcs import words
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.format import sprintf, to_string
from holdfast.helm.go.strconv import atoi, normal, quote
from holdfast.helm.go.types import INVALID, GoSlice, StringMap, from_bytes, kind_name, strings, to_bytes
from holdfast.helm.gotemplate.bounds import MAX_TEXT

_SPACE = " \t\n\v\f\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"


def text_of(value: Any) -> str:
    """Sprig's strval."""
    if type(value) is str:
        return value
    if isinstance(value, bytes):
        return from_bytes(value)
    return to_string(value)


def string_list(value: Any) -> GoSlice:
    """Sprig's strslice: nil elements are dropped."""
    if isinstance(value, GoSlice) and value.elem == "string":
        return value
    if isinstance(value, (list, bytes)):
        return strings(text_of(v) for v in value if v is not None)
    if value is None or value is INVALID:
        return strings(())
    return strings((text_of(value),))


def _quote(*values: Any) -> str:
    return " ".join(quote(text_of(v)) for v in values if v is not None)


def _squote(*values: Any) -> str:
    return " ".join(f"'{to_string(v)}'" for v in values if v is not None)


def _cat(*values: Any) -> str:
    return sprintf(" ".join("%v" for v in values if v is not None), *(v for v in values if v is not None))


def _slice(text: str, start: int, end: int | None) -> str:
    """Go's text[start:end] on bytes, with its panic."""
    if text.isascii():
        size = len(text)
        _check_bounds(start, end, size)
        return text[start : size if end is None else end]
    data = to_bytes(text)
    _check_bounds(start, end, len(data))
    return from_bytes(data[start : len(data) if end is None else end])


def _check_bounds(start: int, end: int | None, size: int) -> None:
    if end is None:
        if start > size:
            raise GoError(f"runtime error: slice bounds out of range [{start}:{size}]")
        if start < 0:
            raise GoError(f"runtime error: slice bounds out of range [{start}:]")
        return
    if end > size:
        raise GoError(f"runtime error: slice bounds out of range [:{end}] with length {size}")
    if end < 0:
        raise GoError(f"runtime error: slice bounds out of range [:{end}]")
    if start > end:
        raise GoError(f"runtime error: slice bounds out of range [{start}:{end}]")


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(to_bytes(text))


def _trunc(count: int, text: str) -> str:
    size = _size(text)
    if count < 0 and size + count > 0:
        return _slice(text, size + count, None)
    if count >= 0 and size > count:
        return _slice(text, 0, count)
    return text


def _substr(start: int, end: int, text: str) -> str:
    if start < 0:
        return _slice(text, 0, end)
    if end < 0 or end > _size(text):
        return _slice(text, start, None)
    return _slice(text, start, end)


def _indent(spaces: int, text: str) -> str:
    if spaces < 0:
        raise GoError("strings: negative Repeat count")
    _check_size((text.count("\n") + 1) * spaces)
    pad = " " * spaces
    return pad + text.replace("\n", "\n" + pad)


def _nindent(spaces: int, text: str) -> str:
    return "\n" + _indent(spaces, text)


def _check_size(size: int) -> None:
    if size > MAX_TEXT:
        raise GoError(f"a text of more than {MAX_TEXT} characters")


def _repeat(count: int, text: str) -> str:
    if count < 0:
        raise GoError("strings: negative Repeat count")
    _check_size(count * len(text))
    return text * count


def _replace(old: str, new: str, text: str) -> str:
    if len(new) > 1:
        _check_size(len(new) * text.count(old))
    return text.replace(old, new) if old or text.isascii() else new + new.join(normal(text)) + new


def _split_list(sep: str, text: str) -> GoSlice:
    return strings(split_text(text, sep))


def split_text(text: str, sep: str, limit: int = -1) -> list[str]:
    """strings.SplitN."""
    if limit == 0:
        return []
    if sep:
        return text.split(sep, limit - 1) if limit > 0 else text.split(sep)
    chars = list(normal(text))
    if 0 < limit < len(chars):
        chars[limit - 1 :] = ["".join(chars[limit - 1 :])]
    return chars


def _numbered(parts: list[str]) -> StringMap:
    return StringMap({f"_{i}": part for i, part in enumerate(parts)})


def _split(sep: str, text: str) -> StringMap:
    return _numbered(split_text(text, sep))


def _splitn(sep: str, limit: int, text: str) -> StringMap:
    return _numbered(split_text(text, sep, limit))


def _plural(one: str, many: str, count: int) -> str:
    return one if count == 1 else many


def _atoi(text: str) -> int:
    try:
        return atoi(text)
    except GoError as fault:
        # Go gives the nearest number for one that is too big.
        if "out of range" in fault.text:
            return -(1 << 63) if text.startswith("-") else (1 << 63) - 1
        return 0


def _join(sep: str, value: Any) -> str:
    return sep.join(string_list(value))


def _sort_alpha(value: Any) -> GoSlice:
    if kind_name(value) == "slice":
        found = string_list(value)
        return strings(sorted(found, key=None if all(map(str.isascii, found)) else to_bytes))
    return strings((text_of(value),))


def _upper(text: str) -> str:
    return text.upper() if text.isascii() else "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


def _lower(text: str) -> str:
    return text.lower() if text.isascii() else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _title(text: str) -> str:
    out: list[str] = []
    previous = " "
    for c in text:
        out.append(words.title_char(c) if _separates(previous) else c)
        previous = c
    return "".join(out)


def _separates(c: str) -> bool:
    if c.isascii():
        return not (c.isalnum() or c == "_")
    if c.isalpha() or c.isdigit():
        return False
    return c.isspace()


def _b64dec(text: str) -> str:
    """Go's decoder: new lines are skipped; a fault is the result."""
    clean = to_bytes(text.replace("\n", "").replace("\r", ""))
    try:
        return from_bytes(decode_base64(clean, to_bytes(text)))
    except GoError as fault:
        return fault.text


_B64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


def decode_base64(clean: bytes, original: bytes | None = None) -> bytes:
    """base64.StdEncoding; raises GoError("illegal base64 data at input byte N")."""
    original = clean if original is None else original
    try:
        found = base64.b64decode(clean, validate=True)
        if len(clean) % 4 == 0:
            return found
    except (binascii.Error, ValueError):
        pass
    raise GoError(f"illegal base64 data at input byte {_bad_base64(original)}")


def _bad_base64(data: bytes) -> int:
    """Where Go's decoder notices: the first wrong byte, or the end of the last whole quantum."""
    quantum = 0
    at = 0
    while at < len(data):
        c = data[at]
        if c in b"\r\n":
            at += 1
            continue
        if c in _B64:
            quantum = (quantum + 1) % 4
            at += 1
            continue
        if c == ord("=") and quantum >= 2:
            return _bad_padding(data, at, quantum)
        return at
    return at - quantum if quantum else at


def _bad_padding(data: bytes, at: int, quantum: int) -> int:
    rest = at + 1
    if quantum == 2:
        while rest < len(data) and data[rest] in b"\r\n":
            rest += 1
        if rest >= len(data):
            return len(data)
        if data[rest] != ord("="):
            return rest
        rest += 1
    while rest < len(data) and data[rest] in b"\r\n":
        rest += 1
    return rest if rest < len(data) else at


def _b32dec(text: str) -> str:
    clean = to_bytes(text.replace("\n", "").replace("\r", ""))
    try:
        return from_bytes(base64.b32decode(clean))
    except (binascii.Error, ValueError):
        return f"illegal base32 data at input byte {_bad_base32(clean)}"


def _bad_base32(data: bytes) -> int:
    good = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    for i, c in enumerate(data):
        if c not in good:
            return i
    return len(data)


def _b64enc(text: str) -> str:
    return base64.b64encode(to_bytes(text)).decode()


def _b32enc(text: str) -> str:
    return base64.b32encode(to_bytes(text)).decode()


def _trim_all(cut: str, text: str) -> str:
    return text.strip(cut) if cut else text


def _trim(text: str) -> str:
    return text.strip(_SPACE)


def _contains(part: str, text: str) -> bool:
    return part in text


def _has_prefix(part: str, text: str) -> bool:
    return text.startswith(part)


def _has_suffix(part: str, text: str) -> bool:
    return text.endswith(part)


def _trim_suffix(part: str, text: str) -> str:
    return text.removesuffix(part)


def _trim_prefix(part: str, text: str) -> str:
    return text.removeprefix(part)


TABLE: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("trim", "string", _trim),
    ("upper", "string", _upper),
    ("lower", "string", _lower),
    ("title", "string", _title),
    ("untitle", "string", words.untitle),
    ("trunc", "int, string", _trunc),
    ("abbrev", "int, string", words.abbrev),
    ("abbrevboth", "int, int, string", words.abbrevboth),
    ("substr", "int, int, string", _substr),
    ("repeat", "int, string", _repeat),
    ("trimall", "string, string", _trim_all),
    ("trimAll", "string, string", _trim_all),
    ("trimSuffix", "string, string", _trim_suffix),
    ("trimPrefix", "string, string", _trim_prefix),
    ("nospace", "string", words.nospace),
    ("initials", "string", words.initials),
    ("swapcase", "string", words.swapcase),
    ("snakecase", "string", words.snakecase),
    ("camelcase", "string", words.camelcase),
    ("kebabcase", "string", words.kebabcase),
    ("wrap", "int, string", words.wrap),
    ("wrapWith", "int, string, string", words.wrap_with),
    ("contains", "string, string", _contains),
    ("hasPrefix", "string, string", _has_prefix),
    ("hasSuffix", "string, string", _has_suffix),
    ("quote", "...any", _quote),
    ("squote", "...any", _squote),
    ("cat", "...any", _cat),
    ("indent", "int, string", _indent),
    ("nindent", "int, string", _nindent),
    ("replace", "string, string, string", _replace),
    ("plural", "string, string, int", _plural),
    ("toString", "any", text_of),
    ("atoi", "string", _atoi),
    ("split", "string, string", _split),
    ("splitList", "string, string", _split_list),
    ("splitn", "string, int, string", _splitn),
    ("toStrings", "any", string_list),
    ("join", "string, any", _join),
    ("sortAlpha", "any", _sort_alpha),
    ("b64enc", "string", _b64enc),
    ("b64dec", "string", _b64dec),
    ("b32enc", "string", _b32enc),
    ("b32dec", "string", _b32dec),
    ("hello", "", lambda: "Hello!"),
)
