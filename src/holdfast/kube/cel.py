"""The Common Expression Language behind one small door: text in, a compiled expression out.

Only what Flux's APIs ask of it: compile once, evaluate on JSON data to a boolean or to any value. Errors have cel-go's words,
which is what stands in the conditions of those who compare.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from holdfast.base.errors import Stop

_NAMES = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?!\w|\s*\()")
_WORDS = frozenset({"true", "false", "null", "in"})
_STATUS = re.compile(r"^(?!ERROR: )[A-Z_]+: | \[[A-Z_]+\]$")
_MISSING_KEY = re.compile(r'Key not found in map : "?(.*?)"?$')
_MISSING_NAME = re.compile(r'No value with name "(\w+)" found in Activation')
_UNDECLARED = re.compile(r"undeclared reference to '(\w+)(?:\.[\w.]+)?' \(in container ''\)")
_TYPES = {
    "BOOL": "bool",
    "INT": "int",
    "UINT": "uint",
    "DOUBLE": "double",
    "STRING": "string",
    "BYTES": "bytes",
    "NULL": "null",
}


class CELError(Stop):
    """A text that is no expression, or one that cannot be evaluated on these values."""


class Expression:
    """One compiled expression over the variables of that name; may be evaluated any number of times."""

    def __init__(self, text: str, variables: frozenset[str]) -> None:
        self.text = text
        try:
            self._program = _environment(variables).compile(text)
        except RuntimeError as error:
            raise CELError(f"failed to parse the CEL expression '{text}': {_report(str(error), text)}") from error

    @property
    def type(self) -> str:
        """What the checker says it gives: ``bool``, ``string``, ``dyn`` ..."""
        name = str(self._program.return_type().name())
        return _TYPES.get(name, name.lower())

    def value(self, variables: Mapping[str, Any]) -> Any:
        """Raises `CELError`."""
        found = self._program.eval(data=dict(variables))
        if found.type().name() == "ERROR":
            why = self._reason(_STATUS.sub("", str(found.value())))
            raise CELError(f"failed to evaluate the CEL expression '{self.text}': {why}")
        return found.plain_value()

    def boolean(self, variables: Mapping[str, Any]) -> bool:
        found = self.value(variables)
        if not isinstance(found, bool):
            raise CELError(f"failed to evaluate CEL expression as boolean: '{self.text}'")
        return found

    def _reason(self, message: str) -> str:
        key, name = _MISSING_KEY.search(message), _MISSING_NAME.search(message)
        if key is not None:
            return f"no such key: {key[1]}"
        if name is not None:
            path = re.search(rf"(?<![\w.]){name[1]}(?:\.[A-Za-z_]\w*(?!\w|\())*", self.text)
            return f"no such attribute(s): {path[0] if path else name[1]}"
        return "no such overload" if message.startswith("No matching overloads found") else message


@lru_cache(maxsize=256)
def _environment(variables: frozenset[str]) -> Any:
    # Imported at need: the engine takes 12 MB, and most clusters have no expression at all.
    from cel_expr_python import cel
    from cel_expr_python.ext import ext_math, ext_optional, ext_strings

    return cel.NewEnv(
        variables=dict.fromkeys(variables, cel.Type.DYN),
        extensions=[ext_strings.ExtStrings(), ext_optional.ExtOptional(), ext_math.ExtMath()],
    )


@lru_cache(maxsize=1024)
def compile_expression(text: str) -> Expression:
    """Parses only: names are looked up when it is evaluated. Raises `CELError`."""
    return Expression(text, frozenset(_NAMES.findall(text)) - _WORDS)


@lru_cache(maxsize=1024)
def compile_condition(text: str, variables: tuple[str, ...]) -> Expression:
    """For an expression over known names that has to be a boolean. Raises `CELError` where that can be seen beforehand."""
    expression = Expression(text, frozenset(variables))
    if expression.type != "bool":
        raise CELError(f"CEL expression output type mismatch: expected bool, got {expression.type}")
    return expression


def _report(message: str, text: str) -> str:
    """cel-go's report: an unknown path is told by its first name and where that stands."""
    report = _STATUS.sub("", message)
    unknown = _UNDECLARED.search(report)
    at = re.search(rf"(?<![\w.]){unknown[1]}\b", text) if unknown else None
    if unknown is None or at is None:
        return report
    name, column = unknown[1], at.start() + 1
    return f"ERROR: <input>:1:{column}: undeclared reference to '{name}' (in container '')\n | {text}\n | {'.' * (column - 1)}^"
