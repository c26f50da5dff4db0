"""Claims are bound to volumes made for them."""

from __future__ import annotations

import copy

from holdfast.kube.refs import Manifest
from holdfast.sandbox.controllers.workloads.actions import Action, Create, Update, View, is_going, status_change

CLAIMS = "persistentvolumeclaims"
VOLUMES = "persistentvolumes"


def decide(view: View, claim: Manifest) -> list[Action]:
    if is_going(claim):
        return []
    name = claim["spec"].get("volumeName")
    if not name:
        wanted = f"pvc-{claim['metadata']['uid']}"
        found = view.get(VOLUMES, "", wanted)
        made: list[Action] = [Create(VOLUMES, _volume(claim, wanted))] if found is None else []
        return [*made, Update(CLAIMS, {**claim, "spec": {**claim["spec"], "volumeName": wanted}})]
    status = {
        **(claim.get("status") or {}),
        "phase": "Bound",
        "accessModes": list(claim["spec"].get("accessModes") or ["ReadWriteOnce"]),
        "capacity": {"storage": _size(claim)},
    }
    return status_change(CLAIMS, claim, status)


def _size(claim: Manifest) -> str:
    return str(((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "1Gi"))


def _volume(claim: Manifest, name: str) -> Manifest:
    meta = claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": "sandbox.holdfast.dev"}},
        "spec": {
            "accessModes": copy.deepcopy(claim["spec"].get("accessModes") or ["ReadWriteOnce"]),
            "capacity": {"storage": _size(claim)},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
            },
            "hostPath": {"path": f"/var/lib/sandbox/{name}"},
            "persistentVolumeReclaimPolicy": "Delete",
            "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
            **({"storageClassName": s} if (s := claim["spec"].get("storageClassName")) else {}),
        },
    }


def decide_volume(view: View, volume: Manifest) -> list[Action]:
    reference = volume["spec"].get("claimRef")
    if is_going(volume) or not reference:
        status = {**(volume.get("status") or {}), "phase": "Available"}
        return [] if is_going(volume) else status_change(VOLUMES, volume, status)
    claim = view.get(CLAIMS, reference.get("namespace", ""), reference.get("name", ""))
    phase = "Bound" if claim is not None else "Released"
    return status_change(VOLUMES, volume, {**(volume.get("status") or {}), "phase": phase})
