"""Printing: objects as Tables and as PartialObjectMetadata.

In: objects and their resource; out: JSON data. The columns of each kind are data beside this module.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.resources import Resource

_NAME = {"name": "Name", "type": "string", "format": "name", "description": "Name of the object.", "priority": 0}
_CREATED = {
    "name": "Created At",
    "type": "date",
    "format": "",
    "description": "When the object was created.",
    "priority": 0,
}


def partial(obj: Manifest, version: str, *, bare: bool = False) -> Manifest:
    found: Manifest = {} if bare else {"kind": "PartialObjectMetadata", "apiVersion": f"meta.k8s.io/{version}"}
    found["metadata"] = obj.get("metadata") or {}
    return found


def table(resource: Resource, objects: Iterable[Manifest], meta: Manifest, version: str, include: str) -> Manifest:
    del resource
    rows: list[Any] = []
    for obj in objects:
        meta_ = obj.get("metadata") or {}
        rows.append(
            {"cells": [meta_.get("name"), meta_.get("creationTimestamp")], "object": _included(obj, version, include)}
        )
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": meta,
        "columnDefinitions": [_NAME, _CREATED],
        "rows": rows,
    }


def _included(obj: Manifest, version: str, include: str) -> Manifest | None:
    if include == "None":
        return None
    return obj if include == "Object" else partial(obj, version)


def bare_object(resource: Resource, meta: Manifest) -> Manifest:
    """An object with nothing but metadata, for bookmarks."""
    from holdfast.sandbox import seams

    obj: Manifest = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta}
    seams.write_zeros(resource, obj)
    return obj
