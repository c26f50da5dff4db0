"""Identities as kustomize compares and prints them.

Two resources are the same when kind, apiVersion, name and effective namespace agree: an absent namespace means "default",
and a kind that is certainly cluster-scoped has no namespace at all. Source: kyaml ``resid``.
"""

from __future__ import annotations

from collections.abc import Iterable

from holdfast.base.record import Record

NOT_A_NAMESPACE = "_non_namespaceable_"

_CLUSTER_SCOPED = {
    "admissionregistration.k8s.io/v1": "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
    "admissionregistration.k8s.io/v1beta1": "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
    "apiextensions.k8s.io/v1": "CustomResourceDefinition",
    "apiextensions.k8s.io/v1beta1": "CustomResourceDefinition",
    "apiregistration.k8s.io/v1": "APIService",
    "apiregistration.k8s.io/v1beta1": "APIService",
    "certificates.k8s.io/v1": "CertificateSigningRequest",
    "certificates.k8s.io/v1beta1": "CertificateSigningRequest",
    "flowcontrol.apiserver.k8s.io/v1beta1": "FlowSchema PriorityLevelConfiguration",
    "networking.k8s.io/v1": "IngressClass",
    "networking.k8s.io/v1beta1": "IngressClass",
    "node.k8s.io/v1": "RuntimeClass",
    "node.k8s.io/v1beta1": "RuntimeClass",
    "policy/v1beta1": "PodSecurityPolicy",
    "rbac.authorization.k8s.io/v1": "ClusterRole ClusterRoleBinding",
    "rbac.authorization.k8s.io/v1beta1": "ClusterRole ClusterRoleBinding",
    "scheduling.k8s.io/v1": "PriorityClass",
    "scheduling.k8s.io/v1beta1": "PriorityClass",
    "storage.k8s.io/v1": "CSIDriver CSINode StorageClass VolumeAttachment",
    "storage.k8s.io/v1beta1": "CSIDriver CSINode StorageClass VolumeAttachment",
    "v1": "ComponentStatus Namespace Node NodeProxyOptions PersistentVolume",
}

Kinds = frozenset[tuple[str, str]]

CLUSTER_SCOPED: Kinds = frozenset((v, k) for v, kinds in _CLUSTER_SCOPED.items() for k in kinds.split())
"""(apiVersion, kind) of what kustomize knows to be cluster-scoped; everything else is taken for namespaced."""


class Key(Record):
    """What makes two resources the same one."""

    api_version: str
    kind: str
    namespace: str
    name: str


def split_api_version(api_version: str) -> tuple[str, str]:
    """(group, version) of an apiVersion."""
    group, slash, version = api_version.partition("/")
    return (group, version) if slash else ("", group)


def gvk_text(group: str, version: str, kind: str) -> str:
    return f"{kind or '[noKind]'}.{version or '[noVer]'}.{group or '[noGrp]'}"


def id_text(api_version: str, kind: str, name: str, namespace: str) -> str:
    """``Deployment.v1.apps/web.default``, as kustomize names a resource in messages."""
    group, version = split_api_version(api_version)
    return f"{gvk_text(group, version, kind)}/{name or '[noName]'}.{namespace or '[noNs]'}"


def id_go(api_version: str, kind: str, name: str, namespace: str, cluster_scoped: bool) -> str:
    """The same as Go prints the struct (``%#v``); kustomize lets it out in two messages."""
    group, version = split_api_version(api_version)
    return (
        f'resid.ResId{{Gvk:resid.Gvk{{Group:"{group}", Version:"{version}", Kind:"{kind}", '
        f'isClusterScoped:{"true" if cluster_scoped else "false"}}}, Name:"{name}", Namespace:"{namespace}"}}'
    )


def names_of(kinds: Iterable[tuple[str, str]]) -> Kinds:
    return frozenset(kinds)
