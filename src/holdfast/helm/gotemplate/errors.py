"""Faults of templates, with the texts of Go."""

from __future__ import annotations

from holdfast.helm.go.errors import GoError


class ParseError(GoError):
    """The text is no template; ``template: FILE:LINE: ...``."""


class ExecError(GoError):
    """Execution failed at a place; ``inner`` is the error that a function returned, where one did."""

    def __init__(self, text: str, inner: GoError | None, name: str, file: str, line: int, column: int) -> None:
        super().__init__(text, inner)
        self.name = name
        self.file = file
        self.line = line
        self.column = column


class LimitError(GoError):
    """A bound of ours was passed: too many steps or too much output. Never swallowed by a template."""
