"""Validation of built-in objects: metadata first, then the kind's own rules.

In: a prepared object, for updates the stored one. Out: field errors in the API's order. Never: admission.
The tables at the bottom say which kind has which rules and which names it allows.
"""

from __future__ import annotations

from collections.abc import Callable

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.sandbox.kinds import (
    metadata,
    names,
    validate_autoscaling,
    validate_batch,
    validate_core,
    validate_devices,
    validate_events,
    validate_flow,
    validate_job_status,
    validate_networking,
    validate_node,
    validate_pod,
    validate_pod_resize,
    validate_pod_status,
    validate_pod_update,
    validate_policy,
    validate_rbac,
    validate_service,
    validate_storage,
    validate_webhooks,
    validate_workloads,
)
from holdfast.sandbox.kinds.field import Errors

Create = Callable[[Errors, Manifest], None]
Update = Callable[[Errors, Manifest, Manifest], None]


def validate_create(gvk: GroupVersionKind, obj: Manifest) -> Errors:
    key = (gvk.group, gvk.kind)
    meta = obj.get("metadata") or {}
    rule = _NAMES.get(key, names.dns_subdomain)
    errs = metadata.validate(meta, bool(meta.get("namespace")), rule)
    if key[0] not in _MACHINERY_METADATA:
        metadata.standard_finalizers(errs, meta.get("finalizers") or [], "metadata.finalizers")
    check = _CREATE.get(key)
    if check is not None:
        check(errs, obj)
    if not errs and meta.get("name"):
        errs.name("metadata.name", meta["name"], names.path_segment)
    return errs


def validate_update(gvk: GroupVersionKind, obj: Manifest, old: Manifest, subresource: str = "") -> Errors:
    """Metadata is judged twice, by the machinery and by the kind, as in the real server."""
    key = (gvk.group, gvk.kind)
    errs = metadata.validate_update(obj["metadata"], old["metadata"])
    if key in _CREATE:
        errs += metadata.validate_update(obj["metadata"], old["metadata"])
    # The real server judges labels, annotations and owners of an update several times over, and tells all it finds.
    common, finalizers = _judged(key) if not subresource else (3, 0)
    for _ in range(common - (2 if key in _CREATE else 1)):
        metadata.common(errs, obj["metadata"])
    for _ in range(common - 2):
        metadata.finalizers(errs, obj["metadata"].get("finalizers") or [], "metadata.finalizers")
    for _ in range(finalizers):
        metadata.standard_finalizers(errs, obj["metadata"].get("finalizers") or [], "metadata.finalizers")
    if not subresource:
        _own_update(errs, key, obj, old)
    elif subresource == "resize":
        validate_pod_resize.resize(errs, obj, old)
    elif subresource == "ephemeralcontainers":
        validate_pod_update.ephemeral(errs, obj, old)
    elif subresource == "finalize":
        validate_core.namespace_finalizers(errs, obj)
    elif subresource in ("status", "approval"):
        status = _STATUS.get(key)
        if status is not None:
            status(errs, obj, old)
    return errs


def _own_update(errs: Errors, key: tuple[str, str], obj: Manifest, old: Manifest) -> None:
    if key in _RECHECKED:
        _CREATE[key](errs, obj)
    update = _UPDATE.get(key)
    if update is not None:
        update(errs, obj, old)


def _stateful_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    validate_workloads.stateful_set(errs, obj, creating=False)
    validate_workloads.stateful_set_update(errs, obj, old)


def _workload_status(kind: str) -> Update:
    return lambda errs, obj, old: validate_workloads.workload_status(errs, obj, old, kind)


def _namespace_status(errs: Errors, obj: Manifest, old: Manifest) -> None:
    phase = (obj.get("status") or {}).get("phase") or ""
    wanted, is_empty = (
        ("Terminating", "is not empty") if obj["metadata"].get("deletionTimestamp") else ("Active", "is empty")
    )
    if phase != wanted:
        errs.invalid("status.Phase", phase, f"may only be '{wanted}' if `deletionTimestamp` {is_empty}")


_RBAC = "rbac.authorization.k8s.io"
_STORAGE = "storage.k8s.io"
_NET = "networking.k8s.io"
_FLOW = "flowcontrol.apiserver.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_DEVICES = "resource.k8s.io"

_NAMES: dict[tuple[str, str], names.NameRule] = {
    ("", "Namespace"): names.dns_label,
    ("", "Service"): names.dns_label,
    ("apps", "StatefulSet"): names.dns_label,
    (_RBAC, "Role"): names.path_segment,
    (_RBAC, "ClusterRole"): names.path_segment,
    (_RBAC, "RoleBinding"): names.path_segment,
    (_RBAC, "ClusterRoleBinding"): names.path_segment,
    ("policy", "PodDisruptionBudget"): names.path_segment,
    (_NET, "IPAddress"): names.ip_address,
    ("", "ReplicationController"): names.dns_subdomain_bytes,
    ("resource.k8s.io", "DeviceClass"): names.dns_subdomain_bytes,
    ("certificates.k8s.io", "CertificateSigningRequest"): names.path_segment,
    ("", "Event"): names.path_segment,
    ("events.k8s.io", "Event"): names.path_segment,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): names.path_segment,
    ("apiregistration.k8s.io", "APIService"): names.path_segment,
}

