"""Claims are bound to volumes made for them; claims and volumes that are deleted go once nothing uses them."""

from __future__ import annotations

import copy

from holdfast.kube.refs import Manifest
from holdfast.sandbox.controllers.workloads.actions import (
    Action,
    Create,
    Delete,
    Update,
    View,
    is_finished,
    is_going,
    status_change,
)

CLAIMS = "persistentvolumeclaims"
VOLUMES = "persistentvolumes"
CLASSES = "volumeattributesclasses.storage.k8s.io"
_PROVISIONER = "sandbox.holdfast.dev"
_CLAIM_PROTECTION = "kubernetes.io/pvc-protection"
_VOLUME_PROTECTION = "kubernetes.io/pv-protection"
_CLASS_PROTECTION = "kubernetes.io/vac-protection"


def decide(view: View, claim: Manifest) -> list[Action]:
    if is_going(claim):
        return [] if _in_use(view, claim) else _released(CLAIMS, claim, _CLAIM_PROTECTION)
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


def claims_of(pod: Manifest) -> list[str]:
    """The names of the claims that a pod mounts."""
    volumes = pod["spec"].get("volumes") or ()
    return [v["persistentVolumeClaim"]["claimName"] for v in volumes if v.get("persistentVolumeClaim")]


def _in_use(view: View, claim: Manifest) -> bool:
    meta = claim["metadata"]
    pods = view.all("pods", meta["namespace"])
    return any(meta["name"] in claims_of(p) for p in pods if p["spec"].get("nodeName") and not is_finished(p))


def _released(resource: str, obj: Manifest, finalizer: str) -> list[Action]:
    """The object without the finalizer that kept it while it was in use."""
    held = obj["metadata"].get("finalizers") or []
    if finalizer not in held:
        return []
    meta = {**obj["metadata"], "finalizers": [f for f in held if f != finalizer]}
    return [Update(resource, {**obj, "metadata": meta})]


def _size(claim: Manifest) -> str:
    return str(((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "1Gi"))


def _volume(claim: Manifest, name: str) -> Manifest:
    meta = claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": _PROVISIONER}},
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
    claim = _claim(view, volume)
    if is_going(volume):
        return _released(VOLUMES, volume, _VOLUME_PROTECTION) if claim is None else []
    if not volume["spec"].get("claimRef"):
        return status_change(VOLUMES, volume, {**(volume.get("status") or {}), "phase": "Available"})
    made_here = (volume["metadata"].get("annotations") or {}).get("pv.kubernetes.io/provisioned-by") == _PROVISIONER
    if claim is None and made_here and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
        return [Delete(VOLUMES, "", volume["metadata"]["name"])]
    phase = "Bound" if claim is not None else "Released"
    return status_change(VOLUMES, volume, {**(volume.get("status") or {}), "phase": phase})


def decide_class(view: View, attributes: Manifest) -> list[Action]:
    """A class of volume attributes that is deleted goes once no claim and no volume names it."""
    name = attributes["metadata"]["name"]
    used = any(name in classes_of(o) for kind in (CLAIMS, VOLUMES) for o in view.objects.get(kind, {}).values())
    return _released(CLASSES, attributes, _CLASS_PROTECTION) if is_going(attributes) and not used else []


def classes_of(obj: Manifest) -> set[str]:
    """The classes of volume attributes that a claim or a volume names, wishes for or has now."""
    status = obj.get("status") or {}
    wished = (status.get("modifyVolumeStatus") or {}).get("targetVolumeAttributesClassName")
    names = (obj["spec"].get("volumeAttributesClassName"), status.get("currentVolumeAttributesClassName"), wished)
    return {n for n in names if n}


def _claim(view: View, volume: Manifest) -> Manifest | None:
    """The claim that a volume belongs to; none where another took its name since."""
    reference = volume["spec"].get("claimRef") or {}
    claim = view.get(CLAIMS, reference.get("namespace", ""), reference.get("name", ""))
    if claim is None or reference.get("uid", claim["metadata"]["uid"]) != claim["metadata"]["uid"]:
        return None
    return claim
