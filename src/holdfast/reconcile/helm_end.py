"""The declared end of a release: it is deleted, or it becomes another release."""

from __future__ import annotations

from holdfast.apply import helm_return
from holdfast.apply.helm_ground import Ground
from holdfast.apply.helm_storage import ReleaseNotFound
from holdfast.base.errors import HoldfastError
from holdfast.helm.release import Record
from holdfast.reconcile import helm_tell as words
from holdfast.reconcile.helm_ledger import RELEASED, UNINSTALL, Ledger
from holdfast.reconcile.helm_run import Unfinished


async def end(ledger: Ledger, ground: Ground) -> None:
    """Raises HoldfastError where the release could not be uninstalled. Nothing remembered: nothing to be done."""
    latest, marks = ledger.latest, ledger.marks
    if latest is None:
        return

    def observe(record: Record) -> None:
        ledger.revise(record, UNINSTALL)

    ground.storage.observers = [observe]
    try:
        await helm_return.uninstall(ground, latest.name)
        if ledger.latest is not None and ledger.latest.digest == latest.digest and latest.status != "uninstalled":
            raise Unfinished("uninstall completed with error: release not updated in Helm storage")
        words.uninstalled(ledger)
    except ReleaseNotFound:
        text = f"Release {latest.full_name} was not found, assuming it is uninstalled"
        marks.false(RELEASED, "UninstallSucceeded", text)
    except HoldfastError as error:
        if ledger.release.uninstall.keep_history and helm_return.was_deleted_before(error):
            marks.false(RELEASED, "UninstallSucceeded", f"Release {latest.full_name} was already uninstalled")
            return
        words.uninstall_failed(ledger, error, ground.objects.log)
        raise
    finally:
        ground.storage.observers = []
        ledger.summarise()
