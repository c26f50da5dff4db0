"""Flux HelmReleases as units: chart, values from everywhere, Helm's render, post-renderers, origin labels.

The same steps and words as Flux's helm-controller. What is not at hand (a chart elsewhere) makes a unit that is not rendered
and says so; a value that is missing is told and the rest is rendered without it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from holdfast.base.errors import HoldfastError, Place
from holdfast.dialects.flux import helmrelease as flux
from holdfast.helm.cache import RenderCache
from holdfast.helm.chart.capabilities import default_capabilities
from holdfast.helm.engine import ReleaseOptions, check_installable
from holdfast.helm.errors import ValuesError
from holdfast.kube import yaml
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.delivery import UnitKey
from holdfast.model.release import PostRendering, Release, ReleaseValues
from holdfast.model.rendered import Rendered
from holdfast.offline.charts import ChartAbsent, ChartWrong, Found, find, reference_of
from holdfast.offline.placeholders import PLACEHOLDER
from holdfast.offline.scopes import is_namespaced
from holdfast.offline.unit import Unit, World, values_of
from holdfast.reconcile.helm_values import compose
from holdfast.render.helm_release import render_release


class HelmReleases:
    """Implements ``Dialect``."""

    late = True

    def claims(self, obj: Manifest) -> bool:
        gvk, spec = GroupVersionKind.of(obj), obj.get("spec")
        if gvk.group != flux.GROUP or gvk.kind != flux.KIND or not isinstance(spec, dict):
            return False
        # Without one of the two it is a patch, or nothing that could ever be installed.
        return bool(spec.get("chart") or spec.get("chartRef"))

    def covers(self, obj: Manifest, world: World) -> str | None:
        del obj, world
        return None

    def rendered(self, key: UnitKey, obj: Manifest, place: Place, parent: UnitKey | None, world: World) -> Unit:
        try:
            return _Rendering(flux.read(obj), place, parent, world).unit()
        except (HoldfastError, ValueError, TypeError, AttributeError, KeyError) as error:
            # The API server would refuse such an object; here its fields have whatever shape the file gives them.
            message = error.message if isinstance(error, HoldfastError) else "a field has a value of the wrong type"
            message = str(error) if "invalid duration" in str(error) else message
            text = f"invalid HelmRelease: {message}"
            return Unit(key, place, obj, parent=parent, problem=text, problem_place=place)


@dataclass(slots=True)
class Values:
    """``missing`` are references that lead nowhere, ``unknown`` those whose content only a cluster or a key has."""

    data: dict[str, Any] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


class _Rendering:
    def __init__(self, release: Release, place: Place, parent: UnitKey | None, world: World) -> None:
        self._release, self._place, self._parent, self._world = release, place, parent, world
        self._facts: dict[str, Any] = {"release": release}
        self._source: UnitKey | None = None
        self._values = Values()

    def unit(self) -> Unit:
        obj = dict(self._release.raw)
        if not self._world.options.wanted(self._release.key, obj):
            return self._unit(skipped=True)
        self._values = self._facts["values"] = collect(self._release, self._world)
        try:
            reference = reference_of(obj, self._world)
            self._facts["reference"], self._source = reference, reference.source
            found = self._facts["chart"] = find(reference, self._world)
        except ChartAbsent as absent:
            self._facts["absent"] = absent
            return self._unit(problem=absent.message, problem_place=self._place, external=True)
        except ChartWrong as wrong:
            return self._unit(problem=wrong.message, problem_place=wrong.place or self._place, rule=wrong.rule)
        except HoldfastError as error:
            return self._unit(problem=error.message, problem_place=self._place)
        return self._with_chart(found)

    def _with_chart(self, found: Found) -> Unit:
        try:
            objects = self._render(found)
        except ValuesError as error:
            return self._unit(problem=error.message, problem_place=self._place, rule="values-invalid")
        except HoldfastError as error:
            return self._unit(problem=error.message, problem_place=self._at(error.place, found))
        text = yaml.dump_all(objects)
        digest = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
        return self._unit(rendered=Rendered(tuple(objects), digest, dict(found.reads)))

    def _at(self, place: Place | None, found: Found) -> Place:
        """Templates of a chart in the repository have files of their own; those of others are the release's affair."""
        if place is None or found.directory is None:
            return self._place
        inside = place.path.removeprefix(f"{found.chart.name}/")
        return Place(f"{found.directory}/{inside}".strip("/"), place.line, place.column)

    def _unit(self, **what: Any) -> Unit:
        return Unit(
            self._release.key,
            self._place,
            dict(self._release.raw),
            parent=self._parent,
            source=self._source,
            missing_values=tuple(self._values.missing),
            depends_on=tuple(d.key for d in self._release.depends_on),
            facts=self._facts,
            **what,
        )

    def _render(self, found: Found) -> list[Manifest]:
        release, options = self._release, self._world.options
        check_installable(found.chart)
        namespace = release.namespace or "default"
        made = render_release(
            RenderCache(1),
            found.chart,
            self._values.data,
            ReleaseOptions(release.name, namespace),
            default_capabilities(options.kube_version, options.api_versions),
            release.post,
            check_schema=release.install.check_schema,
        )
        crds = [] if release.install.crds == "Skip" else [o for d in made.crds for o in _objects(d.text, d.source)]
        hooks = [o for h in made.hooks if h.events != ("test",) for o in _objects(h.text, h.source)]
        objects = [*(_stamped(o, release.post) for o in crds), *_objects(made.manifest, found.chart.name), *hooks]
        return [_in_namespace(o, namespace, objects) for o in objects]


