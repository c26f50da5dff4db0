"""Errors as values of Go programs: a text and the error inside it."""

from __future__ import annotations


class GoError(Exception):
    """What a Go function returned as its error or said in a panic; ``inner`` is the wrapped error."""

    def __init__(self, text: str, inner: GoError | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.inner = inner

    def __str__(self) -> str:
        return self.text


NIL_POINTER = "runtime error: invalid memory address or nil pointer dereference"
