"""World in, decision out: what to do next, or why nothing can be done. No cluster, no clock.

The order is Flux's: deletion, suspension, expressions that do not compile, the source, the dependencies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from holdfast.base.duration import format_duration
from holdfast.base.errors import HoldfastError
from holdfast.health.checks import Compile, HealthRules
from holdfast.model.delivery import DeletionPolicy
from holdfast.model.outcome import Event, Outcome, Verdict
from holdfast.reconcile.state import DependencyState, World

_TERMINAL = "Reconciliation failed terminally due to configuration error"


class CompileCondition(Protocol):
    def __call__(self, text: str, variables: tuple[str, ...], /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator chose. ``requeue`` is the fallback wait, in seconds, for things that a watch should tell of;
    ``concurrency`` how many units build and apply at the same time (any number may wait)."""

    requeue: float = 30.0
    additive_ready_expr: bool = False
    concurrency: int = 20
    early_kinds: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Finalize:
    """The unit is deleted. ``prune``: its objects go too; ``wait``: until they are really gone."""

    prune: bool
    wait: bool = False


@dataclass(frozen=True, slots=True)
class Rest:
    """Suspended: hands off."""


@dataclass(frozen=True, slots=True)
class Settle:
    """Nothing can be done now; the outcome says why and when to look again."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Proceed:
    rules: HealthRules


Decision = Finalize | Rest | Settle | Proceed


def decide(world: World, settings: Settings, compile: Compile, compile_condition: CompileCondition) -> Decision:
    policy = world.delivery.policy
    if world.deleting:
        return _finalize(world)
    if policy.suspend:
        return Rest()
    try:
        rules = HealthRules(policy.health_expressions, compile)
    except HoldfastError as error:
        return _stalled("InvalidCELExpression", f"{_TERMINAL}: {error.message}")
    return _source(world, settings) or _dependencies(world, settings, compile_condition) or Proceed(rules)


def _finalize(world: World) -> Finalize:
    policy = world.delivery.policy
    if policy.suspend or not world.inventory.entries:
        return Finalize(prune=False)
    match policy.deletion:
        case DeletionPolicy.MIRROR_PRUNE:
            return Finalize(prune=policy.prune)
        case DeletionPolicy.DELETE:
            return Finalize(prune=True)
        case DeletionPolicy.WAIT_FOR_TERMINATION:
            return Finalize(prune=True, wait=True)
        case DeletionPolicy.ORPHAN:
            return Finalize(prune=False)


def _stalled(reason: str, message: str, revision: str = "", origin: str = "") -> Settle:
    event = Event(message, warning=True, reason=reason, revision=revision, origin_revision=origin)
    return Settle(Outcome(Verdict.STALLED, reason, message, events=(event,)))


def _source(world: World, settings: Settings) -> Settle | None:
    source, policy = world.source, world.delivery.policy
    if source.denied:
        return _stalled("AccessDenied", source.problem)
    if source.missing:
        outcome = Outcome(Verdict.WAITING, "ArtifactFailed", source.problem, next_run=policy.retry_interval)
        return Settle(outcome)
    if source.snapshot is None:
        message = source.problem or f"Source artifact not found, retrying in {format_duration(settings.requeue)}"
        return Settle(Outcome(Verdict.WAITING, "ArtifactFailed", message, next_run=settings.requeue))
    return None


def _dependencies(world: World, settings: Settings, compile: CompileCondition) -> Settle | None:
    revision, origin = world.source.revision, world.source.origin_revision
    for state in world.dependencies:
        name = state.dependency.key.name
        try:
            expression = compile(state.dependency.ready_expr, ("dep", "self")) if state.dependency.ready_expr else None
        except HoldfastError as error:
            message = f"{_TERMINAL}: terminal error: failed to evaluate dependency {name}: {error.message}"
            if state.found:
                return _stalled("InvalidCELExpression", message, revision, origin)
            expression = None
        problem = _unready(state, expression, world, settings)
        if problem:
            wait = f"Dependencies do not meet ready condition, retrying in {format_duration(settings.requeue)}"
            event = Event(wait, reason="DependencyNotReady", revision=revision, origin_revision=origin)
            outcome = Outcome(
                Verdict.WAITING, "DependencyNotReady", problem, events=(event,), next_run=settings.requeue
            )
            return Settle(outcome)
    return None


def _unready(state: DependencyState, expression: Any, world: World, settings: Settings) -> str:
    key = state.dependency.key
    name = f"{key.namespace}/{key.name}"
    if not state.found:
        return f"dependency '{name}' not found: {state.problem}"
    if expression is not None:
        variables: Mapping[str, Any] = {"dep": state.raw, "self": world.delivery.raw}
        try:
            if not expression.boolean(variables):
                return f"dependency '{name}' is not ready according to readyExpr eval"
        except HoldfastError as error:
            return error.message
        if not settings.additive_ready_expr:
            return ""
    if not state.ready:
        return f"dependency '{name}' is not ready"
    if state.same_source and state.applied != world.source.revision:
        return f"dependency '{name}' revision is not up to date"
    return ""
