"""What judging an object found: errors that refuse it, warnings that do not."""

from __future__ import annotations

from holdfast.sandbox.status import FieldError


class Outcome:
    __slots__ = ("errors", "warnings")

    def __init__(self) -> None:
        self.errors: list[FieldError] = []
        self.warnings: list[str] = []
