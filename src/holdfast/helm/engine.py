"""A chart, values, a release and capabilities to manifests, hooks, notes and CRDs, as Helm renders them.

Compiled templates and parsed charts are kept by digest; a render whose chart, values, release and capabilities were seen
before is answered from memory (see ``RenderCache``). Never reads files, never reaches a cluster: ``lookup`` is an argument.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from holdfast.base.errors import Place
from holdfast.helm.chart.capabilities import Capabilities, Files, default_capabilities
from holdfast.helm.chart.coalesce import coalesce_values
from holdfast.helm.chart.dependencies import compatible, missing_dependencies, process_dependencies
from holdfast.helm.chart.model import Chart, metadata_map
from holdfast.helm.chart.schema import check_schemas
from holdfast.helm.errors import BadReleaseName, HelmError, RenderError
from holdfast.helm.funcs.control import NO_VALUE, add_trees
from holdfast.helm.funcs.services import Lookup, Services
from holdfast.helm.funcs.table import FUNCTIONS
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.types import from_bytes
from holdfast.helm.go.values import Values
from holdfast.helm.gotemplate.compiler import compile_tree
from holdfast.helm.gotemplate.errors import ExecError, LimitError
from holdfast.helm.gotemplate.nodes import Tree
from holdfast.helm.gotemplate.parser import parse
from holdfast.helm.gotemplate.runtime import Limits, Runtime, TemplateSet, execute
from holdfast.helm.manifests import Hook, RenderedManifest, sort_manifests
from holdfast.helm.traces import exec_message, parse_message

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_NAME_TEXT = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_MAX_NAME = 53
# Templates may include each other a thousand times over; each time costs a handful of Python frames.
_RECURSION = 200_000
_MAX_TREES = 20_000


@dataclass(frozen=True, slots=True)
class ReleaseOptions:
    name: str = "release-name"
    namespace: str = "default"
    revision: int = 1
    is_upgrade: bool = False
    is_install: bool = True
    service: str = "Helm"


@dataclass(slots=True)
class RenderedChart:
    """``values`` are those that the templates saw; ``crds`` the files of crds/ as (source, text)."""

    manifests: list[RenderedManifest]
    hooks: list[Hook]
    notes: str
    crds: list[RenderedManifest]
    values: dict[str, Any] = field(default_factory=dict)
    chart: Chart | None = None
    notices: list[str] = field(default_factory=list)


def check_release_name(name: str) -> None:
    """Raises HelmError for a name that Helm does not take."""
    if not name:
        raise BadReleaseName('release name "": no name provided')
    if len(name) > _MAX_NAME or not _NAME.match(name):
        raise BadReleaseName(
            f'release name "{name}": invalid release name, must match regex {_NAME_TEXT} and the length must not be longer than {_MAX_NAME}'
        )


def check_installable(chart: Chart) -> None:
    """Raises HelmError for a library or for missing dependencies."""
    if chart.metadata.type not in ("", "application"):
        raise HelmError(f"{chart.metadata.type} charts are not installable")
    missing = missing_dependencies(chart)
    if missing:
        raise HelmError(
            "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to fetch missing "
            f"dependencies: found in Chart.yaml, but missing in charts/ directory: {', '.join(missing)}"
        )


def render(
    chart: Chart,
    values: Mapping[str, Any],
    release: ReleaseOptions,
    capabilities: Capabilities | None = None,
    *,
    lookup: Lookup | None = None,
    skip_schema: bool = False,
    sub_notes: bool = False,
    services: Services | None = None,
    limits: Limits | None = None,
) -> RenderedChart:
    """Everything the chart makes of the values. Raises HelmError (a Stop) with Helm's words."""
    notices: list[str] = []
    capabilities = capabilities or default_capabilities()
    family, merged = _prepare(chart, values, skip_schema, notices)
    _check_kube_version(family, capabilities)
    wanted = services or Services()
    if lookup is not None:
        wanted = replace(wanted, lookup=lookup)
    files = _render_files(family, merged, release, capabilities, wanted, limits or Limits())
    notes = _take_notes(files, family, sub_notes)
    found = sort_manifests(files)
    crds = [RenderedManifest(path, from_bytes(data), "CustomResourceDefinition") for path, data in family.crds()]
    return RenderedChart(found.manifests, found.hooks, notes, crds, merged, family, notices + found.notices)


def render_texts(
    chart: Chart,
    values: Mapping[str, Any],
    release: ReleaseOptions,
    capabilities: Capabilities,
    *,
    services: Services,
    skip_schema: bool = False,
    limits: Limits | None = None,
) -> tuple[dict[str, str], Chart]:
    """What each template gives, by path, and the chart with the subcharts that take part. Raises HelmError."""
    family, merged = _prepare(chart, values, skip_schema, [])
    return _render_files(family, merged, release, capabilities, services, limits or Limits()), family


def _prepare(
    chart: Chart, values: Mapping[str, Any], skip_schema: bool, notices: list[str]
) -> tuple[Chart, dict[str, Any]]:
    """A chart family of its own with what takes part, and the values that it sees."""
    family = chart.private()
    process_dependencies(family, dict(values), notices)
    merged = coalesce_values(family, dict(values), notices)
    if not skip_schema:
        check_schemas(family, merged)
    return family, merged


