"""Services get endpoints and addresses, Ingresses an address."""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.controllers.workloads.actions import (
    Action,
    Create,
    Delete,
    Update,
    View,
    is_finished,
    is_going,
    is_ready,
    owner_reference,
    status_change,
)

SERVICES = "services"
SLICES = "endpointslices.discovery.k8s.io"
ENDPOINTS = "endpoints"
INGRESSES = "ingresses.networking.k8s.io"
_MANAGED = {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}
_ADDRESS = "172.18.0.100"


def decide_service(view: View, service: Manifest) -> list[Action]:
    if is_going(service):
        return []
    actions: list[Action] = []
    if service["spec"].get("type") == "LoadBalancer":
        status = {**(service.get("status") or {}), "loadBalancer": {"ingress": [{"ip": _ADDRESS, "ipMode": "VIP"}]}}
        actions += status_change(SERVICES, service, status)
    if service["spec"].get("selector"):
        pods = _selected(view, service)
        actions += _slice(view, service, pods) + _endpoints(view, service, pods)
    return actions


def _selected(view: View, service: Manifest) -> list[Manifest]:
    selector = service["spec"]["selector"]
    pods = view.all("pods", service["metadata"]["namespace"])
    chosen = [p for p in pods if selector.items() <= (p["metadata"].get("labels") or {}).items()]
    alive = [p for p in chosen if (p.get("status") or {}).get("podIP") and not is_finished(p) and not is_going(p)]
    return sorted(alive, key=lambda p: p["metadata"]["name"])


def _target(port: Manifest, pod: Manifest) -> int:
    wanted = port.get("targetPort", port["port"])
    if isinstance(wanted, int):
        return wanted
    for container in pod["spec"].get("containers") or ():
        for candidate in container.get("ports") or ():
            if candidate.get("name") == wanted:
                return int(candidate["containerPort"])
    return int(port["port"])


def _ports(service: Manifest, pods: list[Manifest]) -> list[Manifest]:
    return [
        {
            **({"name": p["name"]} if p.get("name") else {}),
            "port": _target(p, pods[0])
            if pods
            else (t if isinstance(t := p.get("targetPort", p["port"]), int) else p["port"]),
            "protocol": p.get("protocol", "TCP"),
        }
        for p in service["spec"].get("ports") or ()
    ]


def _labels(service: Manifest) -> dict[str, str]:
    return {k: str(v) for k, v in (service["metadata"].get("labels") or {}).items()}


def _slice(view: View, service: Manifest, pods: list[Manifest]) -> list[Action]:
    meta = service["metadata"]
    name = f"{meta['name']}-{meta['uid'][:5]}"
    ports = [{"name": p.get("name", ""), "port": p["port"], "protocol": p["protocol"]} for p in _ports(service, pods)]
    fresh: Manifest = {
        "addressType": "IPv4",
        "endpoints": [_endpoint(p) for p in pods],
        "ports": ports,
    }
    known = view.get(SLICES, meta["namespace"], name)
    if known is not None:
        same = all(_plain(known.get(k)) == _plain(v) for k, v in fresh.items())
        return [] if same or is_going(known) else [Update(SLICES, {**known, **fresh})]
    labels = {
        **_labels(service),
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": meta["name"],
    }
    head = {
        "name": name,
        "namespace": meta["namespace"],
        "labels": labels,
        "ownerReferences": [owner_reference(service)],
    }
    return [Create(SLICES, {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": head, **fresh})]


def _plain(value: Any) -> Any:
    return value or None


def _reference(pod: Manifest) -> Manifest:
    meta = pod["metadata"]
    return {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}


def _endpoint(pod: Manifest) -> Manifest:
    ready = is_ready(pod)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": _reference(pod),
    }


def _endpoints(view: View, service: Manifest, pods: list[Manifest]) -> list[Action]:
    meta = service["metadata"]
    addresses = [
        {"ip": p["status"]["podIP"], "nodeName": p["spec"].get("nodeName", ""), "targetRef": _reference(p)}
        for p in pods
        if is_ready(p)
    ]
    subsets = [{"addresses": addresses, "ports": _ports(service, pods)}] if addresses else None
    known = view.get(ENDPOINTS, meta["namespace"], meta["name"])
    if known is not None:
        same = _plain(known.get("subsets")) == subsets
        body = {k: v for k, v in known.items() if k != "subsets"}
        return [] if same else [Update(ENDPOINTS, {**body, **({"subsets": subsets} if subsets else {})})]
    head = {"name": meta["name"], "namespace": meta["namespace"], "labels": {**_labels(service), **_MANAGED}}
    fresh: Manifest = {"apiVersion": "v1", "kind": "Endpoints", "metadata": head}
    return [Create(ENDPOINTS, {**fresh, **({"subsets": subsets} if subsets else {})})]


def decide_endpoints(view: View, endpoints: Manifest) -> list[Action]:
    """Endpoints made for a Service never outlive it; those that somebody wrote by hand need none."""
    meta = endpoints["metadata"]
    return (
        after_service(view, meta["namespace"], meta["name"]) if _MANAGED.items() <= _labels(endpoints).items() else []
    )


def after_service(view: View, namespace: str, name: str) -> list[Action]:
    """Endpoints go with their Service (they have no owner reference in Kubernetes either)."""
    endpoints = view.get(ENDPOINTS, namespace, name)
    if endpoints is None or is_going(endpoints) or view.get(SERVICES, namespace, name) is not None:
        return []
    return [Delete(ENDPOINTS, namespace, name)]


def decide_ingress(view: View, ingress: Manifest) -> list[Action]:
    del view
    if is_going(ingress):
        return []
    return status_change(INGRESSES, ingress, {"loadBalancer": {"ingress": [{"ip": _ADDRESS}]}})
