"""Label and field selectors: from objects or strings to something that says yes or no to a set of labels or fields.

Grammar, meaning and error texts are those of ``k8s.io/apimachinery/pkg/labels`` and ``.../fields``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.base.errors import Stop
from holdfast.kube.yaml.gotext import go_quote


class SelectorError(Stop):
    """The selector cannot be understood."""

    def __init__(self, message: str) -> None:
        super().__init__(message, reason="InvalidSelector")


IN, NOT_IN, EXISTS, ABSENT, GREATER, LESS = "in", "notin", "exists", "!", ">", "<"
EQUALS = ("=", "==")
OPERATORS = {"In": IN, "NotIn": NOT_IN, "Exists": EXISTS, "DoesNotExist": ABSENT}
BINARY = (IN, NOT_IN, "=", "==", "!=", "gt", "lt")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label. ``operator`` is as written in a string, or ``exists`` or ``!``."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        operator = self.operator
        if operator == EXISTS:
            return self.key in labels
        if operator == ABSENT:
            return self.key not in labels
        if operator in (NOT_IN, "!="):
            return self.key not in labels or labels[self.key] not in self.values
        if self.key not in labels:
            return False
        value = labels[self.key]
        if operator in (GREATER, LESS):
            return _compares(value, operator, self.values[0])
        return value in self.values

    def __str__(self) -> str:
        if self.operator == EXISTS:
            return self.key
        if self.operator == ABSENT:
            return f"!{self.key}"
        values = ",".join(sorted(self.values))
        return (
            f"{self.key} {self.operator} ({values})"
            if self.operator in (IN, NOT_IN)
            else f"{self.key}{self.operator}{values}"
        )


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """Requirements that must all hold; none at all match everything, unless ``nothing`` says otherwise."""

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        if self.nothing:
            return False
        return all(requirement.matches(labels or {}) for requirement in self.requirements)

    @property
    def empty(self) -> bool:
        """Whether it restricts nothing."""
        return not self.requirements and not self.nothing

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


def label_selector(selector: Mapping[str, Any] | None) -> LabelSelector:
    """From ``matchLabels`` and ``matchExpressions``: None matches nothing, an empty object everything."""
    if selector is None:
        return LabelSelector(nothing=True)
    found = [_requirement(key, "=", (value,)) for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for expression in selector.get("matchExpressions") or ():
        name = expression.get("operator") or ""
        if name not in OPERATORS:
            raise SelectorError(f"{go_quote(name)} is not a valid label selector operator")
        found.append(_requirement(expression.get("key") or "", OPERATORS[name], expression.get("values") or ()))
    return LabelSelector(_sorted(found))


def parse_labels(text: str) -> LabelSelector:
    """From the string form: ``a=b,c in (x,y),!d,n>3``."""
    return LabelSelector(_sorted(_Parser(text).parse()))


def _sorted(requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    return tuple(sorted(requirements, key=lambda requirement: requirement.key))


def _compares(value: str, operator: str, bound: str) -> bool:
    left, right = _int64(value), _int64(bound)
    if left is None or right is None:
        return False
    return left > right if operator == GREATER else left < right


def _int64(text: str) -> int | None:
    if not re.fullmatch(r"[-+]?[0-9]+", text):
        return None
    value = int(text)
    return value if -(1 << 63) <= value < 1 << 63 else None


NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
NAME_RE = re.compile(NAME)
SUBDOMAIN = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
SUBDOMAIN_RE = re.compile(SUBDOMAIN)
ENDS = "and must start and end with an alphanumeric character"
BAD_NAME = (
    f"must consist of alphanumeric characters, '-', '_' or '.', {ENDS} "
    f"(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{NAME}')"
)
BAD_VALUE = (
    f"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', {ENDS} "
    f"(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '({NAME})?')"
)
BAD_PREFIX = (
    f"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', {ENDS} "
    f"(e.g. 'example.com', regex used for validation is '{SUBDOMAIN}')"
)


def key_faults(key: str) -> list[str]:
    """What is wrong with ``key`` as a label key, in apimachinery's words; empty when nothing is."""
    parts = key.split("/")
    if len(parts) > 2:
        return [
            f"a valid label key {BAD_NAME} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    faults = _prefix_faults(parts[0]) if len(parts) == 2 else []
    name = parts[-1]
    if not name:
        faults.append("name part must be non-empty")
    elif len(name.encode()) > 63:
        faults.append("name part must be no more than 63 bytes")
    if not NAME_RE.fullmatch(name):
        faults.append(f"name part {BAD_NAME}")
    return faults


def _prefix_faults(prefix: str) -> list[str]:
    if not prefix:
        return ["prefix part must be non-empty"]
    faults = []
    if len(prefix.encode()) > 253:
        faults.append("prefix part must be no more than 253 bytes")
    if not SUBDOMAIN_RE.fullmatch(prefix):
        faults.append(f"prefix part {BAD_PREFIX}")
    return faults


def value_faults(value: str) -> list[str]:
    """What is wrong with ``value`` as a label value, in apimachinery's words; empty when nothing is."""
    faults = ["must be no more than 63 bytes"] if len(value.encode()) > 63 else []
    if value and not NAME_RE.fullmatch(value):
        faults.append(BAD_VALUE)
    return faults


def _requirement(key: str, operator: str, values: Iterable[str]) -> Requirement:
    listed = tuple(values)
    faults = []
    if found := key_faults(key):
        faults.append(f"key: Invalid value: {go_quote(key)}: {'; '.join(found)}")
    faults += _operator_faults(operator, listed)
    for index, value in enumerate(listed):
        if found := value_faults(value):
            faults.append(f"values[{index}][{key}]: Invalid value: {go_quote(value)}: {'; '.join(found)}")
    if faults:
        raise SelectorError(faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]")
    return Requirement(key, operator, listed)


def _operator_faults(operator: str, values: tuple[str, ...]) -> list[str]:
    shown = "[" + ",".join(map(go_quote, values)) + "]" if values else "null"
    if operator in (IN, NOT_IN) and not values:
        return [f"values: Invalid value: {shown}: for 'in', 'notin' operators, values set can't be empty"]
    if operator in (EXISTS, ABSENT) and values:
        return [f"values: Invalid value: {shown}: values set must be empty for exists and does not exist"]
    if operator in (GREATER, LESS) and _int64(values[0]) is None:
        return [
            f"values[0]: Invalid value: {go_quote(values[0])}: for 'Gt', 'Lt' operators, the value must be an integer"
        ]
    return []


SYMBOLS = "=!(),><"
TOKENS = {")", ",", "!", "==", "=", ">", IN, "<", "!=", NOT_IN, "("}
WORD, END, BAD = "word", "end", "bad"


class _Parser:
    """The recursive descent of apimachinery's parser, with its words for what it did not expect."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_scan(text))
        self.at = 0

    def peek(self) -> tuple[str, str]:
        """The next token where a value may stand: there the words in and notin are words like any other."""
        kind, text = self.tokens[min(self.at, len(self.tokens) - 1)]
        return (WORD, text) if kind in (IN, NOT_IN) else (kind, text)

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def parse(self) -> list[Requirement]:
        found: list[Requirement] = []
        while True:
            kind, text = self.peek()
            if kind == END:
                return found
            if kind not in (WORD, "!"):
                raise SelectorError(f"found '{text}', expected: !, identifier, or 'end of string'")
            found.append(self.wrapped())
            kind, text = self.take()
            if kind == END:
                return found
            if kind != ",":
                raise SelectorError(f"found '{text}', expected: ',' or 'end of string'")
            if self.peek()[0] not in (WORD, "!"):
                raise SelectorError(f"found '{self.peek()[1]}', expected: identifier after ','")

    def wrapped(self) -> Requirement:
        try:
            return self.requirement()
        except SelectorError as err:
            raise SelectorError(f"unable to parse requirement: {err}") from None

    def requirement(self) -> Requirement:
        kind, key = self.take()
        absent = kind == "!"
        if absent:
            kind, key = self.take()
        if kind != WORD:
            raise SelectorError(f"found '{key}', expected: identifier")
        if faults := key_faults(key):
            raise SelectorError(f"<nil>: Invalid value: {go_quote(key)}: {'; '.join(faults)}")
        if absent:
            return _requirement(key, ABSENT, ())
        if self.peek()[0] in (END, ","):
            return _requirement(key, EXISTS, ())
        operator = self.operator()
        values = self.values() if operator in (IN, NOT_IN) else {self.value()}
        return _requirement(key, operator, sorted(values))

    def operator(self) -> str:
        kind, text = self.tokens[min(self.at, len(self.tokens) - 1)]
        self.at += 1
        if kind in (IN, NOT_IN, "=", "==", "!=", GREATER, LESS):
            return kind
        raise SelectorError(f"found '{text}', expected: {', '.join(BINARY)}")

    def value(self) -> str:
        if self.peek()[0] in (END, ","):
            return ""
        kind, text = self.take()
        if kind == WORD:
            return text
        raise SelectorError(f"found '{text}', expected: identifier")

    def values(self) -> set[str]:
        kind, text = self.take()
        if kind != "(":
            raise SelectorError(f"found '{text}' expected: '('")
        kind, text = self.peek()
        if kind == ")":
            self.take()
            return {""}
        if kind not in (WORD, ","):
            raise SelectorError(f"found '{text}', expected: ',', ')' or identifier")
        found = self.listed()
        self.take()
        return found

    def listed(self) -> set[str]:
        found: set[str] = set()
        while True:
            kind, text = self.take()
            if kind == WORD:
                found.add(text)
                kind, text = self.peek()
                if kind == ")":
                    return found
                if kind != ",":
                    raise SelectorError(f"found '{text}', expected: ',' or ')'")
            elif kind == ",":
                # An empty place on either side of a comma is the empty value.
                if not found or self.peek()[0] in (")", ","):
                    found.add("")
                if self.peek()[0] == ")":
                    return found
            else:
                raise SelectorError(f"found '{text}', expected: ',', or identifier")


SCAN = re.compile(r"[ \t\r\n]*(?:(?P<symbols>[=!(),><]+)|(?P<word>[^=!(),>< \t\r\n]+))")


def _scan(text: str) -> Iterable[tuple[str, str]]:
    text = text.split("\0", 1)[0]
    for match in SCAN.finditer(text):
        if word := match["word"]:
            yield (word if word in (IN, NOT_IN) else WORD), word
        else:
            yield from _symbols(match["symbols"])
    yield END, ""


def _symbols(run: str) -> Iterable[tuple[str, str]]:
    """A run of symbols, each as long as it can be."""
    at = 0
    while at < len(run):
        size = 2 if run[at : at + 2] in TOKENS else 1
        yield run[at : at + size], run[at : at + size]
        at += size


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """Equalities and inequalities of fields that must all hold. Terms are (field, is equal, value)."""

    terms: tuple[tuple[str, bool, str], ...] = ()

    def matches(self, fields: Mapping[str, str]) -> bool:
        """A field that is not there has the empty value."""
        return all((fields.get(name, "") == value) is equal for name, equal, value in self.terms)

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(name for name, _, _ in self.terms)

    def __str__(self) -> str:
        return ",".join(f"{name}{'=' if equal else '!='}{_escaped(value)}" for name, equal, value in self.terms)


def parse_fields(text: str) -> FieldSelector:
    """From the string form: ``metadata.name=a,status.phase!=Running``; a backslash keeps ``\\``, ``,`` and ``=`` in values."""
    parts = sorted(part for part in re.findall(r"(?:\\.|[^,\\]|\\\Z)+", text, re.DOTALL) if part)
    terms = []
    for part in parts:
        match = re.search(r"!=|==|=", part)
        if not match:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{part}'")
        terms.append((part[: match.start()], match[0] != "!=", _unescaped(part[match.end() :])))
    return FieldSelector(tuple(term for term in terms if term[0] or term[2]))


def _escaped(value: str) -> str:
    return re.sub(r"[\\,=]", r"\\\g<0>", value)


def _unescaped(value: str) -> str:
    def one(match: re.Match[str]) -> str:
        found = match[0]
        if found[0] != "\\":
            raise SelectorError(f"invalid field selector: unescaped character in value: {ord(found)}")
        if found[1:] in ("\\", ",", "="):
            return found[1:]
        raise SelectorError(f"invalid field selector: invalid escape sequence: {found}")

    return re.sub(r"\\.|\\\Z|[,=]", one, value, flags=re.DOTALL)
