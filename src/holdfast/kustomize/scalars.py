"""Scalars as text, and copies of JSON data.

kyaml keeps the text of every scalar; here values are JSON data, so the text is derived again where a rule of kustomize works
on text (selectors, merge keys, replacements, names).
"""

from __future__ import annotations

from typing import Any

_INFINITY = float("inf")


def text_of(value: Any) -> str:
    """The text kyaml holds for a scalar; "" for mappings, lists and nothing."""
    if isinstance(value, str):
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return float_text(value)
    return "null" if value is None else ""


def float_text(value: float) -> str:
    """A float as Go's ``%v`` prints it."""
    if value != value:
        return "NaN"
    if value in (_INFINITY, -_INFINITY):
        return "+Inf" if value > 0 else "-Inf"
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    mantissa, e, exponent = text.partition("e")
    if not e:
        return text
    sign = "-" if exponent.startswith("-") else "+"
    return f"{mantissa}e{sign}{exponent.lstrip('+-').zfill(2)}"


def copy_json(value: Any) -> Any:
    """A deep copy of JSON data; much cheaper than ``copy.deepcopy``."""
    if type(value) is dict:
        return {k: copy_json(v) if type(v) is dict or type(v) is list else v for k, v in value.items()}
    if type(value) is list:
        return [copy_json(v) if type(v) is dict or type(v) is list else v for v in value]
    return value


def quoted(text: str) -> str:
    """Text as Go's ``%q`` prints it."""
    out = ['"']
    for char in text:
        if char in _ESCAPES:
            out.append(_ESCAPES[char])
        elif char.isprintable():
            out.append(char)
        else:
            out.append(_escape(ord(char)))
    out.append('"')
    return "".join(out)


_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


def _escape(code: int) -> str:
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def identity_text(value: Any) -> str:
    """A text that is the same for the same data, types included."""
    if type(value) is dict:
        return "{" + ",".join(f"{k!r}:{identity_text(v)}" for k, v in sorted(value.items())) + "}"
    if type(value) is list:
        return "[" + ",".join(map(identity_text, value)) + "]"
    return f"{type(value).__name__} {value!r}"
