"""Parameter sets: how they are made flat, merged and spelled, as the libraries that Argo CD uses do it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, ClassVar

Params = dict[str, Any]


class Texts(dict[str, str]):
    """A map of texts: templates tell it from one of anything by its Go type."""

    go_type: ClassVar[str] = "map[string]string"


def floats(value: Any) -> Any:
    """Numbers as Go's JSON gives them to ``interface{}``: all of them float64."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return float(value)
    if isinstance(value, Texts):
        return value
    if isinstance(value, Mapping):
        return {str(k): floats(v) for k, v in value.items()}
    return [floats(v) for v in value] if isinstance(value, (list, tuple)) else value


def flatten(params: Mapping[str, Any]) -> Params:
    """``{a: {b: [1]}}`` becomes ``{a.b.0: 1}``; what is empty has nothing to say."""
    out: Params = {}
    _flatten(params, "", out)
    return out


def _flatten(value: Any, prefix: str, out: Params) -> None:
    items = value.items() if isinstance(value, Mapping) else ((str(i), v) for i, v in enumerate(value))
    for key, below in items:
        path = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(below, (Mapping, list)):
            _flatten(below, path, out)
        else:
            out[path] = below


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Params:
    """``over`` wins; tables are merged deeply, lists are replaced. Neither is changed."""
    out: Params = dict(base)
    for key, value in over.items():
        known = out.get(key)
        if isinstance(value, Mapping) and isinstance(known, Mapping) and known:
            below = merged(known, value)
            out[key] = Texts(below) if isinstance(known, Texts) else below
        else:
            out[key] = value
    return out


_INVALID = re.compile(r"[^-a-z0-9.]")
_MAX_NAME = 253


def normalize(name: str) -> str:
    """A name that DNS takes: lower case, everything foreign a dash, no dash or dot at the ends."""
    return _INVALID.sub("-", name.lower())[:_MAX_NAME].strip("-.")


_NOT_IN_SLUG = re.compile(r"[^a-z0-9\-_]")
_DASHES = re.compile(r"-+")
_WORDS = {"&": "and", "@": "at", "ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d"}


def slug(text: str, limit: int = 50, *, smart: bool = True, underscores: bool = True) -> str:
    """Words with dashes between; ``smart`` cuts at a dash. ``underscores`` False makes dashes of them."""
    found = text.strip()
    if not underscores:
        found = found.replace("_", "-")
    found = "".join(_WORDS.get(c, c) for c in found)
    found = unicodedata.normalize("NFKD", found).encode("ascii", "ignore").decode().lower()
    if not smart:
        found = found[:limit]
    found = _DASHES.sub("-", _NOT_IN_SLUG.sub("-", found)).strip("-_")
    if not smart or len(found) <= limit:
        return found
    cut = found.rfind("-", 0, limit + 1)
    return found[:cut] if cut >= 0 else found[:limit]


_GO_TYPES: dict[type, str] = {
    type(None): "nil", bool: "bool", int: "int", float: "float64", str: "string", list: "[]interface {}",
}  # fmt: skip


def _kind(value: Any, wanted: type) -> Any:
    if type(value) is wanted or (wanted is str and isinstance(value, str)):
        return value
    shown = _GO_TYPES.get(type(value)) or getattr(type(value), "go_type", "map[string]interface {}")
    raise ValueError(f"interface conversion: interface {{}} is {shown}, not {_GO_TYPES[wanted]}")


def slugify(*arguments: Any) -> str:
    """The template function: ``slugify [limit [smart]] text``. Raises ValueError."""
    text, limit, smart = "", 50, True
    if len(arguments) > 1:
        limit = _kind(arguments[0], int)
    if len(arguments) > 2:
        smart = _kind(arguments[1], bool)
    if arguments:
        text = _kind(arguments[-1], str)
    return slug(normalize(text), limit, smart=smart)


FUNCTIONS = (("normalize", "string", normalize), ("slugify", "...any", slugify))
"""The template functions that Argo CD adds, as (name, Go parameters, call)."""
