"""Validation of what a job's status says, and of how it may change.

In: a job with its new status and the stored one. Out: field errors. Never: running anything.

Most rules hold only where what they speak of has changed: a status that was let in once does not block other writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import dump
from holdfast.sandbox.kinds.field import IMMUTABLE, Errors
from holdfast.sandbox.kinds.validate_batch import count_indexes, index_bounds

_COUNTERS = ("active", "succeeded", "failed", "ready", "terminating")
_CONDITIONS = "status.conditions"
_COMPLETION = "status.completionTime"


class _Progress:
    """A job's status with its conditions at hand."""

    def __init__(self, status: Mapping[str, Any]) -> None:
        self.status = status
        self._true = {c.get("type") for c in status.get("conditions") or () if c.get("status") == "True"}
        self._false = {c.get("type") for c in status.get("conditions") or () if c.get("status") == "False"}

    def get(self, key: str) -> Any:
        return self.status.get(key)

    def is_true(self, condition: str) -> bool:
        return condition in self._true

    def is_false(self, condition: str) -> bool:
        return condition in self._false

    @property
    def complete(self) -> bool:
        return self.is_true("Complete")

    @property
    def failed(self) -> bool:
        return self.is_true("Failed")

    @property
    def finished(self) -> bool:
        return self.complete or self.failed

    @property
    def criteria_met(self) -> bool:
        return self.is_true("SuccessCriteriaMet")

    @property
    def failing(self) -> bool:
        return self.is_true("FailureTarget")


_ZERO_IS_ABSENT = ("active", "succeeded", "failed")


class _Step:
    """From one status to the next."""

    def __init__(self, spec: Manifest, old: _Progress, new: _Progress) -> None:
        self.spec, self.old, self.new = spec, old, new

    def moved(self, key: str) -> bool:
        before, after = self.old.get(key), self.new.get(key)
        if key in _ZERO_IS_ABSENT or key == "completedIndexes":
            return (before or None) != (after or None)
        return bool(before != after)

    def turned(self, *properties: str) -> bool:
        return any(getattr(self.old, p) != getattr(self.new, p) for p in properties)


def job_status(errs: Errors, obj: Manifest, old: Manifest) -> None:
    before, after = _Progress(old.get("status") or {}), _Progress(obj.get("status") or {})
    step = _Step(obj["spec"], before, after)
    for key in _COUNTERS:
        errs.non_negative(f"status.{key}", after.get(key))
    _uncounted(errs, after)
    _completion(errs, step)
    _targets(errs, step)
    _finished(errs, step)
    _indexes(errs, step)
    _pods(errs, step)
    _success(errs, step)
    _kept(errs, step)


def _uncounted(errs: Errors, new: _Progress) -> None:
    pods, seen = new.get("uncountedTerminatedPods") or {}, set()
    for key in ("succeeded", "failed"):
        for index, uid in enumerate(pods.get(key) or ()):
            path = f"status.uncountedTerminatedPods.{key}[{index}]"
            if not uid:
                errs.invalid(path, uid, "must not be empty")
            elif uid in seen:
                errs.duplicate(path, uid)
            seen.add(uid)


def _completion(errs: Errors, step: _Step) -> None:
    new, moved = step.new, step.turned("complete")
    if (moved or step.turned("failed")) and new.complete and new.failed:
        errs.invalid_plain(_CONDITIONS, "cannot set Complete=True and Failed=true conditions")
    if (moved or step.turned("failing")) and new.complete and new.failing:
        errs.invalid_plain(_CONDITIONS, "cannot set Complete=True and FailureTarget=true conditions")
    start, end = new.get("startTime"), new.get("completionTime")
    if moved or step.moved("completionTime"):
        if end is not None and not new.complete:
            errs.invalid(_COMPLETION, end, "cannot set completionTime when there is no Complete=True condition")
        if end is None and new.complete:
            errs.required(_COMPLETION, "completionTime is required for Complete jobs")
    if (step.moved("startTime") or step.moved("completionTime")) and start and end and end < start:
        errs.invalid(_COMPLETION, end, "must be equal to or after `startTime`")


def _targets(errs: Errors, step: _Step) -> None:
    """A job fails or completes in two steps: first the aim, then the fact."""
    new = step.new
    if (step.turned("failed") or step.moved("failedIndexes")) and new.failed and not new.failing:
        errs.invalid_plain(_CONDITIONS, "cannot set Failed=True condition without the FailureTarget=true condition")
    if step.turned("complete", "criteria_met") and new.complete and not new.criteria_met:
        errs.invalid_plain(
            _CONDITIONS, "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"
        )


def _finished(errs: Errors, step: _Step) -> None:
    new, moved = step.new, step.turned("finished")
    if not new.finished:
        return
    if (moved or step.moved("active")) and (new.get("active") or 0) > 0:
        errs.invalid("status.active", new.get("active"), "active>0 is invalid for finished job")
    idle = step.spec.get("suspend") is True and step.spec.get("completions") == 0
    if (moved or step.moved("startTime")) and not idle and new.get("startTime") is None:
        errs.required("status.startTime", "startTime is required for finished job")
    pods = new.get("uncountedTerminatedPods") or {}
    if (moved or step.moved("uncountedTerminatedPods")) and (pods.get("succeeded") or pods.get("failed")):
        shown = dump.internal("UncountedTerminatedPods", pods)
        errs.invalid("status.uncountedTerminatedPods", shown, "must be empty for finished job")


