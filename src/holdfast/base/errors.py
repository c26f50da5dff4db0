"""The roots of every error: classed by what happens next.

::

    HoldfastError
    ├── RetryLater      the world was in the way; the same attempt may succeed after a while
    ├── WaitForOther    somebody else has to act first (a dependency, a missing Secret); a watch will tell
    └── Stop            the input is wrong; nothing changes until it does

Rooms derive their own errors from one of the three, beside the code that raises them. A message is one sentence for the
person who reads a status condition: what, where, what next; nothing secret. Foreign library errors are wrapped at the door.
"""

from __future__ import annotations

from typing import Any

from holdfast.base.record import Record


class Place(Record):
    """A position in a file. ``line`` and ``column`` count from 1; 0 means unknown."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        text = self.path
        if self.line:
            text += f":{self.line}"
            if self.column:
                text += f":{self.column}"
        return text


class HoldfastError(Exception):
    """Root of all errors that are meant for people."""

    def __init__(self, message: str, *, place: Place | None = None, reason: str = "", hint: str = "") -> None:
        """``reason`` is a CamelCase word fit for a condition; ``hint`` the next step, shown after the message by the CLI."""
        super().__init__(message)
        self.message = message
        self.place = place
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        """Whole to another process, whatever a subclass wants to be made of."""
        return _again, (type(self), self.message, self.__dict__)


def _again(kind: type[HoldfastError], message: str, attributes: dict[str, Any]) -> HoldfastError:
    error = kind.__new__(kind, message)
    error.__dict__.update(attributes)
    return error


class RetryLater(HoldfastError):
    """The same attempt may succeed later; ``after`` is the wait in seconds where the other side told one."""

    def __init__(
        self, message: str, *, place: Place | None = None, reason: str = "", hint: str = "", after: float | None = None
    ) -> None:
        super().__init__(message, place=place, reason=reason, hint=hint)
        self.after = after


class WaitForOther(HoldfastError):
    """Nothing to do here until another object or system changes."""


class Stop(HoldfastError):
    """Trying again changes nothing: the input has to change."""
