"""The built-in resources of Kubernetes 1.36 as data: what is served, under which names, with which subresources.

One row: plural, Kind, ``N``amespaced or ``C``luster scope, short names, categories, subresources. ``*`` before the plural
marks a resource without deletecollection; a trailing ``!verbs`` replaces the usual verbs.
"""

from __future__ import annotations

from typing import Final

from holdfast.sandbox.resources import Catalog, Group, Resource, Subresource

ALL_VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
CRD_VERBS: Final = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")

_EDIT: Final = ("get", "patch", "update")
_PROXY: Final = ("create", "delete", "get", "patch", "update")
_CONNECT: Final = ("create", "get")

_TABLE: Final = """
# core v1
bindings Binding N - - - !create
componentstatuses ComponentStatus C cs - - !get,list
configmaps ConfigMap N cm
endpoints Endpoints N ep
events Event N ev
limitranges LimitRange N limits
*namespaces Namespace C ns - finalize,status
nodes Node C no - proxy:NodeProxyOptions,status
persistentvolumeclaims PersistentVolumeClaim N pvc - status
persistentvolumes PersistentVolume C pv - status
pods Pod N po all attach:PodAttachOptions,binding:Binding,ephemeralcontainers,eviction:Eviction,exec:PodExecOptions,log,portforward:PodPortForwardOptions,proxy:PodProxyOptions,resize,status
podtemplates PodTemplate N
replicationcontrollers ReplicationController N rc all scale,status
resourcequotas ResourceQuota N quota - status
secrets Secret N
serviceaccounts ServiceAccount N sa - token:TokenRequest
services Service N svc all proxy:ServiceProxyOptions,status
# apiregistration.k8s.io v1
apiservices APIService C - api-extensions status
# apps v1
controllerrevisions ControllerRevision N
daemonsets DaemonSet N ds all status
deployments Deployment N deploy all scale,status
replicasets ReplicaSet N rs all scale,status
statefulsets StatefulSet N sts all scale,status
# events.k8s.io v1
events Event N ev
# authentication.k8s.io v1
selfsubjectreviews SelfSubjectReview C - - - !create
tokenreviews TokenReview C - - - !create
# authorization.k8s.io v1
localsubjectaccessreviews LocalSubjectAccessReview N - - - !create
selfsubjectaccessreviews SelfSubjectAccessReview C - - - !create
selfsubjectrulesreviews SelfSubjectRulesReview C - - - !create
subjectaccessreviews SubjectAccessReview C - - - !create
# autoscaling v2
horizontalpodautoscalers HorizontalPodAutoscaler N hpa all status
# autoscaling v1
horizontalpodautoscalers HorizontalPodAutoscaler N hpa all status
# batch v1
cronjobs CronJob N cj all status
jobs Job N - all status
# certificates.k8s.io v1
certificatesigningrequests CertificateSigningRequest C csr - approval,status
# networking.k8s.io v1
ingressclasses IngressClass C
ingresses Ingress N ing - status
ipaddresses IPAddress C ip
networkpolicies NetworkPolicy N netpol
servicecidrs ServiceCIDR C - - status
# policy v1
poddisruptionbudgets PodDisruptionBudget N pdb - status
# rbac.authorization.k8s.io v1
clusterrolebindings ClusterRoleBinding C
clusterroles ClusterRole C
rolebindings RoleBinding N
roles Role N
# storage.k8s.io v1
csidrivers CSIDriver C
csinodes CSINode C
csistoragecapacities CSIStorageCapacity N
storageclasses StorageClass C sc
volumeattachments VolumeAttachment C - - status
volumeattributesclasses VolumeAttributesClass C vac
# admissionregistration.k8s.io v1
mutatingadmissionpolicies MutatingAdmissionPolicy C - api-extensions
mutatingadmissionpolicybindings MutatingAdmissionPolicyBinding C - api-extensions
mutatingwebhookconfigurations MutatingWebhookConfiguration C - api-extensions
validatingadmissionpolicies ValidatingAdmissionPolicy C - api-extensions status
validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding C - api-extensions
validatingwebhookconfigurations ValidatingWebhookConfiguration C - api-extensions
# apiextensions.k8s.io v1
customresourcedefinitions CustomResourceDefinition C crd,crds api-extensions status
# scheduling.k8s.io v1
priorityclasses PriorityClass C pc
# coordination.k8s.io v1
leases Lease N
# node.k8s.io v1
runtimeclasses RuntimeClass C
# discovery.k8s.io v1
endpointslices EndpointSlice N
# resource.k8s.io v1
deviceclasses DeviceClass C
resourceclaims ResourceClaim N - - status
resourceclaimtemplates ResourceClaimTemplate N
resourceslices ResourceSlice C
# flowcontrol.apiserver.k8s.io v1
flowschemas FlowSchema C - - status
prioritylevelconfigurations PriorityLevelConfiguration C - - status
"""

_FOREIGN: Final = {
    "eviction": ("policy", "v1", "Eviction"),
    "token": ("authentication.k8s.io", "v1", "TokenRequest"),
    "scale": ("autoscaling", "v1", "Scale"),
}
_SUB_VERBS: Final = {
    "finalize": ("update",),
    "proxy": _PROXY,
    "attach": _CONNECT,
    "exec": _CONNECT,
    "portforward": _CONNECT,
    "binding": ("create",),
    "eviction": ("create",),
    "token": ("create",),
    "log": ("get",),
}
_SINGULAR: Final = {"endpoints": "endpoints"}
_PREFERRED: Final = {"autoscaling": "v2"}


def catalog() -> Catalog:
    """A fresh catalogue of the built-in resources."""
    resources: list[Resource] = []
    groups: dict[str, Group] = {}
    group = version = ""
    for line in _TABLE.strip().splitlines():
        if line.startswith("#"):
            name, version = line[2:].split()
            group = "" if name == "core" else name
            if group:
                groups.setdefault(group, Group(group, [])).versions.append(version)
        else:
            resources.append(_resource(group, version, line.split()))
    return Catalog(resources, groups.values())


def _resource(group: str, version: str, row: list[str]) -> Resource:
    columns = [*row, *["-"] * (7 - len(row))]
    plural, kind, scope, short, categories, subs, verbs = columns[:7]
    usual: tuple[str, ...] = ALL_VERBS
    if plural.startswith("*"):
        plural, usual = plural[1:], tuple(v for v in ALL_VERBS if v != "deletecollection")
    return Resource(
        group=group,
        version=version,
        plural=plural,
        singular=_SINGULAR.get(plural, kind.lower()),
        kind=kind,
        namespaced=scope == "N",
        verbs=tuple(verbs[1:].split(",")) if verbs.startswith("!") else usual,
        short_names=_words(short),
        categories=_words(categories),
        subresources=tuple(_subresource(kind, s) for s in _words(subs)),
        list_kind=f"{kind}List",
        storage_group="" if plural == "events" else group,
        storage_version=_PREFERRED.get(group, "v1"),
    )


def _words(cell: str) -> tuple[str, ...]:
    return () if cell == "-" else tuple(cell.split(","))


def _subresource(kind: str, cell: str) -> Subresource:
    name, _, other = cell.partition(":")
    group, version, foreign = _FOREIGN.get(name, ("", "", ""))
    return Subresource(name, _SUB_VERBS.get(name, _EDIT), foreign or other or kind, group, version)
