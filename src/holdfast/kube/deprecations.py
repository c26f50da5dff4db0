"""Kubernetes' own APIs that are deprecated: since when, until when, and what to use in their place.

In: apiVersion, kind, a Kubernetes version. Out: the warning that an API server gives. Facts of Kubernetes 1.37 (the lifecycle
of the types in k8s.io/api). Knows nothing of custom resources.
"""

from __future__ import annotations

from typing import NamedTuple

# apiVersion, minor version of 1 that deprecated it, the one that removed it, apiVersion to use: kinds (kind=kind to use).
_TABLE = """
v1 19 - -: ComponentStatus
v1 33 - discovery.k8s.io/v1: Endpoints=EndpointSlice
admissionregistration.k8s.io/v1alpha1 35 38 -: MutatingAdmissionPolicy MutatingAdmissionPolicyBinding
admissionregistration.k8s.io/v1alpha1 29 32 -: ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding
admissionregistration.k8s.io/v1beta1 37 40 admissionregistration.k8s.io/v1: MutatingAdmissionPolicy MutatingAdmissionPolicyBinding
admissionregistration.k8s.io/v1beta1 16 22 admissionregistration.k8s.io/v1: MutatingWebhookConfiguration ValidatingWebhookConfiguration
admissionregistration.k8s.io/v1beta1 31 34 -: ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding
apps/v1beta1 8 16 apps/v1: ControllerRevision Deployment DeploymentRollback StatefulSet
apps/v1beta1 8 16 autoscaling/v1: Scale
apps/v1beta2 9 16 apps/v1: ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet
apps/v1beta2 9 16 autoscaling/v1: Scale
authentication.k8s.io/v1alpha1 29 32 -: SelfSubjectReview
authentication.k8s.io/v1beta1 30 33 -: SelfSubjectReview
authentication.k8s.io/v1beta1 19 22 authentication.k8s.io/v1: TokenReview
authorization.k8s.io/v1beta1 19 22 authorization.k8s.io/v1: LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview
batch/v1beta1 21 25 batch/v1: CronJob
certificates.k8s.io/v1alpha1 34 37 -: ClusterTrustBundle
certificates.k8s.io/v1beta1 19 22 certificates.k8s.io/v1: CertificateSigningRequest
certificates.k8s.io/v1beta1 37 40 certificates.k8s.io/v1: ClusterTrustBundle PodCertificateRequest
coordination.k8s.io/v1alpha2 35 38 -: LeaseCandidate
coordination.k8s.io/v1beta1 19 22 coordination.k8s.io/v1: Lease
coordination.k8s.io/v1beta1 36 39 -: LeaseCandidate
discovery.k8s.io/v1beta1 21 25 discovery.k8s.io/v1: EndpointSlice EndpointSliceList=EndpointSlice
events.k8s.io/v1beta1 22 25 -: Event
extensions/v1beta1 8 16 apps/v1: DaemonSet Deployment ReplicaSet
extensions/v1beta1 8 16 -: DeploymentRollback
extensions/v1beta1 14 22 networking.k8s.io/v1: Ingress
extensions/v1beta1 9 16 networking.k8s.io/v1: NetworkPolicy
extensions/v1beta1 2 16 -: Scale
flowcontrol.apiserver.k8s.io/v1beta1 23 26 flowcontrol.apiserver.k8s.io/v1beta3: FlowSchema PriorityLevelConfiguration
flowcontrol.apiserver.k8s.io/v1beta2 26 29 flowcontrol.apiserver.k8s.io/v1beta3: FlowSchema PriorityLevelConfiguration
flowcontrol.apiserver.k8s.io/v1beta3 29 32 flowcontrol.apiserver.k8s.io/v1: FlowSchema PriorityLevelConfiguration
lifecycle.k8s.io/v1alpha1 40 43 -: Eviction EvictionList EvictionRequest
networking.k8s.io/v1beta1 34 37 -: IPAddress ServiceCIDR
networking.k8s.io/v1beta1 19 22 networking.k8s.io/v1: Ingress IngressClass=IngressClassList IngressClassList
node.k8s.io/v1beta1 22 25 -: RuntimeClass
policy/v1beta1 22 25 -: Eviction
policy/v1beta1 21 25 policy/v1: PodDisruptionBudget
rbac.authorization.k8s.io/v1beta1 17 22 rbac.authorization.k8s.io/v1: ClusterRole ClusterRoleBinding Role RoleBinding
resource.k8s.io/v1alpha3 36 39 -: DeviceTaintRule
resource.k8s.io/v1alpha3 39 42 -: ResourcePoolStatusRequest
resource.k8s.io/v1beta1 35 38 -: DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice
resource.k8s.io/v1beta2 36 39 -: DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice
resource.k8s.io/v1beta2 39 42 -: DeviceTaintRule
scheduling.k8s.io/v1beta1 40 43 -: PodGroup Workload
scheduling.k8s.io/v1beta1 14 22 scheduling.k8s.io/v1: PriorityClass
storage.k8s.io/v1alpha1 21 24 storage.k8s.io/v1beta1: CSIStorageCapacity
storage.k8s.io/v1alpha1 21 24 storage.k8s.io/v1: VolumeAttachment
storage.k8s.io/v1alpha1 32 35 storage.k8s.io/v1: VolumeAttributesClass
storage.k8s.io/v1beta1 19 22 storage.k8s.io/v1: CSIDriver StorageClass VolumeAttachment
storage.k8s.io/v1beta1 17 22 storage.k8s.io/v1: CSINode CSINodeList=CSINode
storage.k8s.io/v1beta1 24 27 storage.k8s.io/v1: CSIStorageCapacity
storage.k8s.io/v1beta1 34 37 storage.k8s.io/v1: VolumeAttributesClass
storagemigration.k8s.io/v1beta1 37 40 storagemigration.k8s.io/v1: StorageVersionMigration
"""
# Kinds that come without a list.
_SINGLE = frozenset(
    [
        "DeploymentRollback",
        "Scale",
        "SelfSubjectReview",
        "TokenReview",
        "LocalSubjectAccessReview",
        "SelfSubjectAccessReview",
        "SelfSubjectRulesReview",
        "SubjectAccessReview",
        "Eviction",
    ]
)


