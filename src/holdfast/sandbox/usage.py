"""What an object counts for in a ResourceQuota. Pure: an object in, amounts by quota resource name out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from holdfast.kube.quantity import Quantity, QuantityError, parse
from holdfast.kube.refs import Manifest

Amounts = dict[str, Quantity]

_COUNTED = {
    "configmaps": "configmaps",
    "persistentvolumeclaims": "persistentvolumeclaims",
    "pods": "pods",
    "replicationcontrollers": "replicationcontrollers",
    "resourcequotas": "resourcequotas",
    "secrets": "secrets",
    "services": "services",
}
_STORAGE_CLASS = ".storageclass.storage.k8s.io/"


def add(into: Amounts, more: Mapping[str, Quantity]) -> None:
    for name, amount in more.items():
        into[name] = into[name] + amount if name in into else amount


def usage(resource: str, obj: Manifest) -> Amounts:
    """``resource`` is the plural with its group (``pods``, ``deployments.apps``)."""
    one = parse("1")
    found: Amounts = {f"count/{resource}": one}
    if resource in _COUNTED:
        found[_COUNTED[resource]] = one
    if resource == "pods":
        if (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            return {f"count/{resource}": one}
        add(found, pod_amounts(obj["spec"]))
    elif resource == "services":
        add(found, _service(obj["spec"]))
    elif resource == "persistentvolumeclaims":
        add(found, _claim(obj))
    return found


def _service(spec: Manifest) -> Amounts:
    kind, ports = spec.get("type"), spec.get("ports") or ()
    found: Amounts = {}
    if kind == "LoadBalancer":
        found["services.loadbalancers"] = parse("1")
    if kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False):
        found["services.nodeports"] = parse(str(len(ports)))
    return found


def _claim(claim: Manifest) -> Amounts:
    size = _quantity(((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage"))
    found: Amounts = {}
    if size is not None:
        found["requests.storage"] = size
    name = claim["spec"].get("storageClassName")
    if name:
        found[f"{name}{_STORAGE_CLASS}persistentvolumeclaims"] = parse("1")
        if size is not None:
            found[f"{name}{_STORAGE_CLASS}requests.storage"] = size
    return found


def pod_amounts(spec: Manifest) -> Amounts:
    """Requests and limits of a pod: the sum over its containers, at least each init container's."""
    found: Amounts = {}
    for side in ("requests", "limits"):
        total = _total(spec.get("containers") or (), side)
        for container in spec.get("initContainers") or ():
            for name, amount in _of(container, side).items():
                if name not in total or total[name] < amount:
                    total[name] = amount
        for name, amount in _named(spec.get("overhead") or {}).items():
            if name in total:
                total[name] = total[name] + amount
        for name, amount in total.items():
            found[f"{side}.{name}"] = amount
            if side == "requests" and name in ("cpu", "memory", "ephemeral-storage"):
                found[name] = amount
    return found


def _total(containers: Iterable[Manifest], side: str) -> Amounts:
    found: Amounts = {}
    for container in containers:
        add(found, _of(container, side))
    return found


def _of(container: Manifest, side: str) -> Amounts:
    return _named((container.get("resources") or {}).get(side) or {})


def _named(values: Mapping[str, object]) -> Amounts:
    parsed = {name: _quantity(value) for name, value in values.items()}
    return {name: amount for name, amount in parsed.items() if amount is not None}


def _quantity(value: object) -> Quantity | None:
    if value is None:
        return None
    try:
        return parse(str(value))
    except QuantityError:
        return None


def in_scope(quota: Manifest, resource: str, obj: Manifest) -> bool:
    """Whether a quota's scopes and scopeSelector take an object. Scopes speak of pods (and claims' attributes) only."""
    spec = quota.get("spec") or {}
    wanted = [(scope, "Exists", ()) for scope in spec.get("scopes") or ()]
    for e in (spec.get("scopeSelector") or {}).get("matchExpressions") or ():
        wanted.append((e["scopeName"], e["operator"], tuple(e.get("values") or ())))
    return all(resource == "pods" and _has_scope(obj, *w) for w in wanted)


def _has_scope(pod: Manifest, scope: str, operator: str, values: tuple[str, ...]) -> bool:
    spec = pod["spec"]
    if scope == "PriorityClass":
        name = spec.get("priorityClassName")
        present = bool(name)
        return {
            "In": present and name in values,
            "NotIn": name not in values,
            "Exists": present,
            "DoesNotExist": not present,
        }.get(operator, False)
    best_effort = not any(pod_amounts(spec))
    terminating = spec.get("activeDeadlineSeconds") is not None
    holds = {
        "BestEffort": best_effort,
        "NotBestEffort": not best_effort,
        "Terminating": terminating,
        "NotTerminating": not terminating,
    }.get(scope, False)
    return not holds if operator == "DoesNotExist" else holds
