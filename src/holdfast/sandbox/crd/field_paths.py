"""Paths to fields as rules and selectable fields write them: ``.spec.a['b.c']``.

In: a path and the schema it starts at. Out: the names on the way and the schema it leads to. Raises `BadPath` with the API's words.
"""

from __future__ import annotations

import re
from typing import Any, Final

from holdfast.kube.refs import Manifest

_TOKEN: Final = re.compile(r"'(?:[^'\\]|\\.)*'|[.\[\]]|[^.\[\]]+", re.DOTALL)
_ESCAPES: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "'": "'", "\\": "\\"}


class BadPath(ValueError):
    """What is wrong with a path."""


def follow(text: str, schema: Manifest, *, brackets: bool = True) -> tuple[tuple[str, ...], Manifest]:
    tokens = _TOKEN.findall(text)
    names: list[str] = []
    here: Any = schema
    while tokens:
        token = tokens.pop(0)
        if token == "[" and not brackets:
            raise BadPath("array notation is not allowed")
        if token not in (".", "["):
            raise BadPath(f"expected [ or . but got: {token}")
        if not tokens:
            raise BadPath("unexpected end of JSON path")
        name = tokens.pop(0)
        if token == "[":
            name = _quoted(name)
        here = _step(here, name)
        names.append(name)
        if token == "[" and (not tokens or tokens.pop(0) != "]"):
            raise BadPath("expected ]")
    return tuple(names), here


def _quoted(token: str) -> str:
    if len(token) < 2 or not token.startswith("'") or not token.endswith("'"):
        raise BadPath(f"expected single quoted string but got {token}")
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), token[1:-1])


def _step(schema: Manifest, name: str) -> Manifest:
    found = schema["properties"].get(name) if schema.get("properties") else schema.get("additionalProperties")
    if not isinstance(found, dict):
        raise BadPath("does not refer to a valid field")
    return found