class Deprecation(NamedTuple):
    """Minor versions of Kubernetes 1; ``removed`` is 0 and ``instead`` empty where there is nothing to tell."""

    since: int
    removed: int
    instead: str


def _read() -> dict[tuple[str, str], Deprecation]:
    found: dict[tuple[str, str], Deprecation] = {}
    for line in _TABLE.strip().splitlines():
        facts, _, kinds = line.partition(": ")
        version, since, removed, instead = facts.split()
        for pair in kinds.split():
            kind, _, other = pair.partition("=")
            _add(found, version, kind, other or kind, int(since), 0 if removed == "-" else int(removed), instead)
    return found


def _add(
    found: dict[tuple[str, str], Deprecation],
    version: str,
    kind: str,
    other: str,
    since: int,
    removed: int,
    instead: str,
) -> None:
    found[version, kind] = Deprecation(since, removed, "" if instead == "-" else f"{instead} {other}")
    if kind not in _SINGLE and not kind.endswith("List"):
        listed = Deprecation(since, removed, "" if instead == "-" else f"{instead} {other}List")
        found.setdefault((version, f"{kind}List"), listed)


DEPRECATIONS = _read()


def warning(api_version: str, kind: str, major: int, minor: int) -> str:
    """What an API server of that version warns of; empty for an API that it does not deprecate."""
    found = DEPRECATIONS.get((api_version, kind))
    if found is None or ((major, minor) != (0, 0) and (major, minor) < (1, found.since)):
        return ""
    text = f"{api_version} {kind} is deprecated in v1.{found.since}+"
    if found.removed:
        text += f", unavailable in v1.{found.removed}+"
    return f"{text}; use {found.instead}" if found.instead else text
