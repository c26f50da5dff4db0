"""Field errors: one problem of one field, and the list that collects them.

In: field paths, values, details. Out: `FieldError`s with the API's texts. Never: the Status around them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from holdfast.sandbox import status
from holdfast.sandbox.kinds.names import NameRule
from holdfast.sandbox.status import FieldError, Literal

IMMUTABLE = "field is immutable"
NEGATIVE = "must be greater than or equal to 0"


def raw(text: str) -> Literal:
    """A bad value already in its printed form (an internal struct as JSON)."""
    return Literal(text)


class Errors(list[FieldError]):
    """A list of field errors with one method per kind of problem."""

    def required(self, path: str, detail: str = "") -> None:
        self.append(FieldError(status.REQUIRED, path, "", detail))

    def invalid(self, path: str, value: Any, detail: str) -> None:
        self.append(FieldError(status.INVALID, path, value, detail))

    def invalid_plain(self, path: str, detail: str) -> None:
        """An invalid value that the message does not show."""
        self.append(FieldError(status.INVALID, path, status.OMIT, detail))

    def each(self, path: str, value: Any, problems: Iterable[str]) -> None:
        for problem in problems:
            self.invalid(path, value, problem)

    def name(self, path: str, value: str, rule: NameRule) -> None:
        for problem in rule(value):
            self.invalid(path, value, problem)

    def unsupported(self, path: str, value: Any, supported: Sequence[str], ordered: bool = False) -> None:
        """`ordered` keeps the given order; otherwise the list is sorted, as most of the API does."""
        self.append(status.not_supported(path, value, supported if ordered else sorted(supported)))

    def duplicate(self, path: str, value: Any, detail: str = "") -> None:
        self.append(FieldError(status.DUPLICATE, path, value, detail))

    def forbidden(self, path: str, detail: str) -> None:
        self.append(FieldError(status.FORBIDDEN, path, "", detail))

    def not_found(self, path: str, value: Any, detail: str = "") -> None:
        self.append(FieldError(status.NOT_FOUND, path, value, detail))

    def too_long(self, path: str, limit: int) -> None:
        self.append(status.too_long(path, limit))

    def too_many(self, path: str, count: int, limit: int) -> None:
        self.append(status.too_many(path, count, limit))

    # --- frequent checks

    def non_negative(self, path: str, value: int | None) -> None:
        if value is not None and value < 0:
            self.invalid(path, value, NEGATIVE)

    def one_of(
        self, path: str, value: Any, supported: Sequence[str], *, required: bool = True, ordered: bool = False
    ) -> None:
        if not value and required:
            self.required(path)
        elif (value or required) and value not in supported:
            self.unsupported(path, value, supported, ordered)

    def known(self, path: str, value: Any, supported: Sequence[str], ordered: bool = False) -> None:
        """A pointer in the real server: absent is fine, an empty text is not."""
        if value is not None and value not in supported:
            self.unsupported(path, value, supported, ordered)

    def immutable(self, path: str, new: Any, old: Any) -> None:
        if new != old:
            self.invalid(path, new, IMMUTABLE)
