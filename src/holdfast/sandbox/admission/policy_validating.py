"""ValidatingAdmissionPolicy: requests refused, warned about or let through.

In: a request. Out: warnings on its call, or a refusal. Never: changes to objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from holdfast.kube.refs import Manifest
from holdfast.sandbox import status
from holdfast.sandbox.admission.policy import Compiled, Invocation, Policies, applies
from holdfast.sandbox.admission.policy_cel import Evaluation, Expression, Failed
from holdfast.sandbox.admission.request import Request
from holdfast.sandbox.admission.world import World
from holdfast.sandbox.context import Call
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource

_CODES: Final = {"Invalid": 422, "Forbidden": 403, "RequestEntityTooLarge": 413, "Unauthorized": 401}
_LONGEST_MESSAGE: Final = 5 * 1024


class Failure(NamedTuple):
    message: str
    reason: str = "Invalid"


class ValidatingPolicies:
    def __init__(self, registry: Registry) -> None:
        names = ("validatingadmissionpolicies", "validatingadmissionpolicybindings")
        self._policies = Policies(registry, World(registry), *names, _compile)

    def __call__(
        self, call: Call, resource: Resource, operation: str, new: Manifest | None, old: Manifest | None, sub: str
    ) -> None:
        """Stands among the validating hooks."""
        request = Request(call, resource, operation, new, old, sub)
        refused: status.StatusError | None = None
        for invocation in self._policies.invocations(request):
            for failure in self._failures(request, invocation):
                refused = refused or self._act(request, invocation, failure)
        if refused is not None:
            raise refused

    def _act(self, request: Request, invocation: Invocation, failure: Failure) -> status.StatusError | None:
        policy, binding = invocation.policy.name, invocation.binding
        if binding is None:
            return _refusal(request, f"ValidatingAdmissionPolicy '{policy}' denied request: {failure.message}", failure)
        actions = binding["spec"].get("validationActions") or ()
        name = binding["metadata"]["name"]
        if "Warn" in actions and not invocation.error:
            text = f"Validation failed for ValidatingAdmissionPolicy '{policy}' with binding '{name}': "
            request.call.warn(text + failure.message)
        if "Deny" not in actions and not invocation.error:
            return None
        text = f"ValidatingAdmissionPolicy '{policy}' with binding '{name}' denied request: {failure.message}"
        return _refusal(request, text, failure)

    def _failures(self, request: Request, invocation: Invocation) -> Iterator[Failure]:
        policy = invocation.policy
        problem = invocation.error or policy.error
        if problem:
            yield from (Failure(problem),) if policy.fails else ()
            return
        evaluation = self._policies.evaluation(request, invocation, request.new)
        try:
            if applies(policy, evaluation):
                yield from _judged(policy, evaluation)
        except Failed as error:
            if policy.fails:
                yield Failure(str(error))


def _judged(policy: Compiled, evaluation: Evaluation) -> Iterator[Failure]:
    for validation, expressions in policy.parts:
        try:
            good = evaluation.run(expressions["expression"]) is True
        except Failed as error:
            if policy.fails:
                yield Failure(str(error))
            continue
        if not good:
            yield Failure(_message(validation, expressions, evaluation), validation.get("reason") or "Invalid")
    for annotation in policy.annotations:
        evaluation.run(annotation)


def _message(validation: Manifest, expressions: dict[str, Expression], evaluation: Evaluation) -> str:
    found = ""
    if "messageExpression" in expressions:
        try:
            value: Any = evaluation.run(expressions["messageExpression"])
        except Failed:
            value = ""
        found = value.strip() if isinstance(value, str) else ""
        if "\n" in found or len(found.encode()) > _LONGEST_MESSAGE:
            found = ""
    return (
        found
        or (validation.get("message") or "").strip()
        or f"failed expression: {str(validation['expression']).strip()}"
    )


def _refusal(request: Request, message: str, failure: Failure) -> status.StatusError:
    name = "Unknown" if request.call.verb == "deletecollection" else request.name or "Unknown"
    error = status.forbidden(request.resource.plural, request.resource.group, name, message, [{"message": message}])
    return status.StatusError(_CODES.get(failure.reason, 422), failure.reason, error.message, error.details)


def _compile(policy: Compiled) -> None:
    for validation in policy.spec.get("validations") or ():
        expressions = {"expression": policy.scope.compile(validation["expression"])}
        if (validation.get("messageExpression") or "").strip():
            expressions["messageExpression"] = policy.scope.compile(validation["messageExpression"], authorizer=False)
        policy.parts.append((validation, expressions))
    annotations = policy.spec.get("auditAnnotations") or ()
    policy.annotations = [policy.scope.compile(a["valueExpression"].strip()) for a in annotations]
