"""Which kinds have no namespace: Kubernetes' own, those of well-known projects, and those that definitions at hand declare."""

from __future__ import annotations

from collections.abc import Iterable

from holdfast.kube.refs import GroupVersionKind, Manifest

_NAMES = """
Namespace Node PersistentVolume ComponentStatus MutatingWebhookConfiguration ValidatingWebhookConfiguration
    MutatingAdmissionPolicy MutatingAdmissionPolicyBinding
    ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding CustomResourceDefinition APIService SelfSubjectReview TokenReview
    SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview CertificateSigningRequest ClusterTrustBundle FlowSchema
    PriorityLevelConfiguration IngressClass IPAddress ServiceCIDR RuntimeClass ClusterRole ClusterRoleBinding DeviceClass
    ResourceSlice PriorityClass CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass PodSecurityPolicy
    StorageVersionMigration StorageVersion GatewayClass VolumeSnapshotClass VolumeSnapshotContent ClusterIssuer ClusterSecretStore
    ClusterExternalSecret ClusterPolicy ClusterCleanupPolicy CiliumClusterwideNetworkPolicy CiliumLoadBalancerIPPool
    CiliumL2AnnouncementPolicy CiliumBGPPeeringPolicy CiliumBGPClusterConfig CiliumBGPPeerConfig CiliumBGPAdvertisement CiliumNode
    GlobalNetworkPolicy GlobalNetworkSet IPPool FelixConfiguration BGPConfiguration BGPPeer ClusterInformation Installation
    ClusterImageCatalog Tenant NodeFeatureRule NodePool EC2NodeClass NodeClaim ClusterGenerator ClusterPushSecret ClusterQueue
    ResourceFlavor ProviderConfig Composition CompositeResourceDefinition EnvironmentConfig ClusterTriggerBinding
    ClusterTask ClusterInterceptor ClusterPodMonitoring ClusterRepo
"""
_CLUSTER = frozenset(_NAMES.split())


def is_namespaced(obj: Manifest, beside: Iterable[Manifest] = ()) -> bool:
    """Whether an object lives in a namespace; definitions ``beside`` it have the say over their own kinds."""
    gvk = GroupVersionKind.of(obj)
    if "." in gvk.group:
        for other in beside:
            spec = other.get("spec")
            if other.get("kind") != "CustomResourceDefinition" or not isinstance(spec, dict):
                continue
            if spec.get("group") == gvk.group and (spec.get("names") or {}).get("kind") == gvk.kind:
                return spec.get("scope") != "Cluster"
    return gvk.kind not in _CLUSTER
