"""Which plugin looks at which request, in order.

In: a registry. Out: its hooks filled. Never: decisions of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from holdfast.kube.refs import Manifest
from holdfast.sandbox.admission import classes, lifecycle, limits, pod_security, pods, policy_hooks, quota
from holdfast.sandbox.admission.request import Request
from holdfast.sandbox.admission.world import World
from holdfast.sandbox.context import Call
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource

Plugin = Callable[[World, Request], None]
Key = tuple[str, str, str]
"""Group, plural (or *), operation."""

_MUTATING: dict[Key, tuple[Plugin, ...]] = {
    ("", "pods", "CREATE"): (limits.fill, pods.priority, pods.tolerations, pods.runtime_class),
    ("", "pods", "UPDATE"): (pods.priority, pods.tolerations),
    ("", "persistentvolumeclaims", "CREATE"): (classes.protect, classes.storage_class),
    ("", "persistentvolumes", "CREATE"): (classes.protect,),
    ("networking.k8s.io", "ingresses", "CREATE"): (classes.ingress_class,),
    ("storage.k8s.io", "volumeattributesclasses", "CREATE"): (classes.protect,),
    ("", "nodes", "CREATE"): (classes.taint_node,),
}
_VALIDATING: dict[Key, tuple[Plugin, ...]] = {
    ("", "pods", "CREATE"): (limits.check, pod_security.check),
    ("", "pods", "UPDATE"): (pod_security.check,),
    ("", "persistentvolumeclaims", "CREATE"): (limits.check,),
    ("", "persistentvolumeclaims", "UPDATE"): (limits.check, classes.resize),
    ("", "namespaces", "UPDATE"): (pod_security.namespace,),
    ("scheduling.k8s.io", "priorityclasses", "CREATE"): (pods.one_global_default,),
    ("scheduling.k8s.io", "priorityclasses", "UPDATE"): (pods.one_global_default,),
    ("scheduling.k8s.io", "priorityclasses", "DELETE"): (pods.keep_system_classes,),
}
_WITH_TEMPLATES = (
    ("", "replicationcontrollers"), ("", "podtemplates"), ("apps", "deployments"), ("apps", "replicasets"), ("apps", "statefulsets"),
    ("apps", "daemonsets"), ("batch", "jobs"), ("batch", "cronjobs"),
)  # fmt: skip
for _group, _plural in _WITH_TEMPLATES:
    for _operation in ("CREATE", "UPDATE"):
        _VALIDATING[_group, _plural, _operation] = (pod_security.check,)
_SUBRESOURCES = {"ephemeralcontainers"}


class Admission:
    """The plugins of one server."""

    def __init__(self, registry: Registry) -> None:
        self.world = World(registry)

    def place(
        self,
        call: Call,
        resource: Resource,
        operation: str,
        new: Manifest | None,
        old: Manifest | None,
        subresource: str,
    ) -> None:
        lifecycle.check(self.world, Request(call, resource, operation, new, old, subresource))

    def mutate(
        self,
        call: Call,
        resource: Resource,
        operation: str,
        new: Manifest | None,
        old: Manifest | None,
        subresource: str,
    ) -> None:
        if subresource and subresource not in _SUBRESOURCES:
            return
        plugins = _MUTATING.get((resource.group, resource.plural, operation))
        if plugins:
            request = Request(call, resource, operation, new, old, subresource)
            for plugin in plugins:
                plugin(self.world, request)

    def validate(
        self,
        call: Call,
        resource: Resource,
        operation: str,
        new: Manifest | None,
        old: Manifest | None,
        subresource: str,
    ) -> None:
        if subresource and subresource not in _SUBRESOURCES:
            return
        request = Request(call, resource, operation, new, old, subresource)
        for plugin in _VALIDATING.get((resource.group, resource.plural, operation), ()):
            plugin(self.world, request)

    def charge(
        self,
        call: Call,
        resource: Resource,
        operation: str,
        new: Manifest | None,
        old: Manifest | None,
        subresource: str,
    ) -> None:
        """Quota is the last of all: what nobody refuses is counted."""
        if (operation == "CREATE" and resource.namespaced and not subresource) or (
            operation == "UPDATE" and resource.plural in ("persistentvolumeclaims", "services") and not subresource
        ):
            quota.charge(self.world, Request(call, resource, operation, new, old, subresource))


def install(registry: Registry) -> Admission:
    admission = Admission(registry)
    registry.hooks.creating.append(admission.place)
    registry.hooks.mutating += [
        admission.mutate,
        policy_hooks.mutating(registry),
        policy_hooks.mutating_webhooks(registry),
    ]
    registry.hooks.validating += [
        admission.validate,
        policy_hooks.validating(registry),
        policy_hooks.validating_webhooks(registry),
        admission.charge,
    ]
    return admission
