"""One destination cluster as applications see it: the objects that are marked as somebody's, kept by watches.

In: kinds to follow. Out: the live objects of an application by its instance name, single objects, and calls of listeners
when one changes. Objects that carry no mark are kept as stubs, for what hangs below an application's objects and for
orphans. What marks an object is handed in.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.base.clock import Clock
from holdfast.cluster.client import Client
from holdfast.cluster.discovery import ApiResource
from holdfast.cluster.errors import ApiError, NoMatch, NotFound
from holdfast.cluster.informer import Informer
from holdfast.cluster.transport import Request
from holdfast.cluster.watches import Watches
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

log = logging.getLogger(__name__)

SYNC_SECONDS = 15.0
SETTLE_SECONDS = 3.0
DEPTH = 8
Marks = Callable[[Mapping[str, Any]], frozenset[str]]
"""The instance names of the applications that an object says it belongs to."""
Concerns = Callable[[Manifest, Manifest], bool]
"""Whether the change from one state of an object to another is worth a look."""


def _always(old: Manifest, new: Manifest) -> bool:
    return old is not new


@dataclass(frozen=True, slots=True)
class Kept:
    """``manifest`` is whole for an object with marks, else metadata only. ``images`` are those of a Pod."""

    manifest: Manifest = field(repr=False)
    marks: frozenset[str]
    uid: str
    owners: tuple[str, ...] = ()
    images: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        return bool(self.marks)


Listener = Callable[[ObjectRef, frozenset[str], bool], None]
"""Told the object, the instance names concerned, and whether the object is one of theirs (else it hangs below one)."""


class LiveCluster:
    """Call ``close`` at the end. ``server`` and ``name`` are how applications call it."""

    def __init__(
        self, client: Client, clock: Clock, *, server: str, name: str, marks: Marks, concerns: Concerns = _always
    ) -> None:
        self.client = client
        self.server = server
        self.name = name
        self.listeners: list[Listener] = []
        self.others: list[Callable[[ObjectRef], None]] = []
        self._watches = Watches(client, clock=clock)
        self._clock = clock
        self._marks = marks
        self._concerns = concerns
        self._informers: dict[tuple[str, str], Informer[Kept]] = {}
        self._marked: defaultdict[str, set[ObjectRef]] = defaultdict(set)
        self._uids: dict[str, ObjectRef] = {}
        self._children: defaultdict[str, set[ObjectRef]] = defaultdict(set)
        self._transform = self._keep
        self._started = False
        self._version = ""
        self._api_versions: tuple[int, tuple[str, ...]] | None = None

    async def start(self) -> None:
        if not self._started:
            self._started = True
            await self._watches.__aenter__()

    async def close(self) -> None:
        if self._started:
            await self._watches.__aexit__()

    # --- what the cluster serves

    async def kube_version(self) -> str:
        if not self._version:
            answer = await self.client.raw("/version")
            self._version = str(answer.get("gitVersion") or "").removeprefix("v")
        return self._version

    async def resources(self) -> list[ApiResource]:
        return await self.client.discovery.all()

    async def api_versions(self) -> tuple[str, ...]:
        """Every group and version, and every kind in one, as Helm's Capabilities list them."""
        resources = await self.resources()
        loads = self.client.discovery.loads
        if self._api_versions is None or self._api_versions[0] != loads:
            found: dict[str, None] = {}
            for resource in resources:
                found[resource.gvk.api_version] = None
                found[f"{resource.gvk.api_version}/{resource.kind}"] = None
            self._api_versions = (loads, tuple(sorted(found)))
        return self._api_versions[1]

    def namespaced(self, group: str, kind: str) -> bool | None:
        """None where the cluster does not serve the kind, as far as was seen."""
        found = self.client.discovery.cached(GroupVersionKind(group, "", kind))
        return None if found is None else found.namespaced

    # --- what is there

    async def follow(self, gvks: Iterable[GroupVersionKind]) -> None:
        """Watches these kinds from now on; returns when their objects are known, or soon after if they cannot be."""
        waits = []
        for gvk in gvks:
            informer = self._informer(gvk)
            if not informer.served:
                informer.poke()
            if not informer.synced.is_set():
                waits.append(informer.synced.wait())
        if waits:
            try:
                await asyncio.wait_for(asyncio.gather(*waits), SYNC_SECONDS)
            except TimeoutError:
                log.warning("%s: some kinds cannot be watched", self.server)

    def _informer(self, gvk: GroupVersionKind) -> Informer[Kept]:
        key = (gvk.group, gvk.kind)
        found = self._informers.get(key)
        if found is None:
            # Without a version: the preferred one, whatever a manifest says.
            found = self._watches.informer(GroupVersionKind(gvk.group, "", gvk.kind), self._transform, namespace="")
            self._informers[key] = found
            found.add_handler(self._heard)
        return found

    @property
    def followed(self) -> frozenset[tuple[str, str]]:
        return frozenset(self._informers)

    @property
    def size(self) -> int:
        """How many objects are known."""
        return sum(len(list(i.items())) for i in self._informers.values())

    def of(self, instance: str) -> dict[ObjectRef, Manifest]:
        """The live objects with an application's mark."""
        found = ((ref, self._kept(ref)) for ref in self._marked.get(instance, ()))
        return {ref: kept.manifest for ref, kept in found if kept is not None}

    def _kept(self, ref: ObjectRef) -> Kept | None:
        informer = self._informers.get((ref.group, ref.kind))
        return informer.get(ref) if informer is not None else None

    async def get(self, ref: ObjectRef, gvk: GroupVersionKind) -> Manifest | None:
        """One whole object; asked for only where the view has a stub of it. None where it is not there."""
        kept = self._kept(ref)
        if kept is not None and kept.whole:
            return kept.manifest
        informer = self._informers.get((ref.group, ref.kind))
        if kept is None and informer is not None and informer.served and informer.synced.is_set():
            return None
        try:
            return await self.client.get(
                ref, version=gvk.version if self.namespaced(ref.group, ref.kind) is None else ""
            )
        except (NotFound, NoMatch):
            return None

    def below(self, instance: str) -> Iterator[tuple[ObjectRef, Kept]]:
        """The objects of an application and everything that hangs below them by owner references."""
        todo, seen = list(self._marked.get(instance, ())), set[ObjectRef]()
        while todo:
            ref = todo.pop()
            kept = self._kept(ref)
            if kept is None or ref in seen:
                continue
            seen.add(ref)
            yield ref, kept
            todo += self._children.get(kept.uid, ())

    def _root(self, kept: Kept) -> str:
        """The uid of the first marked object above, "" where there is none."""
        for _ in range(DEPTH):
            above = next((self._uids[o] for o in kept.owners if o in self._uids), None)
            parent = self._kept(above) if above is not None else None
            if parent is None:
                return ""
            if parent.marks:
                return parent.uid
            kept = parent
        return ""

    def unmarked(self, namespace: str) -> Iterator[ObjectRef]:
        """Objects of a namespace that nobody owns: no mark, no owner."""
        for informer in list(self._informers.values()):
            for ref, kept in informer.items():
                if ref.namespace == namespace and not kept.marks and not kept.owners:
                    yield ref

    # --- how it is kept

    def _keep(self, obj: Manifest) -> Kept:
        meta = obj.get("metadata") or {}
        marks = self._marks(obj)
        owners = tuple(str(o.get("uid") or "") for o in meta.get("ownerReferences") or ())
        kept = obj if marks else {"apiVersion": obj.get("apiVersion"), "kind": obj.get("kind"), "metadata": _stub(meta)}
        return Kept(kept, marks, str(meta.get("uid") or ""), owners, _images(obj))

    def _heard(self, ref: ObjectRef, old: Kept | None, new: Kept | None) -> None:
        for mark in old.marks - (new.marks if new else frozenset()) if old else ():
            self._marked[mark].discard(ref)
        for mark in new.marks if new else ():
            self._marked[mark].add(ref)
        if old is not None and (new is None or new.uid != old.uid):
            self._uids.pop(old.uid, None)
        if new is not None:
            self._uids[new.uid] = ref
        self._adopt(ref, old.owners if old else (), new.owners if new else ())
        same = old is not None and new is not None and new.whole and old.marks == new.marks
        if same and old and new and not self._concerns(old.manifest, new.manifest):
            return
        concerned = (old.marks if old else frozenset()) | (new.marks if new else frozenset())
        if concerned:
            self._tell(ref, concerned, True)
            return
        kept = new or old
        root = self._root(kept) if kept is not None else ""
        above = self._uids.get(root)
        parent = self._kept(above) if above is not None else None
        if parent is not None:
            self._tell(ref, parent.marks, False)
        for other in self.others if old is None or new is None else ():
            other(ref)

    def _adopt(self, ref: ObjectRef, before: tuple[str, ...], after: tuple[str, ...]) -> None:
        for owner in before:
            if owner not in after:
                self._children[owner].discard(ref)
                if not self._children[owner]:
                    del self._children[owner]
        for owner in after:
            self._children[owner].add(ref)

    def _tell(self, ref: ObjectRef, marks: frozenset[str], own: bool) -> None:
        for listener in list(self.listeners):
            listener(ref, marks, own)

    def remark(self) -> None:
        """What marks an object has changed: everything followed is read again."""
        self._marked.clear()
        self._uids.clear()
        self._children.clear()
        informers, self._informers = self._informers, {}
        old = self._watches
        self._watches = Watches(self.client, clock=self._clock)
        self._background = asyncio.ensure_future(self._restart(old, [i.gvk for i in informers.values()]))

    async def _restart(self, old: Watches, gvks: list[GroupVersionKind]) -> None:
        await old.__aexit__()
        await self._watches.__aenter__()
        await self.follow(gvks)

    # --- what we did

    def observe(self, obj: Manifest) -> None:
        """The server just returned this object for a write."""
        informer = self._informers.get((GroupVersionKind.of(obj).group, str(obj.get("kind") or "")))
        if informer is not None and not _ended(obj):
            informer.observe(obj)

    async def settled(self, ref: ObjectRef, uid: str = "") -> None:
        """Returns when the view knows of a deletion that the server has accepted, or soon after."""
        informer = self._informers.get((ref.group, ref.kind))
        if informer is None or not informer.served:
            return
        gone = asyncio.Event()

        def look(changed: ObjectRef, old: Kept | None, new: Kept | None) -> None:
            if changed == ref and (new is None or (uid and new.uid != uid) or _deleting(new.manifest)):
                gone.set()

        informer.add_handler(look)
        kept = informer.get(ref)
        if kept is None or (uid and kept.uid != uid) or _deleting(kept.manifest):
            gone.set()
        try:
            await asyncio.wait_for(gone.wait(), SETTLE_SECONDS)
        except TimeoutError:
            log.debug("%s: its deletion was not seen yet", ref)
        finally:
            informer.remove_handler(look)


