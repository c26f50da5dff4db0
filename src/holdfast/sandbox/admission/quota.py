"""ResourceQuota: what one write adds, against what the namespace may still use.

In: quotas of the namespace, a request, a way to write their status. Out: books kept, or a refusal. Never: the initial count (a controller's work).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from holdfast.kube.refs import Manifest
from holdfast.sandbox.admission.limits import made, total
from holdfast.sandbox.admission.request import Request
from holdfast.sandbox.admission.world import World
from holdfast.sandbox.kinds.prepare import qos_class
from holdfast.sandbox.kinds.quantities import Quantity, parse

Usage = dict[str, Quantity]
_COUNTED = {
    ("", "pods"): "pods", ("", "services"): "services", ("", "replicationcontrollers"): "replicationcontrollers", ("", "resourcequotas"): "resourcequotas",
    ("", "secrets"): "secrets", ("", "configmaps"): "configmaps", ("", "persistentvolumeclaims"): "persistentvolumeclaims",
}  # fmt: skip
_ONE = parse("1")
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_CLASS = ".storageclass.storage.k8s.io/"


def charge(world: World, request: Request) -> None:
    """Admit a create or update: refuse what exceeds, else note the new usage."""
    if not world.any("", "v1", "resourcequotas") or not request.namespace:
        return
    quotas = [
        q for q in world.list("", "v1", "resourcequotas", request.namespace) if (q.get("status") or {}).get("hard")
    ]
    assert request.new is not None
    usage = usage_of(request.key, request.new)
    if not quotas or not usage:
        return
    before = usage_of(request.key, request.old) if request.old is not None else {}
    pending: list[tuple[Manifest, Usage]] = []
    for quota in quotas:
        delta = _delta(quota, request, usage, before)
        if delta:
            pending.append((quota, delta))
    for quota, delta in pending:
        if not request.call.dry_run:
            _note(world, request, quota, delta)


def usage_of(key: tuple[str, str], obj: Manifest) -> Usage:
    group, plural = key
    count = f"count/{plural}.{group}" if group else f"count/{plural}"
    usage: Usage = {count: _ONE}
    if key in _COUNTED:
        usage[_COUNTED[key]] = _ONE
    if key == ("", "pods"):
        _pod(usage, obj)
    elif key == ("", "services"):
        _service(usage, obj["spec"])
    elif key == ("", "persistentvolumeclaims"):
        _claim(usage, obj["spec"])
    return usage


def _pod(usage: Usage, pod: Manifest) -> None:
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        usage.pop("pods", None)
        return
    for name, text in total(pod["spec"], "requests").items():
        usage[f"requests.{name}"] = parse(text)
        if name in _COMPUTE:
            usage[name] = parse(text)
    for name, amount in _total_limits(pod["spec"]).items():
        usage[f"limits.{name}"] = amount


def _total_limits(spec: Manifest) -> Usage:
    totals: Usage = {}
    for container in spec.get("containers") or ():
        for name, text in ((container.get("resources") or {}).get("limits") or {}).items():
            value = parse(text)
            before = totals.get(name)
            totals[name] = value if before is None else made(before.value + value.value, before.form)
    return totals


def _service(usage: Usage, spec: Manifest) -> None:
    kind, ports = spec.get("type"), len(spec.get("ports") or ())
    if kind == "LoadBalancer":
        usage["services.loadbalancers"] = _ONE
    if kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False):
        usage["services.nodeports"] = parse(str(ports))


def _claim(usage: Usage, spec: Manifest) -> None:
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    name = spec.get("storageClassName")
    if name:
        usage[f"{name}{_CLASS}persistentvolumeclaims"] = _ONE
    if size:
        usage["requests.storage"] = parse(size)
        if name:
            usage[f"{name}{_CLASS}requests.storage"] = parse(size)


def _scopes_fit(quota: Manifest, request: Request) -> bool:
    spec = quota.get("spec") or {}
    wanted: list[tuple[str, str, list[str]]] = [(scope, "Exists", []) for scope in spec.get("scopes") or ()]
    wanted += [
        (i.get("scopeName"), i.get("operator"), i.get("values") or [])
        for i in (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    ]
    if not wanted:
        return True
    if request.key != ("", "pods"):
        return False
    assert request.new is not None
    return all(_scope(request.new["spec"], *item) for item in wanted)


def _scope(pod: Manifest, scope: str, operator: str, values: list[str]) -> bool:
    if scope == "Terminating":
        return pod.get("activeDeadlineSeconds") is not None
    if scope == "NotTerminating":
        return pod.get("activeDeadlineSeconds") is None
    if scope == "BestEffort":
        return qos_class(pod) == "BestEffort"
    if scope == "NotBestEffort":
        return qos_class(pod) != "BestEffort"
    if scope == "PriorityClass":
        name = pod.get("priorityClassName") or ""
        return {"In": name in values, "NotIn": name not in values, "Exists": bool(name), "DoesNotExist": not name}.get(
            operator, False
        )
    return False


def _delta(quota: Manifest, request: Request, usage: Usage, before: Usage) -> Usage:
    hard: Mapping[str, str] = quota["status"]["hard"]
    if not _scopes_fit(quota, request):
        return {}
    if request.key == ("", "pods") and request.creates:
        _stated(quota, request, hard)
    used = (quota["status"].get("used")) or {}
    delta: Usage = {}
    for name in hard:
        if name not in usage:
            continue
        amount = usage[name].value - (before[name].value if name in before else 0)
        if amount != 0:
            delta[name] = made(Decimal(amount), usage[name].form)
    over = [
        n
        for n in sorted(delta)
        if delta[n].value > 0 and parse(used.get(n, "0")).value + delta[n].value > parse(hard[n]).value
    ]
    if over:
        raise request.forbidden(
            f"exceeded quota: {quota['metadata']['name']}, requested: {_listed(over, {n: delta[n].text for n in over})}, "
            f"used: {_listed(over, used)}, limited: {_listed(over, hard)}"
        )
    return delta


def _listed(found: list[str], values: Mapping[str, str]) -> str:
    return ",".join(f"{name}={values.get(name, '0')}" for name in found)


def _stated(quota: Manifest, request: Request, hard: Mapping[str, str]) -> None:
    """Compute quotas demand that every container says what it wants."""
    assert request.new is not None
    needed = [
        name for name in hard if name.split(".")[-1] in ("cpu", "memory") and ("." in name or name in ("cpu", "memory"))
    ]
    missing: dict[str, list[str]] = {}
    for key in ("containers", "initContainers"):
        for container in request.new["spec"].get(key) or ():
            resources = container.get("resources") or {}
            for name in needed:
                kind, _, resource = name.partition(".") if "." in name else ("requests", ".", name)
                if resource not in (resources.get(kind) or {}):
                    missing.setdefault(name, []).append(container.get("name") or "")
    if missing:
        text = "; ".join(f"{name} for: {','.join(sorted(names))}" for name, names in sorted(missing.items()))
        raise request.forbidden(f"failed quota: {quota['metadata']['name']}: must specify {text}")


def _note(world: World, request: Request, quota: Manifest, delta: Usage) -> None:
    def change(obj: Manifest) -> None:
        used = dict((obj.get("status") or {}).get("used") or {})
        for name, amount in delta.items():
            before = parse(used.get(name, "0"))
            used[name] = made(before.value + amount.value, before.form if before.value else amount.form).text
        obj["status"] = {**obj["status"], "used": used}

    world.update(
        "", "v1", "resourcequotas", request.namespace, quota["metadata"]["name"], request.call, change, "status"
    )
