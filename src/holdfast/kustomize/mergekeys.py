"""Which lists strategic merge patches merge, and by which keys.

kustomize asks the OpenAPI document of Kubernetes 1.21.2 that it carries. What it needs of it fits a page: the lists marked as
merging, the keys of their elements, and the types on the way to them; everything else is replaced. The lists of kinds name
what that document knows, since a kind it does not know has no merging lists at all, not even ``metadata.finalizers``.
"""

from __future__ import annotations

from collections.abc import Mapping


class Shape:
    """What a merge has to know of a type.

    ``fields`` lead to merging lists somewhere below; ``rest`` is the type of all other fields where there is one. For a list,
    ``items`` is the element type; ``merges`` says that elements are merged, by ``keys`` or, without keys, as plain values.
    """

    __slots__ = ("fields", "items", "keys", "merges", "rest")

    def __init__(
        self,
        fields: Mapping[str, Shape] | None = None,
        rest: Shape | None = None,
        items: Shape | None = None,
        merges: bool = False,
        keys: tuple[str, ...] = (),
    ) -> None:
        self.fields = fields if fields is not None else {}
        self.rest = rest
        self.items = items
        self.merges = merges
        self.keys = keys

    def child(self, name: str) -> Shape | None:
        return self.fields.get(name, self.rest)


def _obj(**fields: Shape) -> Shape:
    return Shape(fields=fields)


def _list(*keys: str, items: Shape | None = None) -> Shape:
    return Shape(items=items, merges=True, keys=keys)


META = _obj(finalizers=_list(), ownerReferences=_list("uid"))
_CONDITIONS = _obj(conditions=_list("type"))
_CONTAINER_LISTS = {"env": _list("name"), "volumeDevices": _list("devicePath"), "volumeMounts": _list("mountPath")}
_CONTAINER = _obj(ports=_list("containerPort", "protocol"), **_CONTAINER_LISTS)
_CLAIM = _obj(metadata=META, status=_CONDITIONS)
_POD_SPEC = _obj(
    containers=_list("name", items=_CONTAINER),
    initContainers=_list("name", items=_CONTAINER),
    ephemeralContainers=_list("name", items=_obj(**_CONTAINER_LISTS)),
    hostAliases=_list("ip"),
    imagePullSecrets=_list("name"),
    topologySpreadConstraints=_list("topologyKey", "whenUnsatisfiable"),
    volumes=_list("name", items=_obj(ephemeral=_obj(volumeClaimTemplate=_obj(metadata=META)))),
)
_TEMPLATE = _obj(metadata=META, spec=_POD_SPEC)
_PLAIN = _obj(metadata=META)
_WORKLOAD = _obj(metadata=META, spec=_obj(template=_TEMPLATE), status=_CONDITIONS)
_WITH_CONDITIONS = _obj(metadata=META, status=_CONDITIONS)
_WEBHOOKS = _obj(metadata=META, webhooks=_list("name"))
_CRON_JOB = _obj(metadata=META, spec=_obj(jobTemplate=_obj(metadata=META, spec=_obj(template=_TEMPLATE))))
_STATEFUL_SET = _obj(
    metadata=META, spec=_obj(template=_TEMPLATE, volumeClaimTemplates=Shape(items=_CLAIM)), status=_CONDITIONS
)
_NODE = _obj(metadata=META, spec=_obj(podCIDRs=_list()), status=_obj(addresses=_list("type"), conditions=_list("type")))

_SPECIAL: dict[str, Shape] = {
    "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration": _WEBHOOKS,
    "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration": _WEBHOOKS,
    "admissionregistration.k8s.io/v1beta1 MutatingWebhookConfiguration": _WEBHOOKS,
    "admissionregistration.k8s.io/v1beta1 ValidatingWebhookConfiguration": _WEBHOOKS,
    "apiregistration.k8s.io/v1 APIService": _WITH_CONDITIONS,
    "apiregistration.k8s.io/v1beta1 APIService": _WITH_CONDITIONS,
    "apps/v1 DaemonSet": _WORKLOAD,
    "apps/v1 Deployment": _WORKLOAD,
    "apps/v1 ReplicaSet": _WORKLOAD,
    "apps/v1 StatefulSet": _STATEFUL_SET,
    "batch/v1 CronJob": _CRON_JOB,
    "batch/v1 Job": _WORKLOAD,
    "batch/v1beta1 CronJob": _CRON_JOB,
    "policy/v1 PodDisruptionBudget": _WITH_CONDITIONS,
    "policy/v1beta1 PodDisruptionBudget": _WITH_CONDITIONS,
    "storage.k8s.io/v1 CSINode": _obj(metadata=META, spec=_obj(drivers=_list("name"))),
    "storage.k8s.io/v1beta1 CSINode": _obj(metadata=META, spec=_obj(drivers=_list("name"))),
    "v1 ComponentStatus": _obj(metadata=META, conditions=_list("type")),
    "v1 Namespace": _WITH_CONDITIONS,
    "v1 Node": _NODE,
    "v1 PersistentVolumeClaim": _CLAIM,
    "v1 Pod": _obj(metadata=META, spec=_POD_SPEC, status=_obj(conditions=_list("type"), podIPs=_list("ip"))),
    "v1 PodTemplate": _obj(metadata=META, template=_TEMPLATE),
    "v1 ReplicationController": _WORKLOAD,
    "v1 Service": _obj(metadata=META, spec=_obj(ports=_list("port", "protocol")), status=_CONDITIONS),
    "v1 ServiceAccount": _obj(metadata=META, secrets=_list("name")),
}
_KUSTOMIZATION = _obj(configMapGenerator=_list("name"), secretGenerator=_list("name"))

