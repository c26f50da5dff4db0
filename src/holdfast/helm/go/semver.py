"""Semantic versions and constraints as Masterminds/semver 3 understands them (what Helm compares versions with)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.strconv import parse_uint, quote
from holdfast.helm.go.types import GoStruct, Method, Uint64, method

_LOOSE = re.compile(
    r"v?([0-9]+)(\.[0-9]+)?(\.[0-9]+)?(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?\Z"
)
# The longest operator has to be tried first; RE2's leftmost-first alternation backtracks to the same result.
_OP = r"!=|>=|=>|<=|=<|~>|=|>|<|~|\^|"
_VERSION = (
    r"v?([0-9|x|X|\*]+)(\.[0-9|x|X|\*]+)?(\.[0-9|x|X|\*]+)?"
    r"(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?"
)
_S = r"[\t\n\f\r ]"
_ONE = re.compile(rf"{_S}*({_OP}){_S}*({_VERSION}){_S}*\Z")
_RANGE = re.compile(rf"{_S}*({_VERSION}){_S}+-{_S}+({_VERSION}){_S}*")
_FIND = re.compile(rf"({_OP}){_S}*({_VERSION})")
_VALID = re.compile(rf"({_S}*({_OP}){_S}*({_VERSION}){_S}*)((?:{_S}+|,{_S}*)({_OP}){_S}*({_VERSION}){_S}*)*\Z")
_NUMERIC = re.compile(r"[0-9]+\Z")
_MAX_CONSTRAINT, _MAX_GROUPS, _MAX_VERSION = 512, 32, 256


class Version(GoStruct):
    """A version; ``original`` is the text it came from."""

    go_type: ClassVar[str] = "*semver.Version"
    pointer: ClassVar[bool] = True
    stringer: ClassVar[bool] = True
    methods: ClassVar[dict[str, Method]] = {}
    __slots__ = ("major", "metadata", "minor", "original", "patch", "pre")

    def __init__(
        self, major: int, minor: int, patch: int, pre: str = "", metadata: str = "", original: str = ""
    ) -> None:
        self.major = major
        self.minor = minor
        self.patch = patch
        self.pre = pre
        self.metadata = metadata
        self.original = original or self.go_string()

    def go_string(self) -> str:
        text = f"{self.major}.{self.minor}.{self.patch}"
        return text + (f"-{self.pre}" if self.pre else "") + (f"+{self.metadata}" if self.metadata else "")

    def shown(self) -> list[tuple[str, object]]:
        numbers = [(n, Uint64(getattr(self, n))) for n in ("major", "minor", "patch")]
        return [*numbers, ("pre", self.pre), ("metadata", self.metadata), ("original", self.original)]

    def json_value(self) -> str:
        return self.go_string()

    def compare(self, other: Version) -> int:
        mine, theirs = (self.major, self.minor, self.patch), (other.major, other.minor, other.patch)
        if mine != theirs:
            return 1 if mine > theirs else -1
        if not self.pre or not other.pre:
            return bool(other.pre) - bool(self.pre)
        return _compare_pre(self.pre, other.pre)

    def bumped(self, major: int, minor: int, patch: int) -> Version:
        found = _Plain(major, minor, patch)
        if self.original.startswith("v"):
            found.original = "v" + found.original
        return found


class _Plain(Version):
    """What IncMajor and friends return: a struct, no pointer."""

    go_type: ClassVar[str] = "semver.Version"
    pointer: ClassVar[bool] = False
    __slots__ = ()


def _compare_pre(a: str, b: str) -> int:
    left, right = a.split("."), b.split(".")
    for i in range(max(len(left), len(right))):
        found = _compare_part(left[i] if i < len(left) else "", right[i] if i < len(right) else "")
        if found:
            return found
    return 0


def _compare_part(a: str, b: str) -> int:
    if a == b:
        return 0
    if not a or not b:
        return 1 if a else -1
    na, nb = bool(_NUMERIC.match(a)), bool(_NUMERIC.match(b))
    if na and nb:
        return 1 if int(a) > int(b) else -1
    if na != nb:
        return -1 if na else 1
    return 1 if a > b else -1


def _with_pre(v: Version, pre: str) -> Version:
    if pre:
        _check_pre(pre)
    return _Plain(v.major, v.minor, v.patch, pre, v.metadata)


def _with_metadata(v: Version, metadata: str) -> Version:
    if metadata:
        _check_metadata(metadata)
    return _Plain(v.major, v.minor, v.patch, v.pre, metadata)


def _inc_patch(v: Version) -> Version:
    return v.bumped(v.major, v.minor, v.patch if v.pre else v.patch + 1)


Version.methods = {
    "Major": method("Major", "", lambda v: Uint64(v.major)),
    "Minor": method("Minor", "", lambda v: Uint64(v.minor)),
    "Patch": method("Patch", "", lambda v: Uint64(v.patch)),
    "Prerelease": method("Prerelease", "", lambda v: v.pre),
    "Metadata": method("Metadata", "", lambda v: v.metadata),
    "Original": method("Original", "", lambda v: v.original),
    "String": method("String", "", lambda v: v.go_string()),
    "Compare": method("Compare", "*semver.Version", lambda v, o: v.compare(o)),
    "Equal": method("Equal", "*semver.Version", lambda v, o: v.compare(o) == 0),
    "LessThan": method("LessThan", "*semver.Version", lambda v, o: v.compare(o) < 0),
    "LessThanEqual": method("LessThanEqual", "*semver.Version", lambda v, o: v.compare(o) <= 0),
    "GreaterThan": method("GreaterThan", "*semver.Version", lambda v, o: v.compare(o) > 0),
    "GreaterThanEqual": method("GreaterThanEqual", "*semver.Version", lambda v, o: v.compare(o) >= 0),
    "IncMajor": method("IncMajor", "", lambda v: v.bumped(v.major + 1, 0, 0)),
    "IncMinor": method("IncMinor", "", lambda v: v.bumped(v.major, v.minor + 1, 0)),
    "IncPatch": method("IncPatch", "", _inc_patch),
    "SetPrerelease": method("SetPrerelease", "string", _with_pre),
    "SetMetadata": method("SetMetadata", "string", _with_metadata),
}


def _check_pre(pre: str) -> None:
    for part in pre.split("."):
        if not part:
            raise GoError("invalid prerelease string")
        if _NUMERIC.match(part):
            if len(part) > 1 and part[0] == "0":
                raise GoError("version segment starts with 0")
        elif not re.match(r"[a-zA-Z0-9-]+\Z", part):
            raise GoError("invalid prerelease string")


def _check_metadata(metadata: str) -> None:
    if any(not re.match(r"[a-zA-Z0-9-]+\Z", part) for part in metadata.split(".")):
        raise GoError("invalid metadata string")


def _segment(text: str | None) -> int:
    if not text:
        return 0
    try:
        return parse_uint(text.lstrip("."), 10)
    except GoError as fault:
        raise GoError(f"error parsing version segment: {fault.text}") from None


@lru_cache(maxsize=2048)
def parse_version(text: str) -> Version:
    """NewVersion: loose, "1.2" and "v1" are versions. Raises GoError."""
    if len(text) > _MAX_VERSION:
        raise GoError(f"version string is too long (max {_MAX_VERSION} bytes)")
    match = _LOOSE.match(text)
    if match is None:
        raise GoError("invalid semantic version")
    found = Version(_segment(match[1]), _segment(match[2]), _segment(match[3]), match[5] or "", match[8] or "", text)
    if found.pre:
        _check_pre(found.pre)
    return found


class _Constraint:
    __slots__ = ("con", "dirty", "minor_dirty", "op", "orig", "patch_dirty")

    def __init__(self, text: str) -> None:
        match = _ONE.match(text)
        if match is None:
            raise GoError(f"improper constraint: {quote(text)}")
        self.op, self.orig = match[1], match[2]
        self.dirty = self.minor_dirty = self.patch_dirty = False
        self.con = self._version(match)

    def _version(self, match: re.Match[str]) -> Version:
        major, minor, patch, pre = match[3], match[4] or "", match[5] or "", match[6] or ""
        text = match[2]
        if major in _X:
            text, self.dirty = f"0.0.0{pre}", True
        elif minor.removeprefix(".") in _X or not minor:
            text, self.dirty, self.minor_dirty = f"{major}.0.0{pre}", True, True
        elif patch.removeprefix(".") in _X or not patch:
            text, self.dirty, self.patch_dirty = f"{major}{minor}.0{pre}", True, True
        try:
            return parse_version(text)
        except GoError:
            raise GoError("constraint parser error") from None


_X = ("x", "*", "X")


def _not_equal(v: Version, c: _Constraint) -> bool:
    con = c.con
    if not c.dirty:
        return v.compare(con) != 0
    if con.major != v.major:
        return True
    if con.minor != v.minor and not c.minor_dirty:
        return True
    if c.minor_dirty:
        return False
    if con.patch != v.patch and not c.patch_dirty:
        return True
    if c.patch_dirty:
        return bool(v.pre or con.pre) and _compare_pre(v.pre, con.pre) != 0
    return v.compare(con) != 0


def _greater(v: Version, c: _Constraint) -> bool:
    if not c.dirty:
        return v.compare(c.con) == 1
    if v.major != c.con.major:
        return v.major > c.con.major
    if c.minor_dirty:
        return False
    if c.patch_dirty:
        return v.minor > c.con.minor
    return v.compare(c.con) == 1


def _less(v: Version, c: _Constraint) -> bool:
    return v.compare(c.con) < 0


def _greater_equal(v: Version, c: _Constraint) -> bool:
    return v.compare(c.con) >= 0


def _less_equal(v: Version, c: _Constraint) -> bool:
    if not c.dirty:
        return v.compare(c.con) <= 0
    if v.major > c.con.major:
        return False
    return not (v.major == c.con.major and v.minor > c.con.minor and not c.minor_dirty)


def _tilde(v: Version, c: _Constraint) -> bool:
    con = c.con
    if v.compare(con) < 0:
        return False
    if not (con.major or con.minor or con.patch or c.minor_dirty or c.patch_dirty):
        return True
    return v.major == con.major and (v.minor == con.minor or c.minor_dirty)


def _tilde_or_equal(v: Version, c: _Constraint) -> bool:
    return _tilde(v, c) if c.dirty else v.compare(c.con) == 0


def _caret(v: Version, c: _Constraint) -> bool:
    con = c.con
    if v.compare(con) < 0:
        return False
    if con.major > 0 or c.minor_dirty:
        return v.major == con.major
    if v.major > 0:
        return False
    if con.minor > 0 or c.patch_dirty:
        return v.minor == con.minor
    return v.minor == 0 and v.patch == con.patch


_CHECKS: dict[str, Callable[[Version, _Constraint], bool]] = {
    "": _tilde_or_equal, "=": _tilde_or_equal, "!=": _not_equal, ">": _greater, "<": _less, ">=": _greater_equal,
    "=>": _greater_equal, "<=": _less_equal, "=<": _less_equal, "~": _tilde, "~>": _tilde, "^": _caret,
}  # fmt: skip


class Constraints:
    """Groups joined by ||, each a list of constraints that all have to hold."""

    def __init__(self, text: str) -> None:
        if len(text.encode("utf-8", "surrogateescape")) > _MAX_CONSTRAINT:
            raise GoError(f"constraint string is too long (max {_MAX_CONSTRAINT} bytes)")
        groups = _rewrite_ranges(text).split("||")
        if len(groups) > _MAX_GROUPS:
            raise GoError(f"too many constraint groups (max {_MAX_GROUPS})")
        self.groups = [self._group(g) for g in groups]

    @staticmethod
    def _group(text: str) -> list[_Constraint]:
        if not _VALID.match(text):
            raise GoError(f"improper constraint: {quote(text)}")
        return [_Constraint(m[0]) for m in _FIND.finditer(text)]

    def check(self, version: Version) -> bool:
        return any(self._holds(group, version) for group in self.groups)

    @staticmethod
    def _holds(group: list[_Constraint], version: Version) -> bool:
        if version.pre and not any(c.con.pre for c in group):
            return False
        return all(_CHECKS[c.op](version, c) for c in group)


def _rewrite_ranges(text: str) -> str:
    out = text
    for match in _RANGE.finditer(text):
        out = out.replace(match[0], f">= {match[1]}, <= {match[11]} ", 1)
    return out


@lru_cache(maxsize=1024)
def parse_constraints(text: str) -> Constraints:
    return Constraints(text)


def semver_compare(constraint: str, version: str) -> bool:
    found = parse_constraints(constraint)
    return found.check(parse_version(version))


def semver(version: str) -> Any:
    return parse_version(version)
