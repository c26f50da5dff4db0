"""What a change of a repository does to every unit: two trees in, changes by unit out.

Only units that the changed files can concern are rendered, and units that declare units. Where what changed is a value or a
source that others refer to, everything is rendered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from holdfast.base.tree import Tree
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.delivery import UnitKey
from holdfast.model.rendered import Rendered, RenderRequest
from holdfast.offline.affected import Affected, changed_paths
from holdfast.offline.changes import Change, Field, Kind, clean, compare, differences
from holdfast.offline.documents import Document, Unreadable, documents
from holdfast.offline.survey import DIALECTS, SOURCE_KINDS, Options, Survey, Unit, survey
from holdfast.offline.unit import World


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
        return self.verdict[0]

    @property
    def verdict(self) -> tuple[str, str]:
        """The risk, and in one line what makes it."""
        notes = [n for c in self.changes for n in c.notes]
        grave = [n for n in notes if "immutable" in n or "goes with" in n]
        if self.problem:
            return "high", "the unit cannot be rendered any more"
        if grave:
            return "high", grave[0]
        if REMOVED in self.notes:
            return "high", REMOVED
        removed = sum(c.kind is Kind.REMOVED for c in self.changes)
        restarts = sum("restart" in n for n in notes)
        if removed or restarts:
            parts = [f"{restarts} workloads restart" if restarts else "", f"{removed} objects go" if removed else ""]
            return "medium", " and ".join(p for p in parts if p)
        return "low", "nothing restarts and nothing goes"


REMOVED = "the unit is removed"


def diff(
    before: Tree, after: Tree, changed: Iterable[str] | None = None, options: Options | None = None
) -> list[UnitDiff]:
    """Only units with differences, in the order of ``after``, removed units at the end. ``changed`` are the paths that differ,
    where the caller knows them; else they are found by the trees' content ids."""
    paths = frozenset(changed_paths(before, after) if changed is None else changed)
    if not paths:
        return []
    options = options or Options()
    found = _Limited(before, after, paths, options).differences()
    return found if found is not None else _compared(survey(before, options), survey(after, options))


# -- only what is concerned ----------------------------------------------------------------------------------------------

Documents = tuple[list[Document], list[Unreadable]]


