"""Two-variable comprehensions, which the CEL library does not know, written as one-variable ones.

In: an expression. Out: the same meaning with `entries__` lists. Never: type checking.
``l.all(i, v, p)`` becomes ``l.entries__().all(c, p')`` with ``i`` and ``v`` read from ``c``.
"""

from __future__ import annotations

import re

_TOKENS = re.compile(r"""r?"(?:\\.|[^"\\])*"|r?'(?:\\.|[^'\\])*'|[A-Za-z_][A-Za-z0-9_]*|\d[\w.]*|\s+|.""", re.S)
_CALL = re.compile(
    r"\.\s*(all|exists|exists_one|existsOne|transformList|transformMapEntry|transformMap)\s*\(\s*([A-Za-z_]\w*)\s*,\s*([A-Za-z_]\w*)\s*,"
)
_NAMES = {"existsOne": "exists_one", "transformList": "map", "transformMap": "map", "transformMapEntry": "map"}
_TRANSFORMS = ("transformList", "transformMap", "transformMapEntry")


_VALIDATE = re.compile(r"\bformat\.(\w+)\(\)\.validate\(")


def _formats(source: str) -> str:
    """``format.x().validate(v)`` gives an optional list of complaints."""
    while (match := _VALIDATE.search(source)) is not None:
        end = _closing(source, match.end())
        if end < 0:
            break
        inner = source[match.end() : end]
        source = f'{source[: match.start()]}optional.ofNonZeroValue(format__("{match[1]}", {inner})){source[end + 1 :]}'
    return source


_SORT_BY = re.compile(r"\.\s*sortBy\s*\(\s*([A-Za-z_]\w*)\s*,")


def _sorts(source: str) -> str:
    """``l.sortBy(v, k)`` gathers keys and values before it sorts."""
    while (match := _SORT_BY.search(source)) is not None:
        end = _closing(source, match.end())
        if end < 0:
            break
        pair = f'{{"k": dyn({source[match.end() : end]}), "v": dyn({match[1]})}}'
        source = f"{source[: match.start()]}.map({match[1]}, {pair}).sortBy__(){source[end + 1 :]}"
    return source


_OWN = re.compile(r"\.\s*(substring|indexOf|lastIndexOf|reverse)\s*\(|\b(string)\s*\((?=\s*(?:ip|cidr)\()")


def _renamed(source: str) -> str:
    """Functions whose versions in the library take less than the API server's get names of their own."""
    if not _OWN.search(source):
        return source
    spans = [match.span() for match in _TEXTS.finditer(source)]

    def rename(match: re.Match[str]) -> str:
        if any(start <= match.start() < end for start, end in spans):
            return match[0]
        return f".{match[1]}__(" if match[1] else "string__("

    return _OWN.sub(rename, source)


_TEXTS = re.compile(r"""r?"(?:\\.|[^"\\])*"|r?'(?:\\.|[^'\\])*'""")


def expand(source: str) -> str:
    source = _renamed(_sorts(_formats(source)))
    if "transform" not in source and not _CALL.search(source):
        return source
    for depth in range(32):
        match = _CALL.search(source)
        if match is None:
            break
        end = _closing(source, match.end())
        parts = _arguments(source[match.end() : end])
        name, key, value = match.groups()
        if end < 0 or (len(parts) > 1 and name not in _TRANSFORMS) or (name == "all" and not parts):
            break
        source = source[: match.start()] + _one_variable(name, key, value, parts, f"c{depth}__") + source[end + 1 :]
    return source


def _one_variable(name: str, key: str, value: str, parts: list[str], item: str) -> str:
    renamed = [_rename(_rename(part, key, f"{item}.k"), value, f"{item}.v") for part in parts]
    if name == "transformMap":
        renamed[-1] = f'{{"k": dyn({item}.k), "v": dyn({renamed[-1]})}}'
    call = f".entries__().{_NAMES.get(name, name)}({item}, {', '.join(renamed)})"
    return call + {"transformMap": ".fromEntries__()", "transformMapEntry": ".mergeMaps__()"}.get(name, "")


def _rename(text: str, name: str, to: str) -> str:
    out, before = [], ""
    for token in _TOKENS.findall(text):
        out.append(to if token == name and before != "." else token)
        if not token.isspace():
            before = token
    return "".join(out)


def _closing(source: str, start: int) -> int:
    depth = 1
    for match in _TOKENS.finditer(source, start):
        token = match[0]
        if token in "([{":
            depth += 1
        elif token in ")]}":
            depth -= 1
            if depth == 0:
                return match.start()
    return -1


def _arguments(text: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for token in _TOKENS.findall(text):
        if token in ("(", "[", "{"):
            depth += 1
        elif token in (")", "]", "}"):
            depth -= 1
        if token == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += token
    return [*parts, current]
