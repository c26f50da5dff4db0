"""Flux Kustomizations as units: read, mapped to the tree of their source, rendered by the controller's engine."""

from __future__ import annotations

import re
from dataclasses import replace

from holdfast.base.errors import HoldfastError, Place
from holdfast.base.tree import EntryKind, Tree
from holdfast.dialects.flux import kustomization as flux
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.delivery import Delivery, KustomizeBuild, UnitKey, ValuesRef
from holdfast.model.rendered import Rendered, RenderRequest
from holdfast.offline.absent import Absent
from holdfast.offline.artifacts import artifact_tree
from holdfast.offline.unit import Unit, World, values_of
from holdfast.render.paths import resolve
from holdfast.render.render import render
from holdfast.source.ignore import FILE_NAME, FilteredTree, plain_rules

_UNSET = re.compile(r'variable not set \(strict mode\): "?([A-Za-z_]\w*)')
_AT_ONCE = ("OCIRepository", "Bucket", "ExternalArtifact")


class Kustomizations:
    """Implements ``Dialect``."""

    late = False

    def claims(self, obj: Manifest) -> bool:
        gvk = GroupVersionKind.of(obj)
        return gvk.group == flux.GROUP and gvk.kind == flux.KIND

    def covers(self, obj: Manifest, world: World) -> str | None:
        spec = obj.get("spec")
        path = spec.get("path") if isinstance(spec, dict) else None
        ref = spec.get("sourceRef") if isinstance(spec, dict) else None
        kind = str(ref.get("kind")) if isinstance(ref, dict) else ""
        asked = (kind, str(path or "."))
        if asked not in world.places:
            world.places[asked] = resolve(world.survey.tree, placed(world, *asked))
        return world.places[asked]

    def rendered(self, key: UnitKey, obj: Manifest, place: Place, parent: UnitKey | None, world: World) -> Unit:
        try:
            delivery = flux.read(obj, strict=world.options.strict)
        except (HoldfastError, ValueError, TypeError, AttributeError, KeyError) as error:
            # The API server would refuse such an object; here its fields have whatever shape the file gives them.
            message = error.message if isinstance(error, HoldfastError) else "a field has a value of the wrong type"
            message = str(error) if "invalid duration" in str(error) else message
            return Unit(
                key, place, obj, parent=parent, problem=f"invalid Kustomization: {message}", problem_place=place
            )
        return _Rendering(world, delivery, place, parent).unit()


