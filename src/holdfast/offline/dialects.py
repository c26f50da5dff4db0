"""The ways of declaring units, each imported when a document of its kinds is met: most repositories have one or two."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from holdfast.base.errors import Place
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.model.delivery import UnitKey
from holdfast.offline.unit import Dialect, Unit, World


@dataclass(slots=True)
class Lazily:
    """Implements ``Dialect``: ``module`` and ``name`` are the real one's, ``late`` as it says of itself. A document without
    any of the fields ``one_of`` is a patch of a unit rather than one."""

    group: str
    kind: str
    module: str
    name: str
    one_of: tuple[str, ...] = ()
    late: bool = False
    loaded: Dialect | None = None

    def claims(self, obj: Manifest) -> bool:
        if obj.get("kind") != self.kind or GroupVersionKind.of(obj).group != self.group:
            return False
        spec = obj.get("spec")
        return not self.one_of or (isinstance(spec, dict) and any(spec.get(f) for f in self.one_of))

    def covers(self, obj: Manifest, world: World) -> str | None:
        # A late unit renders no directory: its module is needed only where it is rendered.
        return None if self.late else self._real.covers(obj, world)

    def rendered(self, key: UnitKey, obj: Manifest, place: Place, parent: UnitKey | None, world: World) -> Unit:
        if not world.options.wanted(key, obj):
            return Unit(key, place, obj, parent=parent, skipped=True)
        return self._real.rendered(key, obj, place, parent, world)

    @property
    def _real(self) -> Dialect:
        if self.loaded is None:
            found: Dialect = getattr(importlib.import_module(f"holdfast.offline.{self.module}"), self.name)()
            assert found.late == self.late
            self.loaded = found
        return self.loaded


DIALECTS: tuple[Dialect, ...] = (
    Lazily("fluxcd.controlplane.io", "FluxInstance", "instances", "FluxInstances", ("sync",)),
    Lazily("kustomize.toolkit.fluxcd.io", "Kustomization", "kustomizations", "Kustomizations"),
    Lazily("argoproj.io", "Application", "applications", "Applications", ("source", "sources")),
    Lazily("argoproj.io", "ApplicationSet", "application_sets", "ApplicationSets", ("generators",)),
    Lazily("helm.toolkit.fluxcd.io", "HelmRelease", "releases", "HelmReleases", ("chart", "chartRef"), late=True),
)
FLUX: tuple[Dialect, ...] = tuple(d for d in DIALECTS if isinstance(d, Lazily) and d.group.endswith(".fluxcd.io"))
"""Those whose units need a source of Flux's to start from."""
