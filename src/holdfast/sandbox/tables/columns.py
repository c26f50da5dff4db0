"""The columns of each built-in kind, as data.

One line a column: its name, its type if it is not ``string``, ``+`` if it is shown in wide output only, then either ``@`` and
the schema property whose published text describes it, or the text itself. ``Name`` and ``Age`` alone are the usual two.
"""

from __future__ import annotations

import functools
from typing import Any, Final

Column = dict[str, Any]

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_NAMES: Final = "Names of each container in the template."
_IMAGES: Final = "Images referenced by each container in the template."
_CONTAINERS: Final = f"Containers +: {_NAMES}\nImages +: {_IMAGES}"


def _replicas(kind: str) -> str:
    return f"""Name
Desired integer: @{kind}Spec.replicas
Current integer: @{kind}Status.replicas
Ready integer: @{kind}Status.readyReplicas
Age
{_CONTAINERS}
Selector +: @{kind}Spec.selector"""


def _role_binding(kind: str, sentence: str) -> str:
    word = kind[0].lower() + kind[1:]
    return f"""Name
Role: {sentence} If the RoleRef cannot be resolved, the Authorizer must return an error.
Age
Users +: Users in the {word}
Groups +: Groups in the {word}
ServiceAccounts +: ServiceAccounts in the {word}"""


_WEBHOOKS: Final = """Name
Webhooks integer: Webhooks indicates the number of webhooks registered in this configuration
Age"""
_POLICY_BINDING: Final = """Name
PolicyName: PolicyName indicates the policy definition which the policy binding binded to
ParamRef: ParamRef indicates the param resource which sets the configuration param
Age"""
_PARAM_KIND: Final = "ParamKind: ParamKind specifies the kind of resources used to parameterize this policy\nAge"

_DEFAULT: Final = "Name\nCreated At date: @ObjectMeta.creationTimestamp"