class _Rendering:
    def __init__(self, world: World, delivery: Delivery, place: Place, parent: UnitKey | None) -> None:
        self._world = world
        self._delivery = delivery
        self._place = place
        self._parent = parent

    def unit(self) -> Unit:
        delivery, options = self._delivery, self._world.options
        if not options.wanted(delivery.key, dict(delivery.raw)):
            return self._unit(skipped=True)
        tree = self._tree()
        if tree is None:
            text = foreign(delivery.source, self._world)
            return self._unit(problem=text, problem_place=self._place, external=True)
        variables, missing = self._variables()
        request = RenderRequest(
            unit=delivery.key,
            owner=delivery.owner,
            build=self._build(tree),
            tree=tree,
            tree_identity=f"offline {id(tree)}",
            variables=variables,
        )
        absent = Absent(options.remotes)
        try:
            result = options.reuse(request) or self._render(request, bool(missing), absent)
            missing = tuple(m for m in missing if m)
        except HoldfastError as error:
            place = error.place or self._place
            if absent.urls:
                text = f"it builds on {', '.join(absent.urls)}, which is not at hand"
                return self._unit(problem=text, problem_place=place, missing_values=missing, external=True)
            return self._unit(problem=error.message, problem_place=place, missing_values=missing)
        return self._unit(rendered=result, missing_values=missing, facts={"remote": tuple(absent.urls)})

    def _render(self, request: RenderRequest, incomplete: bool, absent: Absent) -> Rendered:
        """Where some of the variables are not at hand, those that nothing sets get a text that fits most fields: that they
        are missing is told once, and not again wherever one is used."""
        variables, engine = dict(request.variables), self._world.options.engine
        options = engine.options._replace(fetch=absent.fetch, fetch_file=absent.fetch_file)
        engine = replace(engine, options=options)
        while True:
            try:
                return render(replace(request, variables=variables), engine)
            except HoldfastError as error:
                unset = _UNSET.search(error.message) if incomplete else None
                if unset is None or unset[1] in variables:
                    raise
                variables[unset[1]] = f"unknown-{unset[1].lower().replace('_', '-')}"

    def _build(self, tree: Tree) -> KustomizeBuild:
        build = self._delivery.build
        if tree is not delivered(self._world, self._delivery.source):
            return build
        return replace(build, path=placed(self._world, self._delivery.source.kind, build.path))

    def _unit(self, **what: object) -> Unit:
        delivery = self._delivery
        return Unit(
            delivery.key,
            self._place,
            dict(delivery.raw),
            delivery,
            self._parent,
            source=delivery.source,
            depends_on=tuple(d.key for d in delivery.policy.depends_on),
            **what,  # type: ignore[arg-type]
        )

    def _tree(self) -> Tree | None:
        """The tree a unit is built from; None where its source is not this repository.

        A source is taken to be this repository as soon as the path of one of its units exists here: that is what the
        well-known layouts have, and URLs differ between mirrors and forks. A generated artifact is put together.
        """
        source, world = self._delivery.source, self._world
        if source.kind == "ExternalArtifact":
            for generator in world.generators:
                made = artifact_tree(world.survey.tree, generator, source.name, tops(world.survey.tree))
                if made is not None:
                    return made
        if (
            source.name == "flux-system"
            or source in world.local
            or stands_here(world, placed(world, source.kind, self._delivery.build.path))
        ):
            world.local.add(source)
            return delivered(world, source)
        return None if source in world.sources else world.survey.tree

    def _variables(self) -> tuple[dict[str, str], tuple[str, ...]]:
        variables: dict[str, str] = {}
        missing: list[str] = []
        substitution, namespace = self._delivery.build.substitution, self._delivery.key.namespace
        for reference in substitution.references if substitution else ():
            obj = self._world.values.get(ObjectRef("", reference.kind, namespace, reference.name))
            obj = obj or self._namespaceless(reference)
            if obj is not None:
                variables.update(values_of(obj))
            elif reference.kind == "Secret" and self._world.is_operated(namespace, reference.name):
                missing.append("")
            elif not reference.optional:
                missing.append(f"{reference.kind}/{namespace}/{reference.name}")
        return variables, tuple(missing)

    def _namespaceless(self, reference: ValuesRef) -> Manifest | None:
        """A document without a namespace, which some kustomization puts where it belongs: perhaps this unit's own."""
        return self._world.values.get(ObjectRef("", reference.kind, "", reference.name))


def delivered(world: World, source: UnitKey) -> Tree:
    """The repository without what the source leaves out of its artifacts (.sourceignore, spec.ignore)."""
    if source not in world.trees:
        tree = world.survey.tree
        spec = world.sources.get(source, {}).get("spec")
        ignore = spec.get("ignore") if isinstance(spec, dict) else None
        files = [FILE_NAME] if tree.lookup(FILE_NAME) is not None else []
        rules = plain_rules(tree, str(ignore) if ignore else None, files)
        world.trees[source] = FilteredTree(tree, rules) if ignore or files else tree
    return world.trees[source]


def placed(world: World, kind: str, path: str) -> str:
    """Where a unit's path is in the tree. An artifact is often made of one directory of the repository: then its paths start
    there, and the one directory that has such a path is it."""
    tree = world.survey.tree
    if kind not in _AT_ONCE or stands_here(world, path):
        return path
    found = [top for top in tops(tree) if tree.lookup(str(resolve(tree, f"{top}/{path}"))) is not None]
    return f"{found[0]}/{path}" if len(found) == 1 and path.strip("./") else path


def tops(tree: Tree) -> list[str]:
    first = [e.name for e in tree.entries("") if e.kind is EntryKind.DIRECTORY and not e.name.startswith(".")]
    second = [f"{top}/{e.name}" for top in first for e in tree.entries(top) if e.kind is EntryKind.DIRECTORY]
    return [*first, *second]


def stands_here(world: World, path: str) -> bool:
    found = resolve(world.survey.tree, path)
    return bool(found) and world.survey.tree.lookup(str(found)) is not None


def foreign(source: UnitKey, world: World) -> str:
    url = (world.sources.get(source, {}).get("spec") or {}).get("url", "")
    return f"its source {source}{f' ({url})' if url else ''} is not in this repository"
