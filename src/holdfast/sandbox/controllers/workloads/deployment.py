"""Deployments: ReplicaSets, rolling updates within maxSurge and maxUnavailable, status and conditions."""

from __future__ import annotations

import copy
import math
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.controllers.workloads.actions import (
    Action,
    Create,
    Delete,
    Update,
    View,
    Wake,
    adoptions,
    condition,
    is_going,
    owner_reference,
    status_change,
)
from holdfast.sandbox.controllers.workloads.names import template_hash

DEPLOYMENTS = "deployments.apps"
REPLICASETS = "replicasets.apps"
HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"


def decide(view: View, deployment: Manifest) -> list[Action]:
    if is_going(deployment):
        return []
    adopted = adoptions(view, REPLICASETS, deployment)
    if adopted:
        return adopted
    sets = view.owned(REPLICASETS, deployment)
    current = next((r for r in sets if _same_template(r, deployment)), None)
    old = [r for r in sets if r is not current]
    actions: list[Action] = []
    if not deployment["spec"].get("paused"):
        if current is None:
            actions += _new_set(deployment, sets)
        else:
            actions += _adopt_revision(deployment, current, sets)
            actions += _scale(deployment, current, old)
            actions += _clean_up(deployment, old)
    elif current is not None:
        actions += _scale_only(deployment, [*old, current])
    return actions + _status(view, deployment, current, sets)


def _same_template(replica_set: Manifest, deployment: Manifest) -> bool:
    return _bare(replica_set["spec"]["template"]) == _bare(deployment["spec"]["template"])


def _bare(template: Manifest) -> Manifest:
    meta = dict(template.get("metadata") or {})
    meta["labels"] = {k: v for k, v in (meta.get("labels") or {}).items() if k != HASH_LABEL}
    meta.pop("creationTimestamp", None)
    return {**template, "metadata": meta}


def _revision(obj: Manifest) -> int:
    text = (obj["metadata"].get("annotations") or {}).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def _new_set(deployment: Manifest, sets: list[Manifest]) -> list[Action]:
    meta, spec = deployment["metadata"], deployment["spec"]
    collisions = (deployment.get("status") or {}).get("collisionCount", 0)
    digest = template_hash(_bare(spec["template"]), collisions)
    template = copy.deepcopy(spec["template"])
    template.setdefault("metadata", {}).setdefault("labels", {})[HASH_LABEL] = digest
    selector = copy.deepcopy(spec["selector"])
    selector.setdefault("matchLabels", {})[HASH_LABEL] = digest
    revision = str(max((_revision(r) for r in sets), default=0) + 1)
    fresh: Manifest = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{meta['name']}-{digest}",
            "namespace": meta["namespace"],
            "labels": dict(template["metadata"]["labels"]),
            "annotations": {
                **_carried(deployment),
                "deployment.kubernetes.io/desired-replicas": str(spec.get("replicas", 1)),
                "deployment.kubernetes.io/max-replicas": str(spec.get("replicas", 1) + _surge(deployment)),
                REVISION: revision,
            },
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {
            "replicas": _first_size(deployment, sets),
            "selector": selector,
            "template": template,
            **({"minReadySeconds": spec["minReadySeconds"]} if spec.get("minReadySeconds") else {}),
        },
    }
    return [Create(REPLICASETS, fresh), *_annotated(DEPLOYMENTS, deployment, REVISION, revision)]


def _carried(deployment: Manifest) -> dict[str, str]:
    own = deployment["metadata"].get("annotations") or {}
    return {k: v for k, v in own.items() if k not in ("kubectl.kubernetes.io/last-applied-configuration", REVISION)}


def _annotated(resource: str, obj: Manifest, key: str, value: str) -> list[Action]:
    notes = obj["metadata"].get("annotations") or {}
    if notes.get(key) == value:
        return []
    return [Update(resource, {**obj, "metadata": {**obj["metadata"], "annotations": {**notes, key: value}}})]


