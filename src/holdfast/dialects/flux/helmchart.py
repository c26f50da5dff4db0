"""``HelmChart`` (source.toolkit.fluxcd.io): which chart of which source, packaged how."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.base.duration import parse_duration
from holdfast.dialects.flux.gitrepository import GROUP
from holdfast.kube.refs import GroupVersionKind

KIND = "HelmChart"
GVK = GroupVersionKind(GROUP, "v1", KIND)
SOURCE_KINDS = ("HelmRepository", "GitRepository", "Bucket")


@dataclass(frozen=True, slots=True)
class HelmChart:
    """``chart`` is a name in a repository, or a path in a tree. ``by_revision``: a new revision is a new version."""

    chart: str
    version: str
    source_kind: str
    source_name: str
    interval: float
    generation: int
    suspend: bool = False
    by_revision: bool = False
    values_files: tuple[str, ...] = ()
    ignore_missing: bool = False
    verified_by: str = ""


def read(obj: Mapping[str, Any]) -> HelmChart:
    """``obj`` has passed the API server's validation."""
    spec = obj.get("spec") or {}
    source = spec.get("sourceRef") or {}
    return HelmChart(
        chart=str(spec.get("chart") or ""),
        version=str(spec.get("version") or ""),
        source_kind=str(source.get("kind") or ""),
        source_name=str(source.get("name") or ""),
        interval=parse_duration(spec.get("interval") or "0"),
        generation=int((obj.get("metadata") or {}).get("generation") or 1),
        suspend=bool(spec.get("suspend")),
        by_revision=spec.get("reconcileStrategy") == "Revision",
        values_files=_values_files(spec),
        ignore_missing=bool(spec.get("ignoreMissingValuesFiles")),
        verified_by=str((spec.get("verify") or {}).get("provider") or ""),
    )


def _values_files(spec: Mapping[str, Any]) -> tuple[str, ...]:
    found = tuple(str(f) for f in spec.get("valuesFiles") or ())
    # The chart's own defaults alone ask for nothing.
    return () if [posixpath.normpath(f) for f in found] == ["values.yaml"] else found


def version_metadata(chart: HelmChart, revision: str) -> str:
    """What follows the plus of the version: the revision's short hash, and the generation where values are merged in."""
    parts = []
    if chart.by_revision and chart.source_kind != "HelmRepository":
        parts.append(revision.rpartition(":")[2][:12])
    if chart.values_files:
        parts.append(str(chart.generation))
    return ".".join(parts)


def is_current(chart: HelmChart, status: Mapping[str, Any], name: str, version: str) -> bool:
    """Whether the artifact of the status is what a build would make again."""
    artifact = status.get("artifact") or {}
    return (
        status.get("observedGeneration") == chart.generation
        and status.get("observedChartName") == name
        and artifact.get("revision") == version
    )
