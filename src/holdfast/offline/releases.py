"""Flux HelmReleases as units: chart, values from everywhere, Helm's render, post-renderers, origin labels.

The same steps and words as Flux's helm-controller. What is not at hand (a chart elsewhere) makes a unit that is not rendered
and says so; a value that is missing is told and the rest is rendered without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.base.errors import HoldfastError, Place
from holdfast.base.tree import MemoryTree
from holdfast.helm.chart.capabilities import default_capabilities
from holdfast.helm.chart.load import load_values, merge_maps
from holdfast.helm.engine import ReleaseOptions, check_installable, render
from holdfast.helm.errors import HelmError, ValuesError
from holdfast.helm.manifests import RenderedManifest
from holdfast.helm.values import SetFault, parse_set, parse_set_literal, parse_set_string
from holdfast.kube import yaml
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.kustomize import BuildOptions, KustomizeError, build
from holdfast.model.delivery import Ownership, UnitKey
from holdfast.model.rendered import Rendered
from holdfast.offline.charts import ChartAbsent, ChartWrong, Found, find, reference_of
from holdfast.offline.placeholders import PLACEHOLDER
from holdfast.offline.scopes import is_namespaced
from holdfast.offline.unit import Unit, World, values_of

GROUP = "helm.toolkit.fluxcd.io"
_OWNER = Ownership(manager="helm-controller", group=GROUP)
_LONGEST_NAME = 53


class HelmReleases:
    """Implements ``Dialect``."""

    late = True

    def claims(self, obj: Manifest) -> bool:
        gvk, spec = GroupVersionKind.of(obj), obj.get("spec")
        if gvk.group != GROUP or gvk.kind != "HelmRelease" or not isinstance(spec, dict):
            return False
        # Without one of the two it is a patch, or nothing that could ever be installed.
        return bool(spec.get("chart") or spec.get("chartRef"))

    def covers(self, obj: Manifest, world: World) -> str | None:
        del obj, world
        return None

    def rendered(self, key: UnitKey, obj: Manifest, place: Place, parent: UnitKey | None, world: World) -> Unit:
        try:
            return _Rendering(key, obj, place, parent, world).unit()
        except (ValueError, TypeError, AttributeError, KeyError):
            text = "invalid HelmRelease: a field has a value of the wrong type"
            return Unit(key, place, obj, parent=parent, problem=text, problem_place=place)


@dataclass(slots=True)
class Values:
    """``missing`` are references that lead nowhere, ``unknown`` those whose content only a cluster or a key has."""

    data: dict[str, Any] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


class _Rendering:
    def __init__(self, key: UnitKey, obj: Manifest, place: Place, parent: UnitKey | None, world: World) -> None:
        self._key, self._obj, self._place, self._parent, self._world = key, obj, place, parent, world
        self._spec: Mapping[str, Any] = obj["spec"]
        self._facts: dict[str, Any] = {}
        self._source: UnitKey | None = None
        self._values = Values()

    def unit(self) -> Unit:
        if not self._world.options.wanted(self._key, self._obj):
            return self._unit(skipped=True)
        self._values = self._facts["values"] = collect(self._obj, self._world)
        try:
            reference = reference_of(self._obj, self._world)
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
        namespace = self._key.namespace
        return Unit(
            self._key,
            self._place,
            self._obj,
            parent=self._parent,
            source=self._source,
            missing_values=tuple(self._values.missing),
            depends_on=tuple(
                UnitKey("HelmRelease", str(d.get("namespace") or namespace), str(d.get("name")))
                for d in self._spec.get("dependsOn") or ()
                if isinstance(d, dict)
            ),
            facts=self._facts,
            **what,
        )

    def _render(self, found: Found) -> list[Manifest]:
        spec, options = self._spec, self._world.options
        check_installable(found.chart)
        install = spec.get("install") or {}
        namespace = str(spec.get("targetNamespace") or self._key.namespace or "default")
        rendered = render(
            found.chart,
            self._values.data,
            ReleaseOptions(release_name(self._obj), namespace),
            default_capabilities(options.kube_version, options.api_versions),
            skip_schema=bool(install.get("disableSchemaValidation")),
        )
        crds = [] if install.get("crds") == "Skip" else rendered.crds
        manifests = _objects(rendered.manifests)
        hooks = _objects([h for h in rendered.hooks if h.events != ("test",)])
        for renderer in spec.get("postRenderers") or ():
            manifests = post_render(manifests, renderer.get("kustomize") or {})
        common = spec.get("commonMetadata") or {}
        objects = [_stamped(o, common, self._key) for o in [*_objects(crds), *manifests, *hooks]]
        return [_in_namespace(o, namespace, objects) for o in objects]


def release_name(obj: Manifest) -> str:
    """The name Helm stores the release under: given, or composed and shortened as Flux does."""
    spec, name = obj.get("spec") or {}, str(obj["metadata"]["name"])
    if spec.get("releaseName"):
        return str(spec["releaseName"])
    full = f"{spec['targetNamespace']}-{name}" if spec.get("targetNamespace") else name
    if len(full) <= _LONGEST_NAME:
        return full
    return f"{full[:40]}-{hashlib.sha256(full.encode()).hexdigest()[:12]}"


def collect(obj: Manifest, world: World) -> Values:
    """``valuesFrom`` in order, then ``values`` over all of it."""
    spec, namespace = obj.get("spec") or {}, str(obj["metadata"].get("namespace") or "")
    out = Values()
    inline = spec.get("values") if isinstance(spec.get("values"), dict) else {}
    for number, reference in enumerate(spec.get("valuesFrom") or ()):
        kind, name = str(reference.get("kind")), str(reference.get("name"))
        text = _referenced(number, reference, ObjectRef("", kind, namespace, name), world, out)
        if text is None:
            continue
        try:
            _merge(out, reference, text, inline or {})
        except (HoldfastError, SetFault) as error:
            said = error.message if isinstance(error, HoldfastError) else error
            out.faults.append((number, f"valuesFrom {kind} {name}: {said}"))
    out.data = merge_maps(out.data, inline or {})
    return out


def _referenced(number: int, reference: Mapping[str, Any], ref: ObjectRef, world: World, out: Values) -> str | None:
    key, optional = str(reference.get("valuesKey") or "values.yaml"), bool(reference.get("optional"))
    obj = world.values.get(ref)
    if obj is None:
        if ref.kind == "Secret" and world.is_operated(ref.namespace, ref.name):
            out.unknown.append(str(ref))
        elif not optional:
            out.missing.append(str(ref))
        return None
    found = values_of(obj).get(key)
    if found is None:
        if not optional:
            out.faults.append((number, f"valuesFrom names {ref}, which has no key {key}"))
        return None
    if PLACEHOLDER in found or found.startswith("ENC["):
        out.unknown.append(str(ref))
        return None
    return found


def _merge(out: Values, reference: Mapping[str, Any], text: str, inline: dict[str, Any]) -> None:
    path = str(reference.get("targetPath") or "")
    if not path:
        out.data = merge_maps(out.data, load_values(text.encode()))
        return
    out.data = merge_maps(out.data, inline)
    if reference.get("literal"):
        parse_set_literal(f"{path}={text}", out.data)
    elif len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        value = text.strip("'\"")
        parse_set_string(f"{path}={value}", out.data)
    else:
        parse_set(f"{path}={text}", out.data)


def _objects(manifests: list[Any]) -> list[Manifest]:
    found: list[Manifest] = []
    for manifest in manifests:
        for document in yaml.load_all(manifest.text, source=_source(manifest)):
            found += _flat(document.value)
    return found


def _source(manifest: RenderedManifest) -> str:
    return manifest.source


def _flat(value: Any) -> list[Manifest]:
    """The objects of a document; a List is its items."""
    if not isinstance(value, dict):
        return []
    if str(value.get("kind", "")).endswith("List") and isinstance(value.get("items"), list):
        return [o for item in value["items"] for o in _flat(item)]
    meta = value.get("metadata")
    named = isinstance(meta, dict) and isinstance(meta.get("name"), str)
    return [value] if named and value.get("kind") and value.get("apiVersion") else []


def post_render(objects: list[Manifest], kustomize: Mapping[str, Any]) -> list[Manifest]:
    """Patches and images over what the chart made. Raises KustomizeError."""
    content: dict[str, Any] = {"resources": ["helm-output.yaml"]}
    content["patches"] = [*(kustomize.get("patches") or ()), *_older(kustomize)]
    content["images"] = list(kustomize.get("images") or ())
    files = {
        "helm-output.yaml": yaml.dump_all(objects).encode(),
        "kustomization.yaml": yaml.dump({k: v for k, v in content.items() if v}).encode(),
    }
    try:
        return build(MemoryTree(files), "", BuildOptions(load_restrictions="none")).manifests
    except HoldfastError as error:
        raise KustomizeError(f"error while running post render on files: {error.message}") from error


def _older(kustomize: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``patchesStrategicMerge`` and ``patchesJson6902`` of older versions."""
    merges = [{"patch": yaml.dump(p)} for p in kustomize.get("patchesStrategicMerge") or ()]
    operations = kustomize.get("patchesJson6902") or ()
    return [*merges, *({"patch": yaml.dump(p.get("patch")), "target": p.get("target")} for p in operations)]


def _stamped(obj: Manifest, common: Mapping[str, Any], key: UnitKey) -> Manifest:
    meta = dict(obj.get("metadata") or {})
    meta["labels"] = {**(meta.get("labels") or {}), **(common.get("labels") or {}), **_OWNER.labels(key)}
    if common.get("annotations"):
        meta["annotations"] = {**(meta.get("annotations") or {}), **common["annotations"]}
    return {**obj, "metadata": meta}


def _in_namespace(obj: Manifest, namespace: str, beside: list[Manifest]) -> Manifest:
    """Helm sends what names no namespace to the release's."""
    if obj["metadata"].get("namespace") or not is_namespaced(obj, beside):
        return obj
    return {**obj, "metadata": {**obj["metadata"], "namespace": namespace}}


__all__ = ["HelmError", "HelmReleases", "Values", "collect", "post_render", "release_name"]
