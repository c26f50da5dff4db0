"""Argo CD Applications as units: sources mapped to the tree, rendered by the controller's tools.

A source is this repository, a chart that is at hand, or neither: then the unit is not rendered and says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from holdfast.base.errors import HoldfastError, Place
from holdfast.base.tree import MemoryTree, Tree
from holdfast.dialects.argo import application as argo
from holdfast.dialects.argo.defaults import NAMESPACE
from holdfast.dialects.argo.settings import read_settings
from holdfast.dialects.argo.source_shapes import fault
from holdfast.dialects.argo.sources import SKIP_MARKER, environment, override_files, read_source
from holdfast.helm.chart.archive import read_archive
from holdfast.kube import yaml
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.app import Application, AppSource
from holdfast.model.delivery import UnitKey
from holdfast.model.rendered import Rendered
from holdfast.offline.absent import Absent
from holdfast.offline.argo_places import is_here, stands
from holdfast.offline.charts import ChartAbsent
from holdfast.offline.scopes import is_namespaced
from holdfast.offline.unit import ChartWanted, Unit, World, values_of
from holdfast.render.tools import (
    Doors,
    Referenced,
    RenderedSource,
    SourceError,
    SourceRequest,
    ToolSettings,
    render_source,
)

_REVISION = "0" * 40
"""What a build is told as the revision: which commit it will be is not known before it is made."""


_CONFIG = "argocd-cm"
_SET_ELSEWHERE = {
    "external plugins disabled": "a kustomize plugin, a program that is not run here",
    "must specify --enable-helm": "kustomize.buildOptions: --enable-helm in argocd-cm, and the charts that are inflated",
}
"""What Argo CD's own settings may allow."""


class Elsewhere(HoldfastError):
    """A source is not at hand: no mistake of the repository as far as can be told."""


class Applications:
    """Implements ``Dialect``."""

    late = False

    def claims(self, obj: Manifest) -> bool:
        gvk, spec = GroupVersionKind.of(obj), obj.get("spec")
        if gvk.group != argo.GROUP or gvk.kind != argo.KIND or not isinstance(spec, dict):
            return False
        # Without a source it is a patch.
        return isinstance(spec.get("source"), dict) or isinstance(spec.get("sources"), list)

    def covers(self, obj: Manifest, world: World) -> str | None:
        """Only where nothing outside of the directory can matter: else nobody could tell what a change concerns."""
        sources = _declared(obj)
        path = str(sources[0].get("path") or "").removeprefix("./").strip("/") if len(sources) == 1 else ""
        if not stands(world.survey.tree, path) or sources[0].get("chart") or _reaches_out(sources[0], path, world):
            return None
        return path

    def rendered(self, key: UnitKey, obj: Manifest, place: Place, parent: UnitKey | None, world: World) -> Unit:
        if not world.options.wanted(key, obj):
            return Unit(key, place, obj, parent=parent, skipped=True)
        try:
            app = argo.read(obj)
        except (ValueError, TypeError, AttributeError, KeyError):
            text = "invalid Application: a field has a value of the wrong type"
            return Unit(key, place, obj, parent=parent, problem=text, problem_place=place)
        rendering = _Rendering(app, world)
        try:
            rendered = rendering.go()
        except (Elsewhere, ChartAbsent) as error:
            return Unit(key, place, obj, parent=parent, problem=error.message, problem_place=place, external=True)
        except HoldfastError as error:
            at, beyond = error.place or place, rendering.beyond(error.message)
            text = beyond or error.message
            return Unit(key, place, obj, parent=parent, problem=text, problem_place=at, external=bool(beyond))
        return Unit(key, place, obj, parent=parent, rendered=rendered, facts={"remote": rendering.absent})


def _declared(obj: Manifest) -> list[Mapping[str, Any]]:
    spec = obj.get("spec") or {}
    several = spec.get("sources")
    return [s for s in (*(several if isinstance(several, list) else ()), spec.get("source")) if isinstance(s, dict)]


def _reaches_out(source: Mapping[str, Any], path: str, world: World) -> bool:
    """Whether a chart takes values or other charts from outside of its directory."""
    helm = source.get("helm")
    files = [str(f) for f in (helm.get("valueFiles") if isinstance(helm, dict) else None) or ()]
    if any(f.startswith(("/", "$")) or ".." in f.split("/") for f in files):
        return True
    chart = f"{path}/Chart.yaml"
    return world.survey.tree.lookup(chart) is not None and b"file://.." in world.survey.tree.read(chart)


def _settings(app: Application, world: World) -> ToolSettings:
    """What argocd-cm says, where it stands in the repository; else as Argo CD comes."""
    named = (ObjectRef("", "ConfigMap", ns, _CONFIG) for ns in (app.ref.namespace or NAMESPACE, NAMESPACE, ""))
    config = next((world.values[ref] for ref in named if ref in world.values), None)
    found = read_settings(values_of(config) if config is not None else {})
    return ToolSettings(found.kustomize_options, found.value_schemes, found.enabled, found.kustomize_versions)


