"""Defaults of pod specs, wherever they are embedded.

In: a decoded pod spec (no nulls). Out: the same dict with what a user sees after a create. Never: admission (tolerations, service account).
Source of the values: the Kubernetes API reference (defaulting of core/v1).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds.pod_amounts import aggregate

_DEFAULT_MODE = 0o644
_CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")


def addresses(state: Manifest) -> None:
    """The one address and the list of addresses say the same; where they differ, the one address wins."""
    one, listed = state.get("podIP"), state.get("podIPs") or []
    if one and (not listed or listed[0].get("ip") != one):
        state["podIPs"] = [{"ip": one}]
    elif listed and listed[0].get("ip"):
        state["podIP"] = listed[0]["ip"]


def pod(obj: Manifest) -> None:
    if obj.get("status"):
        addresses(obj["status"])
    spec = obj.setdefault("spec", {})
    pod_spec(spec)
    spec.setdefault("enableServiceLinks", True)
    for container in containers_of(spec):
        _requests_from_limits(container)
    if spec["terminationGracePeriodSeconds"] < 0:
        spec["terminationGracePeriodSeconds"] = 1
    if "resources" in spec:
        _huge_page_limits(spec)
        _pod_requests(spec)
    if spec.get("hostNetwork"):
        _host_ports(spec)


def template(owner: Manifest, key: str = "template") -> None:
    """Default the pod template at `owner[key]`."""
    pod_spec(owner.setdefault(key, {}).setdefault("spec", {}))


def containers_of(spec: Manifest) -> Iterator[Manifest]:
    for key in _CONTAINER_LISTS:
        yield from spec.get(key) or ()


def pod_spec(spec: Manifest) -> None:
    for container in containers_of(spec):
        _container(container)
    for volume in spec.get("volumes") or ():
        _volume(volume)
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    _mirror_service_account(spec)


def _mirror_service_account(spec: Manifest) -> None:
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if name:
        spec["serviceAccountName"] = spec["serviceAccount"] = name


_PART = "[a-z0-9]+(?:(?:[.]|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_reference = re.compile(
    rf"(?P<name>(?:{_HOST}/)?{_PART}(?:/{_PART})*)(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?"
).fullmatch
_LONGEST_REPOSITORY = 255


def _is_reference(image: str) -> bool:
    found = _reference(image)
    return found is not None and len(found["name"]) <= _LONGEST_REPOSITORY


def pull_policy(image: str) -> str:
    """Always for the tag latest or no tag at all, else IfNotPresent; also for what is no reference."""
    if not image or "@" in image or not _is_reference(image):
        return "IfNotPresent"
    tag = image.rpartition("/")[2].partition(":")[2]
    return "Always" if tag in ("", "latest") else "IfNotPresent"


def _container(container: Manifest) -> None:
    if not container.get("imagePullPolicy"):
        container["imagePullPolicy"] = pull_policy(container.get("image") or "")
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")
    for env in container.get("env") or ():
        source = env.get("valueFrom")
        if source and "fieldRef" in source:
            source["fieldRef"].setdefault("apiVersion", "v1")
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        if key in container:
            _probe(container[key])
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict):
            _http_get(hook)


def _probe(probe: Manifest) -> None:
    _http_get(probe)
    if "grpc" in probe:
        probe["grpc"].setdefault("service", "")
    for key, value in (("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)):
        if not probe.get(key):
            probe[key] = value


def _http_get(handler: Manifest) -> None:
    action = handler.get("httpGet")
    if action is not None:
        action["path"] = action.get("path") or "/"
        action["scheme"] = action.get("scheme") or "HTTP"


def _requests_from_limits(container: Manifest) -> None:
    resources = container.get("resources")
    limits = resources.get("limits") if resources else None
    if resources and limits:
        requests = resources.setdefault("requests", {})
        for name, quantity in limits.items():
            requests.setdefault(name, quantity)


_NOT_OVERCOMMITTED = "hugepages-"


def _supported(name: str) -> bool:
    return name in ("cpu", "memory") or name.startswith(_NOT_OVERCOMMITTED)


def _huge_page_limits(spec: Manifest) -> None:
    """Huge pages that containers have a limit of, and the pod says nothing about."""
    resources = spec["resources"]
    if not resources.get("limits") and not resources.get("requests"):
        return
    for name, total in aggregate(spec, "limits").items():
        if name.startswith(_NOT_OVERCOMMITTED) and name not in (resources.get("requests") or {}):
            resources.setdefault("limits", {}).setdefault(name, total.text)


def _pod_requests(spec: Manifest) -> None:
    """What containers ask for together, else what the pod is limited to."""
    resources = spec["resources"]
    if not resources.get("limits"):
        return
    totals = {n: t.text for n, t in aggregate(spec, "requests").items() if not n.startswith(_NOT_OVERCOMMITTED)}
    for name, amount in {**resources["limits"], **totals}.items():
        if _supported(name):
            resources.setdefault("requests", {}).setdefault(name, amount)


def _host_ports(spec: Manifest) -> None:
    for key in ("initContainers", "containers"):
        for container in spec.get(key) or ():
            for port in container.get("ports") or ():
                if not port.get("hostPort") and port.get("containerPort"):
                    port["hostPort"] = port["containerPort"]


# --- volumes ------------------------------------------------------------------


def _volume(volume: Manifest) -> None:
    if len(volume) == (1 if "name" in volume else 0):
        volume["emptyDir"] = {}
        return
    for kind, rule in _VOLUME_RULES.items():
        source = volume.get(kind)
        if source is not None:
            rule(source)


def volume_source(spec: Manifest) -> None:
    """The same for the inline sources of a persistent volume."""
    for kind in ("hostPath", "iscsi", "rbd", "azureDisk", "scaleIO"):
        if kind in spec:
            _VOLUME_RULES[kind](spec[kind])
    if "scaleIO" in spec:
        spec["scaleIO"].setdefault("storageMode", "ThinProvisioned")


def _filled(**values: Any) -> Callable[[Manifest], None]:
    def fill(source: Manifest) -> None:
        for key, value in values.items():
            source.setdefault(key, value)

    return fill


def _downward_items(items: list[Manifest]) -> None:
    for item in items:
        if "fieldRef" in item:
            item["fieldRef"].setdefault("apiVersion", "v1")


def _downward(source: Manifest) -> None:
    source.setdefault("defaultMode", _DEFAULT_MODE)
    _downward_items(source.get("items") or [])


def _projected(source: Manifest) -> None:
    source.setdefault("defaultMode", _DEFAULT_MODE)
    for item in source.get("sources") or ():
        if "serviceAccountToken" in item:
            item["serviceAccountToken"].setdefault("expirationSeconds", 3600)
        _downward_items((item.get("downwardAPI") or {}).get("items") or [])


def _ephemeral(source: Manifest) -> None:
    claim = source.get("volumeClaimTemplate")
    if claim is not None:
        claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")


def _image(source: Manifest) -> None:
    if not source.get("pullPolicy"):
        source["pullPolicy"] = pull_policy(source.get("reference") or "")


_VOLUME_RULES: dict[str, Callable[[Manifest], None]] = {
    "secret": _filled(defaultMode=_DEFAULT_MODE),
    "configMap": _filled(defaultMode=_DEFAULT_MODE),
    "downwardAPI": _downward,
    "projected": _projected,
    "hostPath": _filled(type=""),
    "iscsi": _filled(iscsiInterface="default"),
    "rbd": _filled(pool="rbd", user="admin", keyring="/etc/ceph/keyring"),
    "azureDisk": _filled(cachingMode="ReadWrite", kind="Shared", fsType="ext4", readOnly=False),
    "scaleIO": _filled(storageMode="ThinProvisioned", fsType="xfs"),
    "ephemeral": _ephemeral,
    "image": _image,
}
