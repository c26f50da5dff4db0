"""Label and field selectors as the API server parses them, with its refusals."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from holdfast.sandbox import status

Labels = Mapping[str, str]
LabelMatch = Callable[[Labels], bool]

_TOKEN: Final = re.compile(r"\s*(?:(notin|in)(?![\w./-])|(==|!=|=|>|<|!|,|\(|\))|([^\s=!<>,()]+))")
_NAME: Final = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on a label. ``operator``: in, notin, exists, !, gt, lt (= and == are ``in``, != is ``notin``)."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Labels) -> bool:
        value = labels.get(self.key)
        if self.operator == "in":
            return value in self.values
        if self.operator == "notin":
            return value is None or value not in self.values
        if self.operator == "exists":
            return value is not None
        if self.operator == "!":
            return value is None
        return self._compares(value)

    def _compares(self, value: str | None) -> bool:
        if value is None or not re.fullmatch(r"[+-]?\d+", value):
            return False
        bound = int(next(iter(self.values)))
        return int(value) > bound if self.operator == "gt" else int(value) < bound


def labels(text: str) -> LabelMatch | None:
    """A matcher, or None for the selector that takes everything."""
    requirements = parse_labels(text)
    if not requirements:
        return None
    return lambda found: all(r.matches(found) for r in requirements)


def parse_labels(text: str) -> list[Requirement]:
    return _Parser(text).parse() if text.strip() else []


class _Parser:
    """Recursive descent over the tokens of a label selector."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0

    def parse(self) -> list[Requirement]:
        found: list[Requirement] = []
        while True:
            kind, value = self._peek()
            if kind == "end":
                return found
            if kind not in ("word", "in") and value != "!":
                raise self._bad(f"found '{value}', expected: !, identifier, or 'end of string'")
            found.append(self._requirement())
            kind, value = self._take()
            if kind == "end":
                return found
            if value != ",":
                raise self._bad(f"found '{value}', expected: ',' or 'end of string'")
            kind, value = self._peek()
            if kind not in ("word", "in") and value != "!":
                raise self._bad(f"found '{value}', expected: identifier after ','")

    def _requirement(self) -> Requirement:
        kind, value = self._take()
        negated = value == "!" and kind == "op"
        if negated:
            kind, value = self._take()
        if kind not in ("word", "in"):
            raise self._bad(f"found '{value}', expected: identifier")
        key = value
        _check_key(key)
        if negated:
            return Requirement(key, "!")
        kind, value = self._peek()
        if kind == "end" or value == ",":
            return Requirement(key, "exists")
        return self._comparison(key)

    def _comparison(self, key: str) -> Requirement:
        kind, operator = self._take()
        if kind == "in" or operator in ("in", "notin"):
            values = self._list()
            return Requirement(key, operator, self._checked(key, values))
        if operator not in ("=", "==", "!=", ">", "<"):
            raise self._bad(f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt")
        value = self._exact()
        if operator in (">", "<"):
            name = "gt" if operator == ">" else "lt"
            if not re.fullmatch(r"[+-]?\d+", value):
                why = f"values[0]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must be an integer"
                raise self._bad(why, prefix=False)
            return Requirement(key, name, frozenset({value}))
        return Requirement(key, "notin" if operator == "!=" else "in", self._checked(key, [value]))

    def _exact(self) -> str:
        kind, value = self._peek()
        if kind == "end" or value == ",":
            return ""
        self._take()
        if kind in ("word", "in"):
            return value
        raise self._bad(f"found '{value}', expected: identifier")

    def _list(self) -> list[str]:
        kind, value = self._take()
        if value != "(":
            raise self._bad(f"found '{value}' expected: '('")
        values: list[str] = []
        expect_value = True
        while True:
            kind, value = self._take()
            if kind in ("word", "in"):
                values.append(value)
                expect_value = False
                continue
            if value == ",":
                if expect_value:
                    values.append("")
                expect_value = True
                continue
            if value == ")":
                if expect_value:
                    values.append("")
                return values
            raise self._bad(f"found '{value}', expected: ',', or ')'")

    def _checked(self, key: str, values: list[str]) -> frozenset[str]:
        for index, value in enumerate(values):
            why = value_error(value)
            if why:
                raise self._bad(
                    f"values[{index}][{key}]: Invalid value: {status.gotext.quote(value)}: {why}", prefix=False
                )
        return frozenset(values)

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at]

    def _take(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _bad(self, why: str, *, prefix: bool = True) -> status.StatusError:
        return status.bad_request(
            f"unable to parse requirement: {why}" if prefix else f"unable to parse requirement: {why}"
        )


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match is not None
        word_in, op, word = match.groups()
        found.append(("in", word_in) if word_in else ("op", op) if op else ("word", word))
        at = match.end()
    return [*found, ("end", "")]


def _check_key(key: str) -> None:
    why = key_error(key)
    if why:
        raise status.bad_request(f"unable to parse requirement: key: Invalid value: {status.gotext.quote(key)}: {why}")


_NAME_RULE: Final = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_VALUE_RULE: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
    "an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def key_error(key: str) -> str:
    prefix, slash, name = key.rpartition("/")
    found: list[str] = []
    if key.count("/") > 1:
        return (
            "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
            "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
            "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        )
    if slash and not prefix:
        found.append("prefix part must be non-empty")
    elif slash and not _SUBDOMAIN.fullmatch(prefix):
        found.append(
            "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
            "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
            "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
        )
    if not name:
        found.append("name part must be non-empty")
    elif len(name) > 63:
        found.append("name part must be no more than 63 bytes")
    if not _NAME.fullmatch(name):
        found.append(f"name part {_NAME_RULE}")
    return "; ".join(found)


def value_error(value: str) -> str:
    found: list[str] = []
    if len(value) > 63:
        found.append("must be no more than 63 bytes")
    if value and not _NAME.fullmatch(value):
        found.append(_VALUE_RULE)
    return "; ".join(found)


@dataclass(frozen=True, slots=True)
class FieldTerm:
    field: str
    equal: bool
    value: str


def parse_fields(text: str) -> list[FieldTerm]:
    """``a=b,c!=d`` with backslash escapes."""
    terms: list[FieldTerm] = []
    for part in _split_terms(text):
        if not part:
            continue
        term = _term(part)
        if term is None:
            raise status.bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
        terms.append(term)
    return terms


def _split_terms(text: str) -> list[str]:
    parts: list[str] = []
    current = ""
    escaped = False
    for char in text:
        if escaped:
            current += char
            escaped = False
        elif char == "\\":
            current += char
            escaped = True
        elif char == ",":
            parts.append(current)
            current = ""
        else:
            current += char
    return [*parts, current]


def _term(part: str) -> FieldTerm | None:
    for index in range(len(part)):
        for operator in ("!=", "==", "="):
            if part.startswith(operator, index):
                value = re.sub(r"\\(.)", r"\1", part[index + len(operator) :])
                return FieldTerm(part[:index], operator != "!=", value)
    return None


def dig(obj: Mapping[str, Any], path: str) -> Any:
    value: Any = obj
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value
