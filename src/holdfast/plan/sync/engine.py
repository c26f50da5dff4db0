"""One pass of a sync: from what is wanted, what is live and what was done before to the next commands.

A pass is a generator of rounds: it yields commands that may be carried out side by side and is sent their answers in the same
order; it returns a `SyncStep`. Call it again after every change of the objects until the phase is final. Whatever it must
remember stands in the results of the step before, so any pass may be the last one of this process.

Source of the rules: gitops-engine ``pkg/sync``.
"""

from __future__ import annotations

from collections.abc import Generator

from holdfast.model.sync import Answer, OperationPhase, SyncCommand, SyncStep
from holdfast.plan.sync.book import MIGRATED_MANAGER, Book, Ground
from holdfast.plan.sync.steps import Steps

__all__ = ["MIGRATED_MANAGER", "Ground", "Pass", "sync_pass"]

Pass = Generator[tuple[SyncCommand, ...], tuple[Answer, ...], SyncStep]


def sync_pass(ground: Ground) -> Pass:
    """Goes on with a sync, or ends it where its phase is Terminating."""
    steps = Steps(Book(ground))
    if ground.phase is OperationPhase.TERMINATING:
        yield from steps.terminate()
    else:
        yield from steps.run()
    return steps.book.step()
