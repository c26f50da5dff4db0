"""The HelmChart that a HelmRelease with ``spec.chart`` has made for it, and what makes a chart's source ready. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.base.duration import format_duration, parse_duration
from holdfast.dialects.flux.conditions import READY, STALLED
from holdfast.dialects.flux.helmrelease import OWNER
from holdfast.kube.refs import Manifest
from holdfast.model.delivery import UnitKey

SOURCE_GROUP = "source.toolkit.fluxcd.io"
CHART_KINDS = ("HelmChart", "OCIRepository", "ExternalArtifact")
# What the definition fills in; it takes no apply to bring that about.
_DEFAULTS = {"version": "*", "reconcileStrategy": "ChartVersion"}


def chart_object(obj: Mapping[str, Any], key: UnitKey, source: UnitKey) -> Manifest | None:
    """What is to be applied; None where the release refers to a chart that somebody else declares."""
    template = (obj.get("spec") or {}).get("chart")
    if not template:
        return None
    wanted, metadata = template.get("spec") or {}, template.get("metadata") or {}
    interval = parse_duration(str(wanted.get("interval") or obj["spec"].get("interval") or "0"))
    reference = wanted.get("sourceRef") or {}
    spec: Manifest = {
        "chart": wanted.get("chart"),
        "version": wanted.get("version"),
        "sourceRef": {"kind": reference.get("kind"), "name": reference.get("name")},
        "interval": format_duration(interval),
        "reconcileStrategy": wanted.get("reconcileStrategy"),
        "valuesFiles": wanted.get("valuesFiles"),
        "ignoreMissingValuesFiles": wanted.get("ignoreMissingValuesFiles"),
        "verify": wanted.get("verify"),
    }
    head: Manifest = {
        "name": source.name,
        "namespace": source.namespace,
        "labels": {**(metadata.get("labels") or {}), **OWNER.labels(key)},
    }
    if metadata.get("annotations"):
        head["annotations"] = dict(metadata["annotations"])
    return {
        "apiVersion": f"{SOURCE_GROUP}/v1",
        "kind": "HelmChart",
        "metadata": head,
        "spec": {k: v for k, v in spec.items() if v},
    }


def is_applied(desired: Manifest, live: Mapping[str, Any]) -> bool:
    """Whether the live object is what applying would make of it."""
    metadata = live.get("metadata") or {}
    for field in ("labels", "annotations"):
        have = metadata.get(field) or {}
        if any(have.get(k) != v for k, v in (desired["metadata"].get(field) or {}).items()):
            return False
    return {**_DEFAULTS, **desired["spec"]} == {**_DEFAULTS, **(live.get("spec") or {})}


def source_text(desired: Manifest) -> str:
    reference = desired["spec"]["sourceRef"]
    return f"{reference.get('kind')}/{desired['metadata']['namespace']}/{reference.get('name')}"


def problem_of(source: Mapping[str, Any]) -> str:
    """Why a source cannot be used; "" where it can."""
    metadata, status = source["metadata"], source.get("status") or {}
    name = f"{source.get('kind')} '{metadata.get('namespace')}/{metadata.get('name')}' is not ready: "
    conditions = {c.get("type"): c for c in status.get("conditions") or ()}
    if source.get("kind") == "ExternalArtifact":
        return "" if status.get("artifact") else f"{name}does not have an artifact"
    if metadata.get("generation") != status.get("observedGeneration"):
        ready = conditions.get(READY) or {}
        told = ready.get("message") if ready.get("status") == "False" else None
        return name + str(told or "latest generation of object has not been reconciled")
    stalled = conditions.get(STALLED) or {}
    if stalled.get("status") == "True":
        return name + str(stalled.get("message") or "")
    return "" if status.get("artifact") else f"{name}does not have an artifact"


def revision_digest(kind: str, revision: str) -> str:
    """The digest in a source's revision by which its charts are told apart; "" where versions do that."""
    if kind == "HelmChart" or (kind == "ExternalArtifact" and ":" not in revision):
        return ""
    return revision.partition("@")[2] if "@" in revision else revision
