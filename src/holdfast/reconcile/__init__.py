"""One delivery, orchestrated: observe, decide, act, report.

Comes in: a `World` (the delivery, its source, its dependencies, what the last run left). Goes out: an `Outcome`. Knows every
stage and no dialect; never reads a custom resource of its own, and never writes a status.
"""

from __future__ import annotations

from holdfast.reconcile.decide import Decision, Finalize, Proceed, Rest, Settle, decide
from holdfast.reconcile.live import ClusterState
from holdfast.reconcile.run import Finalized, Runner, Surroundings
from holdfast.reconcile.state import DependencyState, SourceState, World

__all__ = [
    "ClusterState",
    "Decision",
    "DependencyState",
    "Finalize",
    "Finalized",
    "Proceed",
    "Rest",
    "Runner",
    "Settle",
    "SourceState",
    "Surroundings",
    "World",
    "decide",
]
