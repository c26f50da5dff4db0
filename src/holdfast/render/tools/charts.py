"""Charts out of trees and archives, with the dependencies that are not vendored."""

from __future__ import annotations

import json

from holdfast.base.semver import Constraint, InvalidConstraint, InvalidVersion, Version
from holdfast.base.tree import Entry, EntryKind, Tree
from holdfast.helm.chart.archive import read_archive
from holdfast.helm.chart.capabilities import default_capabilities
from holdfast.helm.chart.dependencies import missing_dependencies
from holdfast.helm.chart.load import load_files, read_tree
from holdfast.helm.chart.model import Chart, Dependency
from holdfast.helm.engine import ReleaseOptions, check_installable, check_release_name, render
from holdfast.helm.errors import HelmError
from holdfast.helm.values import ValueOptions
from holdfast.kustomize import KustomizeError
from holdfast.kustomize.options import ChartRequest
from holdfast.render.paths import resolve
from holdfast.render.tools.detect import join
from holdfast.render.tools.request import Doors, SourceError

_BUILDING = "error building helm chart dependencies: "
_BUILD = (
    "failed to build helm dependencies: failed to build dependencies: failed running helm: `helm dependency build` "
    "failed exit status 1: Error: "
)


class Following:
    """A directory of a tree seen as a root, with links followed as far as they stay in the tree."""

    def __init__(self, tree: Tree, top: str) -> None:
        self._tree = tree
        self._top = top

    def _real(self, path: str) -> str:
        full = f"{self._top}/{path}".strip("/")
        return resolve(self._tree, full) or full

    def lookup(self, path: str) -> Entry | None:
        return self._tree.lookup(self._real(path))

    def read(self, path: str) -> bytes:
        return self._tree.read(self._real(path))

    def entries(self, path: str) -> list[Entry]:
        real = self._real(path)
        found = []
        for entry in self._tree.entries(real):
            if entry.kind is EntryKind.LINK:
                target = self.lookup(f"{path}/{entry.name}".strip("/"))
                if target is None:
                    continue
                found.append(Entry(entry.name, target.kind, target.id, target.size))
            else:
                found.append(entry)
        return found


def load(tree: Tree, where: str, doors: Doors) -> tuple[Chart, bool]:
    """The chart in a directory, and whether dependencies were fetched from outside. Raises HelmError or SourceError."""
    files = read_tree(Following(tree, where))
    chart = load_files(files)
    missing = set(missing_dependencies(chart))
    if not missing:
        return chart, False
    outside = False
    for dependency in chart.metadata.dependencies:
        if dependency.name not in missing:
            continue
        below, fetched = _dependency(tree, where, dependency, _pinned(chart, dependency), doors)
        outside = outside or fetched
        files.update({f"charts/{dependency.name}/{path}": data for path, data in below.items()})
    return load_files(files), outside


def _pinned(chart: Chart, dependency: Dependency) -> str:
    for locked in chart.lock.dependencies if chart.lock is not None else ():
        if locked.name == dependency.name:
            return locked.version
    return dependency.version


def _dependency(
    tree: Tree, where: str, dependency: Dependency, version: str, doors: Doors
) -> tuple[dict[str, bytes], bool]:
    repository = dependency.repository
    if repository.startswith("file://") or not repository:
        return _beside(tree, where, dependency, version), False
    if repository.startswith(("@", "alias:")):
        name = repository.removeprefix("@").removeprefix("alias:")
        raise SourceError(
            f"{_BUILDING}failed to add helm repository : failed to add repository: failed running helm: "
            f"`helm repo add {name} ` failed exit status 1: Error: could not find protocol handler for:"
        )
    if doors.refused(repository):
        raise SourceError(f"helm repos {repository} are not permitted in project", code="PermissionDenied")
    try:
        data = doors.chart(repository, dependency.name, version)
    except SourceError as error:
        raise SourceError(_BUILDING + _failed(repository, dependency.name, error.message)) from error
    return unpacked(data), True


def _failed(repository: str, name: str, reason: str) -> str:
    """Which command failed: repositories behind https are added by name before dependencies are built."""
    told = reason.rpartition("failed exit status 1: Error: ")[2]
    if repository.startswith("https://") and "is not a valid chart repository" in told:
        known = repository.replace("/", "-")
        return (
            f"failed to add helm repository {repository}: failed to add repository: failed running helm: "
            f"`helm repo add {known} {repository}` failed exit status 1: Error: {told}"
        )
    pulled = f"could not download {repository}/{name}: " if repository.startswith("oci://") else ""
    return f"{_BUILD}{pulled}{told}"


def _beside(tree: Tree, where: str, dependency: Dependency, version: str) -> dict[str, bytes]:
    """The files of a chart in the same repository. Raises SourceError."""
    declared = dependency.repository.removeprefix("file://") or f"charts/{dependency.name}"
    place = join(where, declared)
    real = resolve(tree, place) if place is not None else None
    if real is None or tree.lookup(real) is None:
        raise SourceError(f"{_BUILDING}{_BUILD}directory {declared} not found")
    files = read_tree(Following(tree, real))
    if not _fits(load_files(files).metadata.version, version):
        raise SourceError(
            f"{_BUILDING}{_BUILD}can't get a valid version for 1 subchart(s): {json.dumps(dependency.name)} (repository "
            f"{json.dumps(dependency.repository)}, version {json.dumps(version)}). Make sure a matching chart version exists "
            "in the repo, or change the version constraint in Chart.yaml"
        )
    return files


def _fits(version: str, wanted: str) -> bool:
    """What cannot be read is let be: Helm complains about it elsewhere."""
    try:
        return not wanted or Constraint(wanted).check(Version.parse(version))
    except (InvalidConstraint, InvalidVersion):
        return True


def unpacked(archive: bytes) -> dict[str, bytes]:
    """The files of a chart's archive below its one directory. Raises HelmError."""
    return dict(read_archive(archive))


def inflate(request: ChartRequest, doors: Doors) -> str:
    """An entry of ``helmCharts`` as text. Raises KustomizeError."""
    chart = request.chart
    home = join(request.root, request.chart_home) or ""
    place = f"{home}/{chart['name']}".strip("/")
    try:
        if request.tree.lookup(place) is not None:
            loaded, _ = load(request.tree, place, doors)
        else:
            data = doors.chart(str(chart.get("repo") or ""), str(chart["name"]), str(chart.get("version") or ""))
            loaded = load_files(unpacked(data))
        check_installable(loaded)
        name = str(chart.get("releaseName") or "release-name")
        check_release_name(name)
        values = ValueOptions(list(request.values_files), [], [], [], [], [], request.tree.read).merged()
        capabilities = default_capabilities(chart.get("kubeVersion", ""), tuple(chart.get("apiVersions", ())))
        merged = {**values, **(request.values or {})}
        made = render(loaded, merged, ReleaseOptions(name, chart.get("namespace") or "default"), capabilities)
    except (HelmError, SourceError) as error:
        raise KustomizeError(f"helm chart '{chart['name']}': {error.message}", place=error.place) from None
    shown = [*(made.crds if chart.get("includeCRDs") else ()), *made.manifests]
    hooks = (
        () if chart.get("skipHooks") else (h for h in made.hooks if not (chart.get("skipTests") and "test" in h.events))
    )
    return "".join(f"---\n# Source: {m.source}\n{m.text}\n" for m in (*shown, *hooks))
