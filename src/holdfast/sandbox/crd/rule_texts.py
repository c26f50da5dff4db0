"""The expressions of a definition's rules: whether they are well typed, and whether they may cost what they could.

In: the schemas with rules. Out: field errors in the API's words. Never: evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from holdfast.kube.refs import Manifest
from holdfast.sandbox.cel import costs, literals
from holdfast.sandbox.cel.checker import Checked, Fields
from holdfast.sandbox.cel.checker import check as check_types
from holdfast.sandbox.cel.checker import report as report_types
from holdfast.sandbox.cel.schemas import LARGEST, Decl, declare, declared
from holdfast.sandbox.cel.sizes import MOST, add, times
from holdfast.sandbox.cel.syntax import parse
from holdfast.sandbox.cel.tree import Unreadable
from holdfast.sandbox.cel.types import Type, optional
from holdfast.sandbox.crd.expressions import CompileError, compile_expression
from holdfast.sandbox.crd.rules import rule_dump
from holdfast.sandbox.crd.typing import variables
from holdfast.sandbox.kinds.field import Errors, raw

_ONE: Final = 10_000_000
"""The most that one expression may cost."""
_ALL: Final = 100_000_000
"""The most that all rules of a schema may cost together."""
_SHOWN: Final = 4
_SELF: Final = "selfType"
_HINT: Final = "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"


@dataclass(frozen=True, slots=True)
class Ruled:
    """A schema with rules."""

    schema: Manifest
    path: str
    root: bool
    uncorrelated: str
    most: int | None
    """How many such values an object can hold."""


@dataclass(slots=True)
class _Total:
    cost: int = 0
    dearest: list[tuple[int, str]] = field(default_factory=list)

    def count(self, path: str, cost: int) -> None:
        self.cost = add(self.cost, cost)
        if cost >= _ALL // 100:
            self.dearest.append((cost, path))


def check(errs: Errors, ruled: list[Ruled], path: str) -> None:
    total = _Total()
    for one in ruled:
        _schema(errs, one, total)
    if total.cost > _ALL:
        for _, place in sorted(total.dearest, key=lambda d: -d[0])[:_SHOWN]:
            text = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
            errs.forbidden(place, text)
        name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        errs.forbidden(path, _exceeds(name, total.cost, _ALL))


def _schema(errs: Errors, ruled: Ruled, total: _Total) -> None:
    root = ruled.root or bool(ruled.schema.get("x-kubernetes-embedded-resource"))
    decl = declare(ruled.schema, root)
    if decl is None:
        return
    scope = _Scope(decl, ruled.schema)
    often = ruled.most if ruled.most is not None else LARGEST // (decl.least + 1)
    for index, rule in enumerate(ruled.schema["x-kubernetes-validations"]):
        _rule(errs, rule, f"{ruled.path}.x-kubernetes-validations[{index}]", scope, ruled, often, total)


class _Scope:
    """What the expressions of one schema can see."""

    def __init__(self, decl: Decl, schema: Manifest) -> None:
        self.decl = decl
        self.schema = schema
        self.fields: dict[str, dict[str, Type]] = {}
        self.kind = declared(decl, _SELF, self.fields)

    def read(self, text: str, optional_old: bool) -> tuple[Checked | None, str]:
        """What is known about an expression (nothing where the reader cannot read it), and what is wrong with it."""
        try:
            tree = parse(text)
        except Unreadable as error:
            return None, report_types(text, [error.problem]) if error.problem else self._library(text)
        except RecursionError:
            return None, self._library(text)
        fields: Fields = self.fields
        old = optional(self.kind) if optional_old else self.kind
        found = check_types(tree, {"self": self.kind, "oldSelf": old}, fields)
        return found, report_types(text, found.problems or literals.problems(found))

    def _library(self, text: str) -> str:
        try:
            compile_expression(text, variables(self.schema))
        except CompileError as error:
            return str(error)
        return ""


def _rule(errs: Errors, rule: Manifest, path: str, scope: _Scope, ruled: Ruled, often: int, total: _Total) -> None:
    found, problem = scope.read(rule["rule"], bool(rule.get("optionalOldSelf")))
    if problem:
        problem = f"compilation failed: {problem}"
    elif found is not None and found.kind != ("bool",):
        problem = "cel expression must evaluate to a bool"
    elif found is not None and literals.conversion(found):
        problem = f"program instantiation failed: {literals.conversion(found)}"
    if problem:
        errs.invalid(f"{path}.rule", raw(rule_dump(rule)), problem)
    elif found is not None:
        cost = times(costs.estimate(found, scope.decl).most, often)
        _price(errs, f"{path}.rule", "estimated rule cost", cost, total)
    if not problem and rule.get("messageExpression"):
        _message(errs, rule, path, scope, total)
    if not problem and _uses_old(found, rule["rule"]):
        if ruled.uncorrelated:
            text = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {ruled.uncorrelated}"
            errs.invalid(f"{path}.rule", rule["rule"], text)
    elif rule.get("optionalOldSelf") is not None:
        text = "may not be set if oldSelf is not used in rule"
        errs.invalid(f"{path}.optionalOldSelf", rule["optionalOldSelf"], text)


def _uses_old(found: Checked | None, text: str) -> bool:
    return "oldSelf" in (found.names if found is not None else text)


def _message(errs: Errors, rule: Manifest, path: str, scope: _Scope, total: _Total) -> None:
    found, problem = scope.read(rule["messageExpression"], bool(rule.get("optionalOldSelf")))
    place = f"{path}.messageExpression"
    if problem:
        errs.invalid(place, raw(rule_dump(rule)), f"messageExpression compilation failed: {problem}")
    elif found is not None and found.kind != ("string",):
        errs.invalid(place, raw(rule_dump(rule)), "messageExpression must evaluate to a string")
    elif found is not None:
        _price(errs, place, "estimated messageExpression cost", costs.estimate(found, scope.decl).most, total)


def _price(errs: Errors, path: str, name: str, cost: int, total: _Total) -> None:
    if cost > _ONE:
        errs.forbidden(path, _exceeds(name, cost, _ONE))
    total.count(path, cost)


def _exceeds(name: str, cost: int, limit: int) -> str:
    factor = min(cost, MOST) / limit
    shown = "more than 100x" if factor > 100 else f"{factor:f}x" if factor < 1.5 else f"{factor:.1f}x"
    return f"{name} exceeds budget by factor of {shown} {_HINT}"
