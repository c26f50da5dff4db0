"""Finding every unit of a repository and rendering it, units that render units included.

A unit is first seen as a document in a file. The roots are those that no other unit's path covers; from them the search
follows what they render: a child unit that a parent patches is rendered as patched. Documents that nothing renders are
rendered last, as they stand.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from holdfast.base.errors import HoldfastError, Place
from holdfast.base.tree import Tree
from holdfast.dialects.flux import kustomization as flux
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.delivery import Delivery, UnitKey
from holdfast.model.rendered import Rendered, RenderRequest
from holdfast.offline.artifacts import artifact_tree
from holdfast.offline.clusters import belongs, cluster_directories
from holdfast.offline.documents import Document, Unreadable, documents
from holdfast.offline.placeholders import Placeholders
from holdfast.render.paths import resolve
from holdfast.render.render import Engine, render

SOURCE_KINDS = ("GitRepository", "OCIRepository", "Bucket", "ExternalArtifact")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit and what became of it. Exactly one of ``rendered`` and ``problem`` is set; ``external`` problems are no
    mistakes of the repository but sources that are not at hand."""

    key: UnitKey
    place: Place
    object: Manifest
    delivery: Delivery | None = None
    parent: UnitKey | None = None
    rendered: Rendered | None = None
    problem: str = ""
    problem_place: Place | None = None
    external: bool = False
    missing_values: tuple[str, ...] = ()


@dataclass(slots=True)
class Survey:
    """One cluster's view of a repository. ``units`` in the order they were reached; ``documents`` is every object written
    in a file that concerns the cluster; ``cluster`` is its directory, empty where the repository has one only."""

    tree: Tree
    cluster: str = ""
    units: dict[UnitKey, Unit] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)

    def objects(self) -> Iterable[tuple[Unit, Manifest]]:
        """Everything that is rendered, unit by unit."""
        for unit in self.units.values():
            for obj in unit.rendered.objects if unit.rendered else ():
                yield unit, obj


@dataclass(frozen=True, slots=True)
class Options:
    """``unit`` limits rendering to one unit (its parents are rendered to find it). ``strict`` as Flux's default."""

    strict: bool = True
    engine: Engine = field(default_factory=lambda: Engine(decryptor=Placeholders()))
    reuse: Callable[[RenderRequest], Rendered | None] = lambda request: None


def survey(tree: Tree, options: Options | None = None) -> list[Survey]:
    """One survey a cluster. Never raises for what is wrong in the repository; that is in the units."""
    found, bad = documents(tree)
    clusters = cluster_directories((_key(d.object), d.place.path) for d in found if is_unit(d.object))
    return [
        _Surveyor(
            Survey(
                tree,
                cluster,
                documents=[d for d in found if belongs(d.place.path, cluster, clusters)],
                unreadable=[b for b in bad if belongs(b.place.path, cluster, clusters)],
            ),
            options or Options(),
        ).go()
        for cluster in clusters
    ]


