"""What differs from kind to kind in how objects are written and deleted, as data. Validation and defaults are elsewhere."""

from __future__ import annotations

from typing import Final

from holdfast.kube.refs import Manifest
from holdfast.sandbox.resources import Resource

_KINDS_WITH_GENERATION: Final = frozenset(
    {
        "Pod", "ReplicationController", "PodTemplate", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob",
        "PodDisruptionBudget", "Ingress", "IngressClass", "NetworkPolicy", "EndpointSlice", "PriorityClass", "CustomResourceDefinition",
        "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "MutatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicyBinding", "DeviceClass", "ResourceSlice", "FlowSchema",
        "PriorityLevelConfiguration",
    }
)  # fmt: skip
_CREATED_BY_PUT: Final = frozenset(
    {
        "Service", "LimitRange", "Endpoints", "Event", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Lease",
        "RuntimeClass",
    }
)  # fmt: skip
_NEEDS_REVISION: Final = frozenset(
    {
        "PodDisruptionBudget", "Lease", "RuntimeClass", "CSIDriver", "CSINode", "CSIStorageCapacity", "VolumeAttachment", "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "MutatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
        "MutatingAdmissionPolicyBinding", "CustomResourceDefinition", "APIService",
    }
)  # fmt: skip
_DELETE_ANSWERS_OBJECT: Final = frozenset(
    {
        "Pod", "Service", "ServiceAccount", "PersistentVolume", "PersistentVolumeClaim", "Namespace", "ResourceQuota", "PodTemplate",
        "StorageClass", "CSIDriver", "CSINode", "VolumeAttachment", "DeviceClass", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice",
    }
)  # fmt: skip
_ORPHANS_BY_DEFAULT: Final = frozenset({"Job", "ReplicationController"})

PROTECTED_NAMESPACES: Final = frozenset({"default", "kube-system", "kube-public"})


def has_generation(resource: Resource) -> bool:
    return bool(resource.crd) or resource.kind in _KINDS_WITH_GENERATION


def counts_updates(resource: Resource) -> bool:
    """Whether a change of the spec moves the generation. CSIDriver has none until its first change."""
    return has_generation(resource) or (resource.kind == "CSIDriver" and not resource.crd)


def created_by_put(resource: Resource) -> bool:
    return not resource.crd and resource.kind in _CREATED_BY_PUT


def needs_revision(resource: Resource) -> bool:
    """Whether a replace without a resourceVersion is refused."""
    return bool(resource.crd) or resource.kind in _NEEDS_REVISION


def delete_answers_object(resource: Resource) -> bool:
    return not resource.crd and resource.kind in _DELETE_ANSWERS_OBJECT


def orphans_by_default(resource: Resource) -> bool:
    return not resource.crd and resource.kind in _ORPHANS_BY_DEFAULT


def has_status(resource: Resource) -> bool:
    return resource.subresource("status") is not None


def moved(resource: Resource, new: Manifest, old: Manifest) -> bool:
    """Whether the change from ``old`` to ``new`` counts for the generation."""
    if resource.kind == "PriorityClass" and not resource.crd:
        return False
    ignored = {"metadata", "apiVersion", "kind"}
    if has_status(resource) or not resource.crd:
        ignored.add("status")
    if any(new.get(k) != old.get(k) for k in (new.keys() | old.keys()) - ignored):
        return True
    watched = _GENERATION_METADATA.get(resource.kind, "") if not resource.crd else ""
    return bool(watched) and (new["metadata"].get(watched) or {}) != (old["metadata"].get(watched) or {})


_GENERATION_METADATA: Final = {"Deployment": "annotations", "EndpointSlice": "labels"}


def reset(resource: Resource, new: Manifest, old: Manifest | None, subresource: str) -> None:
    """Takes back what this endpoint may not write: status through the main resource, all else through /status."""
    if subresource in ("", "ephemeralcontainers", "resize"):
        if has_status(resource) and not (old is None and resource.kind == "Node"):
            _keep(new, old, "status")
        if old is not None and subresource:
            _only_part(new, old, subresource)
    elif old is not None and subresource in ("status", "approval"):
        _only_status(resource, new, old, subresource)
    elif old is not None and subresource == "finalize":
        finalizers = (new.get("spec") or {}).get("finalizers")
        spec = {**(old.get("spec") or {}), "finalizers": finalizers}
        _replace(new, {**old, "spec": spec if finalizers else {}}, new["metadata"])


