"""Between what is stored and what a version shows.

Custom resources are shown in another version by changing their name tag (pruning and defaulting are the schema's work);
HorizontalPodAutoscalers and Events have rules of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.sandbox import convert_events, convert_hpa
from holdfast.sandbox.crd import custom
from holdfast.sandbox.crds import STORAGE
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.store import Record

Convert = Callable[[Manifest], None]

# Group and version that is not the storage version -> (from storage, to storage), both in place.
_RULES: Final[dict[tuple[str, str, str], tuple[Convert, Convert]]] = {
    ("autoscaling", "v1", "HorizontalPodAutoscaler"): (convert_hpa.to_v1, convert_hpa.to_v2),
    ("events.k8s.io", "v1", "Event"): (convert_events.to_events, convert_events.to_core),
}


def _rule(resource: Resource) -> tuple[Convert, Convert] | None:
    return None if resource.crd else _RULES.get((resource.group, resource.version, resource.kind))


def between(obj: Manifest, api_version: str) -> Manifest:
    """A copy of an object of any version, in another version of its kind."""
    out = {**obj, "metadata": dict(obj["metadata"])}
    given = GroupVersionKind.of(obj)
    wanted = GroupVersionKind.parse(api_version, given.kind)
    if given != wanted:
        for gvk, step in ((given, 1), (wanted, 0)):
            rule = _RULES.get((gvk.group, gvk.version, gvk.kind))
            if rule is not None:
                rule[step](out)
    return {**out, "apiVersion": api_version}


def converts(resource: Resource) -> bool:
    """Whether the versions of the kind look different."""
    return not resource.crd and any(kind == resource.kind for _, _, kind in _RULES)


def from_storage(resource: Resource, record: Record) -> Manifest:
    """The object in the resource's version; a copy."""
    obj: Manifest = {"kind": resource.kind, "apiVersion": resource.api_version, **record.load()}
    if resource.crd:
        custom.read(resource.spec, obj, resource.spec.get(STORAGE))
    rule = _rule(resource)
    if rule is not None:
        rule[0](obj)
    return obj


def to_storage(resource: Resource, obj: Manifest) -> Manifest:
    if STORAGE in resource.spec:
        custom.to_storage(resource.spec[STORAGE], obj)
    rule = _rule(resource)
    if rule is None:
        return obj
    stored = {**obj, "metadata": dict(obj["metadata"])}
    rule[1](stored)
    return stored


def as_stored(resource: Resource) -> bool:
    """Whether the stored bytes can be shown as they are."""
    return not resource.crd and _rule(resource) is None