_WITH_METADATA_ONLY = {
    "apiextensions.k8s.io/v1": "CustomResourceDefinition",
    "apiextensions.k8s.io/v1beta1": "CustomResourceDefinition",
    "apps/v1": "ControllerRevision",
    "authentication.k8s.io/v1": "TokenRequest TokenReview",
    "authentication.k8s.io/v1beta1": "TokenReview",
    "authorization.k8s.io/v1": "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview "
    "SubjectAccessReview",
    "authorization.k8s.io/v1beta1": "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview "
    "SubjectAccessReview",
    "autoscaling/v1": "HorizontalPodAutoscaler Scale",
    "autoscaling/v2beta1": "HorizontalPodAutoscaler",
    "autoscaling/v2beta2": "HorizontalPodAutoscaler",
    "certificates.k8s.io/v1": "CertificateSigningRequest",
    "certificates.k8s.io/v1beta1": "CertificateSigningRequest",
    "coordination.k8s.io/v1": "Lease",
    "coordination.k8s.io/v1beta1": "Lease",
    "discovery.k8s.io/v1": "EndpointSlice",
    "discovery.k8s.io/v1beta1": "EndpointSlice",
    "events.k8s.io/v1": "Event",
    "events.k8s.io/v1beta1": "Event",
    "extensions/v1beta1": "Ingress",
    "flowcontrol.apiserver.k8s.io/v1beta1": "FlowSchema PriorityLevelConfiguration",
    "networking.k8s.io/v1": "Ingress IngressClass NetworkPolicy",
    "networking.k8s.io/v1beta1": "Ingress IngressClass",
    "node.k8s.io/v1": "RuntimeClass",
    "node.k8s.io/v1beta1": "RuntimeClass",
    "policy/v1beta1": "Eviction PodSecurityPolicy",
    "rbac.authorization.k8s.io/v1": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "rbac.authorization.k8s.io/v1beta1": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "scheduling.k8s.io/v1": "PriorityClass",
    "scheduling.k8s.io/v1beta1": "PriorityClass",
    "storage.k8s.io/v1": "CSIDriver StorageClass VolumeAttachment",
    "storage.k8s.io/v1beta1": "CSIDriver CSIStorageCapacity StorageClass VolumeAttachment",
    "v1": "Binding ConfigMap Endpoints Event LimitRange PersistentVolume ResourceQuota Secret",
}

BUILTIN: dict[tuple[str, str], Shape] = {
    **{(v, k): _PLAIN for v, kinds in _WITH_METADATA_ONLY.items() for k in kinds.split()},
    **{(name.split()[0], name.split()[1]): shape for name, shape in _SPECIAL.items()},
}
ALWAYS: dict[tuple[str, str], Shape] = {("kustomize.config.k8s.io/v1beta1", "Kustomization"): _KUSTOMIZATION}
"""Known beside any schema, also beside one of the user's."""
VERSION = "v1.21.2"

_CORE = "io.k8s.api.core.v1."
DEFINITIONS: dict[str, Shape] = {
    "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": META,
    _CORE + "PodTemplateSpec": _TEMPLATE,
    _CORE + "PodSpec": _POD_SPEC,
    _CORE + "Container": _CONTAINER,
    _CORE + "EphemeralContainer": _obj(**_CONTAINER_LISTS),
    _CORE + "PersistentVolumeClaim": _CLAIM,
    _CORE + "ServiceSpec": _obj(ports=_list("port", "protocol")),
    "io.k8s.api.batch.v1.JobTemplateSpec": _obj(metadata=META, spec=_obj(template=_TEMPLATE)),
    "io.k8s.api.batch.v1.JobSpec": _obj(template=_TEMPLATE),
    "io.k8s.api.apps.v1.DeploymentSpec": _obj(template=_TEMPLATE),
}
"""Built-in types by name, which schemas of the user's refer to."""
