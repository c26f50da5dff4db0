"""Where admission policies join the writing of objects. Nothing of them is imported before the first binding is there.

In: the registry. Out: its hooks. Never: a verdict.
"""

from __future__ import annotations

from collections.abc import Callable

from holdfast.kube.refs import Manifest
from holdfast.sandbox.context import Call
from holdfast.sandbox.hooks import Admission
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.status import FieldError

_GROUP = "admissionregistration.k8s.io"
_KINDS = ("validatingadmissionpolicies", "validatingadmissionpolicybindings", "mutatingadmissionpolicies",
          "mutatingadmissionpolicybindings")  # fmt: skip


class _Late:
    def __init__(self, registry: Registry, bindings: str, make: Callable[[Registry], Admission]) -> None:
        self._registry = registry
        self._table = registry.store.table(f"{_GROUP}/{bindings}")
        self._make = make
        self._made: Admission | None = None

    def __call__(
        self, call: Call, resource: Resource, operation: str, new: Manifest | None, old: Manifest | None, sub: str
    ) -> None:
        if not len(self._table):
            return
        if self._made is None:
            self._made = self._make(self._registry)
        self._made(call, resource, operation, new, old, sub)


def mutating_webhooks(registry: Registry) -> Admission:
    return _Late(registry, "mutatingwebhookconfigurations", lambda r: _webhooks(r, "mutatingwebhookconfigurations"))


def validating_webhooks(registry: Registry) -> Admission:
    return _Late(registry, "validatingwebhookconfigurations", lambda r: _webhooks(r, "validatingwebhookconfigurations"))


def _webhooks(registry: Registry, plural: str) -> Admission:
    from holdfast.sandbox.admission.webhooks import Webhooks

    return Webhooks(registry, plural)


def mutating(registry: Registry) -> Admission:
    return _Late(registry, "mutatingadmissionpolicybindings", _mutating)


def validating(registry: Registry) -> Admission:
    return _Late(registry, "validatingadmissionpolicybindings", _validating)


def _mutating(registry: Registry) -> Admission:
    from holdfast.sandbox.admission.policy_mutating import MutatingPolicies

    return MutatingPolicies(registry)


def _validating(registry: Registry) -> Admission:
    from holdfast.sandbox.admission.policy_validating import ValidatingPolicies

    return ValidatingPolicies(registry)


def problems(resource: Resource, obj: Manifest, old: Manifest | None) -> list[FieldError]:
    """What is wrong with a policy or binding itself."""
    if resource.group != _GROUP:
        return []
    from holdfast.sandbox.admission import policy_check

    if resource.plural not in _KINDS:
        return policy_check.check_webhooks(obj)
    return policy_check.check(obj, old)
