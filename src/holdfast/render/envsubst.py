"""Shell-like variable substitution as Flux's post-build step does it (the function set of drone/envsubst).

Text and variables in, text out. ``${x}``, ``${#x}``, ``${x^}``, ``${x^^}``, ``${x,}``, ``${x,,}``, ``${x:p:n}``, ``${x#glob}``,
``${x##glob}``, ``${x%glob}``, ``${x%%glob}``, ``${x/a/b}``, ``${x//a/b}``, ``${x/#a/b}``, ``${x/%a/b}``, ``${x=d}``, ``${x:=d}``,
``${x:-d}``, ``${x:?d}``, ``${x:+d}``; ``$$`` is one dollar sign. In strict mode a variable that is not set is an error unless
the operator brings a default. Lengths and offsets count bytes, as they do upstream.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from holdfast.base.errors import Stop

NAME_PATTERN = "^[_[:alpha:]][_[:alpha:][:digit:]]*$"
_NAME = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*\Z")
_DEFAULTS = frozenset({"=", ":=", ":-", ":?", ":+"})


class SubstitutionError(Stop):
    """A text that cannot be substituted: bad syntax, or a variable nobody sets."""


@dataclass(frozen=True, slots=True)
class _Call:
    """One ``${...}``: the variable, the operator ("" for none) and its arguments, each a sequence of parts."""

    name: str
    operator: str
    args: tuple[str | _Call, ...] = ()


def substitute(text: str, variables: Mapping[str, str], *, strict: bool) -> str:
    """``text`` with every expression replaced. Raises `SubstitutionError` with upstream's words."""
    parts = _Parser(text).parse()
    return "".join(p if isinstance(p, str) else _evaluate(p, variables, strict) for p in parts)


def check_names(variables: Mapping[str, str]) -> None:
    """Raises `SubstitutionError` for the first variable name that is not allowed."""
    for name in variables:
        if not _NAME.match(name):
            raise SubstitutionError(f"'{name}' var name is invalid, must match '{NAME_PATTERN}'")


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def parse(self) -> list[str | _Call]:
        parts: list[str | _Call] = []
        text, end = self._text, len(self._text)
        literal: list[str] = []
        while self._at < end:
            dollar = text.find("$", self._at)
            if dollar < 0:
                literal.append(text[self._at :])
                break
            literal.append(text[self._at : dollar])
            following = text[dollar + 1 : dollar + 2]
            if following == "{":
                self._at = dollar + 2
                parts += ["".join(literal), self._call()]
                literal = []
            else:
                literal.append("$")
                self._at = dollar + (2 if following == "$" else 1)
        return [*parts, "".join(literal)]

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _name(self, error: str) -> str:
        start = self._at
        while (c := self._peek()) and (c.isalpha() or c.isdigit() or c == "_"):
            self._at += 1
        if self._at == start:
            raise SubstitutionError(error)
        return self._text[start : self._at]

    def _close(self, error: str = "bad substitution") -> None:
        if self._peek() != "}":
            raise SubstitutionError(error)
        self._at += 1

    def _run(self, characters: str, longest: int) -> str:
        start = self._at
        while self._at - start < longest and (c := self._peek()) and c in characters:
            self._at += 1
        return self._text[start : self._at]

    def _call(self) -> _Call:
        """After ``${``: up to and including the closing brace."""
        if self._peek() == "#":
            self._at += 1
            name = self._name("bad substitution")
            self._close()
            return _Call(name, "#")
        name = self._name("unable to parse variable name")
        match self._peek():
            case ":":
                if self._text[self._at + 1 : self._at + 2] in ("=", "-", "?", "+"):
                    return self._default(name, 2)
                return self._substring(name)
            case "=":
                return self._default(name, 1)
            case "," | "^":
                operator = self._run(",^", 2)
                self._close()
                return _Call(name, operator)
            case "/":
                return self._replace(name)
            case "#" | "%" as mark:
                operator = self._run(mark, 2)
                argument = self._argument("}")
                self._close()
                return _Call(name, operator, (argument,))
        self._close("missing closing brace")
        return _Call(name, "")

    def _default(self, name: str, width: int) -> _Call:
        operator = self._text[self._at : self._at + width]
        self._at += width
        args: list[str | _Call] = []
        while self._peek() != "}":
            args.append(self._argument("}"))
        self._at += 1
        return _Call(name, operator, tuple(args))

    def _substring(self, name: str) -> _Call:
        self._at += 1
        args = [self._argument(":}")]
        if self._peek() == "}":
            self._at += 1
            return _Call(name, ":", tuple(args))
        if not self._run(":", len(self._text)):
            raise SubstitutionError("bad substitution")
        args.append(self._argument("}"))
        self._close()
        return _Call(name, ":", tuple(args))

    def _replace(self, name: str) -> _Call:
        self._at += 1
        operator = "/" + self._run("/#%", 1)
        args = [self._argument("/", escapes=True)]
        if not self._run("/", len(self._text)):
            raise SubstitutionError("bad substitution")
        if self._peek() != "}":
            args.append(self._argument("}", escapes=True))
        self._close()
        return _Call(name, operator, tuple(args))

    def _argument(self, stops: str, *, escapes: bool = False) -> str | _Call:
        """A nested call, or text up to one of ``stops`` or a nested call; never empty."""
        text, start = self._text, self._at
        if text.startswith("${", start):
            self._at += 2
            return self._call()
        out: list[str] = []
        while (c := self._peek()) and not text.startswith("${", self._at):
            pair = text[self._at : self._at + 2]
            if escapes and pair in ("$$", "\\/", "\\\\"):
                self._at += 1
                c = pair[1]
            elif c in stops:
                break
            out.append(c)
            self._at += 1
        if not out:
            raise SubstitutionError("unable to parse substitution within function")
        return "".join(out)


