"""Expressions of admission policies: their variables, the types that mutations construct, and the words of their failures.

In: an expression's text and what it may name; later the values. Out: a result, or a failure in the server's words. Never: what a result means. The
CEL library is behind ``crd.expressions``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from holdfast.kube.refs import Manifest
from holdfast.sandbox.admission import policy_types
from holdfast.sandbox.auth.attributes import Attributes, Authorizer
from holdfast.sandbox.cel.types import DYN, Type
from holdfast.sandbox.crd import authorization
from holdfast.sandbox.crd.expressions import CompileError, EvalError, Program, compile_expression, type_name
from holdfast.sandbox.identity import AUTHENTICATED, User

_BASE: Final = ("object", "oldObject", "request", "namespaceObject")
_DECLARABLE: Final = re.compile(r"((LIST<|MAP<STRING, )*)(BOOL|STRING|INT|DOUBLE|BYTES|TIMESTAMP|DURATION|DYN)(>*)")
_VARIABLE: Final = re.compile(r"\bvariables\.([A-Za-z_]\w*)")
_HAS: Final = re.compile(r"\bhas\(\s*variables\.[A-Za-z_]\w*\s*\)")
_UNKNOWN: Final = re.compile(
    r"(<input>:\d+:)\d+: undeclared reference to 'variables' \(in container ''\)\n \| (.*)\n \| (\.*)\^"
)
_UNBOUND: Final = re.compile(r'No value with name "variables\.(\w+)" found in Activation')
_STRINGS: Final = re.compile(r"\s*request\.(operation|name|namespace|subResource|userInfo\.(username|uid))\s*")
_TOKENS: Final = re.compile(r"""r?"(?:\\.|[^"\\])*"|r?'(?:\\.|[^'\\])*'|[A-Za-z_]\w*|\d[\w.]*|\s+|.""", re.S)
_ASKED: Final = ("verb", "group", "resource", "subresource", "namespace", "name", "path")
_ESCAPES: Final = (("__underscores__", "__"), ("__dot__", "."), ("__dash__", "-"), ("__slash__", "/"))


class Refused(ValueError):
    """Why an expression cannot be had: the detail of the field error."""

    def __init__(self, why: str, *, internal: bool = False) -> None:
        super().__init__(why)
        self.internal = internal


class Failed(ValueError):
    """Why an evaluation gave no result."""


@dataclass(slots=True)
class Scope:
    """What expressions of one policy may name; variables join as they are compiled."""

    params: bool
    composed: bool = False
    """Whether there is an object of variables at all; before the first it has no fields."""
    variables: dict[str, Expression] = field(default_factory=dict)
    constructs: bool = False
    """Whether objects and patches may be constructed."""
    kinds: dict[str, Type] = field(default_factory=dict)

    def declared(self, *, authorizer: bool) -> tuple[tuple[str, str], ...]:
        found = [(name, "DYN") for name in _BASE]
        if self.params:
            found.append(("params", "DYN"))
        if authorizer:
            found.append(("authorizer", "DYN"))
        for name, expression in self.variables.items():
            kind = expression.program.kind
            found.append((f"variables.{name}", kind if _DECLARABLE.fullmatch(kind) else "DYN"))
        return tuple(found)

    def add(self, name: str, source: str) -> None:
        """Raises Refused."""
        self.variables[name] = self.compile(source)

    def declare(self, name: str, source: str) -> None:
        """A variable that is looked at only; one that is wrong may still be named. Raises Refused."""
        self.kinds[name] = DYN
        found = self.check(source)
        if found is None:
            self.add(name, source)
        else:
            self.kinds[name] = found

    def check(self, source: str, wanted: Sequence[str] = (), *, authorizer: bool = True) -> Type | None:
        """The type of an expression, where the checker can tell it. Raises Refused."""
        variables = self.kinds if self.composed else None
        try:
            found = policy_types.kind_of(
                source, variables, params=self.params, authorizer=authorizer, constructs=self.constructs
            )
        except policy_types.Misfit as error:
            raise Refused(str(error)) from None
        if found is None:
            return None
        kind, broken = found
        name = policy_types.named(kind)
        if wanted:
            self._expect(name, wanted)
        if broken:
            raise Refused(f"program instantiation failed: {broken}", internal=True)
        return kind

    def _expect(self, found: str, wanted: Sequence[str]) -> None:
        if found in wanted:
            return
        if len(wanted) == 1:
            raise Refused(f"must evaluate to {wanted[0]} but got {found}")
        raise Refused(f"must evaluate to one of [{' '.join(wanted)}] but got {found}")

    def compile(self, source: str, wanted: Sequence[str] = (), *, authorizer: bool = True) -> Expression:
        """``wanted``: the names of types that the result may have; none for any. Raises Refused."""
        rewritten, constructs = constructed(source)
        try:
            program = compile_expression(_HAS.sub("true", rewritten), self.declared(authorizer=authorizer))
        except CompileError as error:
            raise Refused(f"compilation failed: {self._words(str(error))}") from None
        if wanted:
            self._check_type(source, program, wanted, constructs)
        return Expression(source, program, frozenset(_VARIABLE.findall(source)))

    def _words(self, text: str) -> str:
        """Variables are fields of one object, as soon as there is one."""
        return _UNKNOWN.sub(_undefined, text) if self.composed else text

    def _check_type(self, source: str, program: Program, wanted: Sequence[str], constructs: bool) -> None:
        found = type_name(program.kind)
        if _STRINGS.fullmatch(source):
            found = "string"
        elif source.strip() == "request.dryRun":
            found = "bool"
        if not (constructs and found in ("dyn", "list(dyn)")) and not _is_empty(found, wanted):
            self._expect(found, wanted)


