"""Charts as Flux packages them: out of a tree or an archive, with merged values files and version metadata.

In: the files, what the declaration asks for. Out: name, version and the bytes of a .tgz. A chart that nothing was asked of
stays as it came, byte for byte. Dependencies that are not in charts/ are taken from the tree, or asked for.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from holdfast.base.errors import HoldfastError, Stop
from holdfast.base.semver import InvalidVersion, Version
from holdfast.base.tree import EntryKind, Tree
from holdfast.helm.chart.archive import write_archive
from holdfast.helm.chart.load import fill_metadata, load_chart, load_files, merge_maps, read_tree, validate
from holdfast.helm.chart.model import Chart, Metadata
from holdfast.helm.chart.reading import read
from holdfast.helm.go.errors import GoError
from holdfast.kube import yaml
from holdfast.source.below import Below
from holdfast.source.chart_dependencies import Bring, bring_missing

_VERSION_LINE = re.compile(rb"^version\s*:.*$", re.MULTILINE)

REFERENCE, PULL, METADATA = "InvalidChartReference", "ChartPullError", "MetadataPatchError"
VALUES, DEPENDENCIES, PACKAGE = "ValuesFilesError", "DependencyBuildError", "ChartPackageError"
_SUMMARY = {
    REFERENCE: "invalid chart reference",
    PULL: "chart pull error",
    METADATA: "chart metadata patch error",
    VALUES: "values files merge error",
    DEPENDENCIES: "dependency build error",
    PACKAGE: "chart package error",
}
PERSISTENT = frozenset({REFERENCE, METADATA, VALUES})
IN_BUILD = frozenset({METADATA, VALUES, DEPENDENCIES, PACKAGE})


class BuildFailed(Stop):
    """``reason`` is one of the constants above."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(f"{_SUMMARY[reason]}: {message}", reason=reason)


@dataclass(frozen=True, slots=True)
class Wanted:
    """``metadata`` is what follows the plus of the version."""

    values_files: tuple[str, ...] = ()
    ignore_missing: bool = False
    metadata: str = ""

    @property
    def nothing(self) -> bool:
        return not self.values_files and not self.metadata


@dataclass(frozen=True, slots=True)
class Build:
    name: str
    version: str
    data: bytes = b""
    packaged: bool = False
    values_files: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        action = "packaged" if self.packaged else "pulled"
        text = f"{action} '{self.name}' chart with version '{self.version}'"
        return f"{text} and merged values files [{' '.join(self.values_files)}]" if self.values_files else text


def from_tree(tree: Tree, path: str, wanted: Wanted, *, shown_root: str = "", bring: Bring | None = None) -> Build:
    """The chart at ``path`` of a tree: a directory or a .tgz. ``shown_root`` stands before paths in errors, ``bring`` fetches
    dependencies. Raises BuildFailed."""
    inside = posixpath.normpath("/" + path).lstrip("/")
    entry = tree.lookup(inside)
    if entry is None and inside:
        raise BuildFailed(f"stat {shown_root}/{inside}: no such file or directory", reason=REFERENCE)
    if entry is not None and entry.kind is EntryKind.FILE:
        return _from_file(tree.read(inside), tree, wanted)
    return _from_directory(Below(tree, inside), tree, wanted, f"{shown_root}/{inside}", inside, bring)


def _from_file(data: bytes, tree: Tree, wanted: Wanted) -> Build:
    chart = _checked(lambda: load_chart(data), REFERENCE)
    version = _with_metadata(chart.metadata.version, wanted.metadata)
    if wanted.nothing:
        return Build(chart.name, version, data)
    values, used = _file_values(tree, wanted)
    return _package(chart, version, values, used)


def _from_directory(directory: Tree, tree: Tree, wanted: Wanted, shown: str, inside: str, bring: Bring | None) -> Build:
    if directory.lookup("Chart.yaml") is None:
        raise BuildFailed(f"open {shown}/Chart.yaml: no such file or directory", reason=REFERENCE)
    _check_metadata(directory.read("Chart.yaml"))
    chart = _checked(lambda: load_chart(directory), REFERENCE)
    version = _with_metadata(chart.metadata.version, wanted.metadata)
    values, used = _file_values(tree, wanted) if wanted.values_files else (None, ())
    try:
        added = bring_missing(chart, tree, inside, bring)
    except HoldfastError as error:
        raise BuildFailed(error.message, reason=DEPENDENCIES) from error
    return _package(chart, version, values, used, files={**read_tree(directory), **added})