def _evaluate(call: _Call, variables: Mapping[str, str], strict: bool) -> str:
    args = [a if isinstance(a, str) else _evaluate(a, variables, strict) for a in call.args]
    value = variables.get(call.name)
    if value is None:
        if strict and call.operator not in _DEFAULTS:
            raise SubstitutionError(f'variable not set (strict mode): "{call.name}"')
        value = ""
    if call.operator == "#" and not args:
        return str(len(value.encode()))
    return _FUNCTIONS.get(call.operator, _default)(value, args)


def _default(value: str, args: list[str]) -> str:
    return value or "".join(args)


def _lower(text: str) -> str:
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _upper(text: str) -> str:
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


def _substring(value: str, args: list[str]) -> str:
    data = value.encode()
    position = _integer(args[0])
    if position is None:
        return value
    if position < 0:
        position = max(0, len(data) + position)
    if len(args) == 1:
        return data[position:].decode(errors="replace")
    length = _integer(args[1])
    if length is None:
        return value
    if length < 0 and position + length < len(data):
        raise SubstitutionError(f"bad substitution: negative length {length}")
    return data[position : position + length].decode(errors="replace")


def _integer(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[+-]?[0-9]+", text) else None


def _replace_prefix(value: str, args: list[str]) -> str:
    if len(args) == 2 and value.startswith(args[0]):
        return args[1] + value[len(args[0]) :]
    return value


def _replace_suffix(value: str, args: list[str]) -> str:
    if len(args) == 2 and value.endswith(args[0]):
        return value[: len(value) - len(args[0])] + args[1]
    return value


def _replace(value: str, args: list[str], count: int) -> str:
    return value.replace(args[0], args[1] if len(args) > 1 else "", count)


def _trim(value: str, glob: str, *, longest: bool) -> str:
    pattern = _glob(glob)
    if pattern is None:
        return value
    lengths = range(len(value), 0, -1) if longest else range(1, len(value) + 1)
    for length in lengths:
        if pattern.fullmatch(value, 0, length):
            return value[length:]
    return value


def _trim_end(value: str, glob: str, *, longest: bool) -> str:
    # Upstream reverses value and pattern both, so a character class in a suffix pattern is malformed and matches nothing.
    return _trim(value[::-1], glob[::-1], longest=longest)[::-1]


def _glob(glob: str) -> re.Pattern[str] | None:
    """``*``, ``?``, ``[a-z]``, ``[^a]`` and backslash escapes; None for a malformed pattern, which matches nothing."""
    out: list[str] = []
    at = 0
    while at < len(glob):
        c = glob[at]
        if c == "*":
            out.append(".*")
        elif c == "?":
            out.append(".")
        elif c == "\\":
            at += 1
            if at >= len(glob):
                return None
            out.append(re.escape(glob[at]))
        elif c == "[":
            end = _class_end(glob, at)
            if end < 0:
                return None
            body = glob[at + 1 : end]
            negated, body = ("^", body[1:]) if body.startswith("^") else ("", body)
            out.append(f"[{negated}{body.replace('[', chr(92) + '[')}]")
            at = end
        else:
            out.append(re.escape(c))
        at += 1
    try:
        return re.compile("".join(out), re.DOTALL)
    except re.error:
        return None


def _class_end(glob: str, start: int) -> int:
    at = start + 1
    if glob[at : at + 1] == "^":
        at += 1
    first = at
    while at < len(glob):
        if glob[at] == "\\":
            at += 2
            continue
        if glob[at] == "]":
            return at if at > first else -1
        at += 1
    return -1


_FUNCTIONS: dict[str, Callable[[str, list[str]], str]] = {
    ",": lambda v, _: _lower(v[:1]) + v[1:],
    ",,": lambda v, _: _lower(v),
    "^": lambda v, _: _upper(v[:1]) + v[1:],
    "^^": lambda v, _: _upper(v),
    "#": lambda v, a: _trim(v, a[0], longest=False),
    "##": lambda v, a: _trim(v, a[0], longest=True),
    "%": lambda v, a: _trim_end(v, a[0], longest=False),
    "%%": lambda v, a: _trim_end(v, a[0], longest=True),
    ":": _substring,
    "/": lambda v, a: _replace(v, a, 1),
    "//": lambda v, a: _replace(v, a, -1),
    "/#": _replace_prefix,
    "/%": _replace_suffix,
}
