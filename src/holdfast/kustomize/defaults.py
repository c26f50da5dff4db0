"""The fields that kustomize's transformers know without being told.

Written as rules (pod fields times owners of pods), expanded once. Source of the facts: kustomize
``internal/konfig/builtinpluginconsts``.
"""

from __future__ import annotations

from collections.abc import Iterable

from holdfast.kustomize.config import NameReference, TransformerConfig
from holdfast.kustomize.fieldspec import FieldSpec

_TEMPLATE = "spec/template/"
_CRON = "spec/jobTemplate/spec/template/"
_RBAC = "rbac.authorization.k8s.io"
_NETWORKING = "networking.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"

_POD_OWNERS = (
    FieldSpec("spec/", version="v1", kind="Pod"),
    FieldSpec("template/spec/", kind="PodTemplate"),
    *(FieldSpec(_TEMPLATE + "spec/", kind=k) for k in ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job")),
    FieldSpec(_CRON + "spec/", kind="CronJob"),
)
_SOME_POD_OWNERS = (
    FieldSpec("spec/", kind="Pod"),
    *(
        FieldSpec(_TEMPLATE + "spec/", kind=k)
        for k in ("StatefulSet", "Deployment", "ReplicationController", "Job", "DaemonSet")
    ),
    FieldSpec(_CRON + "spec/", kind="CronJob"),
)


def _in_pods(owners: Iterable[FieldSpec], *fields: str) -> tuple[FieldSpec, ...]:
    return tuple(owner._replace(path=owner.path + field) for owner in owners for field in fields)


def _spec(path: str, kind: str = "", group: str = "", version: str = "", create: bool = False) -> FieldSpec:
    return FieldSpec(path, group, version, kind, create)


_METADATA_LABELS = (
    _spec("metadata/labels", create=True),
    _spec(_TEMPLATE + "metadata/labels", "ReplicationController", version="v1", create=True),
    *(_spec(_TEMPLATE + "metadata/labels", k, create=True) for k in ("Deployment", "ReplicaSet", "DaemonSet")),
    _spec(_TEMPLATE + "metadata/labels", "StatefulSet", "apps", create=True),
    _spec("spec/volumeClaimTemplates[]/metadata/labels", "StatefulSet", "apps", create=True),
    _spec(_TEMPLATE + "metadata/labels", "Job", "batch", create=True),
    _spec("spec/jobTemplate/metadata/labels", "CronJob", "batch", create=True),
    _spec(_CRON + "metadata/labels", "CronJob", "batch", create=True),
)

_REQUIRED, _PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
_AFFINITY = (
    *(
        f"{_TEMPLATE}spec/affinity/{which}/{when}labelSelector/matchLabels"
        for which in ("podAffinity", "podAntiAffinity")
        for when in (f"{_PREFERRED}/podAffinityTerm/", f"{_REQUIRED}/")
    ),
    _TEMPLATE + "spec/topologySpreadConstraints/labelSelector/matchLabels",
)

_SELECTOR_LABELS = (
    _spec("spec/selector", "Service", version="v1", create=True),
    _spec("spec/selector", "ReplicationController", version="v1", create=True),
    _spec("spec/selector/matchLabels", "Deployment", create=True),
    *(_spec(path, "Deployment", "apps") for path in _AFFINITY),
    _spec("spec/selector/matchLabels", "ReplicaSet", create=True),
    _spec("spec/selector/matchLabels", "DaemonSet", create=True),
    _spec("spec/selector/matchLabels", "StatefulSet", "apps", create=True),
    *(_spec(path, "StatefulSet", "apps") for path in _AFFINITY),
    _spec("spec/selector/matchLabels", "Job", "batch"),
    _spec("spec/jobTemplate/spec/selector/matchLabels", "CronJob", "batch"),
    _spec("spec/selector/matchLabels", "PodDisruptionBudget", "policy"),
    _spec("spec/podSelector/matchLabels", "NetworkPolicy", _NETWORKING),
    _spec("spec/ingress/from/podSelector/matchLabels", "NetworkPolicy", _NETWORKING),
    _spec("spec/egress/to/podSelector/matchLabels", "NetworkPolicy", _NETWORKING),
)

_ANNOTATIONS = (
    _spec("metadata/annotations", create=True),
    _spec(_TEMPLATE + "metadata/annotations", "ReplicationController", version="v1", create=True),
    *(
        _spec(_TEMPLATE + "metadata/annotations", k, create=True)
        for k in ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet")
    ),
    _spec(_TEMPLATE + "metadata/annotations", "Job", "batch", create=True),
    _spec("spec/jobTemplate/metadata/annotations", "CronJob", "batch", create=True),
    _spec(_CRON + "metadata/annotations", "CronJob", "batch", create=True),
)

_NAMESPACE = (
    _spec("metadata/name", "Namespace", create=True),
    _spec("spec/service/namespace", "APIService", "apiregistration.k8s.io", create=True),
    _spec("spec/conversion/webhook/clientConfig/service/namespace", "CustomResourceDefinition", "apiextensions.k8s.io"),
)

_IMAGES = tuple(
    _spec(prefix + field, create=True)
    for prefix in ("spec/", "spec/template/spec/")
    for field in ("containers[]/image", "initContainers[]/image", "volumes[]/image/reference")
)

_REPLICAS = tuple(
    _spec("spec/replicas", kind, create=True)
    for kind in ("Deployment", "ReplicationController", "ReplicaSet", "StatefulSet")
)

_SCALED = (_spec("spec/scaleTargetRef/name", "HorizontalPodAutoscaler"),)

_CONFIG_MAP_FIELDS = (
    "volumes/configMap/name",
    "containers/env/valueFrom/configMapKeyRef/name",
    "initContainers/env/valueFrom/configMapKeyRef/name",
    "containers/envFrom/configMapRef/name",
    "initContainers/envFrom/configMapRef/name",
    "volumes/projected/sources/configMap/name",
)
_SECRET_FIELDS = (
    "volumes/secret/secretName",
    "containers/env/valueFrom/secretKeyRef/name",
    "initContainers/env/valueFrom/secretKeyRef/name",
    "containers/envFrom/secretRef/name",
    "initContainers/envFrom/secretRef/name",
    "imagePullSecrets/name",
    "volumes/projected/sources/secret/name",
)
_RESOURCE_NAMES = (_spec("rules/resourceNames", "Role"), _spec("rules/resourceNames", "ClusterRole"))

_TO_CONFIG_MAP = (
    *_in_pods(_POD_OWNERS, *_CONFIG_MAP_FIELDS),
    _spec("spec/configSource/configMap", "Node"),
    *_RESOURCE_NAMES,
    _spec("metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap", "Ingress"),
)
_TO_SECRET = (
    *_in_pods(_POD_OWNERS, *_SECRET_FIELDS),
    _spec("spec/tls/secretName", "Ingress"),
    _spec("metadata/annotations/ingress.kubernetes.io\\/auth-secret", "Ingress"),
    _spec("metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret", "Ingress"),
    _spec("metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret", "Ingress"),
    # Upstream names this field twice, hence what it refers to is followed twice: from one name to the next.
    _spec("spec/tls/secretName", "Ingress"),
    _spec("imagePullSecrets/name", "ServiceAccount"),
    *(
        _spec(f"parameters/{field}", "StorageClass")
        for field in ("secretName", "adminSecretName", "userSecretName", "secretRef")
    ),
    *_RESOURCE_NAMES,
    _spec(_TEMPLATE + "spec/containers/env/valueFrom/secretKeyRef/name", "Service", "serving.knative.dev", "v1"),
    _spec("spec/azureFile/secretName", "PersistentVolume"),
)
_TO_SERVICE = (
    _spec("spec/serviceName", "StatefulSet", "apps"),
    _spec("spec/rules/http/paths/backend/serviceName", "Ingress"),
    _spec("spec/backend/serviceName", "Ingress"),
    _spec("spec/rules/http/paths/backend/service/name", "Ingress"),
    _spec("spec/defaultBackend/service/name", "Ingress"),
    _spec("spec/service/name", "APIService", "apiregistration.k8s.io"),
    _spec("webhooks/clientConfig/service", "ValidatingWebhookConfiguration", _ADMISSION),
    _spec("webhooks/clientConfig/service", "MutatingWebhookConfiguration", _ADMISSION),
)
_ROLE_BINDING = _spec("roleRef/name", "RoleBinding", _RBAC)
_CLUSTER_ROLE_BINDING = _spec("roleRef/name", "ClusterRoleBinding", _RBAC)

_NAME_REFERENCES = (
    *(
        NameReference("", "", kind, _SCALED)
        for kind in ("Deployment", "ReplicationController", "ReplicaSet", "StatefulSet")
    ),
    NameReference("", "v1", "ConfigMap", _TO_CONFIG_MAP),
    NameReference("", "v1", "Secret", _TO_SECRET),
    NameReference("", "v1", "Service", _TO_SERVICE),
    NameReference(_RBAC, "", "Role", (_ROLE_BINDING,)),
    NameReference(_RBAC, "", "ClusterRole", (_ROLE_BINDING, _CLUSTER_ROLE_BINDING)),
    NameReference(
        "",
        "v1",
        "ServiceAccount",
        (
            _spec("subjects", "RoleBinding", _RBAC),
            _spec("subjects", "ClusterRoleBinding", _RBAC),
            *_in_pods(_SOME_POD_OWNERS, "serviceAccountName"),
        ),
    ),
    NameReference(
        "", "v1", "PersistentVolumeClaim", _in_pods(_SOME_POD_OWNERS, "volumes/persistentVolumeClaim/claimName")
    ),
    NameReference(
        "",
        "v1",
        "PersistentVolume",
        (_spec("spec/volumeName", "PersistentVolumeClaim"), _spec("rules/resourceNames", "ClusterRole")),
    ),
    NameReference(
        "storage.k8s.io",
        "v1",
        "StorageClass",
        (
            _spec("spec/storageClassName", "PersistentVolume"),
            _spec("spec/storageClassName", "PersistentVolumeClaim"),
            _spec("spec/volumeClaimTemplates/spec/storageClassName", "StatefulSet"),
        ),
    ),
    NameReference("scheduling.k8s.io", "v1", "PriorityClass", _in_pods(_SOME_POD_OWNERS, "priorityClassName")),
    # The version in the group is upstream's; it means that references to ingress classes are never updated.
    NameReference("networking.k8s.io/v1", "v1", "IngressClass", (_spec("spec/ingressClassName", "Ingress"),)),
    NameReference(
        _ADMISSION,
        "",
        "ValidatingAdmissionPolicy",
        (_spec("spec/policyName", "ValidatingAdmissionPolicyBinding", _ADMISSION),),
    ),
)

_VAR_OWNERS = (
    *(FieldSpec(_TEMPLATE + "spec/", kind=k) for k in ("DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet")),
    FieldSpec("spec/", kind="Pod"),
    FieldSpec(_CRON + "spec/", kind="CronJob"),
)
_VAR_FIELDS = tuple(
    f"{containers}/{field}"
    for containers in ("containers", "initContainers")
    for field in ("args", "command", "env/value", "volumeMounts/mountPath")
)
_NFS_OWNERS = tuple(o for o in _VAR_OWNERS if o.kind not in ("StatefulSet", "CronJob"))

_VARS = (
    *_in_pods(_VAR_OWNERS, *_VAR_FIELDS),
    *_in_pods(_NFS_OWNERS, "volumes/nfs/server"),
    _spec(_CRON + "volumes/nfs/server", "CronJob"),
    _spec(_TEMPLATE + "metadata/annotations", "Deployment"),
    _spec("spec/rules/host", "Ingress"),
    _spec("spec/tls/hosts", "Ingress"),
    _spec("spec/tls/secretName", "Ingress"),
    _spec("spec/ports/port", "Service"),
    _spec("spec/ports/targetPort", "Service"),
    _spec("spec/volumeClaimTemplates/spec/nfs/server", "StatefulSet"),
    _spec("spec/nfs/server", "PersistentVolume"),
    _spec("metadata/labels"),
    _spec("metadata/annotations"),
)

DEFAULT = TransformerConfig(
    name_prefix=(_spec("metadata/name"),),
    name_suffix=(_spec("metadata/name"),),
    namespace=_NAMESPACE,
    common_labels=(*_SELECTOR_LABELS, *_METADATA_LABELS),
    template_labels=_METADATA_LABELS,
    common_annotations=_ANNOTATIONS,
    name_reference=_NAME_REFERENCES,
    var_reference=_VARS,
    images=_IMAGES,
    replicas=_REPLICAS,
).sorted()
"""What every kustomization starts with."""
