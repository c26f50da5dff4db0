"""One run's bookkeeping, and how results and errors become an Outcome."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from holdfast.base.clock import Clock
from holdfast.base.duration import format_duration
from holdfast.base.errors import HoldfastError
from holdfast.model.inventory import Inventory
from holdfast.model.outcome import Event, HistoryEntry, Outcome, Verdict, Wellness
from holdfast.model.plan import Applied
from holdfast.reconcile.state import World


class StepFailed(HoldfastError):
    """A step of a run failed. ``message`` is for the condition; ``told`` for the event, where they differ.

    ``recorded``: the run got far enough to stand in the history; ``after``: when to try again, where that is known.
    """

    def __init__(
        self, reason: str, message: str, *, told: str = "", recorded: bool = False, after: float | None = None
    ) -> None:
        super().__init__(message, reason=reason)
        self.told = told or message
        self.recorded = recorded
        self.after = after


@dataclass(slots=True)
class Attempt:
    """What one run has got to so far."""

    world: World
    clock: Clock
    started: float
    progress: str = ""
    attempted: str = ""
    digest: str = ""
    inventory: Inventory | None = None
    wellness: Wellness = Wellness.UNTOUCHED
    wellness_message: str = ""
    kept: str | None = None
    drifted: str | None = None
    events: list[Event] = field(default_factory=list)
    entries: list[Applied] = field(default_factory=list)
    steps: list[tuple[str, float]] = field(default_factory=list)

    def step(self, what: str) -> None:
        """The progress message, as Flux words it; it stays in the status if the step fails."""
        source, policy = self.world.source, self.world.delivery.policy
        self.steps.append((what, self.clock.time()))
        self.progress = f"{what} for revision {source.revision} with a timeout of {format_duration(policy.timeout)}"

    def tell(self, message: str, *, warning: bool = False, reason: str = "Progressing", **metadata: str) -> None:
        source = self.world.source
        self.events.append(
            Event(
                message,
                warning=warning,
                reason=reason,
                revision=source.revision,
                origin_revision=source.origin_revision,
                metadata={k: v for k, v in metadata.items() if v},
            )
        )

    @property
    def elapsed(self) -> float:
        return self.clock.monotonic() - self.started

    def _history(self, status: str) -> HistoryEntry:
        source = self.world.source
        return HistoryEntry(
            self.digest, status, source.revision, source.origin_revision, self.clock.time(), self.elapsed
        )

    def _outcome(self, verdict: Verdict, reason: str, message: str) -> Outcome:
        return Outcome(
            verdict,
            reason,
            message,
            progress=self.progress,
            attempted=self.attempted,
            inventory=self.inventory,
            wellness=self.wellness,
            wellness_message=self.wellness_message,
            events=tuple(self.events),
            kept=self.kept,
            drifted=self.drifted,
            steps=tuple(self.steps),
        )

    def running(self) -> Outcome:
        """An intermediate outcome, for a wait that may take long. Its events are told now and not again."""
        outcome = replace(self._outcome(Verdict.CANCELLED, "Progressing", ""), wellness=Wellness.RUNNING)
        self.events = []
        return outcome

    def succeeded(self) -> Outcome:
        policy, source = self.world.delivery.policy, self.world.source
        elapsed, interval = format_duration(self.elapsed), format_duration(policy.interval)
        self.tell(
            f"Reconciliation finished in {elapsed}, next run in {interval}",
            reason="ReconciliationSucceeded",
            commit_status="update",
        )
        return replace(
            self._outcome(Verdict.READY, "ReconciliationSucceeded", f"Applied revision: {source.revision}"),
            applied=source.revision,
            origin_revision=source.origin_revision,
            history=self._history("ReconciliationSucceeded"),
            next_run=policy.interval,
        )

    def failed(self, error: StepFailed) -> Outcome:
        self.tell(error.told, warning=True, reason=error.reason)
        return replace(
            self._outcome(Verdict.FAILED, error.reason, error.message),
            history=self._history(error.reason) if error.recorded else None,
            next_run=self.world.delivery.policy.retry_interval if error.after is None else error.after,
        )

    def cancelled(self) -> Outcome:
        return replace(self._outcome(Verdict.CANCELLED, "Progressing", ""), next_run=0.0)
