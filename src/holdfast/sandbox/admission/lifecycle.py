"""NamespaceLifecycle: nothing is created in a namespace that goes away or is not there."""

from __future__ import annotations

from holdfast.sandbox import status
from holdfast.sandbox.admission.request import Request
from holdfast.sandbox.admission.world import World

_REVIEWS = ("authorization.k8s.io", "authentication.k8s.io")


def check(world: World, request: Request) -> None:
    name = request.namespace
    if not name or request.resource.group in _REVIEWS:
        return
    found = world.get("", "v1", "namespaces", name)
    if found is None:
        raise status.not_found("namespaces", "", name)
    if not found["metadata"].get("deletionTimestamp"):
        return
    why = f"unable to create new content in namespace {name} because it is being terminated"
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {name} is being terminated",
        "field": "metadata.namespace",
    }
    shown = request.name or str(request.obj["metadata"].get("generateName") or "Unknown")
    raise status.forbidden(request.resource.plural, request.resource.group, shown, why, [cause])