def _stub(meta: Mapping[str, Any]) -> Manifest:
    return {k: meta[k] for k in ("name", "namespace", "uid", "resourceVersion", "deletionTimestamp") if k in meta}


def _deleting(obj: Manifest) -> bool:
    return bool((obj.get("metadata") or {}).get("deletionTimestamp"))


def _ended(obj: Manifest) -> bool:
    meta = obj.get("metadata") or {}
    return bool(meta.get("deletionTimestamp")) and not meta.get("finalizers")


def _images(obj: Mapping[str, Any]) -> tuple[str, ...]:
    if obj.get("kind") != "Pod":
        return ()
    spec = obj.get("spec") or {}
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return tuple(str(c.get("image")) for c in containers if c.get("image"))


class WatchedClient(Client):
    """A client whose writes are seen in the view at once, so that the next comparison is not of yesterday."""

    def __init__(self, client: Client, live: LiveCluster) -> None:
        # A copy that shares the connections, as `impersonating` makes one.
        self.__dict__.update(client.__dict__)
        self._live = live

    async def _written(self, request: Request, resource: ApiResource) -> Manifest:
        answer = await super()._written(request, resource)
        return answer if request.dry_run else self._seen(answer)

    async def delete(
        self,
        ref: ObjectRef,
        *,
        version: str = "",
        propagation: str = "",
        uid: str = "",
        resource_version: str = "",
        grace_seconds: int | None = None,
        dry_run: bool = False,
    ) -> Manifest:
        answer = await super().delete(
            ref,
            version=version,
            propagation=propagation,
            uid=uid,
            resource_version=resource_version,
            grace_seconds=grace_seconds,
            dry_run=dry_run,
        )
        if not dry_run:
            await self._live.settled(ref, uid)
        return answer

    def _seen(self, obj: Manifest) -> Manifest:
        try:
            self._live.observe(obj)
        except ApiError as error:
            log.debug("not seen: %s", error)
        return obj
