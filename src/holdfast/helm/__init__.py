"""Helm without helm: charts, values, Go templates with Sprig, release records.

In go a chart (a file tree or the bytes of an archive), values, release options and capabilities; out come manifests, hooks,
notes and CRDs, in Helm's order and with Helm's words for errors. Never reaches a cluster or the network: what a template may
ask of them is handed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.helm.chart.capabilities import Capabilities, default_capabilities
    from holdfast.helm.chart.load import load_chart
    from holdfast.helm.chart.model import Chart
    from holdfast.helm.engine import ReleaseOptions, RenderedChart, render
    from holdfast.helm.errors import HelmError
    from holdfast.helm.manifests import Hook, RenderedManifest

__all__ = [
    "Capabilities",
    "Chart",
    "HelmError",
    "Hook",
    "ReleaseOptions",
    "RenderedChart",
    "RenderedManifest",
    "default_capabilities",
    "load_chart",
    "render",
]

_HOMES = {
    "Capabilities": "chart.capabilities",
    "Chart": "chart.model",
    "HelmError": "errors",
    "Hook": "manifests",
    "ReleaseOptions": "engine",
    "RenderedChart": "engine",
    "RenderedManifest": "manifests",
    "default_capabilities": "chart.capabilities",
    "load_chart": "chart.load",
    "render": "engine",
}


def __getattr__(name: str) -> Any:
    """The engine is imported when it is first used: most commands never render a chart."""
    import importlib

    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"holdfast.helm.{_HOMES[name]}"), name)
