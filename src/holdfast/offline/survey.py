"""Finding every unit of a repository and rendering it, units that render units included.

A unit is first seen as a document in a file. The roots are those that no other unit's path covers; from them the search
follows what they render: a child unit that a parent patches is rendered as patched. Documents that nothing renders are
rendered last, as they stand. Units of late dialects (releases) are rendered when every object they may refer to is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from holdfast.base.errors import Place
from holdfast.base.tree import Tree
from holdfast.kube.refs import Manifest
from holdfast.model.delivery import UnitKey
from holdfast.offline.clusters import belongs, cluster_directories, nearness
from holdfast.offline.dialects import DIALECTS
from holdfast.offline.documents import Document, Unreadable, documents
from holdfast.offline.unit import SOURCE_KINDS, Dialect, Options, Survey, Unit, World, key_of, values_of
from holdfast.render.generate import KUSTOMIZATION_NAMES

__all__ = ["DIALECTS", "SOURCE_KINDS", "Options", "Survey", "Unit", "is_unit", "survey", "values_of"]


def survey(
    tree: Tree,
    options: Options | None = None,
    dialects: Sequence[Dialect] = DIALECTS,
    *,
    found: tuple[list[Document], list[Unreadable]] | None = None,
) -> list[Survey]:
    """One survey a cluster. Never raises for what is wrong in the repository; that is in the units. ``found`` are the tree's
    documents where the caller has them."""
    options = options or Options()
    written, bad = found or documents(tree)
    if options.implied and not any(r.claims(d.object) for d in written for r in dialects):
        from holdfast.offline.implied import implied_units

        written = [*written, *implied_units(tree)]
    clusters = _clusters(tree, written, options, dialects)
    surveys = [
        _Surveyor(
            Survey(
                tree,
                cluster,
                documents=[d for d in written if belongs(d.place.path, cluster, clusters)],
                unreadable=[b for b in bad if belongs(b.place.path, cluster, clusters)],
                kube_version=options.kube_version,
                refuses=options.refuses,
            ),
            options,
            dialects,
            [c for c in clusters if c != cluster],
        ).go()
        for cluster in clusters
    ]
    read = frozenset(
        p for s in surveys for u in s.units.values() if u.rendered for p, i in u.rendered.reads.items() if i
    )
    for one in surveys:
        _leave_to_others(one, surveys)
        one.read_anywhere = read
    return surveys


def _clusters(tree: Tree, written: list[Document], options: Options, dialects: Sequence[Dialect]) -> list[str]:
    """The directories of the clusters: told by the units of the top, or by all of them where those tell nothing."""
    world = World(Survey(tree), options)
    early = [(d, r) for d in written for r in dialects if not r.late and r.claims(d.object)]
    paths = {id(d): r.covers(d.object, world) for d, r in early}
    tops = {p for p in paths.values() if p}

    def covered(document: Document) -> bool:
        file = document.place.path
        return any(p != paths[id(document)] and file.startswith(f"{p}/") for p in tops)

    everything = [(key_of(d.object), d.place.path) for d, _ in early]
    found = cluster_directories((key_of(d.object), d.place.path) for d, _ in early if not covered(d))
    return found if found != [""] else cluster_directories(everything)


def _leave_to_others(mine: Survey, surveys: Sequence[Survey]) -> None:
    """Takes away units that only other clusters' units build, and what those declare."""
    others = {p for s in surveys if s is not mine for u in s.units.values() if u.rendered for p in u.rendered.reads}
    own = {p for u in mine.units.values() if u.rendered and u.parent is not None for p in u.rendered.reads}
    gone = {
        key
        for key, unit in mine.units.items()
        if unit.parent is None
        and unit.place.path in others - own
        and not unit.place.path.startswith(f"{mine.cluster}/")
    }
    while gone:
        for key in gone:
            del mine.units[key]
        gone = {k for k, u in mine.units.items() if u.parent is not None and u.parent not in mine.units}


_ENTRY = re.compile(r"(^|/)(clusters?|flux|flux-system|bootstrap)(/|-)")