TABLES: Final[dict[str, str]] = {
    "Pod": """Name
Ready: The aggregate readiness state of this pod for accepting traffic.
Status: The aggregate status of the containers in this pod.
Restarts: The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.
Age
IP +: @PodStatus.podIP
Node +: @PodSpec.nodeName
Nominated Node +: @PodStatus.nominatedNodeName
Readiness Gates +: @PodSpec.readinessGates""",
    "PodTemplate": f"Name\nContainers: {_NAMES}\nImages: {_IMAGES}\nPod Labels: The labels for the pod template.",
    "PodDisruptionBudget": """Name
Min Available: The minimum number of pods that must be available.
Max Unavailable: The maximum number of pods that may be unavailable.
Allowed Disruptions integer: Calculated number of pods that may be disrupted at this time.
Age""",
    "ReplicationController": _replicas("ReplicationController"),
    "ReplicaSet": _replicas("ReplicaSet"),
    "DaemonSet": f"""Name
Desired integer: @DaemonSetStatus.desiredNumberScheduled
Current integer: @DaemonSetStatus.currentNumberScheduled
Ready integer: @DaemonSetStatus.numberReady
Up-to-date integer: @DaemonSetStatus.updatedNumberScheduled
Available integer: @DaemonSetStatus.numberAvailable
Node Selector: @PodSpec.nodeSelector
Age
{_CONTAINERS}
Selector +: @DaemonSetSpec.selector""",
    "Job": f"""Name
Status: Status of the job.
Completions: @JobStatus.succeeded
Duration: Time required to complete the job.
Age
{_CONTAINERS}
Selector +: @JobSpec.selector""",
    "CronJob": f"""Name
Schedule: @CronJobSpec.schedule
Timezone: @CronJobSpec.timeZone
Suspend boolean: @CronJobSpec.suspend
Active integer: @CronJobStatus.active
Last Schedule: @CronJobStatus.lastScheduleTime
Age
{_CONTAINERS}
Selector +: @JobSpec.selector""",
    "Service": """Name
Type: @ServiceSpec.type
Cluster-IP: @ServiceSpec.clusterIP
External-IP: @ServiceSpec.externalIPs
Port(s): @ServiceSpec.ports
Age
Selector +: @ServiceSpec.selector""",
    "Ingress": """Name
Class: The name of the IngressClass resource that should be used for additional configuration
Hosts: Hosts that incoming requests are matched against before the ingress rule
Address: Address is a list containing ingress points for the load-balancer
Ports: Ports of TLS configurations that open
Age""",
    "IngressClass": """Name
Controller: Controller that is responsible for handling this class
Parameters: A reference to a resource with additional parameters
Age""",
    "StatefulSet": f"Name\nReady: Number of the pod with ready state\nAge\n{_CONTAINERS}",
    "Endpoints": "Name\nEndpoints: @Endpoints.subsets\nAge",
    "Node": """Name
Status: The status of the node
Roles: The roles of the node
Age
Version: @NodeSystemInfo.kubeletVersion
Internal-IP +: @NodeStatus.addresses
External-IP +: @NodeStatus.addresses
OS-Image +: @NodeSystemInfo.osImage
Kernel-Version +: @NodeSystemInfo.kernelVersion
Container-Runtime +: @NodeSystemInfo.containerRuntimeVersion""",
    "Event": """Last Seen: @Event.lastTimestamp
Type: @Event.type
Reason: @Event.reason
Object: @Event.involvedObject
Subobject +: @ObjectReference.fieldPath
Source +: @Event.source
Message: @Event.message
First Seen +: @Event.firstTimestamp
Count +: @Event.count
Name +""",
    "Namespace": "Name\nStatus: The status of the namespace\nAge",
    "Secret": "Name\nType: @Secret.type\nData: @Secret.data\nAge",
    "ServiceAccount": "Name\nAge",
    "PersistentVolume": """Name
Capacity: @PersistentVolumeSpec.capacity
Access Modes: @PersistentVolumeSpec.accessModes
Reclaim Policy: @PersistentVolumeSpec.persistentVolumeReclaimPolicy
Status: @PersistentVolumeStatus.phase
Claim: @PersistentVolumeSpec.claimRef
StorageClass: StorageClass of the pv
VolumeAttributesClass: VolumeAttributesClass of the pv
Reason: @PersistentVolumeStatus.reason
Age
VolumeMode +: @PersistentVolumeSpec.volumeMode""",
    "PersistentVolumeClaim": """Name
Status: @PersistentVolumeClaimStatus.phase
Volume: @PersistentVolumeClaimSpec.volumeName
Capacity: @PersistentVolumeClaimStatus.capacity
Access Modes: @PersistentVolumeClaimStatus.accessModes
StorageClass: StorageClass of the pvc
VolumeAttributesClass: VolumeAttributesClass of the pvc
Age
VolumeMode +: @PersistentVolumeClaimSpec.volumeMode""",
    "ComponentStatus": """Name
Status: Status of the component conditions
Message: Message of the component conditions
Error: Error of the component conditions""",
    "Deployment": f"""Name
Ready: Number of the pod with ready state
Up-to-date: @DeploymentStatus.updatedReplicas
Available: @DeploymentStatus.availableReplicas
Age
{_CONTAINERS}
Selector +: @DeploymentSpec.selector""",
    "HorizontalPodAutoscaler": """Name
Reference: @v2.HorizontalPodAutoscalerSpec.scaleTargetRef
Targets: @v2.HorizontalPodAutoscalerSpec.metrics
MinPods: @v2.HorizontalPodAutoscalerSpec.minReplicas
MaxPods: @v2.HorizontalPodAutoscalerSpec.maxReplicas
Replicas: @v2.HorizontalPodAutoscalerStatus.currentReplicas
Age""",
    "ConfigMap": "Name\nData: @ConfigMap.data\nAge",
    "NetworkPolicy": "Name\nPod-Selector: @NetworkPolicySpec.podSelector\nAge",
    "RoleBinding": _role_binding(
        "RoleBinding", "RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace."
    ),
    "ClusterRoleBinding": _role_binding(
        "ClusterRoleBinding", "RoleRef can only reference a ClusterRole in the global namespace."
    ),
    "CertificateSigningRequest": """Name
Age
SignerName: Requested signer for the request. It is a qualified name in the form: `scope-hostname.io/name`. If empty, it will be defaulted:\\n 1. If it's a kubelet client certificate, it is assigned\\n    "kubernetes.io/kube-apiserver-client-kubelet".\\n 2. If it's a kubelet serving certificate, it is assigned\\n    "kubernetes.io/kubelet-serving".\\n 3. Otherwise, it is assigned "kubernetes.io/legacy-unknown".\\nDistribution of trust for signers happens out of band. You can select on this field using `spec.signerName`.
Requestor: Base64-encoded PKCS#10 CSR data
RequestedDuration: @CertificateSigningRequestSpec.expirationSeconds
Condition: Conditions applied to the request, such as approval or denial.""",
    "Lease": "Name\nHolder: @LeaseSpec.holderIdentity\nAge",
    "StorageClass": """Name
Provisioner: @StorageClass.provisioner
ReclaimPolicy: @StorageClass.reclaimPolicy
VolumeBindingMode: @StorageClass.volumeBindingMode
AllowVolumeExpansion: @StorageClass.allowVolumeExpansion
Age""",
    "VolumeAttributesClass": "Name\nDriverName: @VolumeAttributesClass.driverName\nAge",
    "ControllerRevision": "Name\nController: Controller of the object\nRevision: @ControllerRevision.revision\nAge",
    "ResourceQuota": """Name
Request: Request represents a minimum amount of cpu/memory that a container may consume.
Limit: Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.
Age""",
    "PriorityClass": """Name
Value integer: @PriorityClass.value
Global-Default boolean: @PriorityClass.globalDefault
Age
PreemptionPolicy: @PriorityClass.preemptionPolicy""",
    "VolumeAttachment": """Name
Attacher name: @VolumeAttachmentSpec.attacher
PV: @VolumeAttachmentSource.persistentVolumeName
Node: @VolumeAttachmentSpec.nodeName
Attached boolean: @VolumeAttachmentStatus.attached
Age""",
    "EndpointSlice": """Name
AddressType: @EndpointSlice.addressType
Ports: @EndpointSlice.ports
Endpoints: @EndpointSlice.endpoints
Age""",
    "CSINode": "Name\nDrivers integer: Drivers indicates the number of CSI drivers registered on the node\nAge",
    "CSIDriver": """Name
AttachRequired boolean: @CSIDriverSpec.attachRequired
PodInfoOnMount boolean: @CSIDriverSpec.podInfoOnMount
StorageCapacity boolean: @CSIDriverSpec.storageCapacity
TokenRequests: @CSIDriverSpec.tokenRequests
RequiresRepublish boolean: @CSIDriverSpec.requiresRepublish
Modes: @CSIDriverSpec.volumeLifecycleModes
Age""",
    "RuntimeClass": "Name\nHandler: @\nAge",
    "DeviceClass": "Name\nAge",
    "ResourceClaim": "Name\nState: A summary of the current state (allocated, pending, reserved, etc.).\nAge",
    "ResourceClaimTemplate": "Name\nAge",
    "ResourceSlice": """Name
Node: @ResourceSliceSpec.nodeName
Driver: @ResourceSliceSpec.driver
Pool: @ResourcePool.name
Age""",
    "FlowSchema": """Name
PriorityLevel: @PriorityLevelConfigurationReference.name
MatchingPrecedence: @FlowSchemaSpec.matchingPrecedence
DistinguisherMethod: @FlowSchemaSpec.distinguisherMethod
Age
MissingPL: references a broken or non-existent PriorityLevelConfiguration""",
    "PriorityLevelConfiguration": """Name
Type: @PriorityLevelConfigurationSpec.type
NominalConcurrencyShares: @LimitedPriorityLevelConfiguration.nominalConcurrencyShares
Queues: @QueuingConfiguration.queues
HandSize: @QueuingConfiguration.handSize
QueueLengthLimit: @QueuingConfiguration.queueLengthLimit
Age""",
    "MutatingWebhookConfiguration": _WEBHOOKS,
    "ValidatingWebhookConfiguration": _WEBHOOKS,
    "ValidatingAdmissionPolicy": f"""Name
Validations integer: Validations indicates the number of validation rules defined in this configuration
{_PARAM_KIND}""",
    "MutatingAdmissionPolicy": f"""Name
Mutations integer: Mutation indicates the number of mutations rules defined in this configuration
{_PARAM_KIND}""",
    "ValidatingAdmissionPolicyBinding": _POLICY_BINDING,
    "MutatingAdmissionPolicyBinding": _POLICY_BINDING,
    "ServiceCIDR": "Name\nCIDRs: @ServiceCIDRSpec.cidrs\nAge",
    "IPAddress": "Name\nParentRef: @IPAddressSpec.parentRef",
    "APIService": """Name
Service: The reference to the service that hosts this API endpoint.
Available: Whether this service is available.
Age""",
    "Scale": "Name -: @ObjectMeta.name\nDesired integer: @ScaleSpec.replicas\nAvailable integer: @ScaleStatus.replicas\nAge",
}

