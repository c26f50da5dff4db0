"""Whether a policy or its binding is about a request: rules, selectors, names.

In: ``matchConstraints`` or ``matchResources``, a request. Out: yes or no. Never: expressions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import status
from holdfast.sandbox.admission.request import Request
from holdfast.sandbox.admission.world import World
from holdfast.sandbox.kinds import selectors
from holdfast.sandbox.resources import Resource

_EXCLUDED = {
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
    ("admissionregistration.k8s.io", "mutatingadmissionpolicies"),
    ("admissionregistration.k8s.io", "mutatingadmissionpolicybindings"),
    ("authentication.k8s.io", "selfsubjectreviews"),
    ("authentication.k8s.io", "tokenreviews"),
    ("authorization.k8s.io", "localsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ("authorization.k8s.io", "subjectaccessreviews"),
}


def excluded(request: Request) -> bool:
    """Policies do not guard themselves, nor reviews."""
    return request.key in _EXCLUDED


def matches(world: World, constraints: Manifest, request: Request, *, rules_needed: bool) -> Resource | None:
    """The resource as which the request matches; None where it does not. A binding without rules takes all."""
    if not _namespace(world, constraints.get("namespaceSelector"), request):
        return None
    if not _object(constraints.get("objectSelector"), request):
        return None
    policy = constraints.get("matchPolicy") or "Equivalent"
    if _rules(world, constraints.get("excludeResourceRules") or (), policy, request) is not None:
        return None
    rules = constraints.get("resourceRules") or ()
    if not rules and not rules_needed:
        return request.resource
    return _rules(world, rules, policy, request)


def _rules(world: World, rules: Iterable[Manifest], policy: str, request: Request) -> Resource | None:
    for resource in _equivalents(world, policy, request.resource):
        for rule in rules:
            if _rule(rule, resource, request):
                return resource
    return None


def _equivalents(world: World, policy: str, resource: Resource) -> list[Resource]:
    """The resource, and the same objects in other versions."""
    found = [resource]
    if policy == "Equivalent":
        found += [r for r in world.registry.catalog if r.storage == resource.storage and r is not resource]
    return found


def _rule(rule: Manifest, resource: Resource, request: Request) -> bool:
    names = rule.get("resourceNames") or ()
    return (
        _has(rule, "operations", request.operation)
        and _has(rule, "apiGroups", resource.group)
        and _has(rule, "apiVersions", resource.version)
        and any(_resource(r, resource.plural, request.subresource) for r in rule.get("resources") or ())
        and _scope(rule.get("scope") or "*", request)
        and (not names or request.name in names)
    )


def _has(rule: Manifest, field: str, value: str) -> bool:
    values = rule.get(field) or ()
    return "*" in values or value in values


def _resource(pattern: str, plural: str, subresource: str) -> bool:
    name, _, sub = pattern.partition("/")
    return name in ("*", plural) and sub in ("*", subresource)


def _scope(scope: str, request: Request) -> bool:
    if scope == "*":
        return True
    return (scope == "Namespaced") == bool(request.namespace)


def _object(selector: Manifest | None, request: Request) -> bool:
    if selectors.empty(selector):
        return True
    return any(
        selectors.matches(selector, o["metadata"].get("labels") or {})
        for o in (request.new, request.old)
        if o is not None
    )


def _namespace(world: World, selector: Manifest | None, request: Request) -> bool:
    if selectors.empty(selector):
        return True
    if request.key == ("", "namespaces"):
        labels: dict[str, Any] = request.obj["metadata"].get("labels") or {}
        return selectors.matches(selector, labels)
    if not request.namespace:
        return True
    found = world.get("", "v1", "namespaces", request.namespace)
    if found is None:
        raise status.not_found("namespaces", "", request.namespace)
    return selectors.matches(selector, found["metadata"].get("labels") or {})
