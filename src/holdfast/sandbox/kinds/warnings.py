"""Warnings that come with a successful or refused write.

In: an object of a built-in kind. Out: texts. Never: refusals.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.addresses import address_warnings, range_warnings
from holdfast.sandbox.kinds.quantities import parse
from holdfast.sandbox.kinds.warnings_pod import OLD_NODE_LABELS, claim_warnings, node_term, pod_warnings

Find = Callable[[Manifest], Iterator[str]]


def warnings(gvk: GroupVersionKind, obj: Manifest) -> list[str]:
    find = _RULES.get((gvk.group, gvk.kind))
    return list(find(obj)) if find is not None else []


def _template(*path: str) -> Find:
    def find(obj: Manifest) -> Iterator[str]:
        found: Any = obj
        for step in path:
            found = (found or {}).get(step)
        if found:
            yield from pod_warnings(found.get("spec") or {}, found.get("metadata") or {}, ".".join(path))

    return find


def _pod(obj: Manifest) -> Iterator[str]:
    meta = obj.get("metadata") or {}
    if meta.get("resourceVersion"):
        # An update: people rarely do that by hand.
        return
    problems = names.dns_label(meta.get("name") or "")
    if problems and meta.get("name"):
        yield f"metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [{' '.join(problems)}]"
    yield from pod_warnings(obj.get("spec") or {}, meta, "")


_OLD_CLASS = "volume.beta.kubernetes.io/storage-class"


def _claim(obj: Manifest) -> Iterator[str]:
    if _OLD_CLASS in ((obj.get("metadata") or {}).get("annotations") or {}):
        yield f'metadata.annotations[{_OLD_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead'
    yield from claim_warnings(obj.get("spec") or {}, "spec")


_OLD_VOLUMES = {
    "cephfs": ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    "photonPersistentDisk": ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    "scaleIO": ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    "storageos": ("storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    "glusterfs": ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    "rbd": ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
}


def _volume(obj: Manifest) -> Iterator[str]:
    annotations, spec = (obj.get("metadata") or {}).get("annotations") or {}, obj.get("spec") or {}
    for key, text in (
        (_OLD_CLASS, 'deprecated since v1.8; use "storageClassName" attribute instead'),
        ("volume.beta.kubernetes.io/mount-options", 'deprecated since v1.31; use "mountOptions" attribute instead'),
    ):
        if key in annotations:
            yield f"metadata.annotations[{key}]: {text}"
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        yield "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning."
    terms = ((spec.get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms") or ()
    for index, term in enumerate(terms):
        yield from node_term(term, f"spec.nodeAffinity.required.nodeSelectorTerms[{index}]", values=False)
    for kind, (name, text) in _OLD_VOLUMES.items():
        if kind in spec:
            yield f"spec.{name}: {text}"


def _node(obj: Manifest) -> Iterator[str]:
    spec = obj.get("spec") or {}
    if spec.get("configSource") is not None:
        yield "spec.configSource: the feature is removed"
    if spec.get("externalID"):
        yield "spec.externalID: this field is deprecated, and is unused by Kubernetes"
    for index, text in enumerate(spec.get("podCIDRs") or ()):
        yield from range_warnings(text, f"spec.podCIDRs[{index}]")


def _runtime_class(obj: Manifest) -> Iterator[str]:
    for key in (obj.get("scheduling") or {}).get("nodeSelector") or {}:
        if key in OLD_NODE_LABELS:
            yield f"scheduling.nodeSelector: {OLD_NODE_LABELS[key]}"


def _storage_class(obj: Manifest) -> Iterator[str]:
    for index, term in enumerate(obj.get("allowedTopologies") or ()):
        for number, item in enumerate(term.get("matchLabelExpressions") or ()):
            key = item.get("key")
            if key in OLD_NODE_LABELS:
                yield f"allowedTopologies[{index}].matchLabelExpressions[{number}].key: {OLD_NODE_LABELS[key]}"


def _quota(obj: Manifest) -> Iterator[str]:
    hard = (obj.get("spec") or {}).get("hard") or {}
    for name in ("cpu", "memory", "ephemeral-storage"):
        key = f"requests.{name}"
        if key not in hard and name != "ephemeral-storage":
            key = name
        limit = hard.get(f"limits.{name}")
        if key in hard and limit is not None and parse(str(hard[key])).value > parse(str(limit)).value:
            yield f"ResourceQuota {key} ({hard[key]}) should be less than limits.{name} ({limit})"


def _service_account(obj: Manifest) -> Iterator[str]:
    key = "kubernetes.io/enforce-mountable-secrets"
    if key in ((obj.get("metadata") or {}).get("annotations") or {}):
        yield f"metadata.annotations[{key}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"


def _endpoints(obj: Manifest) -> Iterator[str]:
    for index, subset in enumerate(obj.get("subsets") or ()):
        for key in ("addresses", "notReadyAddresses"):
            for number, address in enumerate(subset.get(key) or ()):
                yield from address_warnings(address.get("ip") or "", f"subsets[{index}].{key}[{number}].ip")


def _network_policy(obj: Manifest) -> Iterator[str]:
    spec = obj.get("spec") or {}
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            for number, peer in enumerate(rule.get(peers) or ()):
                block, path = peer.get("ipBlock") or {}, f"spec.{direction}[{index}].{peers}[{number}].ipBlock"
                if block:
                    yield from range_warnings(block.get("cidr") or "", f"{path}.cidr")
                for place, text in enumerate(block.get("except") or ()):
                    yield from range_warnings(text, f"{path}.except[{place}]")


def _secret(obj: Manifest) -> Iterator[str]:
    if obj.get("type") != "kubernetes.io/tls":
        return
    certificate = b64decode((obj.get("data") or {}).get("tls.crt") or "")
    if b"-----BEGIN " not in certificate:
        yield "tls: failed to find any PEM data in certificate input"


def _ingress(obj: Manifest) -> Iterator[str]:
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    if (
        "kubernetes.io/ingress.class" in annotations
        and (obj.get("spec") or {}).get("ingressClassName") is None
        and not (obj.get("metadata") or {}).get("resourceVersion")
    ):
        yield "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"


def _named(*path: str) -> Find:
    """Workloads whose names become pod names."""
    inner = _template(*path)

    def find(obj: Manifest) -> Iterator[str]:
        yield from _pod_name(obj)
        yield from inner(obj)

    return find


def _pod_name(obj: Manifest) -> Iterator[str]:
    meta = obj.get("metadata") or {}
    problems = names.dns_label(meta.get("name") or "")
    if problems and meta.get("name") and not meta.get("resourceVersion"):
        yield f"metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [{' '.join(problems)}]"


def _service(obj: Manifest) -> Iterator[str]:
    spec, kind = obj.get("spec") or {}, (obj.get("spec") or {}).get("type")
    key = "service.kubernetes.io/topology-aware-hints"
    if key in ((obj.get("metadata") or {}).get("annotations") or {}):
        yield f"annotation {key} is deprecated, please use service.kubernetes.io/topology-mode instead"
    headless = kind == "ClusterIP" and spec.get("clusterIP") == "None"
    if not headless:
        for index, address in enumerate(spec.get("clusterIPs") or ()):
            yield from address_warnings(address, f"spec.clusterIPs[{index}]")
    else:
        if spec.get("loadBalancerIP"):
            yield "spec.loadBalancerIP is ignored for headless services"
        if spec.get("externalIPs"):
            yield "spec.externalIPs is ignored for headless services"
        if spec.get("sessionAffinity") not in (None, "None"):
            yield "spec.SessionAffinity is ignored for headless services"
    for index, address in enumerate(spec.get("externalIPs") or ()):
        yield from address_warnings(address, f"spec.externalIPs[{index}]")
    if spec.get("externalIPs") and not headless and kind != "ExternalName":
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    if spec.get("loadBalancerIP"):
        yield from address_warnings(spec["loadBalancerIP"], "spec.loadBalancerIP")
    for index, text in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        yield from range_warnings(text.strip(), f"spec.loadBalancerSourceRanges[{index}]")
    if kind == "ExternalName" and spec.get("externalIPs"):
        yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
    if kind != "ExternalName" and spec.get("externalName"):
        yield 'spec.externalName is ignored when spec.type is not "ExternalName"'
    if spec.get("trafficDistribution") == "PreferClose":
        yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'


def _endpoint_slice(obj: Manifest) -> Iterator[str]:
    if obj.get("addressType") == "FQDN":
        yield "spec.addressType: FQDN endpoints are deprecated"
        return
    for index, endpoint in enumerate(obj.get("endpoints") or ()):
        for number, address in enumerate(endpoint.get("addresses") or ()):
            yield from address_warnings(address, f"endpoints[{index}].addresses[{number}]")


def _csi_driver(obj: Manifest) -> Iterator[str]:
    spec = obj.get("spec") or {}
    updated = (obj.get("metadata") or {}).get("resourceVersion")
    if not updated and spec.get("tokenRequests") and spec.get("serviceAccountTokenInSecrets") is None:
        yield "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes"


def _stateful(obj: Manifest) -> Iterator[str]:
    yield from _template("spec", "template")(obj)
    for index, claim in enumerate((obj.get("spec") or {}).get("volumeClaimTemplates") or ()):
        place = "" if not (obj.get("metadata") or {}).get("resourceVersion") else ".Spec"
        yield from claim_warnings(claim.get("spec") or {}, f"spec.volumeClaimTemplates[{index}]{place}")
    if ((obj.get("spec") or {}).get("revisionHistoryLimit") or 0) < 0:
        yield "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"


def _job(obj: Manifest) -> Iterator[str]:
    yield from _pod_name(obj)
    yield from _job_spec(obj.get("spec") or {}, "spec")


def _job_spec(spec: Manifest, path: str) -> Iterator[str]:
    if (
        spec.get("completionMode") == "Indexed"
        and (spec.get("completions") or 0) > 100_000
        and (spec.get("parallelism") or 0) > 10_000
    ):
        text = "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
        yield f"{path}: {text}"
    found = spec.get("template") or {}
    yield from pod_warnings(found.get("spec") or {}, found.get("metadata") or {}, f"{path}.template")


def _cron_job(obj: Manifest) -> Iterator[str]:
    yield from _pod_name(obj)
    template = (obj.get("spec") or {}).get("jobTemplate") or {}
    yield from _job_spec(template.get("spec") or {}, "spec.jobTemplate.spec")


_RULES: dict[tuple[str, str], Find] = {
    ("", "Pod"): _pod,
    ("", "PodTemplate"): _template("template"),
    ("", "ReplicationController"): _named("spec", "template"),
    ("", "Service"): _service,
    ("discovery.k8s.io", "EndpointSlice"): _endpoint_slice,
    ("storage.k8s.io", "CSIDriver"): _csi_driver,
    ("apps", "Deployment"): _named("spec", "template"),
    ("apps", "ReplicaSet"): _named("spec", "template"),
    ("apps", "DaemonSet"): _template("spec", "template"),
    ("apps", "StatefulSet"): _stateful,
    ("batch", "Job"): _job,
    ("batch", "CronJob"): _cron_job,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "PersistentVolume"): _volume,
    ("", "Node"): _node,
    ("", "ResourceQuota"): _quota,
    ("", "ServiceAccount"): _service_account,
    ("", "Endpoints"): _endpoints,
    ("networking.k8s.io", "NetworkPolicy"): _network_policy,
    ("node.k8s.io", "RuntimeClass"): _runtime_class,
    ("storage.k8s.io", "StorageClass"): _storage_class,
    ("", "Secret"): _secret,
    ("networking.k8s.io", "Ingress"): _ingress,
}
