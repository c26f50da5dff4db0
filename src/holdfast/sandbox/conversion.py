"""Between what is stored and what a version shows."""

from __future__ import annotations

from holdfast.kube.refs import Manifest
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.store import Record


def from_storage(resource: Resource, record: Record) -> Manifest:
    obj = record.load()
    return {"kind": resource.kind, "apiVersion": resource.api_version, **obj}


def to_storage(resource: Resource, obj: Manifest) -> Manifest:
    del resource
    return obj


def as_stored(resource: Resource, record: Record) -> bool:
    """Whether the stored bytes can be shown as they are."""
    return bool(resource.plural) and bool(record.raw)
