"""The namespace controller: empties a namespace that is being deleted, says what is left, and lets it go."""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.controllers.facade import Change, Controller, Facade, Refused, Served

NAMESPACES = "namespaces"
FINALIZER = "kubernetes"
_PODS_GRACE = 0
_PATIENCE_SECONDS = 2.0
"""Kubernetes waits five seconds before it empties a namespace; whoever deletes a manifest with a namespace and what is in it
counts on finding the rest still there."""


class NamespaceController(Controller):
    """Works on terminating namespaces, and again on every deletion inside one."""

    name = "namespace"

    def __init__(self, facade: Facade) -> None:
        super().__init__(facade)
        self._terminating: set[str] = set()
        self._emptied: set[str] = set()

    def changed(self, change: Change) -> None:
        meta = change.object["metadata"]
        if change.resource == NAMESPACES:
            if change.deleted:
                self._terminating.discard(meta["name"])
                self._emptied.discard(meta["name"])
            elif meta.get("deletionTimestamp"):
                self._terminating.add(meta["name"])
                self.enqueue(meta["name"], 0.0 if meta["name"] in self._emptied else _PATIENCE_SECONDS)
        elif meta.get("namespace", "") in self._terminating:
            self.enqueue(meta["namespace"], 0.0 if meta["namespace"] in self._emptied else _PATIENCE_SECONDS)

    async def work(self, key: Any) -> None:
        namespace = self.facade.get(NAMESPACES, "", key)
        if namespace is None or not namespace["metadata"].get("deletionTimestamp"):
            return
        self._emptied.add(key)
        await self._empty(key)
        left = self._left(key)
        namespace = self.facade.get(NAMESPACES, "", key)
        if namespace is None:
            return
        if left or FINALIZER not in ((namespace.get("spec") or {}).get("finalizers") or ()):
            await self._report(namespace, left)
        else:
            await self._release(namespace)

    def _kinds(self) -> list[Served]:
        return [s for s in self.facade.served() if s.namespaced and s.deletable]

    async def _empty(self, namespace: str) -> None:
        for served in self._kinds():
            for obj in self.facade.list(served.resource, namespace):
                if obj["metadata"].get("deletionTimestamp") and served.resource != "pods":
                    continue
                grace = _PODS_GRACE if served.resource == "pods" else None
                try:
                    await self.facade.delete(
                        served.resource,
                        namespace,
                        obj["metadata"]["name"],
                        propagation="Background",
                        grace_seconds=grace,
                    )
                except Refused as error:
                    if error.reason not in ("NotFound", "Conflict", "MethodNotAllowed"):
                        raise

    def _left(self, namespace: str) -> list[tuple[Served, list[Manifest]]]:
        found = [(s, self.facade.list(s.resource, namespace)) for s in self._kinds()]
        return [(s, objects) for s, objects in found if objects]

    async def _release(self, namespace: Manifest) -> None:
        spec = dict(namespace.get("spec") or {})
        spec["finalizers"] = [f for f in spec.get("finalizers") or () if f != FINALIZER]
        if spec["finalizers"]:
            await self._report(namespace, [])
            namespace = self.facade.get(NAMESPACES, "", namespace["metadata"]["name"]) or namespace
        await self.facade.update(
            NAMESPACES, {**namespace, "spec": spec}, manager="sandbox-namespace", subresource="finalize"
        )

    async def _report(self, namespace: Manifest, left: list[tuple[Served, list[Manifest]]]) -> None:
        status = dict(namespace.get("status") or {})
        fresh = _conditions(self.now().strftime("%Y-%m-%dT%H:%M:%SZ"), left, status.get("conditions") or ())
        if fresh == status.get("conditions"):
            return
        status["conditions"], status["phase"] = fresh, "Terminating"
        await self.facade.update(
            NAMESPACES, {**namespace, "status": status}, manager="sandbox-namespace", subresource="status"
        )


def _conditions(stamp: str, left: list[tuple[Served, list[Manifest]]], old: Any) -> list[Manifest]:
    counts = ", ".join(sorted(f"{s.resource} has {len(objects)} resource instances" for s, objects in left))
    finalizers: dict[str, int] = {}
    for _, objects in left:
        for obj in objects:
            for finalizer in obj["metadata"].get("finalizers") or ():
                finalizers[finalizer] = finalizers.get(finalizer, 0) + 1
    held = ", ".join(f"{f} in {n} resource instances" for f, n in sorted(finalizers.items()))
    rows = (
        ("NamespaceDeletionDiscoveryFailure", False, "ResourcesDiscovered", "All resources successfully discovered"),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            False,
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        (
            "NamespaceDeletionContentFailure",
            False,
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        ("NamespaceContentRemaining", True, "SomeResourcesRemain", f"Some resources are remaining: {counts}")
        if left
        else ("NamespaceContentRemaining", False, "ContentRemoved", "All content successfully removed"),
        (
            "NamespaceFinalizersRemaining",
            True,
            "SomeFinalizersRemain",
            f"Some content in the namespace has finalizers remaining: {held}",
        )
        if held
        else (
            "NamespaceFinalizersRemaining",
            False,
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
        ),
    )
    known = {c["type"]: c for c in old}
    out = []
    for kind, holds, reason, text in rows:
        status = "True" if holds else "False"
        same = known.get(kind, {}).get("status") == status
        since = known[kind]["lastTransitionTime"] if same else stamp
        out.append({"type": kind, "status": status, "lastTransitionTime": since, "reason": reason, "message": text})
    return out
