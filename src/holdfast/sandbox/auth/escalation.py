"""Nobody grants more than they hold: the checks on writes of roles and bindings, and the right to create of a write that creates.

In: a call and the objects of a write. Out: nothing, or a refusal. Never: changes to the objects.
"""

from __future__ import annotations

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext, status
from holdfast.sandbox.auth.attributes import EVERYTHING, Attributes, Authorizer, refusal
from holdfast.sandbox.auth.rbac import GROUP
from holdfast.sandbox.auth.rules import described, quoted, uncovered
from holdfast.sandbox.context import Call
from holdfast.sandbox.identity import User
from holdfast.sandbox.resources import Resource

_ROLES = ("roles", "clusterroles")
_BINDINGS = ("rolebindings", "clusterrolebindings")
_COLLECTED = ("ownerReferences", "finalizers", "managedFields", "resourceVersion")


class Escalation:
    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    def grants(
        self, call: Call, resource: Resource, operation: str, new: Manifest | None, old: Manifest | None, sub: str
    ) -> None:
        """Stands behind mutating admission, as the storage of roles and bindings does."""
        if resource.group != GROUP or new is None or call.user.is_admin() or sub:
            return
        if old is not None and _only_collected(new, old):
            return
        if resource.plural in _ROLES:
            self._role(call, resource, operation, new, old or {})
        elif resource.plural in _BINDINGS:
            self._binding(call.user, resource, new)

    def _role(self, call: Call, resource: Resource, operation: str, new: Manifest, old: Manifest) -> None:
        namespace, name = _place(resource, new)
        on_request = "" if operation == "CREATE" and call.verb == "create" else name
        asked = Attributes(call.user, "escalate", GROUP, resource.plural, "", namespace, on_request)
        if self._authorizer.authorize(asked).allowed:
            return
        self._covered(call.user, resource, name, namespace, new.get("rules") or [])
        if _aggregates(new) or _aggregates(old):
            owned, _ = self._authorizer.rules_for(call.user, namespace)
            if uncovered(owned, EVERYTHING):
                why = "must have cluster-admin privileges to use the aggregationRule"
                raise status.forbidden(resource.plural, GROUP, name, why)

    def _binding(self, user: User, resource: Resource, new: Manifest) -> None:
        namespace, name = _place(resource, new)
        reference = new.get("roleRef") or {}
        plural = {"ClusterRole": "clusterroles", "Role": "roles"}.get(reference.get("kind") or "")
        role = str(reference.get("name") or "")
        if plural is None or not role:
            return
        asked = Attributes(user, "bind", str(reference.get("apiGroup") or ""), plural, "", namespace, role)
        if self._authorizer.authorize(asked).allowed:
            return
        rules = self._authorizer.referenced(reference, namespace)
        if rules is None:
            raise status.not_found(resource.plural, GROUP, role)
        self._covered(user, resource, name, namespace, rules)

    def _covered(self, user: User, resource: Resource, name: str, namespace: str, rules: list[Manifest]) -> None:
        owned, problems = self._authorizer.rules_for(user, namespace)
        missing = uncovered(owned, rules)
        if not missing:
            return
        who = f"user {gotext.quote(user.name)} (groups={quoted(user.groups)})"
        why = f"{who} is attempting to grant RBAC permissions not currently held:\n{described(missing)}"
        if problems:
            why += f"; resolution errors: [{problems.removeprefix('[').removesuffix(']')}]"
        raise status.forbidden(resource.plural, GROUP, name, why)

    def creates(
        self, call: Call, resource: Resource, operation: str, new: Manifest | None, old: Manifest | None, sub: str
    ) -> None:
        """A PUT or an apply that creates asks for the right to create, too."""
        if operation != "CREATE" or sub or call.verb not in ("update", "patch") or new is None:
            return
        namespace, name = _place(resource, new)
        asked = Attributes(call.user, "create", resource.group, resource.plural, "", namespace, name)
        decision = self._authorizer.authorize(asked)
        if not decision.allowed:
            raise refusal(asked, decision.reason)


def _place(resource: Resource, obj: Manifest) -> tuple[str, str]:
    meta = obj["metadata"]
    return (str(meta.get("namespace") or "") if resource.namespaced else "", str(meta.get("name") or ""))


def _aggregates(role: Manifest) -> bool:
    return bool((role.get("aggregationRule") or {}).get("clusterRoleSelectors"))


def _only_collected(new: Manifest, old: Manifest) -> bool:
    """Whether the write touches only what garbage collection needs to touch."""

    def rest(obj: Manifest) -> Manifest:
        return {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k not in _COLLECTED}}

    return new["metadata"] != old["metadata"] and rest(new) == rest(old)
