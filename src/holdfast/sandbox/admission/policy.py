"""Admission policies and their bindings, kept by name from the store's events and compiled once.

In: the registry. Out: for a request, the pairs of policy, binding and parameter that concern it. Never: a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.sandbox.admission import policy_match
from holdfast.sandbox.admission.policy_cel import Evaluation, Expression, Failed, Refused, Scope, namespace_view
from holdfast.sandbox.admission.request import Request
from holdfast.sandbox.admission.world import World
from holdfast.sandbox.auth.attributes import plain_texts
from holdfast.sandbox.identity import User
from holdfast.sandbox.kinds import selectors
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.store import DELETED, Event

GROUP: Final = "admissionregistration.k8s.io"


@dataclass(slots=True)
class Compiled:
    """A policy with its expressions ready to run. ``error``: why it cannot."""

    name: str
    spec: Manifest
    scope: Scope
    conditions: list[Expression] = field(default_factory=list)
    parts: list[tuple[Manifest, dict[str, Expression]]] = field(default_factory=list)
    """Validations or mutations, each with its expressions by field."""
    annotations: list[Expression] = field(default_factory=list)
    error: str = ""

    @property
    def fails(self) -> bool:
        return self.spec.get("failurePolicy") != "Ignore"


@dataclass(frozen=True, slots=True)
class Invocation:
    """``error``: a fault of the configuration, instead of a parameter."""

    policy: Compiled
    binding: Manifest | None
    resource: Resource
    param: Manifest | None = None
    error: str = ""


Compile = Callable[[Compiled], None]


class Policies:
    """The policies of one kind."""

    def __init__(self, registry: Registry, world: World, policies: str, bindings: str, compile_parts: Compile) -> None:
        self._registry = registry
        self._world = world
        self._compile = compile_parts
        self._policies: dict[str, Manifest] = {}
        self._compiled: dict[str, Compiled] = {}
        self._bindings: dict[str, dict[str, Manifest]] = {}
        self._follow(f"{GROUP}/{policies}", self._policy)
        self._follow(f"{GROUP}/{bindings}", self._binding)

    def _follow(self, table: str, take: Callable[[str, Manifest, bool], None]) -> None:
        for record in self._registry.store.table(table).scan():
            take(record.key[1], record.load(), False)

        def changed(event: Event) -> None:
            take(event.record.key[1], event.record.load(), event.type == DELETED)

        self._registry.store.subscribe(table, changed)

    def _policy(self, name: str, obj: Manifest, gone: bool) -> None:
        self._compiled.pop(name, None)
        self._policies.pop(name, None)
        if not gone:
            self._policies[name] = obj

    def _binding(self, name: str, obj: Manifest, gone: bool) -> None:
        for found in list(self._bindings):
            if self._bindings[found].pop(name, None) and not self._bindings[found]:
                del self._bindings[found]
        if not gone:
            self._bindings.setdefault(str((obj.get("spec") or {}).get("policyName")), {})[name] = obj

    # --- what concerns a request ---

    def invocations(self, request: Request) -> Iterator[Invocation]:
        """In order of the names."""
        if not self._bindings or policy_match.excluded(request):
            return
        for name in sorted(self._bindings):
            if name in self._policies:
                yield from self._of_policy(name, request)

    def _of_policy(self, name: str, request: Request) -> Iterator[Invocation]:
        spec = self._policies[name]["spec"]
        resource = policy_match.matches(self._world, spec.get("matchConstraints") or {}, request, rules_needed=True)
        if resource is None:
            return
        policy = self._ready(name)
        kind = spec.get("paramKind")
        params = self._kind(kind) if kind else None
        if kind and params is None:
            text = f"failed to find resource referenced by paramKind: '{_gvk(kind)}'"
            yield Invocation(policy, None, resource, error=f"failed to configure policy: {text}")
            return
        for _, binding in sorted(self._bindings[name].items()):
            if policy_match.matches(
                self._world, binding["spec"].get("matchResources") or {}, request, rules_needed=False
            ):
                yield from self._with_params(policy, binding, resource, params, request)

    def _with_params(
        self, policy: Compiled, binding: Manifest, resource: Resource, kind: Resource | None, request: Request
    ) -> Iterator[Invocation]:
        reference = binding["spec"].get("paramRef")
        if kind is None or reference is None:
            yield Invocation(policy, binding, resource)
            return
        found, error = self._params(kind, reference, request.namespace)
        if error:
            yield Invocation(policy, binding, resource, error=f"failed to configure binding: {error}")
        for param in found:
            yield Invocation(policy, binding, resource, param)

    def _params(self, kind: Resource, reference: Manifest, namespace: str) -> tuple[list[Manifest], str]:
        place = ""
        if kind.namespaced:
            place = reference.get("namespace") or namespace
            if not place:
                return [], "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
        elif reference.get("namespace"):
            return [], "paramRef.namespace must not be provided for a cluster-scoped `paramKind`"
        found = list(self._chosen(kind, reference, place))
        if not found and reference.get("parameterNotFoundAction") == "Deny":
            return [], "no params found for policy binding with `Deny` parameterNotFoundAction"
        return found, ""

    def _chosen(self, kind: Resource, reference: Manifest, place: str) -> Iterator[Manifest]:
        if reference.get("name"):
            record = self._registry.find(kind, (place, reference["name"]))
            if record is not None:
                yield self._registry.show(kind, record)
            return
        for record in self._registry.store.table(kind.storage).scan(place):
            if selectors.matches(reference.get("selector"), record.labels):
                yield self._registry.show(kind, record)

    def _kind(self, kind: Manifest) -> Resource | None:
        return self._registry.catalog.by_kind(GroupVersionKind.parse(kind["apiVersion"], kind["kind"]))

    def _ready(self, name: str) -> Compiled:
        found = self._compiled.get(name)
        if found is None:
            spec = self._policies[name]["spec"]
            found = self._compiled[name] = Compiled(name, spec, Scope(bool(spec.get("paramKind"))))
            try:
                self._fill(found)
            except Refused as error:
                found.error = str(error)
        return found

    def _fill(self, policy: Compiled) -> None:
        conditions = policy.spec.get("matchConditions") or ()
        policy.conditions = [policy.scope.compile(c["expression"].strip()) for c in conditions]
        for variable in policy.spec.get("variables") or ():
            policy.scope.add(variable["name"], variable["expression"])
        self._compile(policy)

    # --- values ---

    def evaluation(self, request: Request, invocation: Invocation, obj: Manifest | None) -> Evaluation:
        """``obj`` is the object as it is now; mutations see what those before them made of it."""
        namespace = None
        if request.namespace:
            namespace = self._world.get("", "v1", "namespaces", request.namespace)
        values: dict[str, Any] = {
            "object": _versioned(obj, invocation.resource),
            "oldObject": _versioned(request.old, invocation.resource),
            "request": admission_request(request, invocation.resource),
            "namespaceObject": namespace_view(namespace),
            "params": invocation.param,
            "authorizer": {"requestResource": _asked_about(request)},
        }
        return Evaluation(invocation.policy.scope, values, self._registry.authorizer, request.call.user)


def applies(policy: Compiled, evaluation: Evaluation) -> bool:
    """Whether the matchConditions let the request through to the policy. Raises Failed."""
    errors: list[str] = []
    for condition in policy.conditions:
        try:
            if evaluation.run(condition) is not True:
                return False
        except Failed as error:
            errors.append(str(error))
    if errors:
        raise Failed(plain_texts(iter(errors)))
    return True


def _gvk(kind: Manifest) -> str:
    found = GroupVersionKind.parse(kind["apiVersion"], kind["kind"])
    return f"{found.group}/{found.version}, Kind={found.kind}"


def _versioned(obj: Manifest | None, resource: Resource) -> Manifest | None:
    if obj is None or not resource.crd:
        return obj
    return {**obj, "apiVersion": resource.api_version}


def _asked_about(request: Request) -> Manifest:
    """The question about the request itself, still without a verb."""
    found = {
        "group": request.resource.group,
        "resource": request.resource.plural,
        "subresource": request.subresource,
        "namespace": request.namespace,
        "name": request.name,
    }
    return {key: value for key, value in found.items() if value}


def admission_request(request: Request, matched: Resource) -> Manifest:
    own, user, call = request.resource, request.call.user, request.call
    gone = call.verb == "deletecollection"
    found: Manifest = {
        "uid": "",
        "kind": _names(matched, "kind", matched.kind),
        "resource": _names(matched, "resource", matched.plural),
        "subResource": request.subresource,
        "requestKind": _names(own, "kind", own.kind),
        "requestResource": _names(own, "resource", own.plural),
        "requestSubResource": request.subresource,
        "name": "" if gone else request.name,
        "namespace": request.name if request.key == ("", "namespaces") else request.namespace,
    }
    found = {key: value for key, value in found.items() if value != "" or key == "uid"}
    return found | {
        "operation": request.operation,
        "userInfo": _user(user),
        "dryRun": call.dry_run,
        "options": {"kind": _OPTIONS[request.operation], "apiVersion": "meta.k8s.io/v1"},
    }


_OPTIONS = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}


def _names(resource: Resource, key: str, value: str) -> Manifest:
    return {"group": resource.group, "version": resource.version, key: value}


def _user(user: User) -> Manifest:
    found = {"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": dict(user.extra)}
    return {key: value for key, value in found.items() if value}
