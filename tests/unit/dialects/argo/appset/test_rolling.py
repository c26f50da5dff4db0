"""RollingSync, step by step."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.dialects.argo.appset import rolling, spec
from holdfast.kube.refs import Manifest

T0, T1, T2 = "2024-01-01T00:00:00Z", "2024-01-01T00:01:00Z", "2024-01-01T00:02:00Z"
STEPS = [
    {"matchExpressions": [{"key": "env", "operator": "In", "values": ["dev"]}]},
    {"matchExpressions": [{"key": "env", "operator": "In", "values": ["prod"]}], "maxUpdate": 1},
]


def wanted(steps: Any = None, **more: Any) -> spec.ApplicationSet:
    strategy = {"type": "RollingSync", "rollingSync": {"steps": STEPS if steps is None else steps}, **more}
    return spec.read({"metadata": {"name": "s"}, "spec": {"generators": [], "template": {}, "strategy": strategy}})


def app(
    name: str, env: str = "", sync: str = "OutOfSync", health: str = "Missing", revision: str = "r1", **status: Any
) -> Manifest:
    found = {"sync": {"status": sync, "revision": revision}, "health": {"status": health}, **status}
    return {"metadata": {"name": name, "labels": {"env": env} if env else {}}, "spec": {}, "status": found}


def same(live: Manifest, target: Manifest) -> bool:
    return False


def states(rollout: rolling.Rollout) -> dict[str, str]:
    return {s["application"]: s["status"] for s in rollout.statuses}


def test_the_first_step_goes_and_the_next_waits() -> None:
    apps = [app("d", "dev"), app("p", "prod"), app("q", "prod")]
    first = rolling.advance(wanted(), apps, apps, (), T0, same)
    assert states(first) == {"d": "Pending", "p": "Waiting", "q": "Waiting"}
    assert (first.step, first.sync) == (1, {"d"})
    assert [s["step"] for s in first.statuses] == ["1", "2", "2"]


def test_a_rollout_from_beginning_to_end() -> None:
    apps = [app("d", "dev"), app("p", "prod"), app("q", "prod")]
    rollout = rolling.advance(wanted(), apps, apps, (), T0, same)
    running = {"operationState": {"phase": "Running", "startedAt": T1}, "reconciledAt": T1}
    apps[0] = app("d", "dev", "Synced", "Progressing", **running)
    rollout = rolling.advance(wanted(), apps, apps, rollout.statuses, T1, same)
    assert states(rollout) == {"d": "Progressing", "p": "Waiting", "q": "Waiting"}
    apps[0] = app("d", "dev", "Synced", "Healthy", **running)
    rollout = rolling.advance(wanted(), apps, apps, rollout.statuses, T1, same)
    assert states(rollout) == {"d": "Healthy", "p": "Pending", "q": "Waiting"}
    assert (rollout.step, rollout.sync) == (2, {"p"})
    apps[1] = app(
        "p",
        "prod",
        "Synced",
        "Healthy",
        **{**running, "operationState": {"phase": "Succeeded", "startedAt": T2}, "reconciledAt": T2},
    )
    rollout = rolling.advance(wanted(), apps, apps, rollout.statuses, T2, same)
    assert states(rollout) == {"d": "Healthy", "p": "Progressing", "q": "Waiting"}
    rollout = rolling.advance(wanted(), apps, apps, rollout.statuses, T2, same)
    assert states(rollout) == {"d": "Healthy", "p": "Healthy", "q": "Pending"}
    apps[2] = app(
        "q",
        "prod",
        "Synced",
        "Healthy",
        **running,
    )
    done = [{**s, "status": "Progressing"} if s["application"] == "q" else s for s in rollout.statuses]
    rollout = rolling.advance(wanted(), apps, apps, done, T2, same)
    assert (set(states(rollout).values()), rollout.step, rollout.sync) == ({"Healthy"}, None, frozenset())


def test_a_new_revision_starts_again() -> None:
    apps = [app("d", "dev", "Synced", "Healthy"), app("p", "prod", "Synced", "Healthy")]
    rollout = rolling.advance(wanted(), apps, apps, (), T0, same)
    assert states(rollout) == {"d": "Healthy", "p": "Healthy"}
    apps = [app("d", "dev", "OutOfSync", "Healthy", "r2"), app("p", "prod", "OutOfSync", "Healthy", "r2")]
    rollout = rolling.advance(wanted(), apps, apps, rollout.statuses, T1, same)
    assert states(rollout) == {"d": "Pending", "p": "Waiting"}
    assert rollout.statuses[1]["message"] == "Application has pending changes, setting status to Waiting"
    assert rollout.statuses[1]["targetRevisions"] == ["r2"]


def test_a_change_of_the_specification_starts_again_too() -> None:
    apps = [app("d", "dev", "OutOfSync", "Healthy")]
    before = [
        {"application": "d", "status": "Healthy", "step": "1", "targetRevisions": ["r1"], "lastTransitionTime": T0}
    ]
    rollout = rolling.advance(wanted(), apps, apps, before, T1, lambda live, target: True)
    assert states(rollout) == {"d": "Pending"}


def test_an_application_that_cannot_sync_does_not_hold_its_step_back_forever() -> None:
    broken = app("d", "dev", "Unknown", "Unknown", conditions=[{"type": "InvalidSpecError"}])
    before = [
        {"application": "d", "status": "Pending", "step": "1", "targetRevisions": ["r1"], "lastTransitionTime": T0}
    ]
    rollout = rolling.advance(wanted(), [broken], [broken], before, T1, same)
    assert (
        rollout.statuses[0]["message"]
        == "Application resource has error and cannot sync, updating status to Progressing"
    )


@pytest.mark.parametrize(
    ("limit", "total", "started"),
    [
        (None, 4, 4),
        (2, 4, 2),
        (0, 4, 0),
        ("50%", 4, 2),
        ("10%", 4, 1),
        ("0%", 4, 0),
        ("100%", 3, 3),
        ("2", 4, 1),
        ("x%", 4, 1),
    ],
)
def test_a_step_goes_on_with_so_many_at_once(limit: Any, total: int, started: int) -> None:
    apps = [app(f"a{i}", "dev") for i in range(total)]
    steps = [{**STEPS[0], **({} if limit is None else {"maxUpdate": limit})}]
    assert len(rolling.advance(wanted(steps), apps, apps, (), T0, same).sync) == started


def test_an_application_of_no_step_is_never_synced() -> None:
    apps = [app("d", "dev", "Synced", "Healthy"), app("x", "other")]
    rollout = rolling.advance(wanted(), apps, apps, (), T0, same)
    assert [(s["application"], s["step"], s["status"]) for s in rollout.statuses] == [
        ("d", "1", "Healthy"),
        ("x", "-1", "Waiting"),
    ]
    assert (rollout.step, rollout.sync) == (None, frozenset())


def test_expressions_that_say_not_in_fit_what_has_no_label() -> None:
    steps = wanted([{"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["prod"]}]}]).steps
    assert rolling.steps_of(steps, [app("a"), app("b", "prod"), app("c", "dev")]) == {"a": 0, "c": 0}


def test_an_application_is_told_to_sync_when_it_is_its_turn_and_never_by_itself() -> None:
    target = app("d", "dev")
    target["spec"] = {"syncPolicy": {"automated": {"prune": True}, "syncOptions": ["CreateNamespace=true"]}}
    driven = rolling.driven(target, rolling.Rollout((), 1, frozenset({"d"})))
    assert driven["spec"]["syncPolicy"]["automated"] == {"prune": True, "enabled": False}
    assert driven["operation"] == {
        "info": [
            {"name": "Reason", "value": "ApplicationSet RollingSync triggered a sync of this Application resource"}
        ],
        "initiatedBy": {"automated": True, "username": "applicationset-controller"},
        "retry": {"limit": 5},
        "sync": {"syncOptions": ["CreateNamespace=true"], "prune": True},
    }
    waiting = rolling.driven(target, rolling.Rollout((), 1, frozenset()))
    assert "operation" not in waiting
    assert target["spec"]["syncPolicy"]["automated"] == {"prune": True}


def test_deletion_begins_with_the_last_step() -> None:
    apps = [app("d", "dev"), app("q", "prod"), app("p", "prod"), app("x")]
    order = rolling.deletion_order(wanted(deletionOrder="reverse"), apps)
    assert [a["metadata"]["name"] for a in order] == ["p", "q", "d"]
    assert wanted(deletionOrder="reverse").reverse_deletion
    assert not wanted(steps=[], deletionOrder="Reverse").reverse_deletion
