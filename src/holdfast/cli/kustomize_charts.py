"""``helmCharts`` without a helm binary: a chart on disk through the ``helm`` room, as ``helm template`` would print it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from holdfast.kustomize.errors import KustomizeError

if TYPE_CHECKING:
    from holdfast.helm.engine import RenderedChart
    from holdfast.helm.manifests import RenderedManifest


def template(chart: Mapping[str, Any], path: str, values_files: Sequence[str]) -> str:
    """The text of an entry of ``helmCharts`` whose chart lies at a path. Raises KustomizeError with Helm's words."""
    from holdfast.helm.errors import HelmError

    try:
        rendered = _render(chart, path, values_files)
    except HelmError as err:
        raise KustomizeError(f"helm chart '{chart['name']}': {err.message}", place=err.place) from None
    sys.stderr.writelines(f"{notice}\n" for notice in rendered.notices)
    return "".join(f"---\n# Source: {m.source}\n{m.text}\n" for m in _shown(chart, rendered))


def pull(chart: Mapping[str, Any], home: str, config: str) -> None:
    """Brings a chart into the chart home. ``config`` is where Helm's files would be: none of the user's own. Raises KustomizeError."""
    import os

    from holdfast.app.helm_home import helm_home
    from holdfast.base.errors import HoldfastError
    from holdfast.cli.helm_pull import unpack
    from holdfast.source.helm_fetch import ChartOptions, Fetcher

    name, repo, version = str(chart["name"]), str(chart["repo"]), str(chart.get("version") or "")
    registry = repo.startswith("oci://")
    flags = {
        "repository-config": f"{config}/repositories.yaml",
        "repository-cache": f"{config}/.cache/repository",
    }
    options = ChartOptions(
        version=version or (">0.0.0-0" if chart.get("devel") else ""), repo_url="" if registry else repo
    )
    fetcher = Fetcher(helm_home(flags), options, say=sys.stderr.write, warn=lambda line: sys.stderr.write(f"{line}\n"))
    try:
        os.makedirs(home, exist_ok=True)
        unpack(fetcher.fetch(f"{repo.removesuffix('/')}/{name}" if registry else name).data, home)
    except HoldfastError as err:
        raise KustomizeError(f"helm chart '{name}': {err.message}") from None


def _render(chart: Mapping[str, Any], path: str, values_files: Sequence[str]) -> RenderedChart:
    from holdfast.cli.helm_flags import load_path, read_file
    from holdfast.helm.chart.capabilities import default_capabilities
    from holdfast.helm.engine import ReleaseOptions, check_installable, check_release_name, render
    from holdfast.helm.values import ValueOptions

    capabilities = default_capabilities(chart.get("kubeVersion", ""), tuple(chart.get("apiVersions", ())))
    name = _release_name(chart)
    values = ValueOptions(list(values_files), [], [], [], [], [], read_file).merged()
    loaded = load_path(path)
    check_installable(loaded)
    check_release_name(name)
    return render(loaded, values, ReleaseOptions(name, chart.get("namespace") or "default"), capabilities)


def _release_name(chart: Mapping[str, Any]) -> str:
    from holdfast.helm.engine import run_text

    name, text = chart.get("releaseName", ""), chart.get("nameTemplate", "")
    if name and text:
        raise KustomizeError("cannot set --name-template and also specify a name")
    return run_text("name-template", text) if text else name or "release-name"


def _shown(chart: Mapping[str, Any], rendered: RenderedChart) -> Iterable[RenderedManifest]:
    if chart.get("includeCRDs"):
        yield from rendered.crds
    yield from rendered.manifests
    if not chart.get("skipHooks"):
        yield from (h for h in rendered.hooks if not (chart.get("skipTests") and "test" in h.events))
