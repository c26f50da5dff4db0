"""Values as Go prints them in messages: ``%q``, ``%v`` and ``json.Marshal``. Text in, text out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from holdfast.kube.yaml.gotext import go_float
from holdfast.kube.yaml.gotext import go_quote as quote

__all__ = ["dumps", "number", "plain", "quote", "quoted", "scalar"]


def dumps(value: Any) -> str:
    """``json.Marshal`` of JSON data: sorted keys, compact, HTML characters escaped."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    for char, code in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        if char in text:
            text = text.replace(char, code)
    return text


def quoted(texts: Iterable[str]) -> str:
    """A slice of strings printed with ``%q``."""
    return "[" + " ".join(quote(text) for text in texts) + "]"


def number(value: float) -> str:
    """``%v`` of a float64: shortest digits, exponent form from 1e6 on and below 1e-4."""
    sign, digits, point = Decimal(repr(value)).normalize().as_tuple()
    count = len(digits)
    power = count - 1 + int(point)
    if value == 0:
        return "-0" if sign else "0"
    if -5 < power < 6:
        return repr(int(value)) if value == int(value) else repr(value)
    shown = "".join(map(str, digits))
    tail = f".{shown[1:]}" if count > 1 else ""
    return f"{'-' if sign else ''}{shown[0]}{tail}e{power:+03d}"


def scalar(value: Any) -> str:
    """How field errors show a bad value: strings quoted, numbers and booleans plain, all else as JSON."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return number(value)
    return dumps(value)


def plain(value: Any) -> str:
    """``%v`` of JSON data: ``map[a:1 b:[x y]]``."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{k}:{plain(value[k])}" for k in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(plain(v) for v in value) + "]"
    if value is None:
        return "<nil>"
    if isinstance(value, str):
        return value
    if value.__class__ is float:
        return go_float(value)
    return scalar(value)