def _only_part(new: Manifest, old: Manifest, subresource: str) -> None:
    """A Pod's ephemeral containers, or its containers' resources: the rest of the spec and most metadata stay."""
    spec = _resized(new["spec"], old["spec"])
    if subresource == "ephemeralcontainers":
        spec = dict(old["spec"])
        _keep(spec, new["spec"], "ephemeralContainers")
    if spec is None:
        return
    new["spec"] = spec
    own = {key: new["metadata"][key] for key in ("managedFields", "resourceVersion", "uid") if key in new["metadata"]}
    new["metadata"] = {**{k: v for k, v in old["metadata"].items() if k != "managedFields"}, **own}


def _resized(new: Manifest, old: Manifest) -> Manifest | None:
    """The old spec with the new resources; None where containers come or go, which validation refuses."""
    kinds = ("containers", "initContainers")
    if any(len(new.get(kind) or ()) != len(old.get(kind) or ()) for kind in kinds):
        return None
    spec = dict(old)
    _keep(spec, new, "resources")
    for kind in kinds:
        before, after = old.get(kind) or [], new.get(kind) or []
        if [item.get("name") for item in before] != [item.get("name") for item in after]:
            spec[kind] = after
        elif before:
            spec[kind] = [_with_resources(one, other) for one, other in zip(before, after, strict=True)]
    return spec


def _with_resources(old: Manifest, new: Manifest) -> Manifest:
    out = dict(old)
    for key in ("resources", "resizePolicy"):
        _keep(out, new, key)
    return out


def _keep(new: Manifest, old: Manifest | None, key: str) -> None:
    if old is not None and key in old:
        new[key] = old[key]
    else:
        new.pop(key, None)


def _only_status(resource: Resource, new: Manifest, old: Manifest, subresource: str) -> None:
    state = new.get("status")
    if resource.kind == "CertificateSigningRequest":
        state = _csr_status(state or {}, old.get("status") or {}, subresource)
    meta = _status_metadata(resource, new["metadata"], old["metadata"], subresource)
    _replace(new, {k: v for k, v in old.items() if k != "status"}, meta)
    if state is not None:
        new["status"] = state
    if resource.kind == "Pod" and not resource.crd:
        _keep_pod_status(new, old)


def _keep_pod_status(new: Manifest, old: Manifest) -> None:
    """What is said about a pod once and for all."""
    before, after = old.get("status") or {}, new.setdefault("status", {})
    for key in ("qosClass", "observedGeneration"):
        if key in before and not after.get(key):
            after[key] = before[key]


def _csr_status(state: Manifest, old: Manifest, subresource: str) -> Manifest:
    """/approval writes conditions only, /status everything but Approved and Denied."""
    if subresource == "approval":
        return {**old, **({"conditions": state["conditions"]} if state.get("conditions") else {})}
    decided = [c for c in old.get("conditions") or () if c.get("type") in ("Approved", "Denied")]
    others = [c for c in state.get("conditions") or () if c.get("type") not in ("Approved", "Denied")]
    found = {**state, "conditions": decided + others}
    if not found["conditions"]:
        del found["conditions"]
    return found


_STATUS_WRITES_LABELS: Final = frozenset(
    {
        "Pod",
        "Node",
        "Service",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "Namespace",
        "ResourceQuota",
        "ReplicationController",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "Job",
        "CronJob",
        "Ingress",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "CertificateSigningRequest",
    }
)


def _status_metadata(resource: Resource, new: Manifest, old: Manifest, subresource: str) -> Manifest:
    """Labels, annotations, finalizers and owners through /status: some kinds take them, the others keep the old ones."""
    if resource.crd:
        # Custom resources keep everything but managedFields and what decides about conflicts.
        told = ("managedFields", "resourceVersion", "uid", "name", "namespace")
        kept = {k: v for k, v in old.items() if k != "resourceVersion"}
        return {**kept, **{k: v for k, v in new.items() if k in told}}
    if resource.kind in _STATUS_WRITES_LABELS or subresource == "approval":
        return new
    meta = dict(new)
    _keep(meta, old, "labels")
    return meta


def _replace(new: Manifest, body: Manifest, meta: Manifest) -> None:
    identity: Manifest = {k: new[k] for k in ("apiVersion", "kind") if k in new}
    new.clear()
    new.update(body)
    new.update(identity)
    new["metadata"] = meta
