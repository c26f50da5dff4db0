"""Drift in words: what happened to an object, who did it, and who undoes it again and again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from holdfast.cluster.client import Client
from holdfast.cluster.errors import NotFound
from holdfast.kube.refs import ObjectRef
from holdfast.model.plan import Change, Reason
from holdfast.model.safety import DriftMode
from holdfast.reconcile.live import ClusterState
from holdfast.reconcile.outcome import Attempt

_TOLD = 10


def cause_of(state: ClusterState, ref: ObjectRef) -> str:
    """What happened to a drifted object, as far as can be known."""
    live = state.get(ref)
    if live is None:
        return "was deleted"
    writer, time = live.writer
    return f"was changed by {writer} at {time}" if writer else "was changed"


def drift_message(left: Mapping[ObjectRef, str]) -> str:
    """What a condition says of drift that is not put right."""
    lines = [f"{ref} {what}" for ref, what in sorted(left.items())]
    return "; ".join(lines[:_TOLD]) + (f"; and {len(lines) - _TOLD} more" if len(lines) > _TOLD else "")


def note_drift(attempt: Attempt, state: ClusterState, changes: Sequence[Change]) -> None:
    left = {c.ref: cause_of(state, c.ref) for c in changes if c.reason is Reason.DRIFT_LEFT}
    if left and attempt.world.delivery.policy.safety.drift is DriftMode.WARN:
        attempt.drifted = "; ".join(t for t in (attempt.drifted, drift_message(left)) if t)


async def rivals(client: Client, change: Change, manager: str) -> tuple[str, ...]:
    """Other managers of an object, those who wrote last first; nobody where it is gone."""
    try:
        live = await client.get(change.ref, version=change.gvk.version)
    except NotFound:
        return ()
    managers = live["metadata"].get("managedFields") or ()
    others = [m for m in managers if m.get("manager") != manager and not m.get("subresource")]
    return tuple(str(m["manager"]) for m in sorted(others, key=lambda m: str(m.get("time") or ""), reverse=True))
