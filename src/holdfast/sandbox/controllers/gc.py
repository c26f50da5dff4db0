"""The garbage collector: what owner references and deletion propagation ask for.

A dependent whose owners are all gone is deleted in the background. An owner being deleted in the foreground waits until
no dependent blocks it; one that orphans its dependents lets them go first.
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.controllers.facade import Change, Controller, Facade, Refused, key_of

_FOREGROUND = "foregroundDeletion"
_ORPHAN = "orphan"
Node = tuple[str, str, str]


class GarbageCollector(Controller):
    """Knows every object's uid and owners; looks again at those whose surroundings change."""

    name = "gc"

    def __init__(self, facade: Facade) -> None:
        super().__init__(facade)
        self._nodes: dict[str, Node] = {}
        self._dependents: dict[str, dict[str, None]] = {}
        self._owners: dict[str, tuple[str, ...]] = {}

    def changed(self, change: Change) -> None:
        meta = change.object["metadata"]
        uid = meta.get("uid", "")
        if change.deleted:
            self._forget(uid)
            for dependent in self._dependents.get(uid, ()):
                self.enqueue(dependent)
            return
        self._nodes[uid] = (change.resource, *key_of(change.object))
        owners = tuple(o.get("uid", "") for o in meta.get("ownerReferences") or ())
        if owners != self._owners.get(uid, ()):
            self._reindex(uid, owners)
        if owners or (meta.get("deletionTimestamp") and _waiting(meta)):
            self.enqueue(uid)

    def _reindex(self, uid: str, owners: tuple[str, ...]) -> None:
        for old in self._owners.get(uid, ()):
            self._dependents.get(old, {}).pop(uid, None)
            self.enqueue(old)
        for owner in owners:
            self._dependents.setdefault(owner, {})[uid] = None
        self._owners[uid] = owners

    def _forget(self, uid: str) -> None:
        self._nodes.pop(uid, None)
        for owner in self._owners.pop(uid, ()):
            self._dependents.get(owner, {}).pop(uid, None)
            self.enqueue(owner)

    async def work(self, key: Any) -> None:
        node = self._nodes.get(key)
        obj = self.facade.get(*node) if node is not None else None
        if node is None or obj is None or obj["metadata"].get("uid") != key:
            return
        finalizers = obj["metadata"].get("finalizers") or ()
        going = bool(obj["metadata"].get("deletionTimestamp"))
        if going and _ORPHAN in finalizers:
            await self._orphan(node, obj)
        elif going and _FOREGROUND in finalizers:
            await self._foreground(node, obj)
        elif not going or finalizers:
            await self._collect(node, obj)

    async def _orphan(self, node: Node, owner: Manifest) -> None:
        uid = owner["metadata"]["uid"]
        for dependent in list(self._dependents.get(uid, ())):
            where = self._nodes.get(dependent)
            obj = self.facade.get(*where) if where is not None else None
            if where is not None and obj is not None:
                await self._without_owners(where, obj, {uid})
        await self._release(node, _ORPHAN)

    async def _foreground(self, node: Node, owner: Manifest) -> None:
        uid = owner["metadata"]["uid"]
        blocked = False
        for dependent in list(self._dependents.get(uid, ())):
            where = self._nodes.get(dependent)
            obj = self.facade.get(*where) if where is not None else None
            if where is None or obj is None:
                continue
            references = obj["metadata"].get("ownerReferences") or ()
            blocked = blocked or any(r.get("uid") == uid and r.get("blockOwnerDeletion") for r in references)
            if not obj["metadata"].get("deletionTimestamp") and not self._has_other_owner(obj, uid):
                await self._delete(where, obj, "Foreground" if self._dependents.get(dependent) else "Background")
        if not blocked:
            await self._release(node, _FOREGROUND)

    def _has_other_owner(self, obj: Manifest, but: str) -> bool:
        references = obj["metadata"].get("ownerReferences") or ()
        return any(r.get("uid") != but and self._alive(r, obj) for r in references)

    async def _collect(self, node: Node, obj: Manifest) -> None:
        references = obj["metadata"].get("ownerReferences") or ()
        if not references:
            return
        gone = {r.get("uid", "") for r in references if not self._alive(r, obj)}
        waiting = {r.get("uid", "") for r in references if self._is_waiting(r.get("uid", ""))}
        if len(gone | waiting) < len({r.get("uid", "") for r in references}):
            if gone:
                await self._without_owners(node, obj, gone)
        elif not obj["metadata"].get("deletionTimestamp"):
            await self._delete(node, obj, "Background")

    def _alive(self, reference: Manifest, dependent: Manifest) -> bool:
        owner = self._nodes.get(reference.get("uid", ""))
        if owner is None:
            return False
        # An owner in another namespace is no owner; the real collector says so in an event and collects.
        return owner[1] in ("", dependent["metadata"].get("namespace", ""))

    def _is_waiting(self, uid: str) -> bool:
        node = self._nodes.get(uid)
        obj = self.facade.get(*node) if node is not None else None
        return (
            obj is not None
            and bool(obj["metadata"].get("deletionTimestamp"))
            and _FOREGROUND in (obj["metadata"].get("finalizers") or ())
        )

    async def _without_owners(self, node: Node, obj: Manifest, uids: set[str]) -> None:
        meta = dict(obj["metadata"])
        left = [r for r in meta.get("ownerReferences") or () if r.get("uid") not in uids]
        meta.pop("ownerReferences", None)
        if left:
            meta["ownerReferences"] = left
        await self.facade.update(node[0], {**obj, "metadata": meta}, manager="sandbox-gc")

    async def _release(self, node: Node, finalizer: str) -> None:
        obj = self.facade.get(*node)
        if obj is None:
            return
        meta = dict(obj["metadata"])
        meta["finalizers"] = [f for f in meta.get("finalizers") or () if f != finalizer]
        if not meta["finalizers"]:
            del meta["finalizers"]
        await self.facade.update(node[0], {**obj, "metadata": meta}, manager="sandbox-gc")

    async def _delete(self, node: Node, obj: Manifest, propagation: str) -> None:
        # The finalizers that earlier deletions asked for outrank the collector's default.
        finalizers = obj["metadata"].get("finalizers") or ()
        if _ORPHAN in finalizers:
            propagation = "Orphan"
        elif _FOREGROUND in finalizers:
            propagation = "Foreground"
        try:
            await self.facade.delete(*node, propagation=propagation, uid=obj["metadata"]["uid"])
        except Refused as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise


def _waiting(meta: Manifest) -> bool:
    return any(f in (_FOREGROUND, _ORPHAN) for f in meta.get("finalizers") or ())
