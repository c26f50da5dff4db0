"""The books of one release while it is reconciled: what is remembered, its conditions, the words for what happened.

In: what the status said. Out: what it will say, through `Marks` (the dialect's conditions) and `Remembered`. No cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from holdfast.helm.release import Record
from holdfast.model.outcome import Event
from holdfast.model.release import Change, Release, Remedy, Remembered, Snapshot
from holdfast.reconcile.helm_digest import snapshot

READY, RECONCILING, STALLED = "Ready", "Reconciling", "Stalled"
RELEASED, REMEDIATED, TEST_SUCCESS, DRIFTED = "Released", "Remediated", "TestSuccess", "Drifted"
PROGRESSING, RETRYING = "Progressing", "ProgressingWithRetry"
INSTALL, UPGRADE, ROLLBACK, UNINSTALL = "install", "upgrade", "rollback", "uninstall"
UNINSTALL_REMEDIATION = "uninstall-remediation"
_MOST = 5


class Marks(Protocol):
    """The conditions of an object."""

    def true(self, type: str, reason: str, message: str) -> None: ...
    def false(self, type: str, reason: str, message: str) -> None: ...
    def unknown(self, type: str, reason: str, message: str) -> None: ...
    def set(self, type: str, status: str, reason: str, message: str) -> None: ...
    def delete(self, *types: str) -> None: ...
    def reconciling(self, reason: str, message: str) -> None: ...
    def stalled(self, reason: str, message: str) -> None: ...
    def is_true(self, type: str) -> bool: ...
    def get(self, type: str) -> Mapping[str, Any] | None: ...
    def message(self, type: str) -> str: ...
    def as_list(self) -> list[dict[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class ChartFacts:
    """What is told of a chart. ``digest`` is that of the OCI artifact it came in."""

    name: str
    version: str
    app_version: str = ""
    digest: str = ""


@dataclass(slots=True)
class Ledger:
    """``force``: an upgrade was asked for. ``tell`` takes events at the moment they happen."""

    release: Release
    said: Remembered
    marks: Marks
    tell: Callable[[Event], None]
    chart: ChartFacts = field(default_factory=lambda: ChartFacts("", ""))
    force: bool = False

    def note(self, **changes: Any) -> None:
        self.said = replace(self.said, **changes)

    # --- what is active

    @property
    def action(self) -> Change | None:
        """What was tried last: an install, an upgrade, or nothing yet."""
        return {INSTALL: self.release.install, UPGRADE: self.release.upgrade}.get(self.said.last_action)

    @property
    def remedy(self) -> Remedy | None:
        return self.action.remedy if self.action else None

    @property
    def retry_interval(self) -> float | None:
        return self.action.retry_interval if self.action else None

    @property
    def failure_count(self) -> int:
        return self.said.install_failures if self.said.last_action == INSTALL else self.said.upgrade_failures

    @property
    def exhausted(self) -> bool:
        return self.remedy is not None and self.remedy.exhausted(self.failure_count)

    @property
    def ignores_tests(self) -> bool:
        remedy = self.remedy
        return remedy.ignore_test_failures if remedy else self.release.test.ignore_failures

    @property
    def latest(self) -> Snapshot | None:
        return self.said.latest

    def count_failure(self) -> None:
        match self.said.last_action:
            case "install":
                self.note(install_failures=self.said.install_failures + 1)
            case "upgrade":
                self.note(upgrade_failures=self.said.upgrade_failures + 1)

    def clear_failures(self) -> None:
        self.note(failures=0, install_failures=0, upgrade_failures=0)

    # --- history

    def previous(self, *, ignore_tests: bool) -> Snapshot | None:
        """The newest revision before the latest that did well."""
        return next((s for s in self.said.history[1:] if _did_well(s, ignore_tests)), None)

    def truncate(self, *, ignore_tests: bool) -> None:
        """Everything before the previous success goes."""
        history = self.said.history
        for index, one in enumerate(history[1:], 1):
            if _did_well(one, ignore_tests):
                self.note(history=history[: index + 1])
                return
        self.truncate_blindly()

    def truncate_blindly(self) -> None:
        self.note(history=self.said.history[:_MOST])

    def prepend(self, one: Snapshot) -> None:
        history = sorted((one, *self.said.history), key=lambda s: -s.version)
        self.note(history=tuple(history))

    def revise(self, record: Record, action: str | None) -> bool:
        """Replaces the snapshot of a revision that was written again. ``action`` None: it keeps the one it had."""
        where = (str(record.get("name")), str(record.get("namespace")), int(record.get("version") or 0))
        for index, old in enumerate(self.said.history):
            if old.targets(*where):
                new = snapshot(record, action=old.action if action is None else action, oci_digest=old.oci_digest)
                history = list(self.said.history)
                history[index] = replace(new, tests=old.tests)
                self.note(history=tuple(history))
                return True
        return False

    def record(self, observed: Mapping[int, Record], action: str) -> None:
        """The revisions that an install or upgrade wrote: the newest is new, one older may have changed."""
        versions = sorted(observed, reverse=True)
        if not versions:
            return
        self.prepend(snapshot(observed[versions[0]], action=action, oci_digest=self.chart.digest))
        for version in versions[1:]:
            if self.revise(observed[version], ""):
                return

    # --- words

    def event(
        self, reason: str, message: str, of: Snapshot | None = None, *, warning: bool = False, config: str = ""
    ) -> None:
        """``of`` is the revision that it is about; None: the chart that is to be released."""
        revision = of.chart_version if of else self.chart.version
        token = config or (of.config_digest if of else self.said.attempted_config)
        app = of.app_version if of else self.chart.app_version
        digest = of.oci_digest if of else self.said.attempted_digest
        metadata = {"token": token, "app-version": app, "oci-digest": digest}
        self.tell(Event(message, warning=warning, reason=reason, revision=revision, metadata=_filled(metadata)))

    def summarise(self) -> None:
        """Ready says what the most telling of the other conditions says."""
        testing = self.release.test
        if not testing.enabled:
            self.marks.delete(TEST_SUCCESS)
        counted = [REMEDIATED, RELEASED]
        if testing.enabled and not testing.ignore_failures:
            counted.insert(1, TEST_SUCCESS)
        conditions = _most_telling(self.marks.as_list(), counted)
        if conditions:
            first = conditions[0]
            status = "False" if first["type"] == REMEDIATED else str(first["status"])
            if status == "True":
                self.marks.delete(STALLED)
            self.marks.set(READY, status, str(first["reason"]), str(first["message"]))
        self.note(rendering_digest=self.release.rendering_digest, metadata_digest=self.release.metadata_digest)


def _did_well(one: Snapshot, ignore_tests: bool) -> bool:
    return one.status in ("deployed", "superseded") and (ignore_tests or not one.has_failed_test)


def _filled(metadata: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in metadata.items() if v}


def _most_telling(conditions: list[dict[str, Any]], counted: list[str]) -> list[dict[str, Any]]:
    """Flux's order is no order at all (newer ones win only against later ones), so it has to be sorted as Go sorts."""
    found = list(conditions)

    def before(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        if one["type"] not in counted:
            return False
        if other["type"] not in counted:
            return True
        newer = (one.get("observedGeneration") or 0) >= (other.get("observedGeneration") or 0)
        return newer and counted.index(one["type"]) < counted.index(other["type"])

    for index in range(1, len(found)):
        at = index
        while at > 0 and before(found[at], found[at - 1]):
            found[at], found[at - 1] = found[at - 1], found[at]
            at -= 1
    return found
