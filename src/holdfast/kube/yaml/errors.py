"""What can be wrong with a YAML text: one error, with go-yaml's words and the place in the file."""

from __future__ import annotations

from holdfast.base.errors import Place, Stop


class YAMLError(Stop):
    """The text cannot be read as JSON data.

    ``message`` is what Go prints, its line counted from the start of the document; ``place`` counts from the start of the file.
    """

    def __init__(self, message: str, *, place: Place | None = None) -> None:
        super().__init__(message, place=place, reason="InvalidYAML")