class _Limited:
    """Two surveys that leave out what the change cannot concern."""

    def __init__(self, before: Tree, after: Tree, changed: frozenset[str], options: Options) -> None:
        self._trees = (before, after)
        self._changed = changed
        self._affected = (Affected(before, changed), Affected(after, changed))
        self._options = options
        self._wanted: set[tuple[str, str]] = set()
        self._documents = self._read()

    def _read(self) -> tuple[Documents, Documents]:
        """Units' documents of both trees; files that did not change are read once."""
        new, bad = documents(self._trees[1], concerns=_declares)
        kept = [d for d in new if d.place.path not in self._changed]
        gone = [b for b in bad if b.place.path not in self._changed]
        present = [p for p in sorted(self._changed) if self._trees[0].lookup(p) is not None]
        old, worse = documents(self._trees[0], concerns=_declares, paths=present)
        return (([*kept, *old], [*gone, *worse]), (new, bad))

    def differences(self) -> list[UnitDiff] | None:
        """None where the change reaches further than can be told this way."""
        old: list[Survey] | None = []
        new: list[Survey] | None = []
        for _ in range(4):
            old, new = self._surveys()
            if old is None or new is None:
                return None
            more = set(self._to_render(old, new)) - self._wanted
            if not more:
                break
            self._wanted |= more
        found = _compared(old or [], new or [])
        return None if self._reaches_others(found) else found

    def _surveys(self) -> tuple[list[Survey] | None, list[Survey] | None]:
        kept: dict[UnitKey, tuple[RenderRequest, Rendered]] = {}
        old = self._survey(0, {}, kept)
        return old, (self._survey(1, kept, {}) if old is not None else None)

    def _survey(
        self,
        number: int,
        known: dict[UnitKey, tuple[RenderRequest, Rendered]],
        keep: dict[UnitKey, tuple[RenderRequest, Rendered]],
    ) -> list[Survey] | None:
        tree, (found, _) = self._trees[number], self._documents[number]
        declared = [d for d in found if any(r.claims(d.object) and not r.late for r in DIALECTS)]
        world = World(Survey(tree), self._options)

        def wanted(key: UnitKey, obj: Manifest) -> bool:
            if (key.kind, key.name) in self._wanted:
                return True
            if key.kind == "HelmRelease":
                return False
            dialect = next((r for r in DIALECTS if r.claims(obj)), None)
            path = dialect.covers(obj, world) if dialect is not None else None
            return self._concerned(path) or self._contains_units(number, path, declared)

        def reuse(request: RenderRequest) -> Rendered | None:
            same = known.get(request.unit)
            if same is None or self._concerned(request.build.path.strip("./")) or same[0].digest() != request.digest():
                return None
            return same[1]

        limited = replace(self._options, wanted=wanted, reuse=reuse, loose=False)
        surveys = survey(tree, limited, found=self._documents[number])
        for one in surveys:
            for unit in one.units.values():
                if unit.rendered is not None and unit.delivery is not None and unit.delivery.build.substitution is None:
                    keep[unit.key] = (_request(unit, tree), unit.rendered)
        return None if any(_needs_values(u) for s in surveys for u in s.units.values()) else surveys

    def _concerned(self, path: str | None) -> bool:
        return any(a.directory(path) for a in self._affected)

    def _contains_units(self, number: int, path: str | None, declared: list[Document]) -> bool:
        if path is None:
            return True
        heads = tuple(f"{d}/" if d else "" for d in self._affected[number].reach(path))
        return any(d.place.path.startswith(heads) for d in declared)

    def _to_render(self, old: list[Survey], new: list[Survey]) -> Iterator[tuple[str, str]]:
        """Units left out so far whose declaration differs, or whose chart changed."""
        was = {(s.cluster, k): u for s in old for k, u in s.units.items()}
        now = {(s.cluster, k): u for s in new for k, u in s.units.items()}
        for name in was.keys() | now.keys():
            one, other = was.get(name), now.get(name)
            unit = other or one
            if unit is None or not (one is None or one.skipped or other is None or other.skipped):
                continue
            if one is None or other is None or clean(one.object) != clean(other.object) or self._chart_changed(unit):
                yield unit.key.kind, unit.key.name

    def _chart_changed(self, unit: Unit) -> bool:
        if unit.key.kind != "HelmRelease":
            return False
        text = repr(unit.spec.get("chart")).encode()
        return any(a.release(text) for a in self._affected)

    def _reaches_others(self, found: list[UnitDiff]) -> bool:
        """Whether a value or a source changed that a unit names which was left out."""
        names = {c.ref.name for d in found for c in d.changes if c.ref.kind in ("ConfigMap", "Secret", *SOURCE_KINDS)}
        if not names:
            return False
        everything = (d.object for found, _ in self._documents for d in found)
        return any(names & set(_named(o)) for o in everything if any(r.claims(o) for r in DIALECTS))


def _request(unit: Unit, tree: Tree) -> RenderRequest:
    assert unit.delivery is not None
    return RenderRequest(unit.key, unit.delivery.owner, unit.delivery.build, tree, "")


def _needs_values(unit: Unit) -> bool:
    """Whether a unit that is rendered takes values from objects, which units that were left out may make."""
    spec = unit.spec
    return not unit.skipped and bool(spec.get("valuesFrom") or (spec.get("postBuild") or {}).get("substituteFrom"))


def _named(obj: Manifest) -> Iterator[str]:
    """Names of values and sources that a unit refers to."""
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return
    lists = (spec.get("valuesFrom"), (spec.get("postBuild") or {}).get("substituteFrom"))
    refs = [r for items in lists for r in items or ()]
    chart = (spec.get("chart") or {}).get("spec") or {}
    refs += [spec.get("sourceRef"), spec.get("chartRef"), chart.get("sourceRef")]
    yield from (str(r["name"]) for r in refs if isinstance(r, dict) and r.get("name"))


