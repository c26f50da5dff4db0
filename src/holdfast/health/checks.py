"""One object's health by the rules of one delivery: kstatus, its own expressions, and the stricter rule for Jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from holdfast.base.errors import HoldfastError, Stop
from holdfast.health.kstatus import completed_job, compute
from holdfast.kube.refs import GroupVersionKind, ObjectRef
from holdfast.model.delivery import HealthExpression
from holdfast.model.health import Health, HealthStatus


class Expression(Protocol):
    """A compiled CEL expression."""

    def boolean(self, variables: Mapping[str, Any]) -> bool:
        """Raises a HoldfastError where it cannot be evaluated or is no boolean."""
        ...


class Compile(Protocol):
    def __call__(self, text: str, /) -> Expression:
        """Raises a HoldfastError for a text that is no expression."""
        ...


class InvalidExpression(Stop):
    """A health expression that does not compile."""


class HealthRules:
    """Built once per delivery. Raises `InvalidExpression` for the first expression that does not compile."""

    def __init__(self, expressions: Sequence[HealthExpression], compile: Compile) -> None:
        self._rules = [
            (GroupVersionKind.parse(e.api_version, e.kind), _compiled(e, i, compile)) for i, e in enumerate(expressions)
        ]

    def custom(self, gvk: GroupVersionKind) -> bool:
        """Whether an expression of the delivery decides over this kind."""
        return self._find(gvk) is not None

    def assess(self, obj: Mapping[str, Any], *, now: float) -> Health:
        gvk, ref = GroupVersionKind.of(obj), ObjectRef.of(obj)
        if (gvk.group, gvk.kind) == ("batch", "Job"):
            result = completed_job(obj, now=now)
            return Health(ref, result.status, "")
        rule = self._find(gvk)
        if rule is not None:
            return _evaluate(ref, obj, rule)
        result = compute(obj, now=now)
        message = result.message if result.status is HealthStatus.UNKNOWN else ""
        return Health(ref, result.status, message)

    def _find(self, gvk: GroupVersionKind) -> list[tuple[HealthStatus, Expression]] | None:
        for target, rule in self._rules:
            if target.group == gvk.group and target.kind in ("", gvk.kind):
                return rule
        return None


def _compiled(expression: HealthExpression, index: int, compile: Compile) -> list[tuple[HealthStatus, Expression]]:
    """In the order in which they are tried: what is in progress or failed is never current."""
    if not expression.current:
        raise InvalidExpression(
            f"failed to create custom status evaluator for healthchecks[{index}]: expression Current not specified"
        )
    compiled: dict[HealthStatus, Expression] = {}
    # Upstream compiles Current first, so that is the one it complains about.
    for name, status, text in (
        ("Current", HealthStatus.CURRENT, expression.current),
        ("Failed", HealthStatus.FAILED, expression.failed),
        ("InProgress", HealthStatus.IN_PROGRESS, expression.in_progress),
    ):
        if not text:
            continue
        try:
            compiled[status] = compile(text)
        except HoldfastError as error:
            raise InvalidExpression(
                f"failed to create custom status evaluator for healthchecks[{index}]: "
                f"failed to parse the expression {name}: {error.message}"
            ) from error
    order = (HealthStatus.IN_PROGRESS, HealthStatus.FAILED, HealthStatus.CURRENT)
    return [(s, compiled[s]) for s in order if s in compiled]


def _evaluate(ref: ObjectRef, obj: Mapping[str, Any], rule: list[tuple[HealthStatus, Expression]]) -> Health:
    status = obj.get("status")
    observed = status.get("observedGeneration") if isinstance(status, Mapping) else None
    generation = (obj.get("metadata") or {}).get("generation")
    if isinstance(observed, int) and isinstance(generation, int) and observed != generation:
        return Health(ref, HealthStatus.IN_PROGRESS)
    for outcome, expression in rule:
        try:
            if expression.boolean(obj):
                return Health(ref, outcome)
        except HoldfastError as error:
            return Health(ref, HealthStatus.UNKNOWN, error.message)
    return Health(ref, HealthStatus.IN_PROGRESS)


def told(health: Sequence[Health]) -> str:
    """``[Kind/ns/name status: 'InProgress', ...]``, as Flux lists what it waits for: in no order of its own, here by name."""
    parts = [f"{h.ref} status: '{h.status.value}'{f': {h.message}' if h.message else ''}" for h in health]
    return f"[{', '.join(sorted(parts))}]"
