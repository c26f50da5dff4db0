"""ReplicaSets and ReplicationControllers: as many pods as asked for, and their count."""

from __future__ import annotations

import copy

from holdfast.kube.refs import Manifest
from holdfast.sandbox.controllers.workloads.actions import (
    Action,
    Create,
    Delete,
    View,
    Wake,
    adoptions,
    is_available,
    is_finished,
    is_going,
    is_ready,
    owner_reference,
    status_change,
)
from holdfast.sandbox.controllers.workloads.names import suffix

REPLICASETS = "replicasets.apps"
CONTROLLERS = "replicationcontrollers"
PODS = "pods"


def decide(view: View, owner: Manifest) -> list[Action]:
    resource = REPLICASETS if owner["kind"] == "ReplicaSet" else CONTROLLERS
    adopted = adoptions(view, PODS, owner) if not is_going(owner) else []
    if adopted:
        return adopted
    pods = [p for p in view.owned(PODS, owner) if not is_going(p) and not is_finished(p)]
    actions: list[Action] = []
    wanted = int(owner["spec"].get("replicas", 1))
    if not is_going(owner):
        actions += [Create(PODS, pod_of(owner, owner["spec"]["template"])) for _ in range(wanted - len(pods))]
        actions += [
            Delete(PODS, p["metadata"]["namespace"], p["metadata"]["name"])
            for p in _least_useful(pods)[: max(0, len(pods) - wanted)]
        ]
    return actions + _status(view, resource, owner, pods)


def _least_useful(pods: list[Manifest]) -> list[Manifest]:
    """Those to go first: not assigned, not ready, then the youngest."""
    newest_first = sorted(pods, key=lambda p: p["metadata"].get("creationTimestamp", ""), reverse=True)
    return sorted(newest_first, key=lambda p: (bool(p["spec"].get("nodeName")), is_ready(p)))


def pod_of(owner: Manifest, template: Manifest, name: str = "") -> Manifest:
    """A pod from a template, owned and named after its owner."""
    meta = copy.deepcopy(template.get("metadata") or {})
    meta.pop("creationTimestamp", None)
    prefix = owner["metadata"]["name"]
    meta["namespace"] = owner["metadata"]["namespace"]
    meta["ownerReferences"] = [owner_reference(owner)]
    if name:
        meta["name"] = name
    else:
        meta["generateName"] = f"{prefix}-"
        meta["name"] = f"{prefix}-{suffix()}"
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": copy.deepcopy(template["spec"])}


def _status(view: View, resource: str, owner: Manifest, pods: list[Manifest]) -> list[Action]:
    patience = int(owner["spec"].get("minReadySeconds", 0))
    ready = [p for p in pods if is_ready(p)]
    available = [p for p in ready if is_available(view, p, patience)]
    template_labels = (owner["spec"]["template"].get("metadata") or {}).get("labels") or {}
    labelled = [p for p in pods if template_labels.items() <= (p["metadata"].get("labels") or {}).items()]
    status: Manifest = {"replicas": len(pods)}
    for name, count in (
        ("fullyLabeledReplicas", len(labelled)),
        ("readyReplicas", len(ready)),
        ("availableReplicas", len(available)),
    ):
        if count:
            status[name] = count
    status["observedGeneration"] = owner["metadata"].get("generation", 1)
    wake: list[Action] = [Wake(float(patience))] if len(available) < len(ready) else []
    return [*status_change(resource, owner, status), *wake]
