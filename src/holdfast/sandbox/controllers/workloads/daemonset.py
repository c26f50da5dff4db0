"""DaemonSets: one pod on every node, replaced one after another when the template changes."""

from __future__ import annotations

from holdfast.kube.refs import Manifest
from holdfast.sandbox.controllers.workloads.actions import (
    Action,
    Create,
    Delete,
    View,
    adoptions,
    is_available,
    is_finished,
    is_going,
    is_ready,
    status_change,
)
from holdfast.sandbox.controllers.workloads.names import suffix, template_hash
from holdfast.sandbox.controllers.workloads.replicaset import PODS, pod_of
from holdfast.sandbox.controllers.workloads.statefulset import REVISION_LABEL, REVISIONS, revision_of

DAEMONSETS = "daemonsets.apps"
NODES = "nodes"


def decide(view: View, owner: Manifest) -> list[Action]:
    if is_going(owner):
        return []
    adopted = adoptions(view, PODS, owner)
    if adopted:
        return adopted
    digest = template_hash(owner["spec"]["template"])
    revision = f"{owner['metadata']['name']}-{digest}"
    actions: list[Action] = []
    if view.get(REVISIONS, owner["metadata"]["namespace"], revision) is None:
        actions.append(Create(REVISIONS, revision_of(view, owner, revision, REVISIONS)))
    pods = [p for p in view.owned(PODS, owner) if not is_finished(p)]
    living = [p for p in pods if not is_going(p)]
    nodes = [n["metadata"]["name"] for n in view.all(NODES) if _fits(owner, n)]
    by_node = {p["spec"].get("nodeName"): p for p in living}
    for node in nodes:
        if node not in by_node and not any(p["spec"].get("nodeName") == node for p in pods):
            actions.append(Create(PODS, _pod(owner, node, digest)))
    for node, pod in by_node.items():
        if node not in nodes:
            actions.append(Delete(PODS, pod["metadata"]["namespace"], pod["metadata"]["name"]))
    actions += _rolled(owner, living, nodes, digest)
    return actions + _status(view, owner, living, nodes, digest)


def _fits(owner: Manifest, node: Manifest) -> bool:
    selector = owner["spec"]["template"]["spec"].get("nodeSelector") or {}
    return bool(selector.items() <= (node["metadata"].get("labels") or {}).items())


def _pod(owner: Manifest, node: str, digest: str) -> Manifest:
    pod = pod_of(owner, owner["spec"]["template"], f"{owner['metadata']['name']}-{suffix()}")
    pod["metadata"]["generateName"] = owner["metadata"]["name"] + "-"
    labels = pod["metadata"].setdefault("labels", {})
    labels[REVISION_LABEL] = digest
    labels["pod-template-generation"] = str(owner["metadata"].get("generation", 1))
    pod["spec"]["nodeName"] = node
    return pod


def _rolled(owner: Manifest, living: list[Manifest], nodes: list[str], digest: str) -> list[Action]:
    if (owner["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
        return []
    stale = [p for p in living if (p["metadata"].get("labels") or {}).get(REVISION_LABEL) != digest]
    if not stale or (len(living) < len(nodes)) or not all(is_ready(p) for p in living if p not in stale):
        return []
    return [Delete(PODS, stale[0]["metadata"]["namespace"], stale[0]["metadata"]["name"])]


def _status(view: View, owner: Manifest, living: list[Manifest], nodes: list[str], digest: str) -> list[Action]:
    ready = [p for p in living if is_ready(p)]
    patience = int(owner["spec"].get("minReadySeconds", 0))
    available = sum(1 for p in ready if is_available(view, p, patience))
    updated = sum(1 for p in living if (p["metadata"].get("labels") or {}).get(REVISION_LABEL) == digest)
    status: Manifest = {
        "currentNumberScheduled": len(living),
        "numberMisscheduled": 0,
        "desiredNumberScheduled": len(nodes),
        "numberReady": len(ready),
        "observedGeneration": owner["metadata"].get("generation", 1),
    }
    for name, count in (
        ("updatedNumberScheduled", updated),
        ("numberAvailable", available),
        ("numberUnavailable", len(nodes) - available),
    ):
        if count:
            status[name] = count
    return status_change(DAEMONSETS, owner, status)
