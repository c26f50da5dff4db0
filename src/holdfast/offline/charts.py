"""The chart that a HelmRelease means: out of this repository's files, or out of whatever holds charts for us.

In: the release's reference and the sources known so far. Out: a parsed chart with what was read of the tree. Fetches nothing
by itself: ``Charts`` does, if anybody gave one.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from holdfast.base.errors import HoldfastError, Place, Stop
from holdfast.base.tree import EntryKind, RecordingTree, Tree
from holdfast.helm.chart.load import load_chart, load_values, merge_maps
from holdfast.helm.chart.model import Chart
from holdfast.kube.refs import Manifest
from holdfast.model.delivery import UnitKey
from holdfast.offline.unit import ChartWanted, World
from holdfast.render.paths import resolve


class ChartAbsent(Stop):
    """The chart is not at hand: no mistake of the repository as far as can be told. ``known`` are versions that are."""

    def __init__(self, message: str, *, known: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.known = tuple(known)


class ChartWrong(Stop):
    """The reference can never work. ``rule`` names the mistake."""

    def __init__(self, message: str, *, rule: str = "", place: Place | None = None) -> None:
        super().__init__(message, place=place)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Found:
    """``directory`` is where the chart stands in the tree, None for one from elsewhere; ``reads`` as of a rendering."""

    chart: Chart
    source: UnitKey | None
    directory: str | None = None
    reads: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reference:
    """``name`` is a path for charts in Git, ``version`` a range."""

    source: UnitKey
    name: str = ""
    version: str = ""
    values_files: tuple[str, ...] = ()
    ignore_missing: bool = False


def reference_of(obj: Manifest, world: World) -> Reference:
    """Raises ChartWrong."""
    spec, namespace = obj.get("spec") or {}, str(obj["metadata"].get("namespace") or "")
    if spec.get("chartRef"):
        ref = spec["chartRef"]
        key = UnitKey(str(ref.get("kind")), str(ref.get("namespace") or namespace), str(ref.get("name")))
        if key.kind != "HelmChart":
            return Reference(key)
        chart = world.sources.get(key)
        if chart is None:
            raise ChartWrong(f"chartRef names {key}, which is not in this repository", rule="source-missing")
        return _reference(chart.get("spec") or {}, key.namespace)
    template = (spec.get("chart") or {}).get("spec")
    if not isinstance(template, dict):
        raise ChartWrong("spec needs one of chart and chartRef", rule="release-invalid")
    return _reference(template, namespace)


def _reference(template: Mapping[str, Any], namespace: str) -> Reference:
    ref = template.get("sourceRef") or {}
    files = [*([template["valuesFile"]] if template.get("valuesFile") else []), *(template.get("valuesFiles") or ())]
    return Reference(
        UnitKey(str(ref.get("kind")), str(ref.get("namespace") or namespace), str(ref.get("name"))),
        str(template.get("chart") or ""),
        str(template.get("version") or ""),
        tuple(str(f) for f in files),
        bool(template.get("ignoreMissingValuesFiles")),
    )


def find(reference: Reference, world: World) -> Found:
    """Raises ChartAbsent, ChartWrong, or HelmError for a chart that cannot be read."""
    key = reference.source
    if key.kind in ("GitRepository", "Bucket"):
        return _in_tree(reference, world)
    source = world.sources.get(key)
    if source is None:
        raise ChartWrong(f"sourceRef names {key}, which is not in this repository", rule="source-missing")
    wanted = _wanted(reference, source)
    charts = world.options.charts
    if charts is None:
        raise ChartAbsent(f"{wanted} is not in this repository")
    held = charts.find(wanted)
    return Found(_with_files(_load(held), reference, None), key)


def _wanted(reference: Reference, source: Manifest) -> ChartWanted:
    spec = source.get("spec") or {}
    url = str(spec.get("url") or "").rstrip("/")
    if reference.source.kind == "OCIRepository":
        ref = spec.get("ref") or {}
        version = str(ref.get("digest") or ref.get("semver") or ref.get("tag") or "latest")
        return ChartWanted(url, url.rpartition("/")[2], version)
    if url.startswith("oci://"):
        return ChartWanted(f"{url}/{reference.name}", reference.name.rpartition("/")[2], reference.version)
    return ChartWanted(url, reference.name, reference.version)


_parsed: dict[str, Chart] = {}


def _load(held: bytes | Tree) -> Chart:
    if not isinstance(held, bytes):
        return load_chart(held)
    import hashlib

    digest = hashlib.sha256(held).hexdigest()
    if digest not in _parsed:
        _parsed[digest] = load_chart(held)
    return _parsed[digest]


def _in_tree(reference: Reference, world: World) -> Found:
    tree, key = world.survey.tree, reference.source
    path = resolve(tree, reference.name)
    entry = tree.lookup(path) if path is not None else None
    if path is None or entry is None:
        if key.name == "flux-system" or key in world.local or key not in world.sources or _is_here(key, world):
            raise ChartWrong(f"chart {reference.name} is not in this repository", rule="chart-missing")
        url = (world.sources[key].get("spec") or {}).get("url", "")
        raise ChartAbsent(f"chart {reference.name}: its source {key} ({url}) is not in this repository")
    recording = RecordingTree(tree)
    if entry.kind is EntryKind.FILE:
        chart = load_chart(recording.read(path))
        return Found(_with_files(chart, reference, recording), key, None, dict(recording.reads))
    if tree.lookup(f"{path}/Chart.yaml") is None:
        raise ChartWrong(f"{path or '.'} has no Chart.yaml", rule="chart-missing", place=Place(path))
    try:
        chart = load_chart(Below(recording, path))
    except HoldfastError as error:
        raise ChartWrong(error.message, rule="chart-invalid", place=in_directory(error.place, path)) from error
    return Found(_with_files(chart, reference, recording), key, path, dict(recording.reads))


def _is_here(source: UnitKey, world: World) -> bool:
    """Whether a source has the address of one that is known to be this repository."""
    known = [k for k in world.sources if k in world.local or k.name == "flux-system"]
    return _address(source, world) in {_address(k, world) for k in known} - {""}


def _address(source: UnitKey, world: World) -> str:
    """Without what differs between the ways to reach one repository: the protocol, a user, an ending."""
    url = str((world.sources[source].get("spec") or {}).get("url") or "").rstrip("/").removesuffix(".git")
    return re.sub(r"^(?:\w+://)?(?:[^/@]*@)?([^/:]+)(?::\d+)?[:/]+", r"\1/", url).lower()


def in_directory(place: Place | None, directory: str) -> Place:
    if place is None:
        return Place(directory)
    return Place(f"{directory}/{place.path}".strip("/"), place.line, place.column)


def _with_files(chart: Chart, reference: Reference, tree: Tree | None) -> Chart:
    """The chart with the values files that the reference names as its values; in Git their paths start at the root."""
    if not reference.values_files:
        return chart
    values: dict[str, Any] = {}
    for path in reference.values_files:
        data = _values_file(chart, path, tree)
        if data is None:
            if reference.ignore_missing:
                continue
            raise ChartWrong(f"no values file found at path '{path}'", rule="values-file-missing")
        values = merge_maps(values, load_values(data, f"values file {path}: "))
    return replace(chart, values=values)


def _values_file(chart: Chart, path: str, tree: Tree | None) -> bytes | None:
    if tree is None:
        return chart.raw.get(posixpath.normpath(path))
    real = resolve(tree, path)
    entry = tree.lookup(real) if real else None
    return tree.read(str(real)) if entry is not None and entry.kind is EntryKind.FILE else None


class Below:
    """A directory of a tree as a tree, links inside of it followed as Flux does when it packages."""

    def __init__(self, tree: Tree, top: str) -> None:
        self._tree = tree
        self._top = top

    def _path(self, path: str) -> str:
        return f"{self._top}/{path}".strip("/")

    def lookup(self, path: str) -> Any:
        return self._tree.lookup(self._path(path))

    def read(self, path: str) -> bytes:
        return self._tree.read(self._path(path))

    def entries(self, path: str) -> Any:
        return self._tree.entries(self._path(path))