_CREATE: dict[tuple[str, str], Create] = {
    ("", "Pod"): validate_pod.create,
    ("", "PodTemplate"): validate_workloads.pod_template,
    ("", "ReplicationController"): validate_workloads.replication_controller,
    ("", "Service"): validate_service.service,
    ("", "ConfigMap"): validate_core.config_map,
    ("", "Secret"): validate_core.secret,
    ("", "Namespace"): validate_core.namespace,
    ("", "Node"): validate_node.node,
    ("", "ResourceQuota"): validate_core.quota,
    ("", "LimitRange"): validate_core.limit_range,
    ("", "Endpoints"): validate_core.endpoints,
    ("", "Event"): validate_events.event,
    ("events.k8s.io", "Event"): validate_events.new_event,
    ("", "ServiceAccount"): lambda errs, obj: None,
    ("", "PersistentVolume"): validate_storage.volume,
    ("", "PersistentVolumeClaim"): validate_storage.claim,
    ("apps", "Deployment"): validate_workloads.deployment,
    ("apps", "ReplicaSet"): validate_workloads.replica_set,
    ("apps", "DaemonSet"): validate_workloads.daemon_set,
    ("apps", "StatefulSet"): validate_workloads.stateful_set,
    ("apps", "ControllerRevision"): validate_workloads.controller_revision,
    ("batch", "Job"): validate_batch.job,
    ("batch", "CronJob"): validate_batch.cron_job,
    ("autoscaling", "HorizontalPodAutoscaler"): validate_autoscaling.autoscaler,
    ("policy", "PodDisruptionBudget"): validate_policy.budget,
    ("scheduling.k8s.io", "PriorityClass"): validate_policy.priority_class,
    ("node.k8s.io", "RuntimeClass"): validate_policy.runtime_class,
    ("coordination.k8s.io", "Lease"): validate_policy.lease,
    ("discovery.k8s.io", "EndpointSlice"): validate_networking.endpoint_slice,
    (_NET, "Ingress"): validate_networking.ingress,
    (_NET, "IngressClass"): validate_networking.ingress_class,
    (_NET, "NetworkPolicy"): validate_networking.network_policy,
    (_NET, "ServiceCIDR"): validate_networking.service_ranges,
    (_NET, "IPAddress"): validate_networking.ip_address,
    (_STORAGE, "StorageClass"): validate_storage.storage_class,
    (_STORAGE, "CSIDriver"): validate_storage.csi_driver,
    (_STORAGE, "CSINode"): validate_storage.csi_node,
    (_STORAGE, "VolumeAttachment"): validate_storage.volume_attachment,
    (_STORAGE, "CSIStorageCapacity"): validate_storage.csi_capacity,
    (_STORAGE, "VolumeAttributesClass"): validate_storage.attributes_class,
    (_RBAC, "Role"): validate_rbac.role,
    (_RBAC, "ClusterRole"): validate_rbac.cluster_role,
    (_RBAC, "RoleBinding"): validate_rbac.role_binding,
    (_RBAC, "ClusterRoleBinding"): validate_rbac.cluster_role_binding,
    ("certificates.k8s.io", "CertificateSigningRequest"): validate_policy.signing_request,
    ("apiregistration.k8s.io", "APIService"): validate_flow.api_service,
    (_FLOW, "FlowSchema"): validate_flow.flow_schema,
    (_FLOW, "PriorityLevelConfiguration"): validate_flow.priority_level,
    (_ADMISSION, "ValidatingWebhookConfiguration"): validate_webhooks.webhooks,
    (_ADMISSION, "MutatingWebhookConfiguration"): validate_webhooks.webhooks,
    (_DEVICES, "DeviceClass"): validate_devices.device_class,
    (_DEVICES, "ResourceClaim"): validate_devices.claim,
    (_DEVICES, "ResourceClaimTemplate"): validate_devices.template,
    (_DEVICES, "ResourceSlice"): validate_devices.resource_slice,
}

