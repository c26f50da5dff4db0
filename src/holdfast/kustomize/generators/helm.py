"""``helmCharts``: a chart inflated through the callable in the options.

What is decided here is what kustomize decides: which chart, with which values, and what counts as a legal entry. Inflating is
the caller's. Source: kustomize ``HelmChartInflationGenerator``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from holdfast.kube import yaml
from holdfast.kube.yaml import Dialect
from holdfast.kustomize import strategic
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.loader import Loader
from holdfast.kustomize.openapi import Schemas
from holdfast.kustomize.options import ChartRequest
from holdfast.kustomize.plugin import Plugin, Surroundings
from holdfast.kustomize.resource import Resource
from holdfast.kustomize.scalars import copy_json
from holdfast.kustomize.yamlio import read_resources

_MERGES = ("merge", "override", "replace")


def helm_plugin(chart: Mapping[str, Any], globals_: Mapping[str, Any], around: Surroundings) -> Plugin:
    """One entry of ``helmCharts``."""
    check_chart(around.loader, chart)
    return Plugin(generate=lambda: inflate(around.loader, chart, globals_, around.schemas))


def check_chart(loader: Loader, chart: Mapping[str, Any]) -> None:
    """Raises KustomizeError where helm is not enabled or the entry is not legal."""
    if not loader.options.enable_helm:
        raise KustomizeError("must specify --enable-helm")
    if loader.options.helm is None:
        raise KustomizeError("must specify --helm-command")
    if not chart.get("name"):
        raise KustomizeError("chart name cannot be empty")
    for path in chart.get("additionalValuesFiles", []):
        try:
            loader.load(path)
        except KustomizeError as err:
            raise err.within("could not load additionalValuesFile") from None
    if chart.get("valuesMerge", "") not in ("", *_MERGES):
        raise KustomizeError(f"valuesMerge must be one of [{' '.join(_MERGES)}]")


def inflate(loader: Loader, chart: Mapping[str, Any], globals_: Mapping[str, Any], schemas: Schemas) -> list[Resource]:
    """The resources of a chart, marked as helm's."""
    options = loader.options
    assert options.helm is not None
    home = globals_.get("chartHome") or "charts"
    if chart.get("version") and chart.get("repo"):
        home = posixpath.join(home, f"{chart['name']}-{chart['version']}")
    entry = dict(chart)
    if options.helm_kube_version and not entry.get("kubeVersion"):
        entry["kubeVersion"] = options.helm_kube_version
    if options.helm_api_versions and not entry.get("apiVersions"):
        entry["apiVersions"] = list(options.helm_api_versions)
    request = ChartRequest(
        loader.files.tree,
        loader.root,
        entry,
        home,
        _values(loader, chart, home, schemas),
        tuple(chart.get("additionalValuesFiles", ())),
    )
    text = options.helm(request)
    found = read_resources(text.encode(), f"helm chart {chart['name']}", schemas.scopes)
    for resource in found:
        resource.from_helm = True
    return found


def _values(loader: Loader, chart: Mapping[str, Any], home: str, schemas: Schemas) -> dict[str, Any] | None:
    """Values after ``valuesMerge``; None where the chart's own are to be used as they are."""
    inline, path = chart.get("valuesInline"), chart.get("valuesFile", "")
    if not inline and not path:
        return None
    if not inline:
        # As Helm reads it, where ``y`` is true; kustomize reads it only to merge it.
        return dict(yaml.load(loader.load(path)) or {})
    from_file = _values_file(loader, path, chart, home)
    how = chart.get("valuesMerge") or "override"
    if how == "replace":
        return dict(inline)
    over, under = (inline, from_file) if how == "override" else (from_file, inline)
    return strategic.merge(over, copy_json(under), schemas) or {}


def _values_file(loader: Loader, path: str, chart: Mapping[str, Any], home: str) -> dict[str, Any]:
    """The entry's own values file, else the chart's where the chart is at hand."""
    if path:
        return yaml.load(loader.load(path), dialect=Dialect.KYAML) or {}
    try:
        text = loader.load(posixpath.join(home, str(chart["name"]), "values.yaml"))
    except KustomizeError:
        return {}
    return yaml.load(text, dialect=Dialect.KYAML) or {}