def _adopt_revision(deployment: Manifest, current: Manifest, sets: list[Manifest]) -> list[Action]:
    """After a rollback the old set becomes the newest revision again."""
    newest = max((_revision(r) for r in sets if r is not current), default=0)
    revision = _revision(current) if _revision(current) > newest else newest + 1
    return [
        *_annotated(REPLICASETS, current, REVISION, str(revision)),
        *_annotated(DEPLOYMENTS, deployment, REVISION, str(revision)),
    ]


def _first_size(deployment: Manifest, sets: list[Manifest]) -> int:
    wanted = int(deployment["spec"].get("replicas", 1))
    total = sum(int(r["spec"].get("replicas", 0)) for r in sets)
    if deployment["spec"].get("strategy", {}).get("type") == "Recreate":
        return 0 if any((r.get("status") or {}).get("replicas") for r in sets) else wanted
    return min(wanted, max(0, wanted + _surge(deployment) - total))


def _surge(deployment: Manifest) -> int:
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    surge = _share(rolling.get("maxSurge", "25%"), deployment, math.ceil)
    return surge if surge or _unavailable_raw(deployment) else 1


def _unavailable_raw(deployment: Manifest) -> int:
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    return _share(rolling.get("maxUnavailable", "25%"), deployment, math.floor)


def _share(value: Any, deployment: Manifest, rounding: Any) -> int:
    wanted = int(deployment["spec"].get("replicas", 1))
    if isinstance(value, str) and value.endswith("%"):
        return int(rounding(wanted * int(value[:-1]) / 100))
    return int(value or 0)


def _scale(deployment: Manifest, current: Manifest, old: list[Manifest]) -> list[Action]:
    if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
        return _recreate(deployment, current, old)
    wanted = int(deployment["spec"].get("replicas", 1))
    actions: list[Action] = []
    total = sum(_size(r) for r in [current, *old])
    room = wanted + _surge(deployment) - total
    grown = min(wanted, _size(current) + max(0, room)) if _size(current) < wanted else wanted
    actions += _resized(current, grown)
    available = sum((r.get("status") or {}).get("availableReplicas", 0) for r in [current, *old])
    spare = available - (wanted - _unavailable_raw(deployment))
    # Pods of the old sets that are not available cost nothing to take away.
    for replica_set in sorted(old, key=_revision):
        size = _size(replica_set)
        ready = min(size, (replica_set.get("status") or {}).get("availableReplicas", 0))
        cut = (size - ready) + max(0, min(ready, spare))
        spare -= max(0, min(ready, spare))
        actions += _resized(replica_set, size - cut)
    return actions


def _recreate(deployment: Manifest, current: Manifest, old: list[Manifest]) -> list[Action]:
    actions: list[Action] = []
    for replica_set in old:
        actions += _resized(replica_set, 0)
    if not any((r.get("status") or {}).get("replicas") for r in old):
        actions += _resized(current, int(deployment["spec"].get("replicas", 1)))
    return actions


def _scale_only(deployment: Manifest, sets: list[Manifest]) -> list[Action]:
    """A paused deployment still follows its size, on the set that has the pods."""
    holders = [r for r in sets if _size(r)] or sets[-1:]
    return _resized(holders[-1], int(deployment["spec"].get("replicas", 1))) if len(holders) == 1 else []


def _size(replica_set: Manifest) -> int:
    return int(replica_set["spec"].get("replicas", 0))


def _resized(replica_set: Manifest, size: int) -> list[Action]:
    if _size(replica_set) == size:
        return []
    return [Update(REPLICASETS, {**replica_set, "spec": {**replica_set["spec"], "replicas": size}})]


def _clean_up(deployment: Manifest, old: list[Manifest]) -> list[Action]:
    limit = deployment["spec"].get("revisionHistoryLimit", 10)
    idle = [r for r in sorted(old, key=_revision) if not _size(r) and not (r.get("status") or {}).get("replicas")]
    surplus = idle[: max(0, len(idle) - int(limit))]
    return [Delete(REPLICASETS, r["metadata"]["namespace"], r["metadata"]["name"]) for r in surplus]


