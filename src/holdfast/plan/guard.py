"""How much may be deleted at once: numbers and the unit's own words in, a refusal or nothing out. Pure.

What is refused is kept as it is, and the refusal says what somebody has to do who meant it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.kube.refs import ObjectRef
from holdfast.model.delivery import UnitKey
from holdfast.model.safety import ALLOW_PRUNE, Safety

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Losses:
    """What a prune would take: ``doomed`` are the objects themselves, ``cascading`` how many more go with them because some
    are units; ``owned`` is what the unit had, cascades included. ``rendered`` None: the unit itself is deleted."""

    doomed: tuple[ObjectRef, ...]
    owned: int
    cascading: int = 0
    rendered: int | None = None

    @property
    def total(self) -> int:
        return len(self.doomed) + self.cascading


def refusal(safety: Safety, unit: UnitKey, revision: str, losses: Losses) -> str:
    """Why nothing is pruned now; empty where it may be."""
    if not safety.guarded or not losses.doomed or safety.consents(revision):
        return ""
    if losses.rendered == 0:
        return f"nothing at all is rendered of {revision}, {told(losses)} kept{_next_step(unit, revision)}"
    if safety.budget.allows(losses.total, losses.owned):
        return ""
    if losses.rendered is None:
        why = f"with {unit.kind}/{unit.name} {_number(losses)} of {losses.owned} objects would be deleted"
    else:
        why = f"{_number(losses)} of {losses.owned} objects are not in {revision} any more"
    return f"{why}, more than {safety.budget} at once: {told(losses)} kept{_next_step(unit, revision)}"


def undecided(unit: UnitKey, revision: str, losses: Losses, unknown: Sequence[UnitKey]) -> str:
    """Objects may have moved to units that cannot be built just now."""
    names = ", ".join(f"{u.kind}/{u.namespace}/{u.name}" for u in unknown[:_NAMED])
    return f"{told(losses)} kept until {names} can be built, which may be where they went{_next_step(unit, revision)}"


def overspent(unit: UnitKey, revision: str, losses: Losses, spent: int, total: int) -> str:
    """The units of one commit, or those that are deleted at about the same time, together lose too much."""
    who = "units that are deleted now have" if losses.rendered is None else f"units of {revision} have"
    return f"{who} taken {spent} of the {total} objects of their source already: {told(losses)} kept{_next_step(unit, revision)}"


def told(losses: Losses) -> str:
    """``ConfigMap/apps/a, ConfigMap/apps/b and 3 more are``"""
    named = ", ".join(str(r) for r in losses.doomed[:_NAMED])
    more = losses.total - min(len(losses.doomed), _NAMED)
    return f"{named} and {more} more are" if more else f"{named} {'is' if len(losses.doomed) == 1 else 'are'}"


def _number(losses: Losses) -> str:
    return (
        f"{losses.total} (those of {len(losses.doomed)} units and objects)" if losses.cascading else str(losses.total)
    )


def _next_step(unit: UnitKey, revision: str) -> str:
    what = f"annotate {unit.kind}/{unit.name} with {ALLOW_PRUNE}={revision} to delete"
    return f"; {what}, or put them back to keep" if revision else f"; put them back to keep, or {what}"
