"""Expressions read into a tree, with the macros written out.

In: the text of an expression that the CEL library has taken already. Out: its tree. Raises `Unreadable` where the text is beyond this
reader: then nothing is known about the expression. Never: messages about bad syntax (they are the library's).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from holdfast.sandbox.cel import macros
from holdfast.sandbox.cel.tree import (
    Call,
    Const,
    Entry,
    Expr,
    Ident,
    ListOf,
    MapOf,
    Member,
    Message,
    Select,
    Unreadable,
    path_of,
)

_TOKEN = re.compile(
    r"""(?P<space>(?:\s+|//[^\n]*)+)
    |(?P<text>(?:[rRbB]{0,2})(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    |(?P<double>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<int>0x[0-9a-fA-F]+[uU]?|\d+[uU]?)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<mark>&&|\|\||<=|>=|==|!=|[-+*/%!<>?:.,()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)
_RELATIONS = ("<", "<=", ">=", ">", "==", "!=", "in")
_LEVELS: tuple[tuple[str, ...], ...] = (("||",), ("&&",), _RELATIONS, ("+", "-"), ("*", "/", "%"))
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_RESERVED = frozenset(
    [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "in", "let", "loop", "package", "namespace", "return",
        "var", "void", "while",
    ]
)  # fmt: skip
_DEEPEST = 200


Token = tuple[str, str, int]
_T = TypeVar("_T")


def _tokens(source: str) -> list[Token]:
    found: list[Token] = []
    place = 0
    while place < len(source):
        match = _TOKEN.match(source, place)
        if match is None:
            raise Unreadable(source[place:])
        if match.lastgroup != "space":
            found.append((str(match.lastgroup), match[0], place))
        place = match.end()
    return [*found, ("end", "", len(source))]


def parse(source: str) -> Expr:
    reader = _Reader(_tokens(source))
    found = reader.expression()
    reader.expect("")
    return found


class _Reader:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def _peek(self) -> str:
        kind, text, _ = self._tokens[self._next]
        return text if kind in ("mark", "name", "end") else ""

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _skip(self, text: str) -> bool:
        kind, found, _ = self._tokens[self._next]
        if kind in ("mark", "name") and found == text:
            self._next += 1
            return True
        return False

    def expect(self, text: str) -> int:
        kind, found, at = self._take()
        if found != text or kind == "text":
            raise Unreadable(found)
        return at

    # --- operators ---

    def expression(self) -> Expr:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unreadable("nested too deeply")
        condition = self._level(0)
        if self._peek() == "?":
            at = self._take()[2]
            then = self._level(0)
            self.expect(":")
            condition = Call(at, "_?_:_", None, [condition, then, self.expression()])
        self._depth -= 1
        return condition

    def _level(self, level: int) -> Expr:
        if level == len(_LEVELS):
            return self._unary()
        left = self._level(level + 1)
        while self._peek() in _LEVELS[level] and self._tokens[self._next][0] != "end":
            _, operator, at = self._take()
            name = "@in" if operator == "in" else f"_{operator}_"
            left = Call(at, name, None, [left, self._level(level + 1)])
        return left

    def _unary(self) -> Expr:
        operator = self._peek()
        if operator not in ("!", "-") or self._tokens[self._next][0] == "end":
            return self._member()
        at = self._tokens[self._next][2]
        following = self._tokens[self._next + 1][0]
        if operator == "-" and following in ("int", "double"):
            return self._member()
        count = 0
        while self._skip(operator):
            count += 1
        inner = self._member()
        return Call(at, "!_" if operator == "!" else "-_", None, [inner]) if count % 2 else inner

    # --- members ---

    def _member(self) -> Expr:
        found = self._primary()
        while True:
            if self._peek() == ".":
                found = self._dot(found)
            elif self._peek() == "[":
                at = self._take()[2]
                optional = self._skip("?")
                index = self.expression()
                self.expect("]")
                found = Call(at, "_[?_]" if optional else "_[_]", None, [found, index])
            else:
                return found

    def _dot(self, operand: Expr) -> Expr:
        at = self._take()[2]
        optional = self._skip("?")
        kind, name, name_at = self._take()
        if kind != "name" or name == "in":
            raise Unreadable(name)
        if optional:
            return Call(at, "_?._", None, [operand, Const(name_at, "string", name)])
        if self._peek() != "(":
            if self._peek() == "{":
                return self._message(operand, name)
            return Select(at, operand, name)
        return self._call(name, operand)

    def _call(self, name: str, target: Expr | None) -> Expr:
        at = self.expect("(")
        args = self._list(")", self.expression)
        expanded = macros.expand(at, name, target, args)
        return expanded if expanded is not None else Call(at, name, target, args)

    def _list(self, end: str, item: Callable[[], _T]) -> list[_T]:
        found: list[_T] = []
        while not self._skip(end):
            found.append(item())
            if not self._skip(","):
                self.expect(end)
                break
        return found

    def _message(self, operand: Expr, name: str) -> Expr:
        head = path_of(operand)
        if not head:
            raise Unreadable(name)
        return self._fields(f"{head}.{name}")

    def _fields(self, name: str) -> Expr:
        at = self.expect("{")

        def member() -> Member:
            optional = self._skip("?")
            field = self._take()[1]
            colon = self.expect(":")
            return Member(colon, field, self.expression(), optional)

        return Message(at, name, self._list("}", member))

    # --- primaries ---

    def _primary(self) -> Expr:
        kind, text, at = self._take()
        if kind == "text":
            return _text(text, at)
        if kind in ("int", "double"):
            return _number(kind, text, at, False)
        if text == "-":
            kind, text, _ = self._take()
            return _number(kind, text, at, True)
        if text == "(":
            inner = self.expression()
            self.expect(")")
            return inner
        if text == "[":
            return self._items(at)
        if text == "{":
            return MapOf(at, self._list("}", self._entry))
        if text == ".":
            _, text, at = self._take()
        if text in ("true", "false"):
            return Const(at, "bool", text == "true")
        if text == "null":
            return Const(at, "null", None)
        if kind != "name" or text in _RESERVED:
            raise Unreadable(text)
        if self._peek() == "(":
            return self._call(text, None)
        return self._fields(text) if self._peek() == "{" else Ident(at, text)

    def _items(self, at: int) -> Expr:
        optional: set[int] = set()
        count = 0

        def item() -> Expr:
            nonlocal count
            if self._skip("?"):
                optional.add(count)
            count += 1
            return self.expression()

        return ListOf(at, self._list("]", item), optional)

    def _entry(self) -> Entry:
        optional = self._skip("?")
        key = self.expression()
        self.expect(":")
        return Entry(key, self.expression(), optional)


def _number(kind: str, text: str, at: int, negative: bool) -> Const:
    sign = -1 if negative else 1
    if kind == "double":
        return Const(at, "double", sign * float(text))
    if text[-1] in "uU":
        return Const(at, "uint", int(text[:-1], 0))
    digits = text if text.startswith("0x") else text.lstrip("0") or "0"
    return Const(at, "int", sign * int(digits, 0))


def _text(token: str, at: int) -> Const:
    prefix = re.match(r"[rRbB]*", token)
    assert prefix is not None
    flags = prefix[0].lower()
    body = token[len(flags) :]
    quotes = 3 if body[:3] in ('"""', "'''") else 1
    value = body[quotes:-quotes]
    if "r" not in flags:
        value = _unescaped(value)
    return Const(at, "bytes", value.encode()) if "b" in flags else Const(at, "string", value)


_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|.)", re.DOTALL)


def _unescaped(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] in "xXuU" and len(code) > 1:
            return chr(int(code[1:], 16))
        if code[0].isdigit():
            return chr(int(code, 8))
        return _ESCAPES.get(code, code)

    return _ESCAPE.sub(one, text) if "\\" in text else text