def _is_part(document: Document, beside: bool) -> bool:
    """Whether a unit lacks what a parent's patch has to add, away from where entry points stand: it is none by itself."""
    spec = document.object.get("spec")
    if document.object["kind"] == "Application":
        return beside and isinstance(spec, dict) and not spec.get("destination")
    flux = document.object["kind"] == "Kustomization"
    return flux and not _ENTRY.search(document.place.path) and not (isinstance(spec, dict) and spec.get("interval"))


class _Surveyor:
    def __init__(self, empty: Survey, options: Options, dialects: Sequence[Dialect], others: Sequence[str]) -> None:
        self._survey = empty
        self._dialects = dialects
        self._others = others
        self._world = World(empty, options)
        self._written: dict[UnitKey, Document] = {}
        self._loose: set[UnitKey] = set()
        self._late: list[tuple[Dialect, Manifest, Place, UnitKey | None]] = []
        self._named: dict[tuple[str, str], list[Document]] = {}
        self._readers: dict[str, list[Unit]] = {}
        self._covering: dict[str, list[Unit]] = {}
        self._built_on: set[str] | None = None
        for document in sorted(empty.documents, key=lambda d: nearness(d.place.path, empty.cluster, others)):
            self._world.learn(document.object)
        for document in empty.documents:
            self._named.setdefault(_name(document.object), []).append(document)
            if self._dialect(document.object) is not None:
                self._written[key_of(document.object)] = document

    def go(self) -> Survey:
        for key in self._roots():
            document = self._written[key]
            if not self._was_read(document) and not self._elsewhere(document):
                if _is_part(document, self._kustomized(document.place.path)) or self._is_base(document):
                    self._loose.add(key)
                self._reach(document.object, document.place, None)
        self._drop_shadows()
        self._leftovers(late=False)
        self._catch_up()
        self._leftovers(late=True)
        self._catch_up()
        return self._survey

    def _dialect(self, obj: Manifest) -> Dialect | None:
        return next((d for d in self._dialects if d.claims(obj)), None)

    def _leftovers(self, *, late: bool) -> None:
        """Documents that nothing rendered, as they stand."""
        waiting = {key_of(obj) for _, obj, _, _ in self._late}
        for key, document in self._written.items():
            dialect = self._dialect(document.object)
            known = key in self._survey.units or key in waiting or self._elsewhere(document)
            if dialect is not None and dialect.late is late and not known and not self._was_read(document):
                if self._kustomized(document.place.path):
                    if not self._world.options.loose:
                        continue
                    self._loose.add(key)
                self._reach(document.object, document.place, None)

    def _kustomized(self, path: str) -> bool:
        """Whether a kustomization stands beside a file."""
        directory = path.rpartition("/")[0]
        names = (f"{directory}/{name}".strip("/") for name in KUSTOMIZATION_NAMES)
        return any(self._survey.tree.lookup(name) is not None for name in names)

    def _is_base(self, document: Document) -> bool:
        """Whether an overlay builds on the directory of an Argo CD unit: as what it is delivered, nobody can tell."""
        if document.object["kind"] not in ("Application", "ApplicationSet") or not self._kustomized(
            document.place.path
        ):
            return False
        if self._built_on is None:
            from holdfast.offline.implied import built_on

            self._built_on = built_on(self._survey.tree)
        return document.place.path.rpartition("/")[0] in self._built_on

    def _elsewhere(self, document: Document) -> bool:
        """Whether a unit of the top leads into another cluster's directory."""
        dialect = self._dialect(document.object)
        path = dialect.covers(document.object, self._world) if dialect is not None else None
        return path is not None and any(path == o or path.startswith(f"{o}/") for o in self._others)

    def _drop_shadows(self) -> None:
        """Units taken for roots whose file turned out to be part of what another unit builds."""
        for key, unit in list(self._survey.units.items()):
            document = self._written.get(key)
            if unit.parent is None and document is not None and self._was_read(document, but=key):
                del self._survey.units[key]

    def _catch_up(self) -> None:
        while self._late:
            dialect, obj, place, parent = self._late.pop(0)
            self._take(dialect, obj, place, parent)

    def _was_read(self, document: Document, but: UnitKey | None = None) -> bool:
        """Whether some unit's build took this file in: then its documents are patches, or units known by what they became.
        A unit that was not to be rendered is taken to read everything in its directory."""
        path = document.place.path
        readers = [*self._readers.get(path, ()), *(u for d in _above(path) for u in self._covering.get(d, ()))]
        return any(u.key != but and self._survey.units.get(u.key) is u for u in readers)

    def _note_reads(self, unit: Unit, dialect: Dialect) -> None:
        if unit.rendered is not None:
            for path in unit.rendered.reads:
                self._readers.setdefault(path, []).append(unit)
        elif unit.skipped:
            directory = dialect.covers(unit.object, self._world)
            if directory is not None:
                self._covering.setdefault(directory, []).append(unit)

    def _roots(self) -> list[UnitKey]:
        """Units whose file no other unit's path covers; a unit may cover itself (flux-system does)."""
        early = {k: d for k, d in self._written.items() if (r := self._dialect(d.object)) is not None and not r.late}
        paths = {k: r.covers(d.object, self._world) for k, d in early.items() if (r := self._dialect(d.object))}

        directories = {path for path in paths.values() if path is not None}

        def covered(key: UnitKey) -> bool:
            """Two units over the same directory do not make each other children."""
            return any(a in directories and a != paths[key] for a in _above(early[key].place.path))

        roots = [key for key in early if not covered(key)]
        # What looks like an entry point goes first: others may turn out to be part of what it builds.
        return sorted(roots, key=lambda k: not _ENTRY.search(early[k].place.path))

    def _reach(self, obj: Manifest, place: Place, parent: UnitKey | None) -> None:
        dialect = self._dialect(obj)
        if dialect is None:
            return
        known = self._survey.units.get(key_of(obj))
        if known is not None and not self._is_shadow(known, parent):
            return
        self._survey.units.pop(key_of(obj), None)
        if dialect.late:
            self._late.append((dialect, obj, place, parent))
        else:
            self._take(dialect, obj, place, parent)

    def _is_shadow(self, known: Unit, parent: UnitKey | None) -> bool:
        """Whether a unit was taken for a root and is now met again as what another unit made of it."""
        if known.parent is not None or parent is None or parent == known.key:
            return False
        above = self._survey.units.get(parent)
        while above is not None and above.parent is not None and above.parent != above.key:
            if above.parent == known.key:
                return False
            above = self._survey.units.get(above.parent)
        return True

    def _take(self, dialect: Dialect, obj: Manifest, place: Place, parent: UnitKey | None) -> None:
        key = key_of(obj)
        if key in self._survey.units:
            return
        unit = dialect.rendered(key, obj, place, parent, self._world)
        if key in self._loose or parent in self._loose:
            self._loose.add(key)
            # Whether it is delivered at all, and as what, is not known: then nothing about it can be wrong.
            unit = replace(unit, loose=True, external=unit.external or bool(unit.problem))
        self._survey.units[key] = unit
        self._note_reads(unit, dialect)
        children = unit.rendered.objects if unit.rendered else ()
        for child in children:
            self._world.learn(child)
        for child in children:
            if self._dialect(child) is not None:
                self._reach(child, self._place_in(unit, child), key)

    def _place_in(self, unit: Unit, child: Manifest) -> Place:
        """Where a child stands, of the files that its parent's build read."""
        reads = unit.rendered.reads if unit.rendered else {}
        near = [d for d in self._named.get(_name(child), ()) if d.place.path in reads]
        # A patch of it has the same name; the document that is a unit by itself is the one.
        near.sort(key=lambda d: self._dialect(d.object) is None)
        written = self._written.get(key_of(child))
        return near[0].place if near else written.place if written else unit.place


def _name(obj: Manifest) -> tuple[str, str]:
    return obj["kind"], obj["metadata"]["name"]


def _above(path: str) -> Iterator[str]:
    """Every directory that a file is in, the root first."""
    parts = path.split("/")[:-1]
    return ("/".join(parts[:depth]) for depth in range(len(parts) + 1))


def is_unit(obj: Manifest) -> bool:
    return any(d.claims(obj) for d in DIALECTS)
