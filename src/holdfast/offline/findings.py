"""What is wrong in a repository: findings with a rule, a severity, a place, and how to silence them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from holdfast.base.errors import Place
from holdfast.offline.survey import Survey


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


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
    silenced, loose = _Silenced(survey), {str(u.key) for u in survey.units.values() if u.loose}
    found: dict[tuple[str, str, int, str], Finding] = {}
    for rule in rules:
        for finding in _findings(rule, survey):
            if finding.unit in loose and (rule.severity is not Severity.ERROR or rule.id == _SHAPE):
                continue  # nobody knows whether it is delivered, and as what
            if not silenced.holds(finding):
                # One line of a shared component makes objects in many namespaces, and is one finding.
                told = (
                    finding.message.partition(" ")[2] if "/" in finding.message.partition(" ")[0] else finding.message
                )
                key = (finding.rule, finding.place, finding.line, told)
                found.setdefault(key, _with_severity(finding, rule.severity))
    return sorted(_without_echoes(list(found.values())))


_GENERAL = "api-refused"
_SHAPE = "schema-invalid"


def _without_echoes(found: list[Finding]) -> list[Finding]:
    """What the general judge says of an object that a rule of its own has told an error of is left out."""
    told = {(f.place, f.message.partition(" ")[0]) for f in found if f.rule != _GENERAL and f.severity == "error"}
    lines = {(f.place, f.line) for f in found if f.rule != _GENERAL}
    return [
        f
        for f in found
        if f.rule != _GENERAL or ((f.place, f.message.partition(" ")[0]) not in told and (f.place, f.line) not in lines)
    ]


def _findings(rule: Rule, survey: Survey) -> Iterator[Finding]:
    """What a rule finds. An object of a shape that it was not made for ends the rule, never the run."""
    try:
        yield from rule.check(survey)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        place = survey.documents[0].place if survey.documents else Place(".")
        text = f"rule {rule.id} could not look at everything, for an object has an unexpected shape ({error})"
        yield Finding.at(rule.id, Place(place.path), text)


def _with_severity(finding: Finding, severity: Severity) -> Finding:
    return Finding(
        finding.place, finding.line, finding.rule, finding.message, finding.unit, finding.hint, severity.value
    )


class _Silenced:
    """Comments: ``# holdfast: ignore RULE`` at most three lines from the place, the head of its document or the head of its
    unit; ``ignore-file`` anywhere in one of those files."""

    def __init__(self, survey: Survey) -> None:
        self._tree = survey.tree
        self._known: dict[str, list[tuple[int, bool, frozenset[str]]]] = {}
        self._units = {str(u.key): u.place for u in survey.units.values()}
        self._documents: dict[str, list[int]] = {}
        for document in survey.documents:
            self._documents.setdefault(document.place.path, []).append(document.place.line)

    def holds(self, finding: Finding) -> bool:
        heads = [n for n in self._documents.get(finding.place, ()) if n <= finding.line]
        places = {(finding.place, finding.line), (finding.place, max(heads, default=finding.line))}
        unit = self._units.get(finding.unit)
        if unit is not None:
            places.add((unit.path, unit.line))
        return any(self._silent(finding.rule, path, line) for path, line in places)

    def _silent(self, rule: str, path: str, at: int) -> bool:
        for line, whole_file, rules in self._comments(path):
            if (whole_file or abs(at - line) <= 3) and (rule in rules or "all" in rules):
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
