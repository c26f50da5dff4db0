"""Keeps the view from watches, asks the deciders, carries their actions out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.controllers.facade import Change, Controller, Facade, Refused, key_of
from holdfast.sandbox.controllers.workloads import (
    cronjob,
    daemonset,
    deployment,
    job,
    network,
    pod,
    policy,
    replicaset,
    statefulset,
    storage,
)
from holdfast.sandbox.controllers.workloads.actions import (
    Action,
    Create,
    Delete,
    Update,
    UpdateStatus,
    View,
    Wake,
    is_finished,
)

Decider = Callable[[View, Manifest], list[Action]]

DECIDERS: dict[str, Decider] = {
    "deployments.apps": deployment.decide,
    "replicasets.apps": replicaset.decide,
    "replicationcontrollers": replicaset.decide,
    "statefulsets.apps": statefulset.decide,
    "daemonsets.apps": daemonset.decide,
    "jobs.batch": job.decide,
    "cronjobs.batch": cronjob.decide,
    "pods": pod.decide,
    "persistentvolumeclaims": storage.decide,
    "persistentvolumes": storage.decide_volume,
    storage.CLASSES: storage.decide_class,
    "services": network.decide_service,
    "endpoints": network.decide_endpoints,
    "ingresses.networking.k8s.io": network.decide_ingress,
    "poddisruptionbudgets.policy": policy.decide_budget,
    "horizontalpodautoscalers.autoscaling": policy.decide_autoscaler,
}
_WATCHED = {*DECIDERS, "nodes", "controllerrevisions.apps", "endpointslices.discovery.k8s.io"}
_BY_KIND = {
    "Deployment": "deployments.apps",
    "ReplicaSet": "replicasets.apps",
    "ReplicationController": "replicationcontrollers",
    "StatefulSet": "statefulsets.apps",
    "DaemonSet": "daemonsets.apps",
    "Job": "jobs.batch",
    "CronJob": "cronjobs.batch",
    "Service": "services",
}
_NEIGHBOURS: dict[str, tuple[str, ...]] = {
    "pods": ("services", "poddisruptionbudgets.policy"),
    "persistentvolumeclaims": ("pods",),
    "deployments.apps": ("horizontalpodautoscalers.autoscaling",),
    "statefulsets.apps": ("horizontalpodautoscalers.autoscaling",),
}
"""When an object of the first changes, the others in its namespace are looked at again."""

_ADOPTERS: dict[str, tuple[str, ...]] = {
    "replicasets.apps": ("deployments.apps",),
    "pods": ("replicasets.apps", "replicationcontrollers", "statefulsets.apps", "daemonsets.apps"),
}
"""Who may take over an object of the first that nobody controls."""

NODE = "sandbox"


class Workloads(Controller):
    """One controller for everything that makes, runs or fronts pods."""

    name = "workloads"

    def __init__(self, facade: Facade) -> None:
        super().__init__(facade)
        self.view = View()

    def start(self) -> None:
        super().start()
        self.enqueue(("node", "", NODE))

    def changed(self, change: Change) -> None:
        if change.resource not in _WATCHED:
            return
        namespace, name = key_of(change.object)
        old = None
        if change.deleted:
            self.view.drop(change.resource, namespace, name)
        else:
            old = self.view.put(change.resource, change.object)
            if change.resource in DECIDERS:
                self.enqueue((change.resource, namespace, name))
        self._wake_others(change, old, namespace)

    def _wake_others(self, change: Change, old: Manifest | None, namespace: str) -> None:
        for owner in change.object["metadata"].get("ownerReferences") or ():
            resource = _BY_KIND.get(owner["kind"])
            if resource is not None and owner.get("controller"):
                self.enqueue((resource, namespace, owner["name"]))
        if change.resource in _ADOPTERS and not any(
            o.get("controller") for o in change.object["metadata"].get("ownerReferences") or ()
        ):
            self._wake_all(_ADOPTERS[change.resource], namespace)
        self._wake_all(_NEIGHBOURS.get(change.resource, ()), namespace)
        if change.resource == "nodes" and (old is None or change.deleted):
            for resource in ("daemonsets.apps", "pods"):
                for ns, name in self.view.objects.get(resource, {}):
                    self.enqueue((resource, ns, name))
        if change.resource == "pods" and (change.deleted or is_finished(change.object)):
            for claim in storage.claims_of(change.object):
                self.enqueue(("persistentvolumeclaims", namespace, claim))
        if change.resource == "services" and change.deleted:
            self.enqueue(("service gone", namespace, change.object["metadata"]["name"]))
        if change.resource == "persistentvolumeclaims" and change.deleted:
            for _, name in self.view.objects.get("persistentvolumes", {}):
                self.enqueue(("persistentvolumes", "", name))
        if change.resource in ("persistentvolumeclaims", "persistentvolumes"):
            left = change.object if change.deleted else old
            for name in storage.classes_of(left) if left is not None else ():
                self.enqueue((storage.CLASSES, "", name))

    def _wake_all(self, resources: tuple[str, ...], namespace: str) -> None:
        for resource in resources:
            for ns, name in self.view.objects.get(resource, {}):
                if ns == namespace:
                    self.enqueue((resource, ns, name))

    async def work(self, key: Any) -> None:
        resource, namespace, name = key
        if resource == "node":
            await self._node(name)
            return
        if resource == "service gone":
            for action in network.after_service(self.view, namespace, name):
                await self._do(action)
            return
        obj = self.view.get(resource, namespace, name)
        if obj is None:
            return
        self.view.now = self.now()
        for action in DECIDERS[resource](self.view, obj):
            if isinstance(action, Wake):
                self.enqueue(key, max(0.02, action.after))
            else:
                await self._do(action)

    async def _do(self, action: Action) -> None:
        manager = "sandbox-workloads"
        if isinstance(action, Create):
            try:
                await self.facade.create(action.resource, action.object, manager=manager)
            except Refused as error:
                if error.reason != "AlreadyExists":
                    raise
        elif isinstance(action, Update):
            resource, _, subresource = action.resource.partition("/")
            await self.facade.update(resource, action.object, manager=manager, subresource=subresource)
        elif isinstance(action, UpdateStatus):
            await self.facade.update(action.resource, action.object, manager=manager, subresource="status")
        elif isinstance(action, Delete):
            try:
                grace = 0 if action.resource == "pods" else None
                await self.facade.delete(
                    action.resource, action.namespace, action.name, propagation="Background", grace_seconds=grace
                )
            except Refused as error:
                if error.reason != "NotFound":
                    raise

    async def _node(self, name: str) -> None:
        """The one simulated node, made once; a user may add others, or delete it to see pods stay pending."""
        if self.facade.get("nodes", "", name) is not None:
            return
        node = await self.facade.create("nodes", node_object(name), manager="sandbox-workloads")
        await self.facade.update(
            "nodes",
            {**node, "status": node_status(self.now().strftime("%Y-%m-%dT%H:%M:%SZ"))},
            manager="sandbox-workloads",
            subresource="status",
        )


def node_object(name: str) -> Manifest:
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node-role.kubernetes.io/control-plane": "",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"podCIDR": "10.244.0.0/16"},
    }


def node_status(stamp: str) -> Manifest:
    room = {"cpu": "64", "memory": "256Gi", "pods": "10000", "ephemeral-storage": "1Ti"}
    facts = (
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    )
    return {
        "capacity": room,
        "allocatable": dict(room),
        "addresses": [{"type": "InternalIP", "address": "172.18.0.2"}, {"type": "Hostname", "address": NODE}],
        "conditions": [
            {
                "type": kind,
                "status": status,
                "reason": reason,
                "message": text,
                "lastHeartbeatTime": stamp,
                "lastTransitionTime": stamp,
            }
            for kind, status, reason, text in facts
        ],
        "nodeInfo": {
            "architecture": "amd64",
            "operatingSystem": "linux",
            "osImage": "simulated",
            "kernelVersion": "simulated",
            "containerRuntimeVersion": "sandbox://1",
            "kubeletVersion": "v1.36.0",
            "kubeProxyVersion": "",
            "machineID": "",
            "systemUUID": "",
            "bootID": "",
        },
    }