def _is_empty(found: str, wanted: Sequence[str]) -> bool:
    return found == "list(dyn)" and wanted[0].startswith("list(")


def _undefined(match: re.Match[str]) -> str:
    place, source, dots = match.groups()
    dot = source.find(".", len(dots))
    name = re.match(r"\s*(\w*)", source[dot + 1 :])
    field_name = name[1] if name else ""
    return f"{place}{dot + 1}: undefined field '{field_name}'\n | {source}\n | {'.' * dot}^"


@dataclass(frozen=True, slots=True)
class Expression:
    source: str
    program: Program
    uses: frozenset[str]

    def failure(self, why: str) -> Failed:
        return Failed(f"expression '{self.source}' resulted in error: {why}")


class Evaluation:
    """The values of one request for one policy; variables are worked out when first used."""

    def __init__(self, scope: Scope, values: Mapping[str, Any], authorizer: Authorizer, user: User) -> None:
        self._scope = scope
        self._values = dict(values)
        self._authorizer = authorizer
        self._user = user
        self._done: set[str] = set()
        self._errors: dict[str, str] = {}

    def run(self, expression: Expression) -> Any:
        """Raises Failed."""
        authorization.asking.append(self._ask)
        try:
            return self._run(expression)
        except EvalError as error:
            raise expression.failure(str(error)) from None
        finally:
            authorization.asking.pop()

    def _ask(self, question: Mapping[str, str]) -> tuple[bool, str]:
        user = self._user
        if "account" in question:
            home = question["account_namespace"]
            user = User(
                question["account"], ("system:serviceaccounts", f"system:serviceaccounts:{home}", AUTHENTICATED)
            )
        fields = {key: question[key] for key in _ASKED if key in question}
        decision = self._authorizer.authorize(Attributes(user, **fields))
        return decision.allowed, decision.reason

    def _run(self, expression: Expression) -> Any:
        for name in expression.uses:
            self._bind(name)
        try:
            return expression.program.run(self._values)
        except EvalError as error:
            unbound = _UNBOUND.search(str(error))
            if unbound is None:
                raise
            why = self._errors.get(unbound[1], str(error))
            raise EvalError(f'composited variable "{unbound[1]}" fails to evaluate: {why}') from None

    def _bind(self, name: str) -> None:
        if name in self._done or name not in self._scope.variables:
            return
        self._done.add(name)
        try:
            self._values[f"variables.{name}"] = self._run(self._scope.variables[name])
        except EvalError as error:
            self._errors[name] = str(error)


# --- constructed types ---------------------------------------------------------------------


def constructed(source: str) -> tuple[str, bool]:
    """``Object.spec{replicas: 1}`` and ``JSONPatch{op: 'add'}`` as maps, and whether there were any."""
    if "Object" not in source and "JSONPatch" not in source:
        return source, False
    tokens = _TOKENS.findall(source)
    out = _rewritten(tokens, 0, len(tokens))
    return out, out != source


def _rewritten(tokens: list[str], start: int, end: int) -> str:
    out: list[str] = []
    index = start
    while index < end:
        opened = _constructor(tokens, index, end, out)
        if opened < 0:
            out.append(tokens[index])
            index += 1
            continue
        closed = _closing(tokens, opened)
        out.append("dyn({" + _fields(tokens, opened + 1, closed) + "})")
        index = closed + 1
    return "".join(out)


def _constructor(tokens: list[str], index: int, end: int, before: list[str]) -> int:
    """Where the brace of a constructor that starts here opens; -1 where none does."""
    if tokens[index] not in ("Object", "JSONPatch"):
        return -1
    if next((t for t in reversed(before) if not t.isspace()), "") == ".":
        return -1
    while index < end and (tokens[index] == "." or tokens[index].isspace() or tokens[index].isidentifier()):
        index += 1
    return index if index < end and tokens[index] == "{" else -1


def _closing(tokens: list[str], opened: int) -> int:
    depth = 0
    for index in range(opened, len(tokens)):
        if tokens[index] in ("{", "(", "["):
            depth += 1
        elif tokens[index] in ("}", ")", "]"):
            depth -= 1
            if depth == 0:
                return index
    return len(tokens)


def _fields(tokens: list[str], start: int, end: int) -> str:
    """``a: x, ?b: y`` with quoted names."""
    parts: list[str] = []
    depth, at_name, begin = 0, True, start
    for index in range(start, end):
        token = tokens[index]
        depth += (token in ("{", "(", "[")) - (token in ("}", ")", "]"))
        if at_name and depth == 0 and token.isidentifier():
            parts.append(f'"{_unescaped(token)}"')
            at_name, begin = False, index + 1
        elif depth == 0 and token == ",":
            parts.append(_rewritten(tokens, begin, index) + ",")
            at_name, begin = True, index + 1
        elif at_name:
            parts.append(token)
            begin = index + 1
    return "".join(parts) + _rewritten(tokens, begin, end)


def _unescaped(name: str) -> str:
    for escaped, char in _ESCAPES:
        name = name.replace(escaped, char)
    match = re.fullmatch(r"__(\w+)__", name)
    return match[1] if match else name


def plain(value: Any) -> Any:
    """A result as JSON data."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def namespace_view(namespace: Manifest | None) -> Manifest | None:
    """What expressions see of a namespace."""
    if namespace is None:
        return None
    shown = ("name", "generateName", "namespace", "labels", "annotations", "uid", "creationTimestamp", "deletionTimestamp",
             "deletionGracePeriodSeconds", "generation", "resourceVersion", "finalizers")  # fmt: skip
    meta = {k: v for k, v in namespace["metadata"].items() if k in shown}
    rest: Manifest = {k: namespace[k] for k in ("apiVersion", "kind", "spec", "status") if k in namespace}
    return {**rest, "metadata": meta}
