"""Validation of resource names and amounts.

In: resource requirements, quotas' hard limits. Out: field errors. Never: admission against quotas and limit ranges.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import ROUND_UP, Decimal

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.field import NEGATIVE, Errors
from holdfast.sandbox.kinds.quantities import QuantityError, parse

STANDARD_CONTAINER = frozenset({"cpu", "memory", "ephemeral-storage"})
STANDARD = frozenset(
    {
        "cpu", "memory", "ephemeral-storage", "storage", "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "persistentvolumeclaims",
        "configmaps", "services.nodeports", "services.loadbalancers", "requests.cpu", "requests.memory", "requests.storage", "limits.cpu", "limits.memory",
        "requests.ephemeral-storage", "limits.ephemeral-storage",
    }
)  # fmt: skip
STANDARD_QUOTA = STANDARD - {"storage"}
INTEGER = frozenset(
    {
        "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims", "services.nodeports",
        "services.loadbalancers",
    }
)  # fmt: skip


def is_standard(name: str) -> bool:
    return name in STANDARD or name.startswith(("hugepages-", "requests.hugepages-", "limits.hugepages-"))


def is_native(name: str) -> bool:
    return "/" not in name or "kubernetes.io/" in name


def resource_name(errs: Errors, name: str, path: str) -> bool:
    """A standard or fully qualified resource name; False when it is not."""
    problems = names.qualified(name)
    errs.each(path, name, problems)
    if problems:
        return False
    if "/" not in name and not is_standard(name):
        errs.invalid(path, name, "must be a standard resource type or fully qualified")
        return False
    return True


def container_resource_name(errs: Errors, name: str, path: str) -> None:
    resource_name(errs, name, path)
    if "/" not in name:
        if name not in STANDARD_CONTAINER and not name.startswith("hugepages-"):
            errs.invalid(path, name, "must be a standard resource for containers")
    elif not is_native(name) and not is_extended(name):
        errs.invalid(path, name, "doesn't follow extended resource name standard")


def is_extended(name: str) -> bool:
    return not is_native(name) and not name.startswith("requests.") and not names.qualified(f"requests.{name}")


def amount(errs: Errors, name: str, quantity: str, path: str) -> None:
    """Not negative; whole where only whole ones make sense."""
    value = parse(quantity)
    if value.value < 0:
        errs.invalid(path, value.text, NEGATIVE)
    integral = name in INTEGER or ("/" in name and not is_native(name)) or name.startswith(("count/", "hugepages-"))
    if integral and value.value != value.value.to_integral_value():
        errs.invalid(path, value.text, "must be an integer")


def requirements(
    errs: Errors, resources: Manifest, path: str, claims: Collection[str] = (), *, of_pod: bool = False
) -> None:
    """``of_pod``: those of a whole pod, where only cpu, memory and huge pages can be asked for."""
    check = _pod_resource_name if of_pod else container_resource_name
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name, quantity in limits.items():
        place = f"{path}.limits[{name}]"
        check(errs, name, place)
        amount(errs, name, quantity, place)
        _page_size(errs, name, quantity, place)
    for name, quantity in requests.items():
        place = f"{path}.requests[{name}]"
        check(errs, name, place)
        amount(errs, name, quantity, place)
        if name in limits:
            _within_limit(errs, name, quantity, limits, path)
        elif not overcommittable(name):
            errs.required(f"{path}.limits", "Limit must be set for non overcommitable resources")
        _page_size(errs, name, quantity, place)
    _huge_pages(errs, limits, requests, path)
    _claims(errs, resources.get("claims") or [], claims, path)


def _claims(errs: Errors, found: list[Manifest], known: Collection[str], path: str) -> None:
    seen: set[str] = set()
    for index, claim in enumerate(found):
        name, place = claim.get("name"), f"{path}.claims[{index}]"
        if not name:
            errs.required(place)
            continue
        request = claim.get("request")
        key = f"{name}/{request}" if request else name
        if name not in seen and request:
            errs.name(f"{place}.request", request, names.dns_label)
        if name in seen or key in seen:
            errs.duplicate(place, name if name in seen else key)
        elif not request and any(other.partition("/")[0] == name for other in seen):
            errs.duplicate(place, name)
        seen.add(key)
        if name not in known:
            listed = ": " + ", ".join(sorted(known)) if known else " which is empty"
            errs.not_found(place, name, f"must be one of the names in pod.spec.resourceClaims{listed}")


def _pod_resource_name(errs: Errors, name: str, path: str) -> None:
    before = len(errs)
    resource_name(errs, name, path)
    if len(errs) == before and name not in ("cpu", "memory") and not name.startswith("hugepages-"):
        errs.unsupported(path, name, ("cpu", "hugepages-", "memory"))


def _page_size(errs: Errors, name: str, quantity: str, path: str) -> None:
    if not name.startswith("hugepages-"):
        return
    value = parse(quantity)
    try:
        size = parse(name.removeprefix("hugepages-")).value
    except QuantityError:
        size = Decimal(0)
    if size <= 0 or size != size.to_integral_value() or value.value.to_integral_value(ROUND_UP) % size:
        errs.invalid(path, value.text, f"{value.text} is not positive integer multiple of {name}")


def _within_limit(errs: Errors, name: str, quantity: str, limits: Manifest, path: str) -> None:
    asked, limit = parse(quantity), parse(limits[name])
    if not overcommittable(name) and asked.value != limit.value:
        errs.invalid(f"{path}.requests", asked.text, f"must be equal to {name} limit of {limit.text}")
    elif asked.value > limit.value:
        errs.invalid(f"{path}.requests", asked.text, f"must be less than or equal to {name} limit of {limit.text}")


def overcommittable(name: str) -> bool:
    return is_native(name) and not name.startswith("hugepages-")


def _huge_pages(errs: Errors, limits: Manifest, requests: Manifest, path: str) -> None:
    found = {*limits, *requests}
    if any(name.startswith("hugepages-") for name in found) and not found & {"cpu", "memory"}:
        errs.forbidden(path, "HugePages require cpu or memory")
