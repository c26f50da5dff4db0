"""Application sources to objects: a directory of manifests and Jsonnet, a kustomization, a chart.

In: a `SourceRequest`. Out: a `RenderedSource` in the order the tool made it, with what was read for it. Everything that may
be reached beyond the trees is handed in as a callable. Never stamps ownership and never reaches a cluster.
"""

from holdfast.render.tools.memo import SourceMemo
from holdfast.render.tools.request import (
    Doors,
    NoObjectError,
    Referenced,
    RenderedSource,
    SourceError,
    SourceRequest,
    ToolSettings,
    without_kind,
)
from holdfast.render.tools.run import render_source

__all__ = [
    "Doors",
    "NoObjectError",
    "Referenced",
    "RenderedSource",
    "SourceError",
    "SourceMemo",
    "SourceRequest",
    "ToolSettings",
    "render_source",
    "without_kind",
]