class _Surveyor:
    def __init__(self, empty: Survey, options: Options) -> None:
        self._options = options
        self._survey = empty
        found = empty.documents
        self._written = {_key(d.object): d for d in found if is_unit(d.object)}
        self._sources = {_key(d.object): d.object for d in found if d.object["kind"] in SOURCE_KINDS}
        self._values: dict[ObjectRef, Manifest] = {
            ObjectRef.of(d.object): d.object for d in found if _has_values(d.object)
        }
        self._generators = [d.object for d in found if d.object["kind"] == "ArtifactGenerator"]
        self._local: set[UnitKey] = set()

    def go(self) -> Survey:
        for key in self._roots():
            document = self._written[key]
            self._reach(document.object, document.place, None)
        for key, document in self._written.items():
            if key not in self._survey.units and not self._was_read(document):
                self._reach(document.object, document.place, None)
        return self._survey

    def _was_read(self, document: Document) -> bool:
        """Whether some unit's build took this file in: then its documents are patches, or units known by what they became."""
        path = document.place.path
        return any(u.rendered is not None and path in u.rendered.reads for u in self._survey.units.values())

    def _roots(self) -> list[UnitKey]:
        """Units whose file no other unit's path covers; a unit may cover itself (flux-system does)."""
        paths = {key: self._path(d.object) for key, d in self._written.items()}

        def covered(key: UnitKey) -> bool:
            file = self._written[key].place.path
            return any(
                other != key and path is not None and (path == "" or file.startswith(path + "/"))
                for other, path in paths.items()
                if not self._inside(paths[key], path)
            )

        return [key for key in self._written if not covered(key)]

    @staticmethod
    def _inside(path: str | None, other: str | None) -> bool:
        """Two units over the same directory do not make each other children."""
        return path is not None and path == other

    def _path(self, obj: Manifest) -> str | None:
        spec = obj.get("spec")
        path = spec.get("path") if isinstance(spec, dict) else None
        return resolve(self._survey.tree, str(path or "."))

    def _reach(self, obj: Manifest, place: Place, parent: UnitKey | None) -> None:
        key = _key(obj)
        if key in self._survey.units:
            return
        unit = self._rendered(key, obj, place, parent)
        self._survey.units[key] = unit
        for child in unit.rendered.objects if unit.rendered else ():
            if _has_values(child):
                self._values[ObjectRef.of(child)] = child
            if child.get("kind") in SOURCE_KINDS:
                self._sources[_key(child)] = child
        for child in unit.rendered.objects if unit.rendered else ():
            if is_unit(child):
                written = self._written.get(_key(child))
                self._reach(child, written.place if written else place, key)

    def _rendered(self, key: UnitKey, obj: Manifest, place: Place, parent: UnitKey | None) -> Unit:
        try:
            delivery = flux.read(obj)
        except (HoldfastError, ValueError, TypeError, AttributeError, KeyError) as error:
            # The API server would refuse such an object; here its fields have whatever shape the file gives them.
            message = error.message if isinstance(error, HoldfastError) else "a field has a value of the wrong type"
            return Unit(
                key, place, obj, parent=parent, problem=f"invalid Kustomization: {message}", problem_place=place
            )
        tree = self._tree(delivery)
        if tree is None:
            text = self._foreign(delivery.source)
            return Unit(key, place, obj, delivery, parent, problem=text, problem_place=place, external=True)
        variables, missing = self._variables(delivery)
        request = RenderRequest(
            unit=key,
            owner=delivery.owner,
            build=delivery.build,
            tree=tree,
            tree_identity=f"offline {id(tree)}",
            variables=variables,
        )
        try:
            result = self._options.reuse(request) or render(request, self._options.engine)
        except HoldfastError as error:
            at = error.place or place
            return Unit(
                key, place, obj, delivery, parent, problem=error.message, problem_place=at, missing_values=missing
            )
        return Unit(key, place, obj, delivery, parent, rendered=result, missing_values=missing)

    def _tree(self, delivery: Delivery) -> Tree | None:
        """The tree a unit is built from; None where its source is not this repository.

        A source is taken to be this repository as soon as the path of one of its units exists here: that is what the
        well-known layouts have, and URLs differ between mirrors and forks. A generated artifact is put together.
        """
        source = delivery.source
        if source.kind == "ExternalArtifact":
            for generator in self._generators:
                made = artifact_tree(self._survey.tree, generator, source.name)
                if made is not None:
                    return made
        if source.name == "flux-system" or source in self._local or self._stands_here(delivery.build.path):
            self._local.add(source)
            return self._survey.tree
        return None if source in self._sources else self._survey.tree

    def _stands_here(self, path: str) -> bool:
        found = resolve(self._survey.tree, path)
        return bool(found) and self._survey.tree.lookup(str(found)) is not None

    def _foreign(self, source: UnitKey) -> str:
        url = (self._sources[source].get("spec") or {}).get("url", "")
        return f"its source {source} ({url}) is not in this repository"

    def _variables(self, delivery: Delivery) -> tuple[dict[str, str], tuple[str, ...]]:
        variables: dict[str, str] = {}
        missing: list[str] = []
        substitution = delivery.build.substitution
        for reference in substitution.references if substitution else ():
            obj = self._values.get(ObjectRef("", reference.kind, delivery.key.namespace, reference.name))
            if obj is None:
                if not reference.optional:
                    missing.append(f"{reference.kind}/{delivery.key.namespace}/{reference.name}")
                continue
            variables.update(values_of(obj))
        return variables, tuple(missing)


def is_unit(obj: Manifest) -> bool:
    gvk = GroupVersionKind.of(obj)
    return gvk.group == flux.GROUP and gvk.kind == flux.KIND


def _key(obj: Manifest) -> UnitKey:
    meta = obj["metadata"]
    return UnitKey(str(obj["kind"]), str(meta.get("namespace") or ""), str(meta["name"]))


def _has_values(obj: Manifest) -> bool:
    return obj.get("kind") in ("ConfigMap", "Secret") and obj.get("apiVersion") == "v1"


def values_of(obj: Manifest) -> Mapping[str, str]:
    """A ConfigMap's or Secret's entries as text; of a Secret only what is written plainly."""
    found = {k: str(v) for k, v in (obj.get("stringData") or {}).items()}
    data = obj.get("data") or {}
    if obj["kind"] == "ConfigMap":
        return {**found, **{k: str(v) for k, v in data.items()}}
    for name, value in data.items():
        try:
            found.setdefault(name, base64.b64decode(str(value)).decode())
        except (binascii.Error, ValueError):
            continue
    return found
