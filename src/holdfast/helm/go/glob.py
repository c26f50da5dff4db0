"""gobwas/glob with the separator "/": what ``.Files.Glob`` and dependency patterns match with."""

from __future__ import annotations

import re
from functools import lru_cache

from holdfast.helm.go.errors import GoError


@lru_cache(maxsize=256)
def compile_glob(pattern: str) -> re.Pattern[str]:
    """Raises GoError for a pattern that is none."""
    text, at = _sequence(pattern, 0, "")
    if at != len(pattern):
        raise GoError("unexpected end of pattern")
    try:
        return re.compile(text + r"\Z", re.DOTALL)
    except re.error:
        raise GoError("bad pattern") from None


def _sequence(pattern: str, at: int, stop: str) -> tuple[str, int]:
    """A regular expression of the pattern up to one of the stop characters."""
    out: list[str] = []
    while at < len(pattern) and pattern[at] not in stop:
        text, at = _item(pattern, at)
        out.append(text)
    return "".join(out), at


def _item(pattern: str, at: int) -> tuple[str, int]:
    c = pattern[at]
    if c == "*":
        if pattern.startswith("**", at):
            return ".*", at + 2
        return "[^/]*", at + 1
    if c == "?":
        return "[^/]", at + 1
    if c == "[":
        return _class(pattern, at)
    if c == "{":
        return _alternatives(pattern, at)
    if c == "\\":
        if at + 1 >= len(pattern):
            return "", at + 1
        return re.escape(pattern[at + 1]), at + 2
    return re.escape(c), at + 1


def _class(pattern: str, at: int) -> tuple[str, int]:
    end = pattern.find("]", at + 1)
    body = pattern[at + 1 : end] if end > 0 else ""
    negate = body.startswith("!")
    body = body.removeprefix("!")
    if not body:
        raise GoError("bad range")
    if len(body) == 3 and body[1] == "-":
        if body[0] > body[2]:
            raise GoError("hi should be greater than lo")
        inner = f"{re.escape(body[0])}-{re.escape(body[2])}"
    else:
        inner = "".join(map(re.escape, body))
    return f"[{'^' if negate else ''}{inner}]", end + 1


def _alternatives(pattern: str, at: int) -> tuple[str, int]:
    options: list[str] = []
    at += 1
    while True:
        text, at = _sequence(pattern, at, ",}")
        options.append(text)
        if at >= len(pattern):
            raise GoError("unclosed {")
        at += 1
        if pattern[at - 1] == "}":
            return f"(?:{'|'.join(options)})", at


def matches(pattern: str, name: str) -> bool:
    return compile_glob(pattern).match(name) is not None
