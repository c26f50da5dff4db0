from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.kube.cel import compile_condition, compile_expression
from holdfast.kube.refs import ObjectRef
from holdfast.model.delivery import (
    DeletionPolicy,
    Delivery,
    Dependency,
    HealthExpression,
    KustomizeBuild,
    Ownership,
    Policy,
    UnitKey,
)
from holdfast.model.inventory import Inventory, InventoryEntry
from holdfast.model.outcome import Outcome, Verdict
from holdfast.model.source import Snapshot
from holdfast.reconcile.decide import Decision, Finalize, Proceed, Rest, Settings, Settle, decide
from holdfast.reconcile.state import DependencyState, SourceState, World

BASE = UnitKey("Kustomization", "apps", "base")
SNAPSHOT = Snapshot("main@sha1:a", MemoryTree({}), "tree")
INVENTORY = Inventory((InventoryEntry(ObjectRef("", "ConfigMap", "n", "one"), "v1"),))


def world(*, source: SourceState | None = None, dependencies: tuple[DependencyState, ...] = (), **policy: Any) -> World:
    delivery = Delivery(
        key=UnitKey("Kustomization", "apps", "web"),
        source=UnitKey("GitRepository", "apps", "repo"),
        build=KustomizeBuild(),
        policy=Policy(**{"interval": 60.0, "retry_interval": 7.0, "timeout": 30.0, "prune": True, **policy}),
        owner=Ownership("m", "g"),
        raw={"metadata": {"labels": {"v": "2"}}},
    )
    return World(delivery, SourceState(SNAPSHOT) if source is None else source, dependencies, inventory=INVENTORY)


def chosen(found: World) -> Decision:
    return decide(found, Settings(requeue=5.0), compile_expression, compile_condition)


def settled(found: World) -> Outcome:
    decision = chosen(found)
    assert isinstance(decision, Settle)
    return decision.outcome


def dependency(expr: str = "", **state: Any) -> DependencyState:
    defaults = {
        "found": True,
        "ready": True,
        "same_source": True,
        "applied": "main@sha1:a",
        "raw": {"metadata": {"labels": {"v": "1"}}},
    }
    return DependencyState(Dependency(BASE, expr), **{**defaults, **state})


def test_with_everything_at_hand_it_goes_ahead() -> None:
    assert isinstance(chosen(world(dependencies=(dependency(),))), Proceed)


def test_a_suspended_unit_rests_but_can_be_deleted() -> None:
    assert isinstance(chosen(world(suspend=True)), Rest)
    assert chosen(replace(world(suspend=True), deleting=True)) == Finalize(prune=False)


@pytest.mark.parametrize(
    ("policy", "prune", "expected"),
    [
        (DeletionPolicy.MIRROR_PRUNE, True, Finalize(prune=True)),
        (DeletionPolicy.MIRROR_PRUNE, False, Finalize(prune=False)),
        (DeletionPolicy.DELETE, False, Finalize(prune=True)),
        (DeletionPolicy.WAIT_FOR_TERMINATION, False, Finalize(prune=True, wait=True)),
        (DeletionPolicy.ORPHAN, True, Finalize(prune=False)),
    ],
)
def test_the_deletion_policy_decides_what_goes_with_the_unit(
    policy: DeletionPolicy, prune: bool, expected: Finalize
) -> None:
    assert chosen(replace(world(deletion=policy, prune=prune), deleting=True)) == expected


def test_a_missing_source_is_looked_for_again_at_the_retry_interval_and_no_event_tells_of_it() -> None:
    outcome = settled(world(source=SourceState(problem="no such thing", missing=True)))
    assert (outcome.verdict, outcome.reason, outcome.message) == (Verdict.WAITING, "ArtifactFailed", "no such thing")
    assert (outcome.next_run, outcome.events) == (7.0, ())


def test_a_source_without_an_artifact_is_waited_for() -> None:
    outcome = settled(world(source=SourceState()))
    assert (outcome.message, outcome.next_run) == ("Source artifact not found, retrying in 5s", 5.0)


def test_a_source_that_may_not_be_used_stalls() -> None:
    outcome = settled(world(source=SourceState(problem="no access", denied=True)))
    assert (outcome.verdict, outcome.reason, outcome.next_run) == (Verdict.STALLED, "AccessDenied", None)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (dependency(found=False, problem="not there"), "dependency 'apps/base' not found: not there"),
        (dependency(ready=False), "dependency 'apps/base' is not ready"),
        (dependency(applied="main@sha1:old"), "dependency 'apps/base' revision is not up to date"),
        (
            dependency("dep.metadata.labels['v'] == self.metadata.labels['v']"),
            "dependency 'apps/base' is not ready according to readyExpr eval",
        ),
        (
            dependency("dep.status.x == 1"),
            "failed to evaluate the CEL expression 'dep.status.x == 1': no such key: status",
        ),
    ],
)
def test_a_dependency_that_is_not_ready_is_named(state: DependencyState, message: str) -> None:
    outcome = settled(world(dependencies=(state,)))
    assert (outcome.verdict, outcome.reason, outcome.message) == (Verdict.WAITING, "DependencyNotReady", message)
    assert [e.message for e in outcome.events] == ["Dependencies do not meet ready condition, retrying in 5s"]


def test_the_revision_of_a_dependency_counts_only_with_the_same_source() -> None:
    assert isinstance(chosen(world(dependencies=(dependency(applied="other", same_source=False),))), Proceed)


def test_an_expression_replaces_the_built_in_judgement() -> None:
    assert isinstance(
        chosen(world(dependencies=(dependency("dep.metadata.labels['v'] == '1'", ready=False),))), Proceed
    )


def test_expressions_that_do_not_compile_stall() -> None:
    unready = settled(world(dependencies=(dependency("'text'"),)))
    health = settled(world(health_expressions=(HealthExpression("g/v1", "K", current="x =="),)))
    assert (
        (unready.verdict, unready.reason)
        == (health.verdict, health.reason)
        == (Verdict.STALLED, "InvalidCELExpression")
    )
    assert unready.message.startswith(
        "Reconciliation failed terminally due to configuration error: terminal error: failed to evaluate dependency base: "
    )
