"""What is said of an action on a release: conditions and events, in the words of Flux's helm-controller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from holdfast.apply.helm_log import HelmLog
from holdfast.base.errors import HoldfastError
from holdfast.helm.release import Record
from holdfast.model.outcome import Event
from holdfast.model.release import HookRun, Snapshot
from holdfast.reconcile.helm_decide import INSTALLED, UPGRADED
from holdfast.reconcile.helm_digest import snapshot
from holdfast.reconcile.helm_ledger import (
    DRIFTED,
    INSTALL,
    READY,
    RELEASED,
    REMEDIATED,
    TEST_SUCCESS,
    Ledger,
)


def _with_log(message: str, log: HelmLog | None) -> str:
    return f"{message}\n\nLast Helm logs:\n\n{log}" if log is not None and not log.empty else message


def no_state(ledger: Ledger, error: HoldfastError) -> None:
    ledger.marks.false(READY, "StateError", f"Could not determine release state: {error.message}")


def released(ledger: Ledger, action: str) -> None:
    latest, retries = ledger.latest, ledger.retry_interval is not None
    if latest is None:
        return
    message = (INSTALLED if action == INSTALL else UPGRADED).format(latest.full_name, latest.chart)
    reason = f"{action.capitalize()}Succeeded"
    ledger.marks.true(RELEASED, reason, message)
    if ledger.release.test.enabled and not latest.tested:
        pending = f"Helm release {latest.full_name} with chart {latest.chart} is awaiting tests"
        ledger.marks.unknown(TEST_SUCCESS, "AwaitingTests", pending)
    if retries:
        ledger.clear_failures()
    ledger.event(reason, message, latest)


def release_failed(ledger: Ledger, action: str, error: HoldfastError, log: HelmLog) -> None:
    release, chart = ledger.release, ledger.chart
    message = (
        f"Helm {action} failed for release {release.namespace}/{release.name} with chart "
        f"{chart.name}@{chart.version}: {error.message.strip()}"
    )
    reason = f"{action.capitalize()}Failed"
    ledger.note(failures=ledger.said.failures + 1)
    ledger.marks.false(RELEASED, reason, message)
    ledger.event(reason, _with_log(message, log), warning=True)


def tested_record(ledger: Ledger, record: Record, runs: Mapping[str, HookRun | None]) -> None:
    """The latest revision with what its tests came to."""
    latest = ledger.latest
    if latest is None:
        return
    new = snapshot(record, action=latest.action, oci_digest=latest.oci_digest)
    ledger.note(history=(replace(new, tests=dict(runs)), *ledger.said.history[1:]))


def tested(ledger: Ledger) -> None:
    latest = ledger.latest
    if latest is None:
        return
    count = len(latest.tests or {})
    what = f"{count} test hook{'s' if count > 1 else ''} completed successfully" if count else "no test hooks"
    message = f"Helm test succeeded for release {latest.full_name} with chart {latest.chart}: {what}"
    ledger.marks.true(TEST_SUCCESS, "TestSucceeded", message)
    ledger.event("TestSucceeded", message, latest)


def test_failed(ledger: Ledger, error: HoldfastError) -> None:
    latest = ledger.latest
    if latest is None:
        return
    message = f"Helm test failed for release {latest.full_name} with chart {latest.chart}: {error.message.strip()}"
    ledger.note(failures=ledger.said.failures + 1)
    ledger.marks.false(TEST_SUCCESS, "TestFailed", message)
    ledger.event("TestFailed", message, latest, warning=True)
    remedy = ledger.remedy
    if latest.tested and remedy is not None and not remedy.ignore_test_failures:
        ledger.count_failure()


def rolled_back(ledger: Ledger, to: Snapshot) -> None:
    message = f"Helm rollback to previous release {to.full_name} with chart {to.chart} succeeded"
    ledger.marks.true(REMEDIATED, "RollbackSucceeded", message)
    ledger.event("RollbackSucceeded", message, to, config=ledger.said.attempted_config)


def rollback_failed(ledger: Ledger, to: Snapshot, error: HoldfastError, log: HelmLog) -> None:
    message = f"Helm rollback to previous release {to.full_name} with chart {to.chart} failed: {error.message.strip()}"
    ledger.note(failures=ledger.said.failures + 1)
    ledger.marks.false(REMEDIATED, "RollbackFailed", message)
    ledger.event("RollbackFailed", _with_log(message, log), to, warning=True, config=ledger.said.attempted_config)


def uninstalled_as_remedy(ledger: Ledger) -> None:
    latest = ledger.latest
    if latest is None:
        return
    message = f"Helm uninstall remediation for release {latest.full_name} with chart {latest.chart} succeeded"
    ledger.marks.true(REMEDIATED, "UninstallSucceeded", message)
    ledger.event("UninstallSucceeded", message, latest)


def uninstall_remedy_failed(ledger: Ledger, error: HoldfastError, log: HelmLog) -> None:
    latest = ledger.latest
    if latest is None:
        return
    what = f"release {latest.full_name} with chart {latest.chart}"
    message = f"Helm uninstall remediation for {what} failed: {error.message.strip()}"
    ledger.note(failures=ledger.said.failures + 1)
    ledger.marks.false(REMEDIATED, "UninstallFailed", message)
    ledger.event("UninstallFailed", _with_log(message, log), latest, warning=True)


def uninstalled(ledger: Ledger) -> None:
    latest = ledger.latest
    if latest is None:
        return
    message = f"Helm uninstall succeeded for release {latest.full_name} with chart {latest.chart}"
    ledger.note(inventory=None)
    ledger.marks.false(RELEASED, "UninstallSucceeded", message)
    ledger.event("UninstallSucceeded", message, latest)


def uninstall_failed(ledger: Ledger, error: HoldfastError, log: HelmLog) -> None:
    latest = ledger.latest
    if latest is None:
        return
    what = f"release {latest.full_name} with chart {latest.chart}"
    message = f"Helm uninstall failed for {what}: {error.message.strip()}"
    ledger.note(failures=ledger.said.failures + 1)
    ledger.marks.false(RELEASED, "UninstallFailed", message)
    ledger.event("UninstallFailed", _with_log(message, log), latest, warning=True)


def unlocked(ledger: Ledger, current: Snapshot, status: str) -> None:
    message = f"Unlocked Helm release {current.full_name} with chart {current.chart} in {status} state"
    ledger.marks.false(RELEASED, "PendingRelease", message)
    ledger.event("PendingRelease", message, current)


def unlock_failed(ledger: Ledger, current: Snapshot, status: str, error: HoldfastError) -> None:
    what = f"release {current.full_name} with chart {current.chart} in {status} state"
    message = f"Unlock of Helm {what} failed: {error.message.strip()}"
    ledger.note(failures=ledger.said.failures + 1)
    ledger.marks.false(RELEASED, "PendingRelease", message)
    ledger.event("PendingRelease", message, current, warning=True)


def drifted(ledger: Ledger, lines: Sequence[str]) -> None:
    latest = ledger.latest
    name = latest.full_name if latest else ""
    message = f"Cluster state of release {name} has drifted from the desired state:\n" + "\n".join(lines)
    ledger.tell(Event(message, warning=True, reason="DriftDetected"))
    ledger.marks.true(DRIFTED, "DriftDetected", message)


def corrected(ledger: Ledger, done: Sequence[str], errors: Sequence[str]) -> None:
    latest = ledger.latest
    name = latest.full_name if latest else ""
    if errors:
        partly = "partially " if done else ""
        message = f"Failed to {partly}correct cluster state of release {name}:\n" + "\n".join(errors)
        if done:
            message += "\n\nSuccessful corrections:\n" + "\n".join(done)
        ledger.event("DriftCorrectionFailed", message, latest, warning=True)
    elif done:
        message = f"Cluster state of release {name} has been corrected:\n" + "\n".join(done)
        ledger.event("DriftCorrected", message, latest)


def no_inventory(ledger: Ledger, error: HoldfastError) -> None:
    key = ledger.release.key
    message = f"failed to build inventory for {key.namespace}/{key.name}: {error.message}"
    ledger.tell(Event(message, warning=True, reason="InventoryBuildFailed"))
