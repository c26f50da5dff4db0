"""One reconciliation of a release: look, choose, act, and look again until nothing is left to be done.

In: the books, and the ground to act on. Out: how it ended, the books kept all along. What to do is chosen in ``helm_decide``,
done in ``apply``; what is told of it is in ``helm_tell``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from holdfast.apply import helm_actions, helm_return
from holdfast.apply.helm_crds import definition_files
from holdfast.apply.helm_drift import Drift, Ignored, correct, drift_of
from holdfast.apply.helm_ground import Ground
from holdfast.apply.helm_objects import Resource, as_written, objects_in
from holdfast.apply.helm_storage import Stored
from holdfast.base.duration import format_duration
from holdfast.base.errors import HoldfastError, RetryLater
from holdfast.cluster.errors import NoMatch
from holdfast.helm.release import Record
from holdfast.kube.refs import Manifest
from holdfast.model.inventory import Inventory, InventoryEntry
from holdfast.plan.order import sort_key
from holdfast.reconcile import helm_tell as words
from holdfast.reconcile.helm_decide import Action, Exhausted, NoRollbackTarget, decide
from holdfast.reconcile.helm_digest import hook_runs, snapshot
from holdfast.reconcile.helm_ledger import (
    INSTALL,
    PROGRESSING,
    READY,
    RECONCILING,
    REMEDIATED,
    RETRYING,
    ROLLBACK,
    TEST_SUCCESS,
    UNINSTALL_REMEDIATION,
    UPGRADE,
    Ledger,
)
from holdfast.reconcile.helm_state import Standing, State, StateError, changed_behind, judge


class Ending(Enum):
    DONE = "done"
    AGAIN = "again at once"
    RETRY = "again after the retry interval"
    STALLED = "not before something changes"
    FAILED = "again after a growing wait"


class Unfinished(RetryLater):
    """An action that could not do its work; the storage is as it was."""


Save = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class HelmRun:
    """``save`` writes the books into the status. ``normalise`` gives objects the form in which they are applied;
    ``ignored`` the fields whose drift does not count; ``switch`` the label or annotation by which an object opts out."""

    ledger: Ledger
    ground: Ground
    manager: str
    save: Save
    normalise: Callable[[Manifest], Manifest]
    ignored: Ignored
    switch: tuple[str, str]
    drifts: tuple[Drift, ...] = ()

    async def run(self) -> Ending:
        done: set[str] = set()
        while True:
            try:
                action = await self._next()
            except Exhausted:
                return self._stall()
            except NoRollbackTarget as error:
                self.ledger.marks.stalled("MissingRollbackTarget", f"Failed to perform remediation: {error.message}")
                return Ending.STALLED
            except HoldfastError as error:
                words.no_state(self.ledger, error)
                return Ending.FAILED
            if action is None:
                self.ledger.marks.delete(RECONCILING)
                self.ledger.summarise()
                return Ending.DONE
            if action.kind in done:
                return self._pause()
            await self._announce(action)
            try:
                await self._act(action)
            except HoldfastError as error:
                return self._broken(error)
            if action.remedies:
                return self._after_remedy()
            done.add(action.kind)

    # --- ends

    def _stall(self) -> Ending:
        ledger = self.ledger
        tried = f"Failed to {ledger.said.last_action} after {ledger.failure_count} attempt(s)"
        ledger.marks.stalled("RetriesExceeded", tried)
        return Ending.STALLED

    def _retry(self, interval: float) -> Ending:
        self.ledger.marks.reconciling(RETRYING, f"retrying after {format_duration(interval)}")
        return Ending.RETRY

    def _again(self) -> Ending:
        self.ledger.marks.reconciling(RETRYING, self.ledger.marks.message(READY))
        return Ending.AGAIN

    def _pause(self) -> Ending:
        """The same kind of action once more: that is for the next reconciliation."""
        ledger = self.ledger
        if ledger.retry_interval is not None:
            return self._retry(ledger.retry_interval)
        if not ledger.exhausted:
            return self._again()
        ledger.marks.delete(RECONCILING)
        return Ending.DONE

    def _after_remedy(self) -> Ending:
        ledger = self.ledger
        if ledger.retry_interval is not None:
            return self._retry(ledger.retry_interval)
        if not ledger.exhausted or (ledger.remedy is not None and ledger.remedy.uninstalls_upgrades):
            return self._again()
        return self._stall()

    def _broken(self, error: HoldfastError) -> Ending:
        ledger = self.ledger
        if ledger.retry_interval is not None:
            return self._retry(ledger.retry_interval)
        if ledger.marks.is_true(READY):
            ledger.marks.false(READY, "ReconcileError", error.message)
        return Ending.FAILED

    # --- looking and choosing

    async def _next(self) -> Action | None:
        try:
            last = await self.ground.storage.last(self.ground.release.name)
        except HoldfastError as error:
            raise StateError(f"failed to retrieve last release from storage: {error.message}") from error
        state = judge(self.ledger, last.record if last else None, self.ground.values or {})
        if state.standing is Standing.IN_SYNC and last is not None and self.ground.release.watches_drift:
            state = await self._drift(last)
        action = decide(state, self.ledger)
        return await self._find_target() if action is Action.ROLLBACK else action

    async def _find_target(self) -> Action:
        """A rollback needs its target as it was; where it was changed another upgrade is the better remedy."""
        previous = self._previous()
        if previous is None:
            raise NoRollbackTarget("missing target release for rollback: cannot remediate failed release")
        stored = await self.ground.storage.get(previous.name, previous.version)
        if stored is None or changed_behind(previous, stored.record):
            return Action.UPGRADE
        return Action.ROLLBACK

    def _previous(self) -> Any:
        remedy = self.ground.release.upgrade.remedy
        return self.ledger.previous(ignore_tests=remedy.ignore_test_failures)

    async def _drift(self, last: Stored) -> State:
        try:
            found = await self._compared(last)
        except HoldfastError as error:
            raise StateError(f"unable to determine cluster state: {error.message}") from error
        if not found:
            return State(Standing.IN_SYNC)
        self.drifts = tuple(found)
        words.drifted(self.ledger, [str(d) for d in found])
        return State(Standing.DRIFTED)

    async def _compared(self, last: Stored) -> list[Drift]:
        resources = await self.ground.wanted(str(last.record.get("manifest") or ""))
        normal = [Resource(self.normalise(r.manifest), r.gvk, r.ref) for r in resources]
        found, errors = await drift_of(self.ground.objects, normal, self.manager, self.ignored, self.switch)
        if errors and not found:
            raise StateError(errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]")
        return found

    # --- acting

    async def _announce(self, action: Action) -> None:
        message = f"Running '{action.value}' action with timeout of {format_duration(self._timeout(action))}"
        self.ledger.marks.reconciling(PROGRESSING, message)
        if action.releases:
            self.ledger.marks.unknown(READY, PROGRESSING, message)
        await self.save()

    def _timeout(self, action: Action) -> float:
        release = self.ground.release
        steps = {
            Action.INSTALL: release.install.steps.timeout,
            Action.UPGRADE: release.upgrade.steps.timeout,
            Action.ROLLBACK: release.rollback.steps.timeout,
            Action.UNINSTALL: release.uninstall.steps.timeout,
            Action.TEST: release.test.timeout,
        }
        return steps.get(action, release.timeout)

    async def _act(self, action: Action) -> None:
        match action:
            case Action.INSTALL | Action.UPGRADE:
                await self._release(action)
            case Action.TEST:
                await self._test()
            case Action.ROLLBACK:
                await self._roll_back()
            case Action.UNINSTALL:
                await self._uninstall()
            case Action.UNLOCK:
                await self._unlock()
            case Action.CORRECT:
                await self._correct()

    async def _release(self, action: Action) -> None:
        """An install begins a new history; nothing before it is ever returned to."""
        ledger, clock = self.ledger, self.ground.objects.clock
        name = INSTALL if action is Action.INSTALL else UPGRADE
        ledger.note(last_action=name)
        if action is Action.INSTALL:
            ledger.note(history=())
        ledger.marks.delete(TEST_SUCCESS, REMEDIATED)
        observed: dict[int, Record] = {}
        started, error = clock.monotonic(), None
        try:
            with self._observing(lambda r: observed.__setitem__(int(r["version"]), r)) as written:
                await (helm_actions.install if action is Action.INSTALL else helm_actions.upgrade)(self.ground)
        except HoldfastError as fault:
            error = fault
        ledger.note(last_duration=clock.monotonic() - started)
        ledger.record(observed, name)
        await self._take_inventory(written)
        try:
            if error is None:
                words.released(ledger, name)
                return
            words.release_failed(ledger, name, error, self.ground.objects.log)
            if not observed:
                # Nothing is stored, so nothing has to be remedied: the same can be tried again.
                raise Unfinished(error.message) from error
            ledger.count_failure()
        finally:
            ledger.summarise()

    async def _test(self) -> None:
        ledger, latest = self.ledger, self.ledger.latest
        if latest is None:
            raise Unfinished("no latest release: required for test")

        def observe(record: Record) -> None:
            if latest.targets(record["name"], record["namespace"], int(record["version"])):
                words.tested_record(ledger, record, hook_runs(record, ledger.release.test.selects))

        error: HoldfastError | None = None
        try:
            with self._observing(observe):
                stored = await helm_return.test(self.ground)
            if stored.version != latest.version:
                found = f"{stored.record['namespace']}/{stored.record['name']}.v{stored.version}"
                error = Unfinished(f"release mismatch: tested release {found} != current release {latest.full_name}")
        except HoldfastError as fault:
            error = fault
        try:
            if error is None:
                words.tested(ledger)
                return
            words.test_failed(ledger, error)
            if ledger.latest is None or not ledger.latest.tested:
                raise error
        finally:
            ledger.summarise()

    async def _roll_back(self) -> None:
        ledger, latest, previous = self.ledger, self.ledger.latest, self._previous()
        error: HoldfastError | None = None

        def observe(record: Record) -> None:
            if not ledger.revise(record, ROLLBACK):
                ledger.prepend(snapshot(record))

        try:
            with self._observing(observe) as written:
                await helm_return.rollback(self.ground, previous.version)
        except HoldfastError as fault:
            error = fault
        await self._take_inventory(written)
        try:
            if error is None:
                words.rolled_back(ledger, previous)
                return
            words.rollback_failed(ledger, previous, error, self.ground.objects.log)
            if ledger.latest is None or (latest is not None and ledger.latest.digest == latest.digest):
                raise error
        finally:
            ledger.summarise()

    async def _uninstall(self) -> None:
        """The remedy of a failed install; the declared end of a release is in ``helm_end``."""
        ledger, latest = self.ledger, self.ledger.latest
        if latest is None:
            raise Unfinished("no latest release: required to uninstall")
        error: HoldfastError | None = None
        try:
            with self._observing(lambda r: _ignore(ledger.revise(r, UNINSTALL_REMEDIATION))):
                await helm_return.uninstall(self.ground, latest.name)
        except HoldfastError as fault:
            error = fault
        untouched = ledger.latest is not None and ledger.latest.digest == latest.digest
        if error is None and untouched:
            error = Unfinished("uninstall completed with error: release not updated in Helm storage")
        if error is None:
            words.uninstalled_as_remedy(ledger)
            return
        words.uninstall_remedy_failed(ledger, error, self.ground.objects.log)
        if untouched:
            raise error

    async def _unlock(self) -> None:
        ledger, storage = self.ledger, self.ground.storage
        try:
            stored = await storage.last(self.ground.release.name)
            if stored is None or not stored.is_pending:
                return
            status = stored.status
            current = snapshot(stored.record)
            stored.set_status("failed", f"Release unlocked from stale '{status}' state")
            try:
                with self._observing(lambda r: _ignore(ledger.revise(r, None))):
                    await storage.update(stored)
            except HoldfastError as error:
                words.unlock_failed(ledger, current, status, error)
                raise
            words.unlocked(ledger, current, status)
        finally:
            ledger.summarise()

    async def _correct(self) -> None:
        ledger = self.ledger
        ledger.marks.unknown(READY, PROGRESSING, "correcting cluster drift")
        missing = sorted((d for d in self.drifts if d.patch is None), key=lambda d: sort_key(d.resource.ref))
        changed = sorted((d for d in self.drifts if d.patch is not None), key=lambda d: sort_key(d.resource.ref))
        done, errors = await correct(self.ground.objects, [*missing, *changed], self.manager)
        words.corrected(ledger, done, errors)

    # --- what is written meanwhile

    def _observing(self, observe: Callable[[Record], Any]) -> _Observation:
        return _Observation(self.ground, observe)

    async def _take_inventory(self, written: _Observation) -> None:
        if written.last is None:
            return
        try:
            self.ledger.note(inventory=await self._inventory(written.last))
        except HoldfastError as error:
            words.no_inventory(self.ledger, error)

    async def _inventory(self, record: Mapping[str, Any]) -> Inventory:
        """Of the manifest, and of the chart's definitions; hooks are not in it."""
        found = [await self._placed(o) for o in objects_in(str(record.get("manifest") or "")) if not _is_hook(o)]
        found += [as_written(o) for _, text in definition_files(self.ground) for o in objects_in(text)]
        entries = dict.fromkeys(InventoryEntry(r.ref, r.gvk.version) for r in found)
        return Inventory(tuple(entries))

    async def _placed(self, obj: Manifest) -> Resource:
        try:
            return await self.ground.objects.resource(obj)
        except NoMatch:
            return as_written(obj)


def _is_hook(obj: Manifest) -> bool:
    return "helm.sh/hook" in ((obj.get("metadata") or {}).get("annotations") or {})


class _Observation:
    """Listens to the storage while an action runs; ``last`` is what was written last."""

    def __init__(self, ground: Ground, observe: Callable[[Record], Any]) -> None:
        self._ground = ground
        self._observe = observe
        self.last: Record | None = None

    def __enter__(self) -> _Observation:
        self._ground.storage.observers = [self._heard]
        return self

    def __exit__(self, *_: object) -> None:
        self._ground.storage.observers = []

    def _heard(self, record: Record) -> None:
        self.last = record
        self._observe(record)


def _ignore(result: object) -> None:
    del result
