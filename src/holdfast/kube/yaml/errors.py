"""What can be wrong with a YAML text: one error, with go-yaml's words and the place in the file."""

from __future__ import annotations

from holdfast.base.errors import Place, Stop

MAX_DEPTH = 400
"""How deep collections may nest; deeper ones are refused, as by go-yaml at 10,000, before they can harm anyone's stack."""


class YAMLError(Stop):
    """The text cannot be read as JSON data.

    ``message`` is what Go prints, its line counted from the start of the document; ``place`` counts from the start of the file.
    """

    def __init__(self, message: str, *, place: Place | None = None) -> None:
        super().__init__(message, place=place, reason="InvalidYAML")


class Flaw(Exception):
    """A fault inside one document, before it is known where in the file that document starts.

    ``line`` (0: unknown) is the true line within the document; the message may carry another, as go-yaml's sometimes does.
    """

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column

    def placed(self, source: str, above: int) -> YAMLError:
        """The error for a document that has ``above`` lines of the file above it."""
        line = self.line + above if self.line else 0
        place = Place(source, line, self.column) if source or line else None
        return YAMLError(self.message, place=place)
