"""What a change of a repository does to every unit: two trees in, changes by unit out.

Units whose recorded inputs agree in both trees are not rendered twice: the second tree's result is the first one's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from holdfast.base.tree import Tree
from holdfast.model.delivery import UnitKey
from holdfast.model.rendered import Rendered, RenderRequest
from holdfast.offline.changes import Change, Kind, compare
from holdfast.offline.survey import Options, Survey, Unit, survey
from holdfast.render.memo import agrees


@dataclass(frozen=True, slots=True)
class UnitDiff:
    """``problem`` is set where the unit can no longer be rendered; ``notes`` are about the unit itself."""

    key: UnitKey
    cluster: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def risk(self) -> str:
        """high: something precious goes, is recreated, or nothing can be rendered; medium: restarts or removals."""
        notes = [n for c in self.changes for n in c.notes]
        if (
            self.problem
            or any("immutable" in n or "goes with" in n for n in notes)
            or "the unit is removed" in self.notes
        ):
            return "high"
        if any("restart" in n for n in notes) or any(c.kind is Kind.REMOVED for c in self.changes):
            return "medium"
        return "low"


def diff(before: Tree, after: Tree) -> list[UnitDiff]:
    """Only units with differences, in the order of ``after``, removed units at the end."""
    old = {s.cluster: s for s in survey(before)}
    remembered = {u.key: u.rendered for s in old.values() for u in s.units.values() if u.rendered is not None}
    requests: dict[UnitKey, str] = {}
    for found in old.values():
        for unit in found.units.values():
            requests[unit.key] = repr(unit.delivery and (unit.delivery.build, unit.delivery.owner))
    new = survey(after, Options(reuse=_reuser(remembered, requests)))
    out = []
    for found in new:
        earlier = old.get(found.cluster, Survey(before, found.cluster))
        out += [d for u in found.units.values() if (d := _unit(earlier.units.get(u.key), u, found.cluster)) is not None]
        out += [_gone(u, found.cluster) for k, u in earlier.units.items() if k not in found.units]
    return out


def _reuser(
    remembered: dict[UnitKey, Rendered], requests: dict[UnitKey, str]
) -> Callable[[RenderRequest], Rendered | None]:
    def reuse(request: RenderRequest) -> Rendered | None:
        known = remembered.get(request.unit)
        same = requests.get(request.unit) == repr((request.build, request.owner))
        # Variables may come from objects that other units render; those units are always rendered again.
        if known is None or not same or request.variables or not agrees(request.tree, known.reads):
            return None
        return known

    return reuse


def _unit(old: Unit | None, new: Unit, cluster: str) -> UnitDiff | None:
    notes = []
    if old is None:
        notes.append("the unit is new")
    if new.delivery is not None and new.delivery.policy.suspend:
        notes.append("the unit is suspended: nothing of this happens until it is resumed")
    if new.rendered is None:
        worse = old is not None and old.rendered is not None
        return UnitDiff(new.key, cluster, (), tuple(notes), new.problem) if worse and not new.external else None
    before = old.rendered.objects if old is not None and old.rendered is not None else ()
    if before is new.rendered.objects:
        return None
    changes = tuple(compare(before, new.rendered.objects))
    removed = any(c.kind is Kind.REMOVED for c in changes)
    if removed and new.delivery is not None and not new.delivery.policy.prune:
        notes.append("spec.prune is false: what is removed here stays in the cluster")
    return UnitDiff(new.key, cluster, changes, tuple(notes)) if changes else None


def _gone(unit: Unit, cluster: str) -> UnitDiff:
    objects = unit.rendered.objects if unit.rendered else ()
    return UnitDiff(unit.key, cluster, tuple(compare(objects, ())), ("the unit is removed",))
