"""Warnings that come with a successful or refused write.

In: an object of a built-in kind. Out: texts. Never: refusals.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.quantities import parse

_BYTES = ("memory", "storage", "ephemeral-storage")
_DEPRECATED_LABELS = {
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/os": "kubernetes.io/os",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
}


_OLD_VOLUMES = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
}


def warnings(gvk: GroupVersionKind, obj: Manifest) -> list[str]:
    find = _RULES.get((gvk.group, gvk.kind))
    return list(find(obj)) if find is not None else []


def _template(*path: str) -> Callable[[Manifest], Iterator[str]]:
    def find(obj: Manifest) -> Iterator[str]:
        found: Any = obj
        for step in path:
            found = (found or {}).get(step)
        if found:
            yield from _pod_spec(found.get("spec") or {}, ".".join((*path, "spec")))

    return find


def _pod(obj: Manifest) -> Iterator[str]:
    name = (obj.get("metadata") or {}).get("name") or ""
    problems = names.dns_label(name)
    if problems and name and not (obj.get("metadata") or {}).get("resourceVersion"):
        yield f"metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [{' '.join(problems)}]"
    yield from _pod_spec(obj.get("spec") or {}, "spec")


def _pod_spec(spec: Manifest, path: str) -> Iterator[str]:
    for key in spec.get("nodeSelector") or {}:
        if key in _DEPRECATED_LABELS:
            yield f'{path}.nodeSelector[{key}]: deprecated since v1.14; use "{_DEPRECATED_LABELS[key]}" instead'
    for index, volume in enumerate(spec.get("volumes") or ()):
        for kind, text in _OLD_VOLUMES.items():
            if kind in volume:
                yield f"{path}.volumes[{index}].{kind}: {text}"
        if any(not source for source in (volume.get("projected") or {}).get("sources") or ()):
            yield f'volume "{volume.get("name")}" (Projected) has no sources provided'
    for index, item in enumerate(spec.get("topologySpreadConstraints") or ()):
        if item.get("labelSelector") is None:
            yield f"{path}.topologySpreadConstraints[{index}].labelSelector: a null labelSelector results in matching no pod"
    for index, secret in enumerate(spec.get("imagePullSecrets") or ()):
        if not secret.get("name"):
            yield f"{path}.imagePullSecrets[{index}].name: invalid empty name {secret.get('name', '')!r}".replace(
                "'", '"'
            )
    for key in ("initContainers", "containers"):
        for index, item in enumerate(spec.get(key) or ()):
            yield from _container(item, f"{path}.{key}[{index}]")


def _container(item: Manifest, path: str) -> Iterator[str]:
    for kind in ("limits", "requests"):
        for name, quantity in ((item.get("resources") or {}).get(kind) or {}).items():
            if name in _BYTES and _fractional(quantity):
                yield f'{path}.resources.{kind}[{name}]: fractional byte value "{quantity}" is invalid, must be an integer'
    yield from _duplicate_env(item, path)
    yield from _duplicate_ports(item, path)


def _duplicate_env(item: Manifest, path: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, env in enumerate(item.get("env") or ()):
        name = env.get("name") or ""
        if name in seen and f"$({name})" not in (env.get("value") or ""):
            yield f'{path}.env[{index}]: hides previous definition of "{name}", which may be dropped when using apply'
        seen.add(name)


def _duplicate_ports(item: Manifest, path: str) -> Iterator[str]:
    seen: set[tuple[Any, Any]] = set()
    numbers: dict[str, int] = {}
    for index, port in enumerate(item.get("ports") or ()):
        key = (port.get("containerPort"), port.get("protocol"))
        if key in seen:
            yield f"{path}.ports[{index}]: duplicate port definition with {path}.ports[{[*seen].index(key)}]"
        seen.add(key)
        if port.get("name"):
            if port["name"] in numbers:
                yield f'{path}.ports[{index}].name: duplicate port name "{port["name"]}" with {path}.ports[{numbers[port["name"]]}].name, services and probes that select ports by name will use {path}.ports[{numbers[port["name"]]}]'
            numbers.setdefault(port["name"], index)


def _fractional(quantity: str) -> bool:
    value = parse(str(quantity)).value
    return value != value.to_integral_value()


def _claim(obj: Manifest) -> Iterator[str]:
    yield from _claim_spec(obj.get("spec") or {}, "spec")


def _claim_spec(spec: Manifest, path: str) -> Iterator[str]:
    for kind in ("limits", "requests"):
        quantity = ((spec.get("resources") or {}).get(kind) or {}).get("storage")
        if quantity is not None and _fractional(quantity):
            yield f'{path}.resources.{kind}[storage]: fractional byte value "{quantity}" is invalid, must be an integer'


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


def _named(*path: str) -> Callable[[Manifest], Iterator[str]]:
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
    spec = obj.get("spec") or {}
    if spec.get("externalIPs") and spec.get("clusterIP") != "None":
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    if spec.get("clusterIP") == "None" and spec.get("type") == "ClusterIP":
        if spec.get("externalIPs"):
            yield "spec.externalIPs is ignored for headless services"
        if spec.get("sessionAffinity") not in (None, "None"):
            yield "spec.SessionAffinity is ignored for headless services"
    if spec.get("trafficDistribution") == "PreferClose":
        yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'


def _endpoint_slice(obj: Manifest) -> Iterator[str]:
    if obj.get("addressType") == "FQDN":
        yield "spec.addressType: FQDN endpoints are deprecated"


def _csi_driver(obj: Manifest) -> Iterator[str]:
    spec = obj.get("spec") or {}
    if spec.get("tokenRequests") and spec.get("serviceAccountTokenInSecrets") is None:
        yield "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes"


def _stateful(obj: Manifest) -> Iterator[str]:
    yield from _template("spec", "template")(obj)
    for index, claim in enumerate((obj.get("spec") or {}).get("volumeClaimTemplates") or ()):
        yield from _claim_spec(claim.get("spec") or {}, f"spec.volumeClaimTemplates[{index}].spec")
    if ((obj.get("spec") or {}).get("revisionHistoryLimit") or 0) < 0:
        yield "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"


def _job(obj: Manifest) -> Iterator[str]:
    yield from _pod_name(obj)
    yield from _template("spec", "template")(obj)
    spec = obj.get("spec") or {}
    if (
        spec.get("completionMode") == "Indexed"
        and (spec.get("completions") or 0) > 100_000
        and (spec.get("parallelism") or 0) > 10_000
    ):
        yield "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail"


def _cron_job(obj: Manifest) -> Iterator[str]:
    yield from _pod_name(obj)
    yield from _template("spec", "jobTemplate", "spec", "template")(obj)


_RULES: dict[tuple[str, str], Callable[[Manifest], Iterator[str]]] = {
    ("", "Pod"): _pod,
    ("", "PodTemplate"): _template("template"),
    ("", "ReplicationController"): _template("spec", "template"),
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
    ("", "Secret"): _secret,
    ("networking.k8s.io", "Ingress"): _ingress,
}
