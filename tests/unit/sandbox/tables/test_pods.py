"""The line that sums up a pod."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from holdfast.sandbox.tables import pods

NOW = datetime.datetime(2026, 1, 1, 1, tzinfo=datetime.UTC)
READY = [{"type": "Ready", "status": "True"}]


def _pod(status: dict[str, Any], init: int = 0, **meta: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "c"}], "initContainers": [{"name": f"i{n}"} for n in range(init)]}
    return {"metadata": {"name": "p", **meta}, "spec": spec, "status": status}


def _container(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "c", "state": state, **more}


CASES = {
    "waiting shows why": (
        _pod({"phase": "Pending", "containerStatuses": [_container({"waiting": {"reason": "ErrImagePull"}})]}),
        ("0/1", "ErrImagePull", "0"),
    ),
    "running and ready": (
        _pod({"phase": "Running", "conditions": READY, "containerStatuses": [_container({"running": {}}, ready=True)]}),
        ("1/1", "Running", "0"),
    ),
    "a restart tells when": (
        _pod(
            {
                "phase": "Running",
                "containerStatuses": [
                    _container(
                        {"running": {}},
                        ready=True,
                        restartCount=2,
                        lastState={"terminated": {"finishedAt": "2026-01-01T00:59:00Z"}},
                    )
                ],
            }
        ),
        ("1/1", "Running", "2 (60s ago)"),
    ),
    "the first init container that is not done": (
        _pod({"phase": "Pending", "initContainerStatuses": [{"name": "i0", "state": {"running": {}}}]}, init=2),
        ("0/1", "Init:0/2", "0"),
    ),
    "an init container that failed": (
        _pod(
            {"phase": "Failed", "initContainerStatuses": [{"name": "i0", "state": {"terminated": {"exitCode": 3}}}]},
            init=1,
        ),
        ("0/1", "Init:ExitCode:3", "0"),
    ),
    "being deleted": (
        _pod({"phase": "Running"}, deletionTimestamp="2026-01-01T00:00:00Z"),
        ("0/1", "Terminating", "0"),
    ),
    "finished and deleted keeps its result": (
        _pod({"phase": "Succeeded"}, deletionTimestamp="2026-01-01T00:00:00Z"),
        ("0/1", "Succeeded", "0"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_summary_of_a_pod_that_is(case: str) -> None:
    pod, expected = CASES[case]
    assert pods.summary(pod, NOW) == expected
