"""The catalogue of health rules: a folder for each kind, written as data.

``rules/<group>/<Kind>/rule.yaml`` is a list of checks, the first that fits decides; beside it ``cases.yaml`` has objects with
the health they have, which the tests go through. A check fits if all of what it names is so::

    observed: true            # wait for status.observedGeneration first
    checks:
      - when: {path: spec.paused, is: true}
        health: Suspended
        message: paused
      - condition: {type: Ready, status: "False", reason: [Failed, Error]}
        health: Degraded      # the message is the condition's unless told
      - condition: {type: Ready, status: "True"}
        health: Healthy
    otherwise: {health: Progressing, message: Waiting for a condition}

``when`` takes one test or a list of them, all of which have to fit. A test has a ``path`` and one of ``is``, ``in``, ``not``,
``exists``, ``atLeast`` (a number or a path), ``same`` and ``before`` (another path, whose value is equal or greater);
``starts`` compares the beginning of a text. A condition may have ``except`` (reasons that do not count), ``fresh`` (its
observedGeneration is not behind) and ``at`` (where the conditions are, with ``*`` for every item). ``message`` may be
``{path: ...}``. What takes more than that is written in Lua, as ``rule.lua`` in place of ``rule.yaml``.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from holdfast.base.errors import Stop
from holdfast.base.globs import glob
from holdfast.health.lua import LuaError, judge
from holdfast.kube import yaml
from holdfast.model.sync import AppHealth, AppHealthStatus

_ROOT: Final = Path(__file__).parent / "rules"
_TESTS: Final = frozenset({"path", "is", "in", "not", "exists", "atLeast", "starts", "same", "before"})
_CONDITION: Final = frozenset({"type", "status", "reason", "fresh", "except", "at"})
_CHECK: Final = frozenset({"when", "condition", "health", "message"})
Object = Mapping[str, Any]


class BadRuleError(Stop):
    """A rule of the catalogue that cannot be read."""


class Assessor(Protocol):
    def assess(self, obj: Object) -> AppHealth | None: ...


@dataclass(frozen=True, slots=True)
class LuaRule:
    script: str

    def assess(self, obj: Object) -> AppHealth | None:
        try:
            return judge(self.script, obj)
        except LuaError as error:
            return AppHealth(AppHealthStatus.UNKNOWN, error.message)


@dataclass(frozen=True, slots=True)
class Rule:
    """``checks`` as they stand in the file."""

    checks: tuple[Mapping[str, Any], ...]
    otherwise: Mapping[str, Any] | None = None
    observed: bool = False

    def assess(self, obj: Object) -> AppHealth | None:
        if self.observed and _is_behind(obj):
            return AppHealth(AppHealthStatus.PROGRESSING, "Waiting for the spec to be observed")
        for check in self.checks:
            fits, condition = _fits(check, obj)
            if fits:
                return _health(check, obj, condition)
        return _health(self.otherwise, obj, None) if self.otherwise is not None else None


def _is_behind(obj: Object) -> bool:
    seen, made = look(obj, "status.observedGeneration"), look(obj, "metadata.generation")
    return seen is not None and made is not None and float(seen) < float(made)


def _fits(check: Mapping[str, Any], obj: Object) -> tuple[bool, Mapping[str, Any] | None]:
    tests = check.get("when") or []
    if not all(_holds(t, obj) for t in (tests if isinstance(tests, list) else [tests])):
        return False, None
    wanted = check.get("condition")
    if wanted is None:
        return True, None
    at = str(wanted.get("at") or "status.conditions")
    found = next((c for c in conditions(obj, at) if _is(c, wanted, obj)), None)
    return found is not None, found


def conditions(obj: Any, at: str) -> list[Mapping[str, Any]]:
    """The conditions at a path; ``*`` in it is every item of a list."""
    head, star, rest = at.partition(".*.")
    found = look(obj, head)
    if not isinstance(found, list):
        return []
    if star:
        return [c for item in found for c in conditions(item, rest)]
    return [c for c in found if isinstance(c, Mapping)]


def _is(condition: Mapping[str, Any], wanted: Mapping[str, Any], obj: Object) -> bool:
    if condition.get("reason") in (wanted.get("except") or ()):
        return False
    if any(key in wanted and condition.get(key) not in _several(wanted[key]) for key in ("type", "status", "reason")):
        return False
    seen, made = condition.get("observedGeneration"), look(obj, "metadata.generation")
    return not wanted.get("fresh") or seen is None or made is None or float(seen) >= float(made)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _holds(test: Mapping[str, Any], obj: Object) -> bool:
    value = look(obj, str(test["path"]))
    if "exists" in test and (value is not None) != bool(test["exists"]):
        return False
    if "is" in test and value != test["is"]:
        return False
    if "in" in test and value not in test["in"]:
        return False
    if "not" in test and value in _several(test["not"]):
        return False
    if "starts" in test and not (isinstance(value, str) and value.startswith(tuple(_several(test["starts"])))):
        return False
    if "same" in test and value != look(obj, test["same"]):
        return False
    if "before" in test and not str(value) < str(look(obj, test["before"])):
        return False
    return "atLeast" not in test or _reaches(value, test["atLeast"], obj)


def _reaches(value: Any, goal: Any, obj: Object) -> bool:
    goal = look(obj, goal) if isinstance(goal, str) else goal
    return float(value or 0) >= float(goal or 0)


def look(obj: Any, path: str) -> Any:
    """The value at a path of names and numbers with dots between; None where there is none."""
    for key in path.split("."):
        if isinstance(obj, Mapping):
            obj = obj.get(key)
        elif isinstance(obj, list) and key.isdigit() and int(key) < len(obj):
            obj = obj[int(key)]
        else:
            return None
    return obj


def _health(check: Mapping[str, Any], obj: Object, condition: Mapping[str, Any] | None) -> AppHealth:
    message = check.get("message")
    if isinstance(message, Mapping):
        message = look(obj, str(message.get("path") or ""))
    elif message is None and condition is not None:
        message = condition.get("message") or condition.get("reason")
    return AppHealth(AppHealthStatus(check["health"]), str(message or ""))


# --- the folders ------------------------------------------------------------------------------------------------------


def read_rule(text: bytes, where: str) -> Rule:
    """Raises BadRuleError."""
    raw = yaml.load(text, source=where)
    if not isinstance(raw, Mapping) or not isinstance(raw.get("checks"), list):
        raise BadRuleError(f"{where}: a rule is a map with checks")
    for check in (*raw["checks"], *([raw["otherwise"]] if raw.get("otherwise") else [])):
        _judge(check, where)
    return Rule(tuple(raw["checks"]), raw.get("otherwise"), bool(raw.get("observed")))


def _judge(check: Any, where: str) -> None:
    strange = set(check) - _CHECK
    for test in _several(check.get("when") or []):
        strange |= set(test) - _TESTS
    strange |= set(check.get("condition") or {}) - _CONDITION
    if strange:
        raise BadRuleError(f"{where}: there is no {sorted(strange)[0]} in a check")
    if check.get("health") not in {s.value for s in AppHealthStatus}:
        raise BadRuleError(f"{where}: {check.get('health')} is no health")


@functools.cache
def kinds() -> frozenset[str]:
    """``group/Kind`` of every rule; a group may be a glob, written with ``_`` for the star."""
    found: set[str] = set()
    for group in _ROOT.iterdir():
        if group.is_dir():
            found.update(f"{group.name}/{kind.name}" for kind in group.iterdir() if kind.is_dir())
    return frozenset(found)


@functools.cache
def patterns() -> tuple[tuple[str, str], ...]:
    return tuple((name, name.replace("_", "*")) for name in sorted(kinds()) if "_" in name)


@functools.lru_cache(maxsize=1024)
def rule_for(key: str) -> Assessor | None:
    """The rule of ``group/Kind``, by its name before a pattern."""
    if key in kinds():
        return load(key)
    return next((load(name) for name, pattern in patterns() if glob(pattern, key)), None)


@functools.cache
def load(name: str) -> Assessor:
    script = _ROOT / name / "rule.lua"
    if script.is_file():
        return LuaRule(script.read_text("utf-8"))
    file = _ROOT / name / "rule.yaml"
    return read_rule(file.read_bytes(), f"rules/{name}/rule.yaml")
