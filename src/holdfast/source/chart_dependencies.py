"""The dependencies that a chart in a tree names and does not have: from beside it in the tree, or from a repository.

In: a chart, the tree it is in, and a way to remote charts. Out: the files to add below charts/. Chart.lock goes before
Chart.yaml. Never leaves the tree; errors are worded as Flux's.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from urllib.parse import urlsplit

from holdfast.base.errors import HoldfastError, Stop
from holdfast.base.tree import EntryKind, Tree
from holdfast.helm.chart.load import load_chart, read_tree
from holdfast.helm.chart.model import Chart, Dependency
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.semver import parse_constraints, parse_version
from holdfast.source.below import Below

# The archive of a dependency that is in a repository, and its exact version. Raises HoldfastError.
Bring = Callable[[Dependency], tuple[str, bytes]]


def bring_missing(chart: Chart, tree: Tree, path: str, bring: Bring | None) -> dict[str, bytes]:
    """Files for charts/. Raises Stop for a dependency that cannot be had."""
    files: dict[str, bytes] = {}
    for dependency in missing(chart):
        shown = dependency.alias or dependency.name
        local = _is_local(dependency)
        try:
            files |= _local(dependency, tree, path) if local else _remote(dependency, bring)
        except HoldfastError as error:
            kind = "local" if local else "remote"
            raise Stop(f"failed to add {kind} dependency '{shown}': {error.message}") from error
    return files


def missing(chart: Chart) -> list[Dependency]:
    present = {c.name for c in chart.dependencies}
    wanted = chart.lock.dependencies if chart.lock is not None else chart.metadata.dependencies
    return [d for d in wanted if d.name not in present]


def _is_local(dependency: Dependency) -> bool:
    return urlsplit(dependency.repository).scheme in ("", "file")


def _local(dependency: Dependency, tree: Tree, path: str) -> dict[str, bytes]:
    if dependency.repository:
        parts = urlsplit(dependency.repository)
        place = posixpath.join(path, parts.netloc, parts.path.lstrip("/") if parts.netloc else parts.path)
    else:
        place = posixpath.join(path, "charts", dependency.name)
    # As with a root of its own: the way up ends at the tree's top.
    inside = posixpath.normpath("/" + place).lstrip("/")
    entry = tree.lookup(inside)
    if entry is None:
        raise Stop(f"no chart found at '/{inside}' (reference '{dependency.repository}')")
    archive = entry.kind is EntryKind.FILE
    try:
        found = load_chart(tree.read(inside) if archive else Below(tree, inside))
    except HoldfastError as error:
        text = f"failed to load chart from '/{inside}' (reference '{dependency.repository}'): {error.message}"
        raise Stop(text) from error
    _check(dependency, found.metadata.version)
    if archive:
        return {f"charts/{dependency.name}-{found.metadata.version}.tgz": tree.read(inside)}
    return {f"charts/{found.name}/{name}": data for name, data in read_tree(Below(tree, inside)).items()}


def _check(dependency: Dependency, version: str) -> None:
    try:
        constraint = parse_constraints(dependency.version)
    except GoError as error:
        raise Stop(f"invalid version/constraint format '{dependency.version}': {error.text}") from None
    if not constraint.check(parse_version(version)):
        raise Stop(f"can't get a valid version for constraint '{dependency.version}'")


def _remote(dependency: Dependency, bring: Bring | None) -> dict[str, bytes]:
    if urlsplit(dependency.repository).scheme not in ("http", "https", "oci"):
        raise Stop(f"dependency URL has invalid scheme: {dependency.repository}")
    if bring is None:
        raise Stop(f"no chart repository for URL '{dependency.repository}'")
    version, data = bring(dependency)
    return {f"charts/{dependency.name}-{version}.tgz": data}