def collect(release: Release, world: World) -> Values:
    """``valuesFrom`` in order, then ``values`` over all of it, as the controller composes them; what is wrong with a reference is
    told, and the rest composed without it."""
    out, namespace = Values(), release.key.namespace
    found: dict[tuple[str, str], dict[str, bytes]] = {}
    good: list[ReleaseValues] = []
    for number, reference in enumerate(release.values_from):
        text = _referenced(number, reference, ObjectRef("", reference.kind, namespace, reference.name), world, out)
        if text is None:
            continue
        found.setdefault((reference.kind, reference.name), {})[reference.key] = text.encode()
        try:
            compose({}, (reference,), found, namespace)
        except HoldfastError as error:
            out.faults.append((number, error.message))
        else:
            good.append(reference)
    out.data = compose(release.values, good, found, namespace)
    return out


def _referenced(number: int, reference: ReleaseValues, ref: ObjectRef, world: World, out: Values) -> str | None:
    obj = world.values.get(ref)
    if obj is None:
        if ref.kind == "Secret" and world.is_operated(ref.namespace, ref.name):
            out.unknown.append(str(ref))
        elif not reference.optional:
            out.missing.append(str(ref))
        return None
    found = values_of(obj).get(reference.key)
    if found is None:
        if not reference.optional:
            out.faults.append((number, f"valuesFrom names {ref}, which has no key {reference.key}"))
        return None
    if PLACEHOLDER in found or found.startswith("ENC["):
        out.unknown.append(str(ref))
        return None
    return found


def _objects(text: str, source: str) -> list[Manifest]:
    return [o for document in yaml.load_all(text, source=source) for o in _flat(document.value)]


def _flat(value: Any) -> list[Manifest]:
    """The objects of a document; a List is its items."""
    if not isinstance(value, dict):
        return []
    if str(value.get("kind", "")).endswith("List") and isinstance(value.get("items"), list):
        return [o for item in value["items"] for o in _flat(item)]
    meta = value.get("metadata")
    named = isinstance(meta, dict) and isinstance(meta.get("name"), str)
    return [value] if named and value.get("kind") and value.get("apiVersion") else []


def _stamped(obj: Manifest, post: PostRendering) -> Manifest:
    """A definition out of crds/, which no renderer sees but which is marked like the rest."""
    meta = dict(obj.get("metadata") or {})
    meta["labels"] = {**(meta.get("labels") or {}), **post.labels, **post.owner_labels}
    if post.annotations:
        meta["annotations"] = {**(meta.get("annotations") or {}), **post.annotations}
    return {**obj, "metadata": meta}


def _in_namespace(obj: Manifest, namespace: str, beside: list[Manifest]) -> Manifest:
    """Helm sends what names no namespace to the release's."""
    if obj["metadata"].get("namespace") or not is_namespaced(obj, beside):
        return obj
    return {**obj, "metadata": {**obj["metadata"], "namespace": namespace}}
