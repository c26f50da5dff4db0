"""What a job's status may say, and how it may go on; the answers of a real server."""

from typing import Any

import pytest

from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.validate_job_status import job_status

Status = dict[str, Any]
EARLY, LATE = "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"
INDEXED = {"completionMode": "Indexed", "completions": 5, "parallelism": 2}


def conditions(*types: str) -> Status:
    return {"conditions": [{"type": t, "status": "True"} for t in types]}


def told(spec: Status, old: Status, new: Status) -> list[tuple[str, str]]:
    errs = Errors()
    job_status(errs, {"spec": spec, "status": new}, {"spec": spec, "status": old})
    return [(e.field.removeprefix("status."), e.body) for e in errs]


DONE = {**conditions("SuccessCriteriaMet", "Complete"), "startTime": EARLY, "completionTime": LATE}

FIRST: list[tuple[Status, Status, list[tuple[str, str]]]] = [
    ({}, DONE, []),
    ({}, {"active": 1, "ready": 2}, [("ready", "Invalid value: 2: cannot set more ready pods than active")]),
    ({}, {**DONE, "active": 1}, [("active", "Invalid value: 1: active>0 is invalid for finished job")]),
    (
        {},
        {**DONE, "uncountedTerminatedPods": {"succeeded": ["u"]}},
        [
            (
                "uncountedTerminatedPods",
                'Invalid value: {"Succeeded":["u"],"Failed":null}: must be empty for finished job',
            )
        ],
    ),
    (
        {},
        {"uncountedTerminatedPods": {"succeeded": ["u"], "failed": ["", "u"]}},
        [
            ("uncountedTerminatedPods.failed[0]", 'Invalid value: "": must not be empty'),
            ("uncountedTerminatedPods.failed[1]", 'Duplicate value: "u"'),
        ],
    ),
    (
        {},
        {**conditions("Failed"), "startTime": EARLY},
        [("conditions", "Invalid value: cannot set Failed=True condition without the FailureTarget=true condition")],
    ),
    (
        INDEXED,
        {"completedIndexes": "1,0"},
        [
            (
                "completedIndexes",
                'Invalid value: "1,0": error parsing completedIndexes: non-increasing order, previous: 1, current: 0',
            )
        ],
    ),
    (
        {**INDEXED, "backoffLimitPerIndex": 1},
        {"completedIndexes": "0-2", "failedIndexes": "2-3"},
        [("failedIndexes", 'Invalid value: "2-3": failedIndexes and completedIndexes overlap at index: 2')],
    ),
    (
        {},
        {"failedIndexes": "1"},
        [
            (
                "failedIndexes",
                'Invalid value: "1": cannot set non-null failedIndexes when backoffLimitPerIndex is null',
            )
        ],
    ),
]


@pytest.mark.parametrize(("spec", "status", "answers"), FIRST)
def test_a_first_status_is_judged(spec: Status, status: Status, answers: list[tuple[str, str]]) -> None:
    assert told(spec, {}, status) == answers


NEXT: list[tuple[Status, Status, list[tuple[str, str]]]] = [
    (DONE, {**DONE, "failed": 3}, []),
    ({"failed": 3}, {"failed": 2}, [("failed", "Invalid value: 2: cannot decrease the failed counter")]),
    ({"startTime": EARLY}, {"startTime": LATE}, [("startTime", f'Invalid value: "{LATE}": field is immutable for unsuspended job once set')]),
    (DONE, {**DONE, "completionTime": "2025-01-01T00:00:00Z"}, [("completionTime", 'Invalid value: "2025-01-01T00:00:00Z": field is immutable')]),
    (
        conditions("FailureTarget"),
        {},
        [("conditions", "Invalid value: cannot disable the terminal FailureTarget=True condition")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "answers"), NEXT)
def test_the_next_status_is_judged_by_what_changed(old: Status, new: Status, answers: list[tuple[str, str]]) -> None:
    assert told({}, old, new) == answers


def test_a_bad_status_that_stays_as_it_is_blocks_nothing() -> None:
    bad = {"completedIndexes": "9", **conditions("Complete"), "completionTime": LATE, "startTime": EARLY}
    assert told(INDEXED, bad, {**bad, "ready": 0}) == []