class _Rendering:
    def __init__(self, app: Application, world: World) -> None:
        self._app = app
        self._world = world
        self._tree = world.survey.tree
        self._reads: dict[str, str] = {}
        self._remote = Absent(world.options.remotes)
        self._settings = _settings(app, world)

    @property
    def absent(self) -> tuple[str, ...]:
        return tuple(self._remote.urls)

    def beyond(self, message: str) -> str:
        """Why a failure is no mistake of the repository as far as can be told; empty for one that is."""
        if self.absent:
            return f"it builds on {', '.join(self.absent)}, which is not at hand"
        if "there is no way out" in message:
            return message
        needs = next((words for part, words in _SET_ELSEWHERE.items() if part in message), "")
        return f"it needs {needs}" if needs else ""

    def go(self) -> Rendered:
        """Raises Elsewhere, ChartAbsent, SourceError and whatever the tools do."""
        sources = self._app.spec.sources
        refs = {f"${s.ref}": self._referenced(s) for s in sources if s.ref}
        objects: dict[ObjectRef, Manifest] = {}
        for source in sources:
            if source.only_ref:
                continue
            made = self._render(source, refs, several=len(sources) > 1)
            for obj in made.objects:
                placed = self._placed(obj, made.objects)
                objects[ObjectRef.of(placed)] = placed
        found = tuple(objects.values())
        digest = hashlib.sha256(yaml.dump_all(found).encode()).hexdigest()
        return Rendered(found, f"sha256:{digest}", self._reads)

    def _render(self, source: AppSource, refs: Mapping[str, Referenced], *, several: bool) -> RenderedSource:
        app, options = self._app, self._world.options
        tree = self._chart(source) if source.chart else self._local(source)
        instance = argo.instance_name(app.ref, app.ref.namespace or NAMESPACE)
        namespace = app.spec.destination.namespace
        made = render_source(
            SourceRequest(
                name=instance,
                namespace=namespace,
                source=source,
                tree=tree,
                tree_identity=f"offline {id(tree)}",
                reread=read_source,
                fault=fault,
                environment=environment(instance, namespace, app.spec.project, source, _REVISION),
                refs=refs,
                several=several,
                kube_version=options.kube_version,
                api_versions=options.api_versions,
                settings=self._settings,
                override_files=override_files(instance),
                skip_marker=SKIP_MARKER,
                doors=Doors(chart=self._dependency, base=self._remote.fetch, resource=self._remote.fetch_file),
            )
        )
        for name, reads in made.reads.items():
            if name or not source.chart:
                self._reads.update(reads)
        return made

    def _local(self, source: AppSource) -> Tree:
        if source.is_oci or not (stands(self._tree, source.path) or is_here(source.url, self._world)):
            raise Elsewhere(f"its source {source.url} is not in this repository")
        return self._tree

    def _referenced(self, source: AppSource) -> Referenced:
        """Values may be taken from this repository; of another one nothing is known."""
        if source.chart:
            return Referenced(None, "", is_chart=True)
        if is_here(source.url, self._world) or stands(self._tree, source.path) or self._has_values(source):
            return Referenced(self._tree, f"offline {id(self._tree)}")
        raise Elsewhere(f"its values are in {source.url}, which is not this repository")

    def _has_values(self, source: AppSource) -> bool:
        start = f"${source.ref}/"
        files = [f for s in self._app.spec.sources for f in s.helm.value_files if f.startswith(start)]
        return any(stands(self._tree, f.removeprefix(start)) for f in files)

    # --- charts

    def _chart(self, source: AppSource) -> Tree:
        url = source.url.rstrip("/")
        if "://" not in url or source.is_oci:
            url = f"oci://{url.removeprefix('oci://')}/{source.chart}"
        held = self._held(ChartWanted(url, source.chart.rpartition("/")[2], source.revision))
        return MemoryTree(read_archive(held)) if isinstance(held, bytes) else held

    def _dependency(self, repository: str, name: str, version: str) -> bytes:
        held = self._held(ChartWanted(repository.rstrip("/"), name, version))
        if not isinstance(held, bytes):
            raise SourceError(f"chart {name} {version} is a directory, which a dependency cannot be")
        return held

    def _held(self, wanted: ChartWanted) -> bytes | Tree:
        charts = self._world.options.charts
        if charts is None:
            raise ChartAbsent(f"{wanted} is not in this repository")
        return charts.find(wanted)

    # --- objects

    def _placed(self, obj: Manifest, beside: tuple[Manifest, ...]) -> Manifest:
        """An object without a namespace goes where the application does."""
        meta, namespace = obj.get("metadata") or {}, self._app.spec.destination.namespace
        if meta.get("namespace") or not namespace or not is_namespaced(obj, beside):
            return obj
        return {**obj, "metadata": {**meta, "namespace": namespace}}
