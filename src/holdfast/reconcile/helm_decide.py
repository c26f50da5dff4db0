"""The next action on a release: what Flux's helm-controller would do, given how the release stands. No cluster.

The order is that of its atomic release: unlock, install, upgrade, test, correct drift; a failure is remedied (or tried again)
as often as the declaration allows. Deciding may settle the books: what is in order again is said to be so.
"""

from __future__ import annotations

from enum import Enum

from holdfast.base.errors import Stop
from holdfast.model.release import ROLLBACK, UNINSTALL
from holdfast.reconcile.helm_ledger import DRIFTED, READY, RELEASED, REMEDIATED, Ledger
from holdfast.reconcile.helm_state import Standing, State


class Action(Enum):
    """The values are the names that are told."""

    INSTALL = "install"
    UPGRADE = "upgrade"
    TEST = "test"
    ROLLBACK = "rollback"
    UNINSTALL = "uninstall"
    UNLOCK = "unlock"
    CORRECT = "correct cluster drift"

    @property
    def releases(self) -> bool:
        return self in (Action.INSTALL, Action.UPGRADE)

    @property
    def remedies(self) -> bool:
        return self in (Action.ROLLBACK, Action.UNINSTALL)

    @property
    def kind(self) -> str:
        """Each kind runs at most once in a reconciliation."""
        return "release" if self.releases else "remediate" if self.remedies else self.value


class Exhausted(Stop):
    """No retries are left."""


class NoRollbackTarget(Stop):
    """There is nothing to roll back to."""


INSTALLED = "Helm install succeeded for release {} with chart {}"
UPGRADED = "Helm upgrade succeeded for release {} with chart {}"


def decide(state: State, ledger: Ledger) -> Action | None:
    """None: nothing is left to be done. Raises Exhausted. A ROLLBACK still has to find its target."""
    match state.standing:
        case Standing.IN_SYNC:
            return _in_sync(ledger)
        case Standing.LOCKED:
            return Action.UNLOCK
        case Standing.ABSENT:
            if ledger.release.install.remedy.exhausted(ledger.said.install_failures) and not ledger.force:
                raise Exhausted("exceeded maximum retries: cannot install release")
            return Action.INSTALL
        case Standing.UNMANAGED:
            ledger.note(history=())
            return Action.UPGRADE
        case Standing.OUT_OF_SYNC:
            if ledger.release.upgrade.remedy.exhausted(ledger.said.upgrade_failures) and not ledger.force:
                raise Exhausted("exceeded maximum retries: cannot upgrade release")
            return Action.UPGRADE
        case Standing.DRIFTED:
            return Action.CORRECT if ledger.release.drift == "enabled" else None
        case Standing.UNTESTED:
            _no_longer_remediated(ledger)
            return Action.TEST
        case Standing.FAILED:
            return _failed(ledger)


def _in_sync(ledger: Ledger) -> Action | None:
    if ledger.retry_interval is not None:
        ledger.truncate_blindly()
    else:
        # The revision before has to stay: there may be tests yet that make us return to it.
        ledger.truncate(ignore_tests=ledger.ignores_tests)
    if ledger.force:
        return Action.UPGRADE
    _no_longer_remediated(ledger)
    _healed(ledger)
    if ledger.release.watches_drift:
        ledger.marks.false(DRIFTED, "NoDriftDetected", "No drift detected against the cluster state")
    return None


def _no_longer_remediated(ledger: Ledger) -> None:
    """Chart and values are back at what was rolled back to."""
    if ledger.marks.is_true(REMEDIATED) and ledger.latest is not None:
        message = UPGRADED.format(ledger.latest.full_name, ledger.latest.chart)
        ledger.marks.delete(REMEDIATED)
        ledger.marks.true(RELEASED, "UpgradeSucceeded", message)


def _healed(ledger: Ledger) -> None:
    marks, latest = ledger.marks, ledger.latest
    if marks.is_true(READY) and marks.is_true(RELEASED):
        return
    reason = str((marks.get(RELEASED) or {}).get("reason") or "")
    healed = {"InstallFailed": ("InstallSucceeded", INSTALLED), "UpgradeFailed": ("UpgradeSucceeded", UPGRADED)}
    if reason in healed and latest is not None:
        word, text = healed[reason]
        marks.true(RELEASED, word, text.format(latest.full_name, latest.chart))
        ledger.summarise()


def _failed(ledger: Ledger) -> Action:
    if ledger.retry_interval is not None:
        ledger.truncate_blindly()
        return Action.UPGRADE
    remedy = ledger.remedy
    if remedy is None or ledger.failure_count <= 0 or ledger.force:
        return Action.UPGRADE
    if ledger.exhausted and not remedy.remediate_last:
        raise Exhausted("exceeded maximum retries: cannot remediate failed release")
    ledger.truncate(ignore_tests=remedy.ignore_test_failures)
    return {ROLLBACK: Action.ROLLBACK, UNINSTALL: Action.UNINSTALL}[remedy.strategy]
