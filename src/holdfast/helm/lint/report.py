"""What linting finds."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Severity(IntEnum):
    INFO = 1
    WARNING = 2
    ERROR = 3


class Finding(NamedTuple):
    severity: Severity
    path: str
    text: str

    def __str__(self) -> str:
        return f"[{self.severity.name}] {self.path}: {self.text}"


class Report(list[Finding]):
    """Findings in the order of the rules. Each method takes what a rule says, empty for nothing.

    ``notices`` is what Helm logs beside.
    """

    def __init__(self) -> None:
        super().__init__()
        self.notices: list[str] = []

    def error(self, path: str, text: str) -> bool:
        return self._add(Severity.ERROR, path, text)

    def warning(self, path: str, text: str) -> bool:
        return self._add(Severity.WARNING, path, text)

    def info(self, path: str, text: str) -> bool:
        return self._add(Severity.INFO, path, text)

    def _add(self, severity: Severity, path: str, text: str) -> bool:
        if text:
            self.append(Finding(severity, path, text))
        return bool(text)