def _check_kube_version(chart: Chart, capabilities: Capabilities) -> None:
    wanted, have = chart.metadata.kube_version, capabilities.kube_version
    if wanted and not compatible(wanted, have.normal):
        raise RenderError(f"chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {have.version}")


def _take_notes(files: dict[str, str], chart: Chart, sub_notes: bool) -> str:
    own = f"{chart.name}/templates/NOTES.txt"
    notes = ""
    for path in [p for p in files if p.endswith("NOTES.txt")]:
        text = files.pop(path)
        if sub_notes or path == own:
            notes += ("\n" if notes else "") + text
    return notes


@dataclass(slots=True)
class _Renderable:
    text: bytes
    values: Values
    base: str


def _all_templates(chart: Chart, top: dict[str, Any], parent: Values | None, out: dict[str, _Renderable]) -> Values:
    """The data of each chart's templates: parents first, every chart below its own part of the values."""
    described = metadata_map(chart.metadata)
    described["IsRoot"] = chart.parent is None
    found = Values(
        Chart=described, Files=Files(chart.files), Release=top["Release"], Capabilities=top["Capabilities"], Values=Values(), Subcharts={},
    )  # fmt: skip
    if parent is None:
        found["Values"] = Values(top["Values"])
    elif isinstance(parent["Values"].get(chart.name), dict):
        found["Values"] = _as_values(parent["Values"], chart.name)
    for child in chart.dependencies:
        found["Subcharts"][child.name] = dict(_all_templates(child, top, found, out))
    path = chart.full_path
    library = chart.is_library()
    for name, data in chart.templates.items():
        if not library or name.rpartition("/")[2].startswith("_"):
            out[f"{path}/{name}"] = _Renderable(data, found, f"{path}/templates")
    return found


def _as_values(parent: Values, name: str) -> Values:
    """A subchart's table, shared with the parent's so that ``set`` in one is seen in the other."""
    table = parent[name]
    if not isinstance(table, Values):
        shared = Values(table)
        parent[name] = table
        return shared
    return table


def _order(path: str) -> tuple[int, str]:
    return path.count("/"), path


def _render_files(
    chart: Chart,
    values: dict[str, Any],
    release: ReleaseOptions,
    capabilities: Capabilities,
    services: Services,
    limits: Limits,
) -> dict[str, str]:
    top = {"Release": _release_map(release), "Capabilities": capabilities, "Values": values}
    found: dict[str, _Renderable] = {}
    _all_templates(chart, top, None, found)
    paths = sorted(found, key=_order, reverse=True)
    templates: TemplateSet = {}
    for path in paths:
        add_trees(templates, _compiled(path, found[path].text))
    rt = Runtime(limits=limits, services=services, functions=FUNCTIONS, compile=compile_tree)
    out: dict[str, str] = {}
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _RECURSION))
    try:
        for path in paths:
            if not path.rpartition("/")[2].startswith("_"):
                out[path] = _run(path, found[path], templates, rt)
    finally:
        sys.setrecursionlimit(before)
    return out


def _release_map(release: ReleaseOptions) -> dict[str, Any]:
    return {
        "Name": release.name, "Namespace": release.namespace, "IsUpgrade": release.is_upgrade, "IsInstall": release.is_install,
        "Revision": release.revision, "Service": release.service,
    }  # fmt: skip


def _run(path: str, renderable: _Renderable, templates: TemplateSet, rt: Runtime) -> str:
    renderable.values["Template"] = Values(Name=path, BasePath=renderable.base)
    try:
        text = execute(templates[path], renderable.values, templates, rt)
    except ExecError as fault:
        raise RenderError(exec_message(fault), place=Place(fault.file, fault.line, fault.column + 1)) from None
    except LimitError as fault:
        raise RenderError(f"{path}: {fault.text}", place=Place(path)) from None
    except GoError as fault:
        raise RenderError(fault.text, place=Place(path)) from None
    except RecursionError:
        raise RenderError(f"{path}: the templates or the values are nested too deeply", place=Place(path)) from None
    except MemoryError:
        raise RenderError(f"{path}: the template needs more memory than there is", place=Place(path)) from None
    return text.replace(NO_VALUE, "") if NO_VALUE in text else text


_trees: dict[tuple[str, bytes], dict[str, Tree]] = {}


def _compiled(path: str, text: bytes) -> dict[str, Tree]:
    """A file's templates, parsed (and when they run, compiled) once for all renders of all charts that have it."""
    key = (path, text if len(text) < 64 else hashlib.sha256(text).digest())
    found = _trees.get(key)
    if found is None:
        try:
            found = parse(path, from_bytes(text), FUNCTIONS)
        except GoError as fault:
            message, place = parse_message(path, fault)
            raise RenderError(message, place=place) from None
        if len(_trees) >= _MAX_TREES:
            _trees.clear()
        _trees[key] = found
    return found


def run_text(name: str, text: str) -> str:
    """A template on its own, without data: how --name-template makes a name. Raises HelmError."""
    try:
        trees = parse(name, text, FUNCTIONS)
        rt = Runtime(services=Services(), functions=FUNCTIONS, compile=compile_tree)
        return execute(trees[name], None, trees, rt)
    except GoError as fault:
        raise HelmError(fault.text) from None
