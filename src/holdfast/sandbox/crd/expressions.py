"""Expressions of the Common Expression Language, as Kubernetes knows it.

In: an expression and the names of its variables; later the values. Out: a compiled `Program`, or a result. Raises CompileError and EvalError
with the API server's texts. Never: what a result means. The one door to the CEL library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_math, ext_optional, ext_strings

from holdfast.sandbox.crd import authorization, library, literals, macros


class CompileError(ValueError):
    """The checker's words, several lines."""


class EvalError(ValueError):
    """Why an evaluation failed."""


_TYPES = {
    "DYN": cel.Type.DYN, "BOOL": cel.Type.BOOL, "STRING": cel.Type.STRING, "INT": cel.Type.INT, "DOUBLE": cel.Type.DOUBLE, "BYTES": cel.Type.BYTES,
    "TIMESTAMP": cel.Type.TIMESTAMP, "DURATION": cel.Type.DURATION,
}  # fmt: skip
Variables = tuple[tuple[str, str], ...]
"""Names and types (DYN, STRING, LIST<INT>, ...)."""

_RUNTIME = (
    (re.compile(r'Key not found in map : "?(.*?)"?$'), r"no such key: \1"),
    (re.compile(r"Index error: index=(-?\d+) size=\d+"), r"index out of bounds: \1"),
    (
        re.compile(r"(?:cannot convert|Type conversion error from) '?string'? to '?(\w+)'?"),
        r"type conversion error from 'string' to '\1'",
    ),
    (re.compile(r"^(decimal clause can only be used on) numbers(.*)$"), r"error during formatting: \1 integers\2"),
    (re.compile(r"divide by zero"), "division by zero"),
    (re.compile(r"modulus by zero"), "modulus by zero"),
    (
        re.compile(r"String to (Duration|Timestamp) conversion failed.*"),
        r"type conversion error from 'string' to 'google.protobuf.\1'",
    ),
    (re.compile(r"No matching overloads found.*"), "no such overload"),
    (re.compile(r"invalid regular expression: (.*)"), r"error parsing regexp: \1"),
)


class Program:
    """A compiled expression."""

    __slots__ = ("_expression", "kind", "source", "uses_old")

    def __init__(self, source: str, expression: Any, kind: str) -> None:
        self.source = source
        self._expression = expression
        self.kind = kind
        self.uses_old = bool(re.search(r"\boldSelf\b", source))

    def run(self, values: Mapping[str, Any]) -> Any:
        """The result as JSON-like data. Raises EvalError."""
        library.failure.clear()
        found = self._expression.eval(data=values)
        if found.type().name() == "ERROR":
            raise EvalError(_reason(str(found.value())))
        return found.plain_value()


def _reason(text: str) -> str:
    if library.failure:
        return library.failure[0]
    text = re.sub(r"^[A-Z_]+: ", "", text)
    text = re.sub(r" \[[A-Z_]+\]$", "", text)
    for pattern, words in _RUNTIME:
        match = pattern.search(text)
        if match is not None:
            return match.expand(words)
    return text


def _type(kind: str) -> Any:
    if kind.startswith("LIST<"):
        return cel.Type.List(_type(kind[5:-1]))
    if kind.startswith("MAP<STRING, "):
        return cel.Type.Map(cel.Type.STRING, _type(kind[12:-1]))
    return _TYPES[kind]


@lru_cache(maxsize=256)
def _environment(variables: Variables) -> Any:
    functions = library.declarations(cel)
    if ("authorizer", "DYN") in variables:
        functions += authorization.declarations(cel)
    return cel.NewEnv(
        variables={name: _type(kind) for name, kind in variables},
        functions=functions,
        extensions=[ext_strings.ExtStrings(), ext_optional.ExtOptional(), ext_math.ExtMath()],
    )


@lru_cache(maxsize=2048)
def compile_expression(source: str, variables: Variables) -> Program:
    """`variables` are pairs of a name and a type (DYN, STRING, ...)."""
    rewritten = macros.expand(source)
    try:
        expression = _environment(variables).compile(rewritten)
    except RuntimeError as error:
        raise CompileError(_compile_text(str(error))) from None
    complaint = literals.report(source)
    if complaint:
        raise CompileError(complaint)
    return Program(source, expression, expression.return_type().name())


def _compile_text(text: str) -> str:
    text = re.sub(r"^[A-Z_]+: ", "", text)
    return _UNDECLARED.sub(_at_root, re.sub(r" \[[A-Z_]+\]$", "", text))


_UNDECLARED = re.compile(
    r"ERROR: <input>:(\d+):(\d+): undeclared reference to '(\w+)\.[\w.]+' \(in container ''\)\n \| (.*)\n \| (\.*)\^"
)


def _at_root(match: re.Match[str]) -> str:
    """A path whose first name is unknown is told by that name and where it stands."""
    line, column, name, source, _ = match.groups()
    chain = re.search(r"[A-Za-z_]\w*(?:\s*\.\s*\w+)*$", source[: int(column) - 1])
    start = chain.start() if chain and chain[0].startswith(name) else int(column) - 1
    where = f"ERROR: <input>:{line}:{start + 1}: undeclared reference to '{name}' (in container '')"
    return f"{where}\n | {source}\n | {'.' * start}^"


_NAMES = {"BOOL": "bool", "INT": "int", "UINT": "uint", "DOUBLE": "double", "STRING": "string", "BYTES": "bytes", "NULL": "null_type", "DYN": "dyn",
          "TIMESTAMP": "timestamp", "DURATION": "duration", "TYPE": "type"}  # fmt: skip


def type_name(kind: str) -> str:
    """The checker's name for a type: ``list(string)``."""
    match = re.fullmatch(r"(LIST|MAP|TYPE)<(.*)>", kind)
    if match is None:
        return _NAMES.get(kind, kind)
    inner = ", ".join(type_name(part.strip()) for part in re.split(r",(?![^<]*>)", match[2]))
    return f"{match[1].lower()}({inner})"
