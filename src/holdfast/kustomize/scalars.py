"""Scalars as text, and copies of JSON data.

kyaml keeps the text of every scalar; here values are JSON data, so the text is derived again where a rule of kustomize works
on text (selectors, merge keys, replacements, names).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from holdfast.kube.yaml.scalars import Dialect, OddKey, plain

_INFINITY = float("inf")


class Misfit(str):
    """A text in the place of a number, boolean or null, which is refused unless something else takes the place in time."""

    __slots__ = ("wanted",)
    wanted: str

    def __new__(cls, text: str, wanted: str) -> Misfit:
        self = super().__new__(cls, text)
        self.wanted = wanted
        return self

    @property
    def complaint(self) -> str:
        return f"yaml: cannot decode {tag_of(plain(str(self), Dialect.KYAML))} `{self}` as a {self.wanted}"


_TAGS = {int: "!!int", float: "!!float", bool: "!!bool", type(None): "!!null"}


def tag_of(value: Any) -> str:
    """The YAML tag of a scalar."""
    return value.wanted if type(value) is Misfit else _TAGS.get(type(value), "!!str")


def misfit_in(value: Any) -> Misfit | None:
    """The first text in JSON data that cannot stay where it is."""
    if type(value) is Misfit:
        return value
    items = value.values() if type(value) is dict else value if type(value) is list else ()
    return next((found for found in map(misfit_in, items) if found is not None), None)


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


@lru_cache(maxsize=1024)
def new_key(name: str) -> str:
    """The key of a new field as kyaml writes it: without quotes, so that `1` becomes a key that is no string."""
    value = plain(name, Dialect.KYAML)
    return name if type(value) is str and value == name else OddKey(name)


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


def is_float_text(text: str) -> bool:
    """Whether the text of a whole number says that it is a float all the same: `1.0`, `1e3`."""
    return ("." in text or "e" in text or "E" in text) and text[:2].lower() != "0x"


_EXACT = 2**53
_LONGEST = 10**21


def rounded(value: Any) -> Any:
    """JSON data after Go made floats of its numbers: beyond 53 bits, the last digits of whole numbers are lost. In place."""
    if type(value) is int and not -_EXACT <= value <= _EXACT:
        near = float(value)
        return near if abs(near) >= _LONGEST else _whole(near)
    if type(value) is dict:
        for key, item in value.items():
            if type(item) is not str:
                value[key] = rounded(item)
    elif type(value) is list:
        for index, item in enumerate(value):
            if type(item) is not str:
                value[index] = rounded(item)
    return value


def _whole(number: float) -> int:
    """The shortest digits that give a float, filled up with noughts, as Go's JSON writes it."""
    mantissa, _, exponent = f"{number!r}e0".partition("e")
    digits, _, fraction = mantissa.partition(".")
    power = int(exponent.split("e")[0])
    return int(digits + fraction) * 10 ** (power - len(fraction)) if power else int(digits)


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
