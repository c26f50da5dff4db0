"""Patterns for names and paths, each with the meaning of the program it is known from.

``glob``: gobwas/glob (Helm's ``.Files.Glob``, Argo CD's projects), where ``*`` stops at the separators, if there are any.
``path_match``: Go's ``path.Match``, where ``*`` stops at a slash. ``pathspec``: Git's own, as in ``git ls-files -- PATTERN``,
where ``*`` stops at nothing and a directory stands for all that is in it. ``doublestar``: where ``**`` crosses directories.
"""

from __future__ import annotations

import re
from functools import lru_cache


class BadPattern(ValueError):
    """A pattern that is none; the text is the original library's."""


@lru_cache(maxsize=4096)
def compile_glob(pattern: str, separators: str = "") -> re.Pattern[str]:
    """Raises BadPattern."""
    text, at = _sequence(pattern, 0, "", separators)
    if at != len(pattern):
        raise BadPattern("unexpected end of pattern")
    try:
        return re.compile(text + r"\Z", re.DOTALL)
    except re.error:
        raise BadPattern("bad pattern") from None


def glob(pattern: str, name: str, separators: str = "") -> bool:
    """A pattern that is none matches nothing."""
    try:
        return compile_glob(pattern, separators).match(name) is not None
    except BadPattern:
        return False


def _sequence(pattern: str, at: int, stop: str, separators: str) -> tuple[str, int]:
    """A regular expression of the pattern up to one of the stop characters."""
    out: list[str] = []
    while at < len(pattern) and pattern[at] not in stop:
        text, at = _item(pattern, at, separators)
        out.append(text)
    return "".join(out), at


def _item(pattern: str, at: int, separators: str) -> tuple[str, int]:
    c = pattern[at]
    one = f"[^{re.escape(separators)}]" if separators else "."
    if c == "*":
        if pattern.startswith("**", at):
            return ".*", at + 2
        return one + "*", at + 1
    if c == "?":
        return one, at + 1
    if c == "[":
        return _class(pattern, at)
    if c == "{":
        return _alternatives(pattern, at, separators)
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
        raise BadPattern("bad range")
    if len(body) == 3 and body[1] == "-":
        if body[0] > body[2]:
            raise BadPattern("hi should be greater than lo")
        inner = f"{re.escape(body[0])}-{re.escape(body[2])}"
    else:
        inner = "".join(map(re.escape, body))
    return f"[{'^' if negate else ''}{inner}]", end + 1


def _alternatives(pattern: str, at: int, separators: str) -> tuple[str, int]:
    options: list[str] = []
    at += 1
    while True:
        text, at = _sequence(pattern, at, ",}", separators)
        options.append(text)
        if at >= len(pattern):
            raise BadPattern("unclosed {")
        at += 1
        if pattern[at - 1] == "}":
            return f"(?:{'|'.join(options)})", at


# --- Go's path.Match


@lru_cache(maxsize=4096)
def _path_pattern(pattern: str, one: str) -> re.Pattern[str]:
    out: list[str] = []
    at = 0
    while at < len(pattern):
        c = pattern[at]
        at += 1
        if c == "*":
            out.append(one + "*")
        elif c == "?":
            out.append(one)
        elif c == "[":
            text, at = _go_class(pattern, at, one)
            out.append(text)
        elif c == "\\":
            if at >= len(pattern):
                raise BadPattern("syntax error in pattern")
            out.append(re.escape(pattern[at]))
            at += 1
        else:
            out.append(re.escape(c))
    return re.compile("".join(out) + r"\Z", re.DOTALL)


def _go_class(pattern: str, at: int, one: str) -> tuple[str, int]:
    """``[^a-z]``, from behind the bracket."""
    negate = pattern[at : at + 1] == "^"
    at += negate
    ranges: list[str] = []
    while True:
        if ranges and pattern[at : at + 1] == "]":
            break
        low, at = _class_character(pattern, at)
        high = low
        if pattern[at : at + 1] == "-":
            high, at = _class_character(pattern, at + 1)
        if low <= high:
            ranges.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            ranges.append("")
    inner = "".join(ranges)
    if not inner:
        return (one if negate else r"(?!)"), at + 1
    if negate:
        return f"(?:(?![{inner}]){one})", at + 1
    return f"[{inner}]", at + 1


def _class_character(pattern: str, at: int) -> tuple[str, int]:
    if at >= len(pattern) or pattern[at] in "-]":
        raise BadPattern("syntax error in pattern")
    if pattern[at] == "\\":
        at += 1
        if at >= len(pattern):
            raise BadPattern("syntax error in pattern")
    if at + 1 >= len(pattern):
        raise BadPattern("syntax error in pattern")
    return pattern[at], at + 1


def path_match(pattern: str, name: str) -> bool:
    """Raises BadPattern."""
    return _path_pattern(pattern, "[^/]").match(name) is not None


# --- paths of a repository


def pathspec(pattern: str, path: str) -> bool:
    """Whether ``git ls-files -- PATTERN`` at the top of a repository lists the file."""
    wanted = re.sub("/{2,}", "/", pattern)
    while wanted.startswith("./"):
        wanted = wanted[2:]
    if wanted in ("", ".") or path == wanted or path.startswith(wanted.rstrip("/") + "/"):
        return True
    try:
        return _path_pattern(wanted.replace("[!", "[^"), ".").match(path) is not None
    except BadPattern:
        return False


@lru_cache(maxsize=1024)
def _doublestar_pattern(pattern: str) -> re.Pattern[str]:
    parts: list[str] = []
    pieces = pattern.split("/")
    for i, piece in enumerate(pieces):
        last = i == len(pieces) - 1
        if piece == "**":
            parts.append(".*" if last else "(?:[^/]+/)*")
            continue
        text, end = _sequence(piece.replace("**", "*"), 0, "", "/")
        if end != len(piece.replace("**", "*")):
            raise BadPattern("syntax error in pattern")
        parts.append(text if last else text + "/")
    return re.compile("".join(parts) + r"\Z", re.DOTALL)


def doublestar(pattern: str, path: str) -> bool:
    """Raises BadPattern."""
    return _doublestar_pattern(pattern).match(path) is not None