def from_archive(data: bytes, name: str, version: str, wanted: Wanted) -> Build:
    """A chart out of a repository. Raises BuildFailed."""
    prefix = "failed to load chart metadata from written chart: "
    chart = _checked(lambda: load_chart(data), PULL, prefix if wanted.nothing else "failed to load downloaded chart: ")
    full = _with_metadata(version, wanted.metadata)
    if wanted.nothing:
        return Build(name, full, data)
    values, used = _chart_values(chart, wanted)
    return replace(_package(chart, full, values, used), name=name)


def _check_metadata(data: bytes) -> None:
    """Flux decodes Chart.yaml by itself before Helm does."""
    try:
        fill_metadata(Metadata(), read(data))
    except GoError as fault:
        raise BuildFailed(f"cannot load 'Chart.yaml': {fault.text}", reason=REFERENCE) from None


def _checked(load: Callable[[], Chart], reason: str, prefix: str = "") -> Chart:
    try:
        chart = load()
        validate(chart.metadata)
    except HoldfastError as error:
        raise BuildFailed(f"{prefix}{error.message}", reason=reason) from error
    return chart


def _with_metadata(version: str, metadata: str) -> str:
    if not metadata:
        return version
    try:
        found = Version.parse(version)
    except InvalidVersion as error:
        raise BuildFailed(f"failed to parse version from chart metadata as SemVer: {error}", reason=METADATA) from error
    return str(replace(found, metadata=metadata))


def _file_values(tree: Tree, wanted: Wanted) -> tuple[dict[str, Any], tuple[str, ...]]:
    def read(path: str) -> bytes | None:
        inside = posixpath.normpath("/" + path)
        entry = tree.lookup(inside.lstrip("/"))
        if entry is not None and entry.kind is EntryKind.FILE:
            return tree.read(inside.lstrip("/"))
        if entry is None and wanted.ignore_missing:
            return None
        raise BuildFailed(f"no values file found at path '{inside}' (reference '{path}')", reason=VALUES)

    return _merged(wanted.values_files, read)


def _chart_values(chart: Chart, wanted: Wanted) -> tuple[dict[str, Any], tuple[str, ...]]:
    def read(path: str) -> bytes | None:
        found = chart.raw.get(posixpath.normpath(path))
        if found is None and not wanted.ignore_missing:
            raise BuildFailed(f"failed to merge chart values: no values file found at path '{path}'", reason=VALUES)
        return found

    return _merged(wanted.values_files, read)


def _merged(paths: Sequence[str], read: Callable[[str], bytes | None]) -> tuple[dict[str, Any], tuple[str, ...]]:
    values: dict[str, Any] = {}
    used: list[str] = []
    for path in paths:
        data = read(path)
        if data is None:
            continue
        try:
            found = yaml.load(data, source=path)
        except HoldfastError as error:
            raise BuildFailed(f"unmarshaling values from '{path}' failed: {error.message}", reason=VALUES) from error
        values = merge_maps(values, found or {})
        used.append(path)
    return values, tuple(used)


def _package(
    chart: Chart,
    version: str,
    values: dict[str, Any] | None,
    used: tuple[str, ...],
    *,
    files: Mapping[str, bytes] | None = None,
) -> Build:
    content = dict(files if files is not None else chart.raw)
    if version != chart.metadata.version:
        # The rest of Chart.yaml stays as its author wrote it.
        content["Chart.yaml"] = _VERSION_LINE.sub(f"version: {version}".encode(), content["Chart.yaml"], count=1)
    if values is not None and used:
        if "values.yaml" not in content:
            raise BuildFailed("failed to locate values file: values.yaml", reason=VALUES)
        merged = yaml.dump(values).encode() if values else b""
        used = () if merged == content["values.yaml"] else used
        content["values.yaml"] = merged
    try:
        load_files(content)
    except HoldfastError as error:
        raise BuildFailed(error.message, reason=PACKAGE) from error
    return Build(chart.name, version, write_archive(chart.name, content), packaged=True, values_files=used)