def _indexes(errs: Errors, step: _Step) -> None:
    new, spec = step.new, step.spec
    done, failed, limit = new.get("completedIndexes") or "", new.get("failedIndexes"), spec.get("completions")
    per_index = spec.get("backoffLimitPerIndex") is not None
    changed, failures = step.moved("completedIndexes"), step.moved("failedIndexes")
    if changed and limit is not None:
        _readable(errs, "completedIndexes", done, limit)
    if failures and limit is not None and per_index and failed is not None:
        _readable(errs, "failedIndexes", failed, limit)
    if changed and done and spec.get("completionMode") != "Indexed":
        text = "cannot set non-empty completedIndexes when non-indexed completion mode"
        errs.invalid("status.completedIndexes", done, text)
    if failures and failed is not None and not per_index:
        text = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        errs.invalid("status.failedIndexes", failed, text)
    if (changed or failures) and limit is not None and failed is not None:
        common = _overlap(_intervals(done, limit), _intervals(failed, limit))
        if common is not None:
            errs.invalid(
                "status.failedIndexes", failed, f"failedIndexes and completedIndexes overlap at index: {common}"
            )


def _readable(errs: Errors, key: str, text: str, completions: int) -> None:
    try:
        count_indexes(text, completions)
    except ValueError as error:
        errs.invalid(f"status.{key}", text, f"error parsing {key}: {error}")


def _intervals(text: str, completions: int) -> list[tuple[int, int]]:
    """The intervals that can be read."""
    found: list[tuple[int, int]] = []
    for part in text.split(",") if text else ():
        try:
            bounds = index_bounds(part, completions)
        except ValueError:
            continue
        found.append((bounds[0], bounds[-1]))
    return found


def _overlap(done: list[tuple[int, int]], failed: list[tuple[int, int]]) -> int | None:
    """The first index in both; intervals are walked in the order given."""
    one, other = iter(done), iter(failed)
    left, right = next(one, None), next(other, None)
    while left is not None and right is not None:
        if left[0] <= right[1] and right[0] <= left[1]:
            return max(left[0], right[0])
        if left[0] <= right[0]:
            left = next(one, None)
        else:
            right = next(other, None)
    return None


def _pods(errs: Errors, step: _Step) -> None:
    new = step.new
    terminating, ready = new.get("terminating"), new.get("ready")
    if (step.turned("finished") or step.moved("terminating")) and new.finished and (terminating or 0) > 0:
        errs.invalid("status.terminating", terminating, "terminating>0 is invalid for finished job")
    if (step.moved("ready") or step.moved("active")) and ready is not None and ready > (new.get("active") or 0):
        errs.invalid("status.ready", ready, "cannot set more ready pods than active")


def _success(errs: Errors, step: _Step) -> None:
    new = step.new
    if new.criteria_met and new.failed:
        errs.invalid_plain(_CONDITIONS, "cannot set SuccessCriteriaMet=True and Failed=true conditions")
    if new.criteria_met and new.failing:
        errs.invalid_plain(_CONDITIONS, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions")
    if step.spec.get("successPolicy") is not None and new.complete and not new.criteria_met:
        errs.invalid_plain(
            _CONDITIONS, "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"
        )


def _kept(errs: Errors, step: _Step) -> None:
    """What stays once it is said."""
    old, new = step.old, step.new
    for name in ("Failed", "Complete", "FailureTarget"):
        if old.is_true(name) and not new.is_true(name):
            errs.invalid_plain(_CONDITIONS, f"cannot disable the terminal {name}=True condition")
    _counters(errs, step)
    end = new.get("completionTime")
    if end is not None and old.get("completionTime") is not None and end != old.get("completionTime"):
        errs.invalid(_COMPLETION, end, IMMUTABLE)
    resuming = old.is_true("Suspended") and new.is_false("Suspended")
    start = new.get("startTime")
    if old.get("startTime") not in (None, start) and not resuming and not step.spec.get("suspend"):
        errs.invalid("status.startTime", start, "field is immutable for unsuspended job once set")
    if old.criteria_met and not new.criteria_met:
        errs.invalid_plain(_CONDITIONS, "cannot disable the SuccessCriteriaMet=True condition")
    if old.complete and not old.criteria_met and new.criteria_met:
        errs.invalid_plain(
            _CONDITIONS, "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"
        )


def _counters(errs: Errors, step: _Step) -> None:
    spec = step.spec
    elastic = spec.get("completionMode") == "Indexed" and spec.get("completions") == spec.get("parallelism")
    for key in ("failed", "succeeded"):
        now, before = step.new.get(key) or 0, step.old.get(key) or 0
        if now < before and not (key == "succeeded" and elastic):
            errs.invalid(f"status.{key}", now, f"cannot decrease the {key} counter")
