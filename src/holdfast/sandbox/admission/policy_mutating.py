"""MutatingAdmissionPolicy: objects changed on their way in, by apply configurations and JSON patches.

In: a request. Out: its new object changed in place, or a refusal. Never: field ownership; what policies set belongs to nobody.
"""

from __future__ import annotations

import copy
from typing import Any

from holdfast.kube import ssa_values
from holdfast.kube.patch import PatchError, json_patch
from holdfast.kube.refs import Manifest
from holdfast.kube.ssa_types import Type, type_of
from holdfast.sandbox import gotext, seams, status
from holdfast.sandbox.admission.policy import Compiled, Invocation, Policies, applies
from holdfast.sandbox.admission.policy_cel import Failed, plain
from holdfast.sandbox.admission.request import Request
from holdfast.sandbox.admission.world import World
from holdfast.sandbox.context import Call
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource

_FIELDS = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}


class MutatingPolicies:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        names = ("mutatingadmissionpolicies", "mutatingadmissionpolicybindings")
        self._policies = Policies(registry, World(registry), *names, _compile)

    def __call__(
        self, call: Call, resource: Resource, operation: str, new: Manifest | None, old: Manifest | None, sub: str
    ) -> None:
        """Stands among the mutating hooks."""
        request = Request(call, resource, operation, new, old, sub)
        if new is None:
            return
        invocations = list(self._policies.invocations(request))
        errors: list[str] = []
        changed = [self._carry_out(request, invocation, errors) for invocation in invocations]
        if any(changed):
            self._again(request, invocations, changed, errors)
        if errors:
            raise _refusal(request, errors)

    def _again(self, request: Request, found: list[Invocation], changed: list[bool], errors: list[str]) -> None:
        """Policies that ask for it see what those behind them did."""
        last = max(index for index, one in enumerate(changed) if one)
        for index, invocation in enumerate(found):
            if index < last and invocation.policy.spec.get("reinvocationPolicy") == "IfNeeded":
                self._carry_out(request, invocation, errors)

    def _carry_out(self, request: Request, invocation: Invocation, errors: list[str]) -> bool:
        """Whether the object is another one now."""
        policy, obj = invocation.policy, request.new
        assert obj is not None
        before = dict(obj)
        try:
            problem = invocation.error or policy.error
            if problem:
                raise Failed(problem)
            if applies(policy, self._policies.evaluation(request, invocation, obj)):
                for part in policy.parts:
                    self._one(request, invocation, obj, part)
        except Failed as error:
            if policy.fails:
                errors.append(_told(invocation, str(error)))
        return before != obj

    def _one(self, request: Request, invocation: Invocation, obj: Manifest, part: tuple[Manifest, Any]) -> None:
        mutation, expressions = part
        value = plain(self._policies.evaluation(request, invocation, obj).run(expressions["expression"]))
        if mutation["patchType"] == "JSONPatch":
            fresh = _decoded(request, obj, _patched(obj, value))
        else:
            fresh = _applied(obj, value, type_of(self._registry.shape(request.resource)))
        if fresh is not obj:
            _become(obj, fresh)
            if not request.resource.crd and not request.subresource:
                seams.default(request.resource.gvk, obj)


def _become(obj: Manifest, fresh: Manifest) -> None:
    """In place, metadata too: whoever writes the object holds both."""
    meta, new = obj["metadata"], fresh.get("metadata") or {}
    if meta is not new:
        new = dict(new)
        meta.clear()
        meta.update(new)
    rest = {**fresh, "metadata": meta}
    obj.clear()
    obj.update(rest)


def _decoded(request: Request, obj: Manifest, fresh: Manifest) -> Manifest:
    """What a patch made has to fit the kind as strictly as nothing that users send."""
    if fresh is obj or request.resource.crd or request.subresource:
        return fresh
    checked = copy.deepcopy(fresh)
    try:
        seams.decode(request.resource.gvk, checked, "Strict", None)
    except seams.DecodeFailure as error:
        raise status.internal_error(error.why) from None
    return checked


def _told(invocation: Invocation, why: str) -> str:
    if invocation.binding is None:
        return f"policy {gotext.quote(invocation.policy.name)} denied request: {why}"
    binding = invocation.binding["metadata"]["name"]
    return f"policy '{invocation.policy.name}' with binding '{binding}' denied request: {why}"


def _refusal(request: Request, errors: list[str]) -> status.StatusError:
    causes = [{"message": text} for text in errors]
    details = status.forbidden(request.resource.plural, request.resource.group, request.name, "", causes).details
    reason = "Forbidden" if "failed to configure" in errors[0] else "Invalid"
    return status.StatusError(403, reason, errors[0], details)


# --- the two kinds of patches ---


def _patched(obj: Manifest, operations: Any) -> Manifest:
    fresh: Any = obj
    for operation in operations or ():
        try:
            fresh = json_patch(fresh, [operation])
        except PatchError as error:
            if str(error.message).startswith("testing value"):
                return obj
            raise Failed(f"JSON Patch: {_patch_words(operation, error)}") from None
    found: Manifest = fresh
    return found


def _patch_words(operation: Manifest, error: PatchError) -> str:
    """The words of the library that the API server patches with."""
    kind, path, text = operation.get("op"), operation.get("path") or "", str(error.message)
    if text.startswith("missing path"):
        if kind in ("add", "remove"):
            return f'{kind} operation does not apply: doc is missing path: "{path}": missing value'
        if kind in ("move", "copy"):
            source = operation.get("from") or ""
            what = f"from path: {source}" if source in text else f"destination path: {path}"
            return f"{kind} operation does not apply: doc is missing {what}: missing value"
        missing = "is missing path" if kind == "test" else "doc is missing path"
        return f"{kind} operation does not apply: {missing}: {path}: missing value"
    if text.startswith("unexpected kind"):
        return f"Unexpected kind: {kind}"
    why = text[:1].upper() + text[1:]
    cause = "invalid index referenced" if "index" in text else "missing value"
    return f"error in {kind} for path: '{path}': {why}: {cause}"


def _applied(obj: Manifest, config: Any, kind: Type) -> Manifest:
    complaints = ssa_values.check(config, kind)
    if complaints:
        text = ssa_values.complaints_text(complaints)
        raise Failed(f"error applying patch: failed to convert patch object to typed object: {text}")
    atomics = _atomics(config, kind, "")
    if atomics:
        text = f"may not mutate atomic arrays, maps or structs: {', '.join(atomics)}"
        raise Failed(f"error applying patch: invalid ApplyConfiguration: {text}")
    found: Manifest = ssa_values.merge(obj, config, kind)
    return found


def _atomics(value: Any, kind: Type, path: str) -> list[str]:
    found: list[str] = []
    if isinstance(value, dict):
        if kind.map_atomic:
            found.append(path)
        for key, item in value.items():
            child = kind.field(key)
            if child is not None:
                found += _atomics(item, child, f"{path}.{key}")
    elif isinstance(value, list):
        if kind.list_atomic:
            found.append(path)
        for index, item in enumerate(value):
            found += _atomics(item, kind.items, f"{path}[{index}]")
    return found


def _compile(policy: Compiled) -> None:
    for mutation in policy.spec.get("mutations") or ():
        source = (mutation.get(_FIELDS[mutation["patchType"]]) or {}).get("expression") or ""
        policy.parts.append((mutation, {"expression": policy.scope.compile(source.strip())}))
