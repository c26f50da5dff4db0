"""What is wrong in a repository: findings with a rule, a severity, a place, and how to silence them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from holdfast.base.errors import Place
from holdfast.base.tree import Tree
from holdfast.offline.survey import Survey


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """``id`` is stable and has a section of its own in docs/test.md."""

    id: str
    severity: Severity
    summary: str
    check: Callable[[Survey], Iterable[Finding]]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    place: str
    line: int
    rule: str
    message: str
    unit: str = ""
    hint: str = ""
    severity: str = Severity.ERROR.value

    @classmethod
    def at(cls, rule: str, place: Place, message: str, *, unit: str = "", hint: str = "") -> Finding:
        return cls(place.path, place.line, rule, message, unit, hint)


_SILENCE = re.compile(r"holdfast:\s*ignore(-file)?\s+([a-z0-9, -]+)")


def check(survey: Survey, rules: Iterable[Rule]) -> list[Finding]:
    """All findings that nobody silenced, by place."""
    silenced = _Silenced(survey.tree)
    found = []
    for rule in rules:
        for finding in rule.check(survey):
            if not silenced.holds(finding):
                found.append(_with_severity(finding, rule.severity))
    return sorted(set(found))


def _with_severity(finding: Finding, severity: Severity) -> Finding:
    return Finding(
        finding.place, finding.line, finding.rule, finding.message, finding.unit, finding.hint, severity.value
    )


class _Silenced:
    """Comments: ``# holdfast: ignore RULE`` within three lines above the place (or on it), ``ignore-file`` anywhere."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._known: dict[str, list[tuple[int, bool, frozenset[str]]]] = {}

    def holds(self, finding: Finding) -> bool:
        for line, whole_file, rules in self._comments(finding.place):
            near = whole_file or 0 <= finding.line - line <= 3 or line - finding.line in (0, 1, 2, 3)
            if near and (finding.rule in rules or "all" in rules):
                return True
        return False

    def _comments(self, path: str) -> list[tuple[int, bool, frozenset[str]]]:
        if path not in self._known:
            self._known[path] = list(self._read(path))
        return self._known[path]

    def _read(self, path: str) -> Iterator[tuple[int, bool, frozenset[str]]]:
        try:
            text = self._tree.read(path).decode("utf-8", "replace")
        except OSError:
            return
        if "holdfast:" not in text:
            return
        for number, line in enumerate(text.splitlines(), 1):
            match = _SILENCE.search(line)
            if match:
                names = frozenset(n for n in re.split(r"[,\s]+", match[2].strip()) if n)
                yield number, bool(match[1]), names