_UPDATE: dict[tuple[str, str], Update] = {
    ("", "Pod"): validate_pod_update.update,
    ("", "Service"): validate_service.service_update,
    ("", "ConfigMap"): validate_core.config_map_update,
    ("", "Secret"): validate_core.secret_update,
    ("", "Node"): validate_node.node_update,
    ("events.k8s.io", "Event"): validate_events.new_event_update,
    ("", "ResourceQuota"): validate_core.quota_update,
    ("", "PersistentVolume"): validate_storage.volume_update,
    ("", "PersistentVolumeClaim"): validate_storage.claim_update,
    ("apps", "Deployment"): validate_workloads.deployment_update,
    ("apps", "ReplicaSet"): validate_workloads.replica_set_update,
    ("apps", "DaemonSet"): validate_workloads.daemon_set_update,
    ("apps", "StatefulSet"): _stateful_update,
    ("apps", "ControllerRevision"): validate_workloads.controller_revision_update,
    ("batch", "Job"): validate_batch.job_update,
    ("batch", "CronJob"): validate_batch.cron_job_update,
    ("policy", "PodDisruptionBudget"): validate_policy.budget_update,
    ("scheduling.k8s.io", "PriorityClass"): validate_policy.priority_class_update,
    ("node.k8s.io", "RuntimeClass"): validate_policy.runtime_class_update,
    ("discovery.k8s.io", "EndpointSlice"): validate_networking.endpoint_slice_update,
    (_NET, "Ingress"): validate_networking.ingress_update,
    (_NET, "IngressClass"): validate_networking.ingress_class_update,
    (_NET, "ServiceCIDR"): validate_networking.service_ranges_update,
    (_NET, "IPAddress"): validate_networking.ip_address_update,
    (_STORAGE, "StorageClass"): validate_storage.storage_class_update,
    (_STORAGE, "CSIDriver"): validate_storage.csi_driver_update,
    (_STORAGE, "CSINode"): validate_storage.csi_node_update,
    (_STORAGE, "VolumeAttachment"): validate_storage.volume_attachment_update,
    (_STORAGE, "CSIStorageCapacity"): validate_storage.csi_capacity_update,
    (_STORAGE, "VolumeAttributesClass"): validate_storage.attributes_class_update,
    (_RBAC, "RoleBinding"): validate_rbac.binding_update,
    (_RBAC, "ClusterRoleBinding"): validate_rbac.binding_update,
    (_DEVICES, "ResourceClaim"): validate_devices.claim_update,
    (_DEVICES, "ResourceClaimTemplate"): validate_devices.template_update,
    (_DEVICES, "ResourceSlice"): validate_devices.resource_slice_update,
}
"""Rules that compare with the stored object."""

_OWN_RECHECK = {
    ("", "Pod"), ("", "Service"), ("", "Node"), ("", "PersistentVolumeClaim"), ("apps", "StatefulSet"), ("apps", "ControllerRevision"), ("apps", "DaemonSet"),
    ("batch", "Job"),
    ("batch", "CronJob"), ("events.k8s.io", "Event"), (_NET, "Ingress"), (_NET, "IngressClass"), (_NET, "ServiceCIDR"), ("discovery.k8s.io", "EndpointSlice"),
    ("policy", "PodDisruptionBudget"), ("scheduling.k8s.io", "PriorityClass"), ("certificates.k8s.io", "CertificateSigningRequest"),
    (_DEVICES, "ResourceClaim"),
}  # fmt: skip
_RECHECKED = {key for key in _CREATE if key not in _OWN_RECHECK}
"""Kinds whose create rules hold again on update; the others do it themselves or not at all."""

_MACHINERY_METADATA = {_ADMISSION, "apiextensions.k8s.io", "apiregistration.k8s.io"}
"""Groups whose metadata only the machinery judges."""

_WHOLE = {
    *(("", kind) for kind in ("Pod", "ConfigMap", "Secret", "ServiceAccount", "Namespace", "Node", "PersistentVolume", "PersistentVolumeClaim", "Endpoints")),
    ("apps", "ControllerRevision"), ("batch", "Job"), (_NET, "Ingress"), (_NET, "IngressClass"), (_NET, "IPAddress"), (_STORAGE, "StorageClass"),
    (_STORAGE, "CSIStorageCapacity"), (_STORAGE, "VolumeAttributesClass"), ("certificates.k8s.io", "CertificateSigningRequest"),
    ("resource.k8s.io", "DeviceClass"), ("resource.k8s.io", "ResourceClaim"), ("resource.k8s.io", "ResourceClaimTemplate"),
    *((_RBAC, kind) for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")),
}  # fmt: skip
"""Kinds of which an update is judged as a create is, and as an update."""


def _judged(key: tuple[str, str]) -> tuple[int, int]:
    """How often an update's metadata is judged, and its finalizers."""
    if key in _WHOLE:
        return 4, 2
    if key in (("", "Event"), ("policy", "PodDisruptionBudget")):
        return 2, 0
    if key in (("node.k8s.io", "RuntimeClass"), ("apiregistration.k8s.io", "APIService")):
        return 4, 0
    if key[0] in (_ADMISSION, "coordination.k8s.io"):
        return 3, 0
    return (3, 1) if key in _CREATE else (2, 0)


_STATUS: dict[tuple[str, str], Update] = {
    ("", "Pod"): validate_pod_status.pod_status,
    **{("apps", kind): _workload_status(kind) for kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")},
    ("", "ReplicationController"): _workload_status("ReplicationController"),
    ("batch", "Job"): validate_job_status.job_status,
    ("", "Service"): validate_service.service_status,
    ("autoscaling", "HorizontalPodAutoscaler"): validate_autoscaling.autoscaler_status,
    ("", "ResourceQuota"): validate_core.quota_status,
    ("", "Namespace"): _namespace_status,
    ("", "Node"): validate_node.node_status,
    ("", "PersistentVolumeClaim"): validate_storage.claim_status,
    (_NET, "Ingress"): validate_networking.ingress_status,
    ("certificates.k8s.io", "CertificateSigningRequest"): validate_policy.signing_status,
}