def _status(view: View, deployment: Manifest, current: Manifest | None, sets: list[Manifest]) -> list[Action]:
    before = deployment.get("status") or {}
    count = _Count(deployment, current, sets)
    status: Manifest = {"observedGeneration": deployment["metadata"].get("generation", 1)}
    for name, value in count.numbers.items():
        if value:
            status[name] = value
    conditions = _available_condition(view, before.get("conditions"), count)
    conditions, wake = _progress_condition(view, deployment, conditions, count, current, before)
    status["conditions"] = conditions
    if before.get("collisionCount"):
        status["collisionCount"] = before["collisionCount"]
    return [*status_change(DEPLOYMENTS, deployment, status), *wake]


class _Count:
    """The numbers of a Deployment's status."""

    def __init__(self, deployment: Manifest, current: Manifest | None, sets: list[Manifest]) -> None:
        states = [r.get("status") or {} for r in sets]
        now = (current or {}).get("status") or {}
        self.wanted = int(deployment["spec"].get("replicas", 1))
        self.total = sum(s.get("replicas", 0) for s in states)
        self.updated = now.get("replicas", 0)
        self.ready = sum(s.get("readyReplicas", 0) for s in states)
        self.available = sum(s.get("availableReplicas", 0) for s in states)
        self.minimum = self.wanted - _unavailable_raw(deployment)
        self.current_available = now.get("availableReplicas", 0)

    @property
    def numbers(self) -> dict[str, int]:
        return {
            "replicas": self.total,
            "updatedReplicas": self.updated,
            "readyReplicas": self.ready,
            "availableReplicas": self.available,
            "unavailableReplicas": max(0, self.wanted - self.available, self.total - self.available),
        }

    @property
    def complete(self) -> bool:
        return bool(self.updated == self.wanted == self.total == self.available)


def _available_condition(view: View, conditions: list[Manifest] | None, count: _Count) -> list[Manifest]:
    stamp = view.timestamp
    if count.available >= count.minimum:
        text, status, reason = "Deployment has minimum availability.", "True", "MinimumReplicasAvailable"
    else:
        text, status, reason = "Deployment does not have minimum availability.", "False", "MinimumReplicasUnavailable"
    return condition(conditions, "Available", status, reason, text, stamp, lastUpdateTime=stamp)


def _progress_condition(
    view: View,
    deployment: Manifest,
    conditions: list[Manifest],
    count: _Count,
    current: Manifest | None,
    before: Manifest,
) -> tuple[list[Manifest], list[Action]]:
    stamp, name = view.timestamp, (current or {"metadata": {"name": ""}})["metadata"]["name"]
    limit = deployment["spec"].get("progressDeadlineSeconds", 600)
    old = next((c for c in conditions if c["type"] == "Progressing"), None)

    def progressing(status: str, reason: str, text: str) -> list[Manifest]:
        return condition(conditions, "Progressing", status, reason, text, stamp, lastUpdateTime=stamp)

    if deployment["spec"].get("paused"):
        return progressing("Unknown", "DeploymentPaused", "Deployment is paused"), []
    if count.complete and current is not None:
        return progressing("True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.'), []
    if current is None:
        return progressing("True", "NewReplicaSetCreated", "Created new replica set"), []
    moved = any(count.numbers[k] != before.get(k, 0) for k in ("updatedReplicas", "readyReplicas", "availableReplicas"))
    if old is None or moved or old["reason"] in ("NewReplicaSetAvailable", "DeploymentPaused"):
        text = f'ReplicaSet "{name}" is progressing.'
        fresh = [c for c in conditions if c["type"] != "Progressing"]
        started = old["lastTransitionTime"] if old and old["status"] == "True" else stamp
        fresh.append(
            {
                "type": "Progressing",
                "status": "True",
                "lastUpdateTime": stamp,
                "lastTransitionTime": started,
                "reason": "ReplicaSetUpdated",
                "message": text,
            }
        )
        return fresh, [Wake(limit + 1)]
    waited = view.age(deployment, old.get("lastUpdateTime"))
    if old["reason"] != "ProgressDeadlineExceeded" and waited > limit:
        return progressing("False", "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.'), []
    return conditions, [Wake(max(1.0, limit - waited + 1))]
