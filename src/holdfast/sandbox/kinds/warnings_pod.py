"""Warnings about pods and pod templates.

In: a pod's spec and metadata, and the path at which they stand. Out: texts, in the API's order. Never: refusals (``validate_pod``).
Source of the list: the API server's ``pkg/api/pod`` warnings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.addresses import address_warnings
from holdfast.sandbox.kinds.quantities import fractional

OLD_NODE_LABELS = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
    "app.kubernetes.io/created-by": "deprecated since v1.9",
    "scheduler.alpha.kubernetes.io/preferAvoidPods": "deprecated since v1.22; use Taints and Tolerations instead",
    "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
}
_OLD_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
    "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
}
_OLD_VOLUMES = {
    "photonPersistentDisk": ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    "gitRepo": ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    "scaleIO": ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    "flocker": ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
    "storageos": ("storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    "quobyte": ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    "glusterfs": ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    "ephemeral": ("ephemeral", ""),
    "cephfs": ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    "rbd": ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
}
_SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead'
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_NO_POD = "a null labelSelector results in matching no pod"


def pod_warnings(spec: Manifest, meta: Manifest, path: str) -> Iterator[str]:
    """``path`` is that of the template; empty for a pod itself."""
    at = f"{path}." if path else ""
    annotations = meta.get("annotations") or {}
    yield from _node_labels(spec, f"{at}spec")
    for key, text in _OLD_ANNOTATIONS.items():
        if key in annotations:
            yield f"{at}metadata.annotations[{key}]: {text}"
    yield from _volumes(spec, f"{at}spec.volumes")
    yield from _overlaps(spec)
    yield from _duplicates(spec, f"{at}spec")
    for name in ("memory", "ephemeral-storage"):
        yield from _fraction((spec.get("overhead") or {}).get(name), f"{at}spec.overhead[{name}]")
    if not (spec.get("securityContext") or {}).get("seccompProfile"):
        key = "seccomp.security.alpha.kubernetes.io/pod"
        if key in annotations:
            yield f"{at}metadata.annotations[{key}]: {_SECCOMP}"
    for place, item in _every(spec, f"{at}spec"):
        yield from _container(item, place, annotations, at)
    yield from _port_clashes(spec, f"{at}spec")
    yield from _port_names(spec, f"{at}spec")
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        yield f"{at}spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"
    yield from _affinity(spec.get("affinity") or {}, f"{at}spec.affinity")
    for index, address in enumerate((spec.get("dnsConfig") or {}).get("nameservers") or ()):
        yield from address_warnings(address, f"{at}spec.dnsConfig.nameservers[{index}]")
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        yield from address_warnings(alias.get("ip") or "", f"{at}spec.hostAliases[{index}].ip")


def _every(spec: Manifest, path: str) -> Iterator[tuple[str, Manifest]]:
    for key in _CONTAINERS:
        for index, item in enumerate(spec.get(key) or ()):
            yield f"{path}.{key}[{index}]", item


# --- scheduling ---------------------------------------------------------------------


def _node_labels(spec: Manifest, path: str) -> Iterator[str]:
    for key in spec.get("nodeSelector") or {}:
        if key in OLD_NODE_LABELS:
            yield f"{path}.nodeSelector[{key}]: {OLD_NODE_LABELS[key]}"
    node = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    for index, term in enumerate((node.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ()):
        place = f"{path}.affinity.nodeAffinity.{_REQUIRED}.nodeSelectorTerms[{index}]"
        yield from node_term(term, place, values=False)
    for index, term in enumerate(node.get(_PREFERRED) or ()):
        place = f"{path}.affinity.nodeAffinity.{_PREFERRED}[{index}].preference"
        yield from node_term(term.get("preference") or {}, place, values=True)
    for index, item in enumerate(spec.get("topologySpreadConstraints") or ()):
        place, key = f"{path}.topologySpreadConstraints[{index}]", item.get("topologyKey")
        if key in OLD_NODE_LABELS:
            yield f"{place}.topologyKey: {key} is {OLD_NODE_LABELS[key]}"
        if item.get("labelSelector") is None:
            yield f"{place}.labelSelector: {_NO_POD}"


def node_term(term: Manifest, path: str, *, values: bool) -> Iterator[str]:
    for index, item in enumerate(term.get("matchExpressions") or ()):
        place, key = f"{path}.matchExpressions[{index}]", item.get("key")
        if key in OLD_NODE_LABELS:
            yield f"{place}.key: {key} is {OLD_NODE_LABELS[key]}"
        for number, value in enumerate(item.get("values") or ()) if values else ():
            for problem in names.label_value(value):
                yield f"{place}.values[{number}]: {value} is invalid, {problem}"


def _affinity(found: Manifest, path: str) -> Iterator[str]:
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = found.get(kind) or {}
        for index, term in enumerate(terms.get(_REQUIRED) or ()):
            if term.get("labelSelector") is None:
                yield f"{path}.{kind}.{_REQUIRED}[{index}].labelSelector: {_NO_POD}"
        for index, term in enumerate(terms.get(_PREFERRED) or ()):
            if (term.get("podAffinityTerm") or {}).get("labelSelector") is None:
                yield f"{path}.{kind}.{_PREFERRED}[{index}].podAffinityTerm.labelSelector: {_NO_POD}"


# --- volumes ------------------------------------------------------------------------


def _volumes(spec: Manifest, path: str) -> Iterator[str]:
    for index, volume in enumerate(spec.get("volumes") or ()):
        for kind, (name, text) in _OLD_VOLUMES.items():
            if kind not in volume:
                continue
            if kind == "ephemeral":
                claim = (volume[kind].get("volumeClaimTemplate") or {}).get("spec") or {}
                yield from claim_warnings(claim, f"{path}[{index}].ephemeral.volumeClaimTemplate.spec")
            else:
                yield f"{path}[{index}].{name}: {text}"


def claim_warnings(spec: Manifest, path: str) -> Iterator[str]:
    for kind in ("requests", "limits"):
        quantity = ((spec.get("resources") or {}).get(kind) or {}).get("storage")
        yield from _fraction(quantity, f"{path}.resources.{kind}[storage]")


def _overlaps(spec: Manifest) -> Iterator[str]:
    for volume in spec.get("volumes") or ():
        for kind, label in (
            ("configMap", f"ConfigMap {gotext.quote((volume.get('configMap') or {}).get('name') or '')}"),
            ("secret", f"Secret {gotext.quote((volume.get('secret') or {}).get('secretName') or '')}"),
            ("downwardAPI", "DownwardAPI"),
        ):
            items = (volume.get(kind) or {}).get("items") or ()
            yield from _clashes(volume, label, ((item.get("path") or "", "") for item in items))
        projected = volume.get("projected")
        if projected is not None:
            sources = projected.get("sources") or []
            for source in sources:
                if not source:
                    yield f"volume {gotext.quote(volume.get('name') or '')} (Projected) has no sources provided"
            yield from _clashes(volume, "Projected", (found for source in sources for found in _projected(source)))


def _projected(source: Manifest) -> Iterator[tuple[str, str]]:
    for kind, label in (("configMap", "ConfigMap"), ("secret", "Secret")):
        found = source.get(kind) or {}
        for item in found.get("items") or ():
            yield item.get("path") or "", f"{label} {gotext.quote(found.get('name') or '')}"
    for item in (source.get("downwardAPI") or {}).get("items") or ():
        yield item.get("path") or "", "DownwardAPI"
    if source.get("serviceAccountToken") is not None:
        yield source["serviceAccountToken"].get("path") or "", "ServiceAccountToken"


def _clashes(volume: Manifest, label: str, paths: Iterable[tuple[str, str]]) -> Iterator[str]:
    seen: list[tuple[str, str]] = []
    for path, source in paths:
        new = (path.rstrip("/"), source)
        for old in seen:
            if new[0] and old[0] and (_inside(old[0], new[0]) or _inside(new[0], old[0])):
                name = gotext.quote(volume.get("name") or "")
                yield f"volume {name} ({label}): overlapping paths: {_named(*new)} with {_named(*old)}"
        seen.append(new)


def _inside(path: str, parent: str) -> bool:
    return f"{path}/".startswith(f"{parent}/")


def _named(path: str, source: str) -> str:
    return f"{gotext.quote(path)} ({source})" if source else gotext.quote(path)


# --- what is said twice -----------------------------------------------------------------


def _duplicates(spec: Manifest, path: str) -> Iterator[str]:
    aliases: set[str] = set()
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        address = alias.get("ip") or ""
        if address in aliases:
            yield f"{path}.hostAliases[{index}].ip: duplicate ip {gotext.quote(address)}"
        aliases.add(address)
    secrets = [secret.get("name") or "" for secret in spec.get("imagePullSecrets") or ()]
    for index, name in enumerate(secrets):
        if name in secrets[:index]:
            yield f"{path}.imagePullSecrets[{index}].name: duplicate name {gotext.quote(name)}"
    for index, name in enumerate(secrets):
        if not name:
            yield f'{path}.imagePullSecrets[{index}].name: invalid empty name ""'


# --- containers -------------------------------------------------------------------------


def _container(item: Manifest, path: str, annotations: Manifest, at: str) -> Iterator[str]:
    context, name = item.get("securityContext") or {}, item.get("name") or ""
    key = f"container.seccomp.security.alpha.kubernetes.io/{name}"
    if key in annotations and not context.get("seccompProfile"):
        yield f"{at}metadata.annotations[{key}]: {_SECCOMP}"
    key = f"container.apparmor.security.beta.kubernetes.io/{name}"
    if at and key in annotations and not context.get("appArmorProfile"):
        yield f'{at}metadata.annotations[{key}]: deprecated since v1.30; use the "appArmorProfile" field instead'
    for resource in ("memory", "ephemeral-storage"):
        for kind in ("limits", "requests"):
            found = ((item.get("resources") or {}).get(kind) or {}).get(resource)
            yield from _fraction(found, f"{path}.resources.{kind}[{resource}]")
    seen: set[str] = set()
    for index, env in enumerate(item.get("env") or ()):
        variable, value = env.get("name") or "", env.get("value") or ""
        reference = f"$({variable})"
        hides = env.get("valueFrom") is not None or value == reference or reference not in value
        if variable in seen and hides:
            yield f"{path}.env[{index}]: hides previous definition of {gotext.quote(variable)}, which may be dropped when using apply"
        seen.add(variable)


def _fraction(quantity: Any, path: str) -> Iterator[str]:
    if quantity is not None and fractional(str(quantity)):
        yield f'{path}: fractional byte value "{quantity}" is invalid, must be an integer'


def _port_clashes(spec: Manifest, path: str) -> Iterator[str]:
    seen: dict[tuple[Any, Any], list[tuple[str, Manifest]]] = {}
    for place, item in _every(spec, path):
        for index, port in enumerate(item.get("ports") or ()):
            where = f"{place}.ports[{index}]"
            if port.get("hostIP") and not port.get("hostPort"):
                yield f"{where}: hostIP set without hostPort: {_port_dump(port)}"
            known = seen.setdefault((port.get("containerPort"), port.get("protocol")), [])
            for other_place, other in known:
                kind = _clash(port, other)
                if kind:
                    yield f"{where}: {kind} port definition with {other_place}"
            known.append((where, port))


def _clash(port: Manifest, other: Manifest) -> str:
    address, other_address = port.get("hostIP") or "", other.get("hostIP") or ""
    number, other_number = port.get("hostPort") or 0, other.get("hostPort") or 0
    if (address, number) == (other_address, other_number):
        return "duplicate"
    if not number or not other_number:
        return "overlapping"
    if number == other_number and bool(address) != bool(other_address):
        return "dangerously ambiguous"
    return ""


def _port_dump(port: Manifest) -> str:
    return (
        f"{{Name:{port.get('name') or ''} HostPort:{port.get('hostPort') or 0} ContainerPort:{port.get('containerPort') or 0} "
        f"Protocol:{port.get('protocol') or ''} HostIP:{port.get('hostIP') or ''}}}"
    )


def _port_names(spec: Manifest, path: str) -> Iterator[str]:
    seen: dict[str, str] = {}
    for place, item in _every(spec, path):
        for index, port in enumerate(item.get("ports") or ()):
            name, where = port.get("name") or "", f"{place}.ports[{index}]"
            if name and name in seen:
                other = seen[name]
                yield f"{where}: duplicate port name {gotext.quote(name)} with {other}, services and probes that select ports by name will use {other}"
            elif name:
                seen[name] = where
