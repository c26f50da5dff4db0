"""Semantic versions and constraints as the Go library Masterminds/semver v3 reads them (Flux and Helm both use it).

``1.2``, ``v1.2.3`` and ``1`` are versions. Constraints: ``=``, ``!=``, ``>``, ``>=``, ``<``, ``<=``, ``~``, ``^``, ``1.2.x``, ``1 - 2``,
comma or blank for and, ``||`` for or. A prerelease matches only where the constraint itself names one.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_VERSION = re.compile(
    r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
_PART = r"v?([0-9xX*]+)(?:\.([0-9xX*]+))?(?:\.([0-9xX*]+))?(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?"
_TERM = re.compile(rf"(=|==|!=|>|<|>=|=>|<=|=<|~|~>|\^)?\s*{_PART}")
_RANGE = re.compile(rf"({_PART})\s+-\s+({_PART})")


class InvalidVersion(ValueError):
    """Not a semantic version."""


class InvalidConstraint(ValueError):
    """Not a constraint; the text is Masterminds' own."""


@functools.total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    major: int
    minor: int
    patch: int
    prerelease: str
    metadata: str
    original: str

    @classmethod
    def parse(cls, text: str) -> Version:
        m = _VERSION.fullmatch(text)
        if not m:
            raise InvalidVersion("invalid semantic version")
        for part in (m[1], m[2], m[3], *(m[4] or "").split(".")):
            if part and part.isdigit() and len(part) > 1 and part[0] == "0" and m[3] is not None:
                raise InvalidVersion("version segment starts with 0")
        return cls(int(m[1]), int(m[2] or 0), int(m[3] or 0), m[4] or "", m[5] or "", text)

    def _key(self) -> tuple[int, int, int, bool, tuple[tuple[int, int, str], ...]]:
        parts = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in self.prerelease.split(".") if p)
        return self.major, self.minor, self.patch, not self.prerelease, parts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __lt__(self, other: Version) -> bool:
        return self._key() < other._key()

    def __str__(self) -> str:
        text = f"{self.major}.{self.minor}.{self.patch}"
        text += f"-{self.prerelease}" if self.prerelease else ""
        return text + (f"+{self.metadata}" if self.metadata else "")


@dataclass(frozen=True, slots=True)
class _Term:
    op: str
    version: Version
    wild_major: bool
    wild_minor: bool
    wild_patch: bool

    @property
    def dirty(self) -> bool:
        return self.wild_major or self.wild_minor or self.wild_patch

    def check(self, v: Version) -> bool:
        if v.prerelease and not self.version.prerelease:
            return False
        return _CHECKS[self.op](self, v)


def _equal(t: _Term, v: Version) -> bool:
    return _tilde(t, v) if t.dirty else v == t.version


def _not_equal(t: _Term, v: Version) -> bool:
    if not t.dirty:
        return v != t.version
    c = t.version
    if t.wild_major:
        return False
    if c.major != v.major:
        return True
    if c.minor != v.minor and not t.wild_minor:
        return True
    return not t.wild_minor and not t.wild_patch and c.patch != v.patch


def _greater(t: _Term, v: Version) -> bool:
    if not t.dirty:
        return v > t.version
    if t.wild_major:
        return False
    if v.major != t.version.major:
        return v.major > t.version.major
    return not t.wild_minor and v.minor > t.version.minor


def _less_equal(t: _Term, v: Version) -> bool:
    if not t.dirty:
        return v <= t.version
    if v.major != t.version.major or t.wild_major:
        return t.wild_major or v.major < t.version.major
    return t.wild_minor or v.minor <= t.version.minor


def _tilde(t: _Term, v: Version) -> bool:
    c = t.version
    if t.wild_major:
        return True
    if v < c or v.major != c.major:
        return False
    return v.minor == c.minor or t.wild_minor


def _caret(t: _Term, v: Version) -> bool:
    c = t.version
    if t.wild_major:
        return True
    if v < c:
        return False
    if c.major > 0 or t.wild_minor:
        return v.major == c.major
    if v.major != 0:
        return False
    if c.minor > 0 or t.wild_patch:
        return v.minor == c.minor
    return v.minor == 0 and v.patch == c.patch


_CHECKS: dict[str, Callable[[_Term, Version], bool]] = {
    "": _equal,
    "=": _equal,
    "==": _equal,
    "!=": _not_equal,
    ">": _greater,
    "<": lambda t, v: v < t.version,
    ">=": lambda t, v: t.wild_major or v >= t.version,
    "=>": lambda t, v: t.wild_major or v >= t.version,
    "<=": _less_equal,
    "=<": _less_equal,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}


class Constraint:
    """A parsed constraint. ``check`` says whether a version satisfies it."""

    def __init__(self, text: str) -> None:
        """Raises InvalidConstraint with Masterminds' text."""
        self.text = text
        self._alternatives = [_conjunction(part) for part in text.split("||")]

    def check(self, version: Version) -> bool:
        return any(all(t.check(version) for t in terms) for terms in self._alternatives)

    def highest(self, versions: Iterable[Version]) -> Version | None:
        return max((v for v in versions if self.check(v)), default=None)


def _conjunction(text: str) -> list[_Term]:
    rest = _RANGE.sub(lambda m: f">={m[1]},<={m[7]}", text)
    terms, at = [], 0
    while True:
        while at < len(rest) and rest[at] in " \t,":
            at += 1
        if at == len(rest):
            break
        m = _TERM.match(rest, at)
        if not m or (m.end() < len(rest) and rest[m.end()] not in " \t,"):
            raise InvalidConstraint(f'improper constraint: "{text}"')
        terms.append(_term(m, text))
        at = m.end()
    if not terms:
        raise InvalidConstraint(f'improper constraint: "{text}"')
    return terms


def _term(m: re.Match[str], text: str) -> _Term:
    wild = [m[i] is None or not m[i].isdigit() for i in (2, 3, 4)]
    if any(m[i] and not m[i].isdigit() and m[i] not in ("x", "X", "*") for i in (2, 3, 4)):
        raise InvalidConstraint(f'improper constraint: "{text}"')
    numbers = [0 if w else int(m[i]) for w, i in zip(wild, (2, 3, 4), strict=True)]
    for i in (1, 2):
        wild[i] = wild[i] or wild[i - 1]
    version = Version(numbers[0], numbers[1], numbers[2], m[5] or "", m[6] or "", m[0])
    return _Term(m[1] or "", version, *wild)
