"""What a decider may ask for, and what it may look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.kube.selectors import label_selector

Resource = str
"""A resource's name with its group: ``pods``, ``deployments.apps``, ``jobs.batch``."""


@dataclass(frozen=True, slots=True)
class Create:
    resource: Resource
    object: Manifest


@dataclass(frozen=True, slots=True)
class Update:
    """Replace metadata and spec; the object carries the resourceVersion it was decided on."""

    resource: Resource
    object: Manifest


@dataclass(frozen=True, slots=True)
class UpdateStatus:
    resource: Resource
    object: Manifest


@dataclass(frozen=True, slots=True)
class Delete:
    resource: Resource
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Wake:
    """Look at the same object again after some seconds."""

    after: float


Action = Create | Update | UpdateStatus | Delete | Wake

Key = tuple[str, str]


@dataclass(slots=True)
class View:
    """All objects the simulator watches, with indexes by owner and namespace. ``now`` is the time of the decision."""

    now: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    objects: dict[Resource, dict[Key, Manifest]] = field(default_factory=dict)
    _owned: dict[str, dict[tuple[Resource, Key], None]] = field(default_factory=dict)

    def put(self, resource: Resource, obj: Manifest) -> Manifest | None:
        """Store an object; gives the one it replaces."""
        meta = obj["metadata"]
        key = (meta.get("namespace", ""), meta["name"])
        old = self.objects.setdefault(resource, {}).get(key)
        if old is not None:
            self._unindex(resource, key, old)
        self.objects[resource][key] = obj
        for owner in meta.get("ownerReferences") or ():
            self._owned.setdefault(owner["uid"], {})[(resource, key)] = None
        return old

    def drop(self, resource: Resource, namespace: str, name: str) -> None:
        old = self.objects.get(resource, {}).pop((namespace, name), None)
        if old is not None:
            self._unindex(resource, (namespace, name), old)

    def _unindex(self, resource: Resource, key: Key, old: Manifest) -> None:
        for owner in old["metadata"].get("ownerReferences") or ():
            mine = self._owned.get(owner["uid"])
            if mine is not None:
                mine.pop((resource, key), None)
                if not mine:
                    del self._owned[owner["uid"]]

    def get(self, resource: Resource, namespace: str, name: str) -> Manifest | None:
        return self.objects.get(resource, {}).get((namespace, name))

    def all(self, resource: Resource, namespace: str | None = None) -> list[Manifest]:
        found = self.objects.get(resource, {})
        return [o for (ns, _), o in found.items() if namespace is None or ns == namespace]

    def owned(self, resource: Resource, owner: Manifest) -> list[Manifest]:
        """The objects of a resource whose controller is ``owner``, oldest first."""
        uid = owner["metadata"]["uid"]
        found = []
        for kind, key in self._owned.get(uid, ()):
            if kind == resource:
                obj = self.objects[resource][key]
                if any(r["uid"] == uid and r.get("controller") for r in obj["metadata"]["ownerReferences"]):
                    found.append(obj)
        return sorted(found, key=lambda o: (o["metadata"].get("creationTimestamp", ""), o["metadata"]["name"]))

    @property
    def timestamp(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def age(self, obj: Manifest, stamp: str | None = None) -> float:
        """Seconds since an object was created, or since another timestamp."""
        text = stamp or obj["metadata"].get("creationTimestamp")
        return (self.now - parse_time(text)).total_seconds() if text else 0.0


def adoptions(view: View, resource: Resource, owner: Manifest) -> list[Action]:
    """Take over objects that the owner's selector finds and nobody controls, as every Kubernetes controller does."""
    selector = owner["spec"].get("selector") or {}
    wanted = label_selector(
        selector if "matchLabels" in selector or "matchExpressions" in selector else {"matchLabels": selector}
    )
    if wanted.empty:
        return []
    found: list[Action] = []
    for obj in view.all(resource, owner["metadata"]["namespace"]):
        references = obj["metadata"].get("ownerReferences") or []
        if any(r.get("controller") for r in references) or is_going(obj):
            continue
        if wanted.matches(obj["metadata"].get("labels")):
            meta = {**obj["metadata"], "ownerReferences": [*references, owner_reference(owner)]}
            found.append(Update(resource, {**obj, "metadata": meta}))
    return found


def parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def owner_reference(owner: Manifest) -> Manifest:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def with_status(obj: Manifest, status: Mapping[str, Any]) -> Manifest:
    """A copy of an object with another status; absent and empty members are left out as the API does."""
    return {**obj, "status": dict(status)}


def status_change(resource: Resource, obj: Manifest, status: Mapping[str, Any]) -> list[Action]:
    """An UpdateStatus where the status really differs."""
    return [UpdateStatus(resource, with_status(obj, status))] if (obj.get("status") or {}) != status else []


def condition(
    conditions: Iterable[Manifest] | None, kind: str, status: str, reason: str, message: str, stamp: str, **more: str
) -> list[Manifest]:
    """The list with one condition set; its transition time moves only when its status changes."""
    out = []
    fresh: Manifest = {
        "type": kind,
        "status": status,
        "lastTransitionTime": stamp,
        "reason": reason,
        "message": message,
    }
    fresh.update(more)
    fresh = {k: v for k, v in fresh.items() if v != "" or k in ("type", "status")}
    found = False
    for old in conditions or ():
        if old["type"] != kind:
            out.append(old)
            continue
        found = True
        same = {k: v for k, v in old.items() if k not in ("lastTransitionTime", "lastUpdateTime", "lastProbeTime")}
        if same == {
            k: v for k, v in fresh.items() if k not in ("lastTransitionTime", "lastUpdateTime", "lastProbeTime")
        }:
            out.append(old)
        else:
            if old["status"] == status:
                fresh["lastTransitionTime"] = old.get("lastTransitionTime", stamp)
            out.append(fresh)
    return out if found else [*out, fresh]


def is_ready(pod: Manifest) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def is_finished(pod: Manifest) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def is_going(obj: Manifest) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))


def is_available(view: View, pod: Manifest, min_ready_seconds: int) -> bool:
    if not is_ready(pod):
        return False
    since = next(c.get("lastTransitionTime", "") for c in pod["status"]["conditions"] if c["type"] == "Ready")
    return min_ready_seconds == 0 or view.age(pod, since) >= min_ready_seconds