_USUAL: Final = {"Name": "@ObjectMeta.name", "Age": "@ObjectMeta.creationTimestamp"}


def of(kind: str) -> list[Column]:
    """The columns of a built-in kind; kinds without their own have two."""
    return _parsed(TABLES.get(kind, _DEFAULT))


@functools.cache
def _parsed(table: str) -> list[Column]:
    return [_column(line) for line in table.splitlines()]


def _column(line: str) -> Column:
    head, _, description = line.partition(": ")
    words = head.split()
    wide = "+" in words
    plain = "-" in words
    words = [w for w in words if w not in "+-"]
    type_ = words.pop() if words[-1] in ("integer", "boolean", "date", "name") else "string"
    name = " ".join(words)
    description = description or _USUAL[name]
    format_ = "name" if (name == "Name" and not plain) or type_ == "name" else ""
    return {
        "name": name,
        "type": "string" if type_ == "name" else type_,
        "format": format_,
        "description": _described(description).replace("\\n", "\n"),
        "priority": 1 if wide else 0,
    }


def _described(text: str) -> str:
    return published().get(text[1:], "") if text.startswith("@") else text


@functools.cache
def published() -> dict[str, str]:
    """The published texts of the properties that the columns name, read once from the schemas."""
    from holdfast.sandbox.openapi.schemas import builtin

    wanted = {
        word[1:]
        for table in [*TABLES.values(), *_USUAL.values(), _DEFAULT]
        for line in table.splitlines()
        for word in [line.rpartition(": ")[2]]
        if word.startswith("@")
    }
    found: dict[str, str] = {}
    for name, raw in builtin().items():
        version, _, struct = name.rpartition(".")
        for key in (struct, f"{version.rpartition('.')[2]}.{struct}"):
            for prop, value in (raw.get("properties") or {}).items():
                place = f"{key}.{prop}"
                if place in wanted and (place not in found or ".core.v1" in name or name == _META):
                    found[place] = str(value.get("description") or "")
    return found
