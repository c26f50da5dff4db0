"""Printing: objects as Tables and as PartialObjectMetadata.

In: objects, their resource, the time; out: JSON data. The columns of each kind are data beside this module.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import seams
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.tables import cells, columns, custom


def partial(obj: Manifest, version: str) -> Manifest:
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": _own_metadata(obj),
    }


_CONVERTED = {"DaemonSet": ("deprecated.daemonset.",), "HorizontalPodAutoscaler": ("autoscaling.alpha.kubernetes.io/",)}
"""Annotations that stand for fields of the server's own: seen in the version asked for, not in the object's metadata."""


def _own_metadata(obj: Manifest) -> Manifest:
    meta: Manifest = obj.get("metadata") or {}
    prefixes = _CONVERTED.get(obj.get("kind") or "")
    if prefixes is None or "annotations" not in meta:
        return meta
    kept = {k: v for k, v in meta["annotations"].items() if not k.startswith(prefixes)}
    rest = {k: v for k, v in meta.items() if k != "annotations"}
    return {**rest, "annotations": kept} if kept else rest


def table(
    resource: Resource,
    objects: Iterable[Manifest],
    meta: Manifest,
    now: datetime.datetime,
    *,
    version: str = "v1",
    include: str = "Metadata",
) -> Manifest:
    """``include``: None, Metadata or Object. The kind printed is the objects' own (a Scale is not its Deployment)."""
    rows: list[Any] = []
    shown = list(objects)
    kind = str(shown[0].get("kind") or resource.kind) if shown else resource.kind
    for obj in shown:
        row = {"cells": _cells(resource, kind, obj, now), "object": _included(obj, version, include)}
        phase = (obj.get("status") or {}).get("phase") if kind == "Pod" and not resource.crd else None
        if phase in _COMPLETED:
            row["conditions"] = [{"type": "Completed", "status": "True", "reason": phase, "message": _COMPLETED[phase]}]
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": meta,
        "columnDefinitions": _columns(resource, kind),
        "rows": rows or _no_rows(resource, kind),
    }


_COMPLETED = {"Succeeded": "The pod has completed successfully.", "Failed": "The pod failed."}


def _no_rows(resource: Resource, kind: str) -> list[Any] | None:
    """Built-in kinds with only the usual two columns say null, the others an empty list."""
    return [] if resource.crd or kind in columns.TABLES else None


def _columns(resource: Resource, kind: str) -> list[columns.Column]:
    if not resource.crd or kind != resource.kind:
        return columns.of(kind)
    extra = custom.definitions(resource)
    name, age = columns.of("ServiceAccount")
    return [name, *(extra or [{**age, "type": "date"}])]


def _cells(resource: Resource, kind: str, obj: Manifest, now: datetime.datetime) -> list[Any]:
    if not resource.crd or kind != resource.kind:
        return cells.CELLS.get(kind, cells.name_and_creation)(obj, now)
    if resource.spec.get("additionalPrinterColumns"):
        return [obj["metadata"].get("name"), *custom.cells(resource, obj, now)]
    return cells.CELLS["ServiceAccount"](obj, now)


def _included(obj: Manifest, version: str, include: str) -> Manifest | None:
    if include == "None":
        return None
    return obj if include == "Object" else partial(obj, version)


def bare_object(resource: Resource, meta: Manifest) -> Manifest:
    """An object with nothing but metadata, for bookmarks."""
    obj: Manifest = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta}
    seams.write_zeros(resource, obj)
    if not resource.crd and resource.kind in _REPLICATED:
        obj["spec"]["replicas"] = 0
    return obj


# Optional in the published types, plain numbers in the server's own: an object with nothing set shows them.
_REPLICATED = ("Deployment", "ReplicaSet", "StatefulSet")
