"""All rules over one chart directory."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from holdfast.base.tree import EntryKind, Tree
from holdfast.helm.chart.capabilities import Capabilities, default_capabilities
from holdfast.helm.chart.coalesce import coalesce_tables
from holdfast.helm.chart.dependencies import missing_dependencies
from holdfast.helm.chart.load import load_unversioned
from holdfast.helm.chart.model import Chart
from holdfast.helm.chart.reading import floats, read, unmarshal_fault
from holdfast.helm.chart.schema import schema_fault
from holdfast.helm.engine import ReleaseOptions, render_texts
from holdfast.helm.errors import HelmError, RenderError
from holdfast.helm.funcs.services import Services
from holdfast.helm.go.errors import GoError
from holdfast.helm.lint.chartfile import FILE, check_chartfile
from holdfast.helm.lint.objects import check_crd, check_template
from holdfast.helm.lint.report import Report

_EXTENSIONS = (".yaml", ".yml", ".tpl", ".txt")
_TEMPLATES = "templates/"


def lint(
    tree: Tree,
    shown: str,
    values: Mapping[str, Any],
    *,
    namespace: str = "default",
    capabilities: Capabilities | None = None,
    skip_schema: bool = False,
) -> Report:
    """Everything that there is to say about the chart at the root of a tree. ``shown`` is its directory in the findings."""
    report = Report()
    capabilities = capabilities or default_capabilities()
    _chartfile(tree, report)
    _values(tree, dict(values), report, skip_schema)
    _templates(tree, dict(values), ReleaseOptions("test-release", namespace), capabilities, report, skip_schema)
    _dependencies(tree, shown, report)
    _crds(tree, report)
    return report


def _is_directory(tree: Tree, path: str) -> bool | None:
    entry = tree.lookup(path)
    return None if entry is None else entry.kind is EntryKind.DIRECTORY


def _chartfile(tree: Tree, report: Report) -> None:
    if _is_directory(tree, FILE):
        report.error(FILE, "should be a file, not a directory")
        report.error(FILE, f"unable to parse YAML\n\tread {FILE}: is a directory")
        return
    check_chartfile(tree.read(FILE), report)


def _values(tree: Tree, overrides: dict[str, Any], report: Report, skip_schema: bool) -> None:
    """Only the chart's own level, as Helm looks at it."""
    if _is_directory(tree, "values.yaml") is None:
        report.info("values.yaml", "file does not exist")
        return
    try:
        found = floats(read(tree.read("values.yaml")))
    except GoError as fault:
        report.error("values.yaml", f"unable to parse YAML: {fault.text}")
        return
    if found is not None and not isinstance(found, dict):
        text = unmarshal_fault(found, "map[string]interface {}").replace("map[string]interface {}", "common.Values")
        report.error("values.yaml", f"unable to parse YAML: {text}")
        return
    schema = tree.read("values.schema.json") if _is_directory(tree, "values.schema.json") is False else b""
    if schema and not skip_schema:
        merged = coalesce_tables(coalesce_tables({}, copy.deepcopy(overrides)), found or {})
        report.error("values.yaml", schema_fault(merged, schema))


def _templates(
    tree: Tree, values: dict[str, Any], release: ReleaseOptions, capabilities: Capabilities, report: Report, skip: bool
) -> None:
    there = _is_directory(tree, "templates")
    if there is None:
        report.warning(_TEMPLATES, "directory does not exist")
        return
    if not there:
        report.error(_TEMPLATES, "not a directory")
        return
    chart = _loaded(tree, report, _TEMPLATES, "")
    if chart is None:
        return
    try:
        texts, rendered = render_texts(
            chart, values, release, capabilities, skip_schema=skip, services=Services(lint=True, notices=report.notices)
        )
    except RenderError as fault:
        report.error(_TEMPLATES, fault.message)
        return
    except HelmError as fault:
        # Values that cannot be brought together are left to the other rules; those against a schema are told.
        report.error(_TEMPLATES, fault.message if fault.message.startswith("values don't meet") else "")
        return
    for name in rendered.templates:
        _, dot, extension = name.rpartition("/")[2].rpartition(".")
        report.error(name, _extension(f".{extension}" if dot else ""))
        text = texts.get(f"{rendered.name}/{name}", "")
        yaml_text = f".{extension.lower()}" in (".yaml", ".yml") and bool(text.strip())
        if yaml_text and not check_template(name, text, capabilities.kube_version, report):
            return


def _extension(extension: str) -> str:
    if extension in _EXTENSIONS:
        return ""
    return f"file extension '{extension}' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt"


def _loaded(tree: Tree, report: Report, path: str, words: str) -> Chart | None:
    try:
        return load_unversioned(tree)
    except HelmError as fault:
        report.error(path, f"{words}{fault.message}")
        return None


def _dependencies(tree: Tree, shown: str, report: Report) -> None:
    chart = _loaded(tree, report, "", "unable to load chart\n\t")
    if chart is None:
        return
    asked = {d.name for d in chart.metadata.dependencies}
    strangers = [c.name for c in chart.dependencies if c.name not in asked]
    report.error(shown, f"chart metadata is missing these dependencies: {','.join(strangers)}" if strangers else "")
    keys = [d.alias or d.name for d in chart.metadata.dependencies]
    twice = [k for i, k in enumerate(keys) if k in keys[:i]]
    report.error(shown, f"multiple dependencies with name or alias: {','.join(twice)}" if twice else "")
    missing = missing_dependencies(chart)
    report.warning(shown, f"chart directory is missing these dependencies: {','.join(missing)}" if missing else "")


def _crds(tree: Tree, report: Report) -> None:
    there = _is_directory(tree, "crds")
    if there is None:
        return
    if not there:
        report.error("crds/", "not a directory")
        return
    chart = _loaded(tree, report, "crds/", "")
    for path, data in chart.crds() if chart else ():
        name = (
            path.removeprefix(f"{chart.full_path}/") if chart and path.startswith(f"{chart.full_path}/crds/") else path
        )
        if not check_crd(name, data.decode("utf-8", "replace"), report):
            return
