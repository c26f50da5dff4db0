"""Small mutations: default classes, protection finalizers, taints of new nodes, resizing of claims.

In: an object being written and the classes there are. Out: the object filled in, or a refusal. Never: anything about pods.
"""

from __future__ import annotations

from holdfast.kube.refs import Manifest
from holdfast.sandbox.admission.request import Request
from holdfast.sandbox.admission.world import World
from holdfast.sandbox.kinds.quantities import parse

_DEFAULT_STORAGE = "storageclass.kubernetes.io/is-default-class"
_OLD_DEFAULT_STORAGE = "storageclass.beta.kubernetes.io/is-default-class"
_DEFAULT_INGRESS = "ingressclass.kubernetes.io/is-default-class"
_OLD_STORAGE = "volume.beta.kubernetes.io/storage-class"
_OLD_INGRESS = "kubernetes.io/ingress.class"
_PROTECTION = {
    "persistentvolumes": "kubernetes.io/pv-protection",
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "volumeattributesclasses": "kubernetes.io/vac-protection",
}
_NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def _default_of(world: World, group: str, plural: str, annotations: tuple[str, ...]) -> str:
    """The newest class marked as default; equally old ones by name."""
    if not world.any(group, "v1", plural):
        return ""
    found: list[tuple[str, str]] = [
        (c["metadata"].get("creationTimestamp") or "", c["metadata"]["name"])
        for c in world.list(group, "v1", plural)
        if any((c["metadata"].get("annotations") or {}).get(key) == "true" for key in annotations)
    ]
    if not found:
        return ""
    newest = max(created for created, _ in found)
    return min(name for created, name in found if created == newest)


def storage_class(world: World, request: Request) -> None:
    assert request.new is not None
    spec = request.new["spec"]
    if spec.get("storageClassName") is not None or _OLD_STORAGE in (request.new["metadata"].get("annotations") or {}):
        return
    name = _default_of(world, "storage.k8s.io", "storageclasses", (_DEFAULT_STORAGE, _OLD_DEFAULT_STORAGE))
    if name:
        spec["storageClassName"] = name


def ingress_class(world: World, request: Request) -> None:
    assert request.new is not None
    spec = request.new.setdefault("spec", {})
    if spec.get("ingressClassName") is not None or _OLD_INGRESS in (request.new["metadata"].get("annotations") or {}):
        return
    name = _default_of(world, "networking.k8s.io", "ingressclasses", (_DEFAULT_INGRESS,))
    if name:
        spec["ingressClassName"] = name


def protect(world: World, request: Request) -> None:
    assert request.new is not None
    meta = request.new["metadata"]
    finalizer = _PROTECTION[request.resource.plural]
    if finalizer not in (meta.get("finalizers") or ()):
        meta["finalizers"] = [*(meta.get("finalizers") or ()), finalizer]


def taint_node(world: World, request: Request) -> None:
    assert request.new is not None
    spec = request.new.setdefault("spec", {})
    taints = spec.get("taints") or []
    if not any(t.get("key") == _NOT_READY["key"] and t.get("effect") == _NOT_READY["effect"] for t in taints):
        spec["taints"] = [*taints, dict(_NOT_READY)]


def resize(world: World, request: Request) -> None:
    """Only claims of classes that allow it may grow."""
    assert request.new is not None
    assert request.old is not None
    new, old = _size(request.new), _size(request.old)
    if new is None or old is None or parse(new).value <= parse(old).value:
        return
    if (request.old.get("status") or {}).get("phase") != "Bound":
        raise request.forbidden("Only bound persistent volume claims can be expanded")
    name = request.new["spec"].get("storageClassName") or ""
    found = world.get("storage.k8s.io", "v1", "storageclasses", name) if name else None
    if found is None or not found.get("allowVolumeExpansion"):
        raise request.forbidden(
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
        )


def _size(claim: Manifest) -> str | None:
    found: str | None = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage")
    return found
