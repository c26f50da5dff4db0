"""The Common Expression Language behind one small door: text in, a compiled expression out.

Only what the APIs of Kubernetes and Flux ask of it: compile once, evaluate on JSON data to a boolean or to any value. Errors
have cel-go's words, which is what stands in the conditions of those who compare.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import cel

from holdfast.base.errors import Stop

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "split": lambda text, separator, *limit: text.split(separator, *(n - 1 for n in limit if n > 0)),
    "join": lambda items, separator="": separator.join(items),
    "trim": lambda text: text.strip(),
    "replace": lambda text, old, new, *count: text.replace(old, new, *count),
    "lowerAscii": lambda text: text.lower(),
    "upperAscii": lambda text: text.upper(),
    "indexOf": lambda text, part: text.find(part),
    "substring": lambda text, start, *end: text[start : end[0] if end else None],
}
_TYPES = {str: "string", int: "int", float: "double", list: "list", dict: "map", bytes: "bytes", type(None): "null"}
_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[[^\]]*\])*")


class CELError(Stop):
    """A text that is no expression, or one that cannot be evaluated on these values."""


class Expression:
    """One compiled expression; may be evaluated any number of times."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._program = cel.compile(text)
        except ValueError as error:
            raise CELError(f"failed to parse the CEL expression '{text}': {_syntax(str(error))}") from error

    @property
    def variables(self) -> frozenset[str]:
        """The names it looks at."""
        return frozenset(self._program.variables())

    def value(self, variables: Mapping[str, Any]) -> Any:
        """Raises `CELError`."""
        context = cel.Context(dict(variables))
        for name, function in _FUNCTIONS.items():
            context.add_function(name, function)
        try:
            return self._program.execute(context)
        except KeyError as error:
            raise self._failed(f"no such key: {error.args[0]}") from error
        except RuntimeError as error:
            raise self._failed(self._missing(str(error))) from error
        except (TypeError, ValueError, ArithmeticError) as error:
            raise self._failed(f"no such overload: {error}") from error

    def boolean(self, variables: Mapping[str, Any]) -> bool:
        found = self.value(variables)
        if not isinstance(found, bool):
            raise CELError(f"failed to evaluate CEL expression as boolean: '{self.text}'")
        return found

    def _failed(self, why: str) -> CELError:
        return CELError(f"failed to evaluate the CEL expression '{self.text}': {why}")

    def _missing(self, message: str) -> str:
        name = re.search(r"Undefined variable or function: '(\w+)'", message)
        if name is None:
            return message
        path = re.search(rf"(?<![\w.]){name[1]}(?:\.[A-Za-z_]\w*)*", self.text)
        return f"no such attribute(s): {path[0] if path else name[1]}"


@lru_cache(maxsize=1024)
def compile_expression(text: str) -> Expression:
    """Parses only: names are looked up when it is evaluated. Raises `CELError`."""
    return Expression(text)


@lru_cache(maxsize=1024)
def compile_condition(text: str, variables: tuple[str, ...]) -> Expression:
    """For an expression over known names that has to be a boolean. Raises `CELError` where that can be seen beforehand."""
    expression = Expression(text)
    for name in sorted(expression.variables - set(variables)):
        at = re.search(rf"(?<![\w.]){name}\b", text)
        column = at.start() + 1 if at else 1
        raise CELError(
            f"failed to parse the CEL expression '{text}': ERROR: <input>:1:{column}: "
            f"undeclared reference to '{name}' (in container '')\n | {text}\n | {'.' * (column - 1)}^"
        )
    found = _static_type(expression, variables)
    if found != "bool":
        raise CELError(f"CEL expression output type mismatch: expected bool, got {found}")
    return expression


def _static_type(expression: Expression, variables: Iterable[str]) -> str:
    """What a type checker would say, as far as it can be known without one: constants, and bare look-ups (dyn)."""
    if _PATH.fullmatch(expression.text.strip()) and expression.variables:
        return "dyn"
    if expression.variables & set(variables):
        return "bool"
    try:
        found = expression.value({})
    except CELError:
        return "bool"
    return "bool" if isinstance(found, bool) else _TYPES.get(type(found), "dyn")


def _syntax(message: str) -> str:
    """cel-go's report out of the library's message: the same parser's words, the source lines indented by one."""
    start = message.find("ERROR: ")
    report = message[start:] if start >= 0 else message
    return re.sub(r"\n\| ", "\n | ", report)