def _declares(data: bytes) -> bool:
    return b"fluxcd.io/" in data or b"argoproj.io/" in data


# -- comparing ---------------------------------------------------------------------------------------------------------


def _compared(before: list[Survey], after: list[Survey]) -> list[UnitDiff]:
    old = {s.cluster: s for s in before}
    out: list[UnitDiff] = []
    for found in after:
        earlier = old.pop(found.cluster, Survey(found.tree, found.cluster))
        out += _cluster(earlier, found)
    for gone in old.values():
        out += [_gone(u, gone.cluster) for u in gone.units.values() if not u.loose]
    return out


def _cluster(before: Survey, after: Survey) -> list[UnitDiff]:
    found = [
        d
        for u in after.units.values()
        if not u.loose and (d := _unit(before.units.get(u.key), u, after.cluster)) is not None
    ]
    gone = [u for k, u in before.units.items() if k not in after.units and not u.loose]
    found += [_gone(u, after.cluster) for u in gone if not _unknown(u, after)]
    return [d for d in _with_moves(found, before) if d.changes or d.problem or d.notes]


def _unknown(unit: Unit, after: Survey) -> bool:
    """Whether a unit may only be missing because the one that makes it cannot be rendered now."""
    parent = after.units.get(unit.parent) if unit.parent is not None else None
    return parent is not None and bool(parent.problem)


def _unit(old: Unit | None, new: Unit, cluster: str) -> UnitDiff | None:
    if new.skipped:
        return None
    notes = []
    if old is None:
        notes.append("the unit is new")
    if new.suspended:
        notes.append("the unit is suspended: nothing of this happens until it is resumed")
    if new.rendered is None:
        worse = old is None or old.rendered is not None
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
    notes = [REMOVED]
    if unit.delivery is not None and not unit.delivery.policy.prune:
        notes.append("spec.prune is false: what it made stays in the cluster")
    return UnitDiff(unit.key, cluster, tuple(compare(objects, ())), tuple(notes))


@dataclass(slots=True)
class _Moves:
    """Where each object was and where it is."""

    left: dict[ObjectRef, UnitKey] = field(default_factory=dict)
    joined: dict[ObjectRef, UnitKey] = field(default_factory=dict)


def _with_moves(found: list[UnitDiff], before: Survey) -> list[UnitDiff]:
    """Objects that one unit loses and another gets are moved, not removed and added."""
    moves = _Moves()
    for unit in found:
        for change in unit.changes:
            if change.kind is Kind.REMOVED:
                moves.left[change.ref] = unit.key
            elif change.kind is Kind.ADDED:
                moves.joined[change.ref] = unit.key
    both = moves.left.keys() & moves.joined.keys()
    if not both:
        return found
    old = {ObjectRef.of(o): o for u in before.units.values() for o in (u.rendered.objects if u.rendered else ())}
    return [
        replace(u, changes=tuple(_moved(c, u, moves, old) if c.ref in both else c for c in u.changes)) for u in found
    ]


def _moved(change: Change, unit: UnitDiff, moves: _Moves, old: dict[ObjectRef, Manifest]) -> Change:
    if moves.joined[change.ref] != unit.key:
        return Change(change.ref, Kind.MOVED, notes=(f"moves to {moves.joined[change.ref]}",))
    fields: tuple[Field, ...] = ()
    if change.after is not None and change.ref in old and change.ref.kind != "Secret":
        fields = tuple(f for f in differences(clean(old[change.ref]), clean(change.after)) if not _owner(f))
    return Change(change.ref, Kind.MOVED, fields, (f"moves here from {moves.left[change.ref]}",), change.after)


def _owner(difference: Field) -> bool:
    return difference.path.startswith('.metadata.labels."') and "toolkit.fluxcd.io/name" in difference.path
