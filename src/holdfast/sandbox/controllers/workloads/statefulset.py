"""StatefulSets: ordered pods with claims of their own; rolling updates from the highest ordinal down."""

from __future__ import annotations

import copy

from holdfast.kube.refs import Manifest
from holdfast.sandbox.controllers.workloads.actions import (
    Action,
    Create,
    Delete,
    View,
    adoptions,
    is_available,
    is_going,
    is_ready,
    owner_reference,
    status_change,
)
from holdfast.sandbox.controllers.workloads.names import template_hash
from holdfast.sandbox.controllers.workloads.replicaset import PODS, pod_of

STATEFULSETS = "statefulsets.apps"
CLAIMS = "persistentvolumeclaims"
REVISIONS = "controllerrevisions.apps"
REVISION_LABEL = "controller-revision-hash"


def decide(view: View, owner: Manifest) -> list[Action]:
    if is_going(owner):
        return []
    adopted = adoptions(view, PODS, owner)
    if adopted:
        return adopted
    revision = f"{owner['metadata']['name']}-{template_hash(owner['spec']['template'])}"
    pods = {_ordinal(owner, p): p for p in view.owned(PODS, owner)}
    pods.pop(-1, None)
    actions: list[Action] = []
    if view.get(REVISIONS, owner["metadata"]["namespace"], revision) is None:
        actions.append(Create(REVISIONS, revision_of(view, owner, revision, REVISIONS)))
    actions += _members(view, owner, pods, revision)
    return actions + _status(view, owner, pods, revision)


def _ordinal(owner: Manifest, pod: Manifest) -> int:
    text = pod["metadata"]["name"].removeprefix(owner["metadata"]["name"] + "-")
    return int(text) if text.isdigit() else -1


def _members(view: View, owner: Manifest, pods: dict[int, Manifest], revision: str) -> list[Action]:
    start = int((owner["spec"].get("ordinals") or {}).get("start", 0))
    wanted = range(start, start + int(owner["spec"].get("replicas", 1)))
    parallel = owner["spec"].get("podManagementPolicy") == "Parallel"
    actions: list[Action] = []
    for ordinal in wanted:
        pod = pods.get(ordinal)
        if pod is None:
            actions += _member(view, owner, ordinal, revision)
        if (pod is None or not is_ready(pod)) and not parallel:
            return actions
    surplus = sorted((n for n in pods if n not in wanted and not is_going(pods[n])), reverse=True)
    if surplus:
        return actions + [_removed(pods[n]) for n in (surplus if parallel else surplus[:1])]
    return actions + _rolled(owner, pods, wanted, revision)


def _rolled(owner: Manifest, pods: dict[int, Manifest], wanted: range, revision: str) -> list[Action]:
    strategy = owner["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return []
    partition = int((strategy.get("rollingUpdate") or {}).get("partition", 0))
    for ordinal in reversed(wanted):
        pod = pods.get(ordinal)
        if pod is None or is_going(pod):
            return []
        if ordinal >= partition and _label(pod) != revision:
            return [_removed(pod)]
        if not is_ready(pod):
            return []
    return []


def _label(pod: Manifest) -> str:
    return str((pod["metadata"].get("labels") or {}).get(REVISION_LABEL, ""))


def _removed(pod: Manifest) -> Action:
    return Delete(PODS, pod["metadata"]["namespace"], pod["metadata"]["name"])


def _member(view: View, owner: Manifest, ordinal: int, revision: str) -> list[Action]:
    name = f"{owner['metadata']['name']}-{ordinal}"
    pod = pod_of(owner, owner["spec"]["template"], name)
    labels = pod["metadata"].setdefault("labels", {})
    labels[REVISION_LABEL] = revision
    labels["statefulset.kubernetes.io/pod-name"] = name
    labels["apps.kubernetes.io/pod-index"] = str(ordinal)
    pod["spec"]["hostname"] = name
    if owner["spec"].get("serviceName"):
        pod["spec"]["subdomain"] = owner["spec"]["serviceName"]
    actions: list[Action] = []
    volumes = list(pod["spec"].get("volumes") or [])
    for claim in owner["spec"].get("volumeClaimTemplates") or ():
        claim_name = f"{claim['metadata']['name']}-{name}"
        volumes = [v for v in volumes if v["name"] != claim["metadata"]["name"]]
        volumes.append({"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim_name}})
        if view.get(CLAIMS, owner["metadata"]["namespace"], claim_name) is None:
            actions.append(Create(CLAIMS, _claim(owner, claim, claim_name)))
    if volumes:
        pod["spec"]["volumes"] = volumes
    return [*actions, Create(PODS, pod)]


def _claim(owner: Manifest, template: Manifest, name: str) -> Manifest:
    meta = copy.deepcopy(template["metadata"])
    meta["name"], meta["namespace"] = name, owner["metadata"]["namespace"]
    meta.pop("creationTimestamp", None)
    labels = dict(owner["spec"]["selector"].get("matchLabels") or {})
    meta["labels"] = {**labels, **(meta.get("labels") or {})}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": meta,
        "spec": copy.deepcopy(template["spec"]),
    }


def revision_of(view: View, owner: Manifest, name: str, resource: str) -> Manifest:
    """A ControllerRevision that remembers the owner's template."""
    known = view.owned(resource, owner)
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": name,
            "namespace": owner["metadata"]["namespace"],
            "labels": {
                **((owner["spec"]["template"].get("metadata") or {}).get("labels") or {}),
                REVISION_LABEL: name.rpartition("-")[2],
            },
            "ownerReferences": [owner_reference(owner)],
        },
        "data": {"spec": {"template": {"$patch": "replace", **copy.deepcopy(owner["spec"]["template"])}}},
        "revision": max((int(r.get("revision", 0)) for r in known), default=0) + 1,
    }


def _status(view: View, owner: Manifest, pods: dict[int, Manifest], revision: str) -> list[Action]:
    before = owner.get("status") or {}
    living = [p for p in pods.values() if not is_going(p)]
    ready = [p for p in living if is_ready(p)]
    patience = int(owner["spec"].get("minReadySeconds", 0))
    updated = [p for p in living if _label(p) == revision]
    wanted = int(owner["spec"].get("replicas", 1))
    done = len(updated) == len(living) == wanted and len(ready) == wanted
    current = revision if done or not before.get("currentRevision") else before["currentRevision"]
    status: Manifest = {"observedGeneration": owner["metadata"].get("generation", 1), "replicas": len(living)}
    available = sum(1 for p in ready if is_available(view, p, patience))
    for name, count in (
        ("readyReplicas", len(ready)),
        ("currentReplicas", sum(1 for p in living if _label(p) == current)),
        ("updatedReplicas", len(updated)),
    ):
        if count:
            status[name] = count
    status["availableReplicas"] = available
    status.update(currentRevision=current, updateRevision=revision, collisionCount=0)
    return status_change(STATEFULSETS, owner, status)
