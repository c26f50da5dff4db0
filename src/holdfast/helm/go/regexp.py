"""Go's regexp on top of RE2: the same engine, Go's results and Go's error texts."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.strconv import quote
from holdfast.helm.go.types import GoSlice, from_bytes, strings, to_bytes


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> Any:
    """A compiled pattern over bytes. Raises GoError("error parsing regexp: ...")."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 64 << 20
    try:
        return re2.compile(to_bytes(pattern), options)
    except re2.error as fault:
        raise GoError(f"error parsing regexp: {_reason(fault.args[0], pattern)}") from None


_LOOKBEHIND = re.compile(r"\(\?<[=!](?:[^>]*>|.*)", re.DOTALL)
# What RE2 calls a fault, and what Go does.
_REASONS = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "invalid repetition size": "invalid repeat count",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
}


def _reason(text: bytes | str, pattern: str) -> str:
    shown = from_bytes(text) if isinstance(text, bytes) else str(text)
    if shown.startswith("trailing \\"):
        return "trailing backslash at end of expression: ``"
    kind, _, detail = shown.partition(": ")
    around = _LOOKBEHIND.search(pattern)
    if kind == "invalid perl operator" and around:
        # Go takes it for the beginning of a group's name.
        return f"invalid named capture: `{around[0]}`"
    return f"{_REASONS.get(kind, kind)}: `{detail or pattern}`"


def _must(pattern: str) -> Any:
    """MustCompile: the panic text has the pattern in it."""
    try:
        return compile_pattern(pattern)
    except GoError as fault:
        shown = f"`{pattern}`" if "`" not in pattern else quote(pattern)
        raise GoError(f"regexp: Compile({shown}): {fault.text}") from None


def _spans(compiled: Any, data: bytes, limit: int) -> list[Any]:
    """All matches as Go finds them: no empty match right after another match; at most ``limit`` unless negative."""
    if limit < 0:
        limit = len(data) + 1
    found: list[Any] = []
    at, previous_end = 0, -1
    while len(found) < limit and at <= len(data):
        match = compiled.search(data, at)
        if match is None:
            break
        start, end = match.span()
        accept = True
        if end == at and start == end:
            accept = start != previous_end
            at += _rune_width(data, at)
        else:
            at = end
        previous_end = end
        if accept:
            found.append(match)
    return found


def _rune_width(data: bytes, at: int) -> int:
    if at >= len(data):
        return 1
    lead = data[at]
    width = 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    try:
        data[at : at + width].decode("utf-8")
    except UnicodeDecodeError:
        return 1
    return width


def match(pattern: str, text: str) -> bool:
    return compile_pattern(pattern).search(to_bytes(text)) is not None


def match_or_false(pattern: str, text: str) -> bool:
    try:
        return match(pattern, text)
    except GoError:
        return False


def _find(compiled: Any, text: str) -> str:
    found = compiled.search(to_bytes(text))
    return from_bytes(found[0]) if found is not None else ""


def _find_all(compiled: Any, text: str, limit: int) -> GoSlice:
    found = strings(from_bytes(m[0]) for m in _spans(compiled, to_bytes(text), limit))
    found.nil = not found
    return found


def _replace(compiled: Any, text: str, replacement: str, literal: bool) -> str:
    data = to_bytes(text)
    out: list[bytes] = []
    last = 0
    expand = not literal and "$" in replacement
    raw = to_bytes(replacement)
    for found in _spans(compiled, data, -1):
        start, end = found.span()
        out.append(data[last:start])
        out.append(_expanded(compiled, found, replacement) if expand else raw)
        last = end
    out.append(data[last:])
    return from_bytes(b"".join(out))


def _expanded(compiled: Any, found: Any, template: str) -> bytes:
    """$1, ${name}, $name with the longest run of word characters; $$ is a dollar."""
    out: list[bytes] = []
    rest = template
    while rest:
        before, dollar, rest = rest.partition("$")
        out.append(to_bytes(before))
        if not dollar:
            break
        if rest.startswith("$"):
            out.append(b"$")
            rest = rest[1:]
            continue
        name, rest, good = _group_name(rest)
        if not good:
            out.append(b"$")
            continue
        out.append(_group(compiled, found, name))
    return b"".join(out)


def _group_name(rest: str) -> tuple[str, str, bool]:
    brace = rest.startswith("{")
    start = 1 if brace else 0
    end = start
    while end < len(rest) and (rest[end].isalnum() or rest[end] == "_"):
        end += 1
    if end == start or (brace and rest[end : end + 1] != "}"):
        return "", rest, False
    return rest[start:end], rest[end + 1 if brace else end :], True


def _group(compiled: Any, found: Any, name: str) -> bytes:
    if name.isdigit() and name.isascii() and not (name[0] == "0" and len(name) > 1):
        number = int(name)
        return (found[number] or b"") if number <= compiled.groups else b""
    index = compiled.groupindex.get(to_bytes(name), compiled.groupindex.get(name))
    return (found[index] or b"") if index else b""


def _split(compiled: Any, text: str, limit: int) -> GoSlice:
    if limit == 0:
        return GoSlice((), "string", nil=True)
    if compiled.pattern and not text:
        return strings([""])
    data = to_bytes(text)
    pieces: list[bytes] = []
    begin = end = 0
    for found in _spans(compiled, data, limit):
        if limit > 0 and len(pieces) == limit - 1:
            break
        end = found.start()
        if found.end() != 0:
            pieces.append(data[begin:end])
        begin = found.end()
    if end != len(data):
        pieces.append(data[begin:])
    return strings(map(from_bytes, pieces))


def find(pattern: str, text: str) -> str:
    return _find(_must(pattern), text)


def must_find(pattern: str, text: str) -> str:
    return _find(compile_pattern(pattern), text)


def find_all(pattern: str, text: str, limit: int) -> GoSlice:
    return _find_all(_must(pattern), text, limit)


def must_find_all(pattern: str, text: str, limit: int) -> GoSlice:
    return _find_all(compile_pattern(pattern), text, limit)


def replace_all(pattern: str, text: str, replacement: str) -> str:
    return _replace(_must(pattern), text, replacement, False)


def must_replace_all(pattern: str, text: str, replacement: str) -> str:
    return _replace(compile_pattern(pattern), text, replacement, False)


def replace_all_literal(pattern: str, text: str, replacement: str) -> str:
    return _replace(_must(pattern), text, replacement, True)


def must_replace_all_literal(pattern: str, text: str, replacement: str) -> str:
    return _replace(compile_pattern(pattern), text, replacement, True)


def split(pattern: str, text: str, limit: int) -> GoSlice:
    return _split(_must(pattern), text, limit)


def must_split(pattern: str, text: str, limit: int) -> GoSlice:
    return _split(compile_pattern(pattern), text, limit)


_META = frozenset("\\.+*?()|[]{}^$")


def quote_meta(text: str) -> str:
    return "".join("\\" + c if c in _META else c for c in text)
