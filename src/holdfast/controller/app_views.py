"""What Argo CD's other programs read of applications besides their status: managed resources, resource trees, clusters.

In: a question by an instance name or a cluster's address. Out: the value as Argo CD's controller would have cached it. Nothing is
kept: a comparison from memory costs less than writing every tree at every change.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable
from typing import Any

from holdfast.base.clock import Clock
from holdfast.base.timestamps import rfc3339
from holdfast.cluster.errors import ApiError
from holdfast.controller.app_cluster import LiveCluster
from holdfast.controller.app_compare import Comparison
from holdfast.controller.applications import Applications
from holdfast.dialects.argo import views
from holdfast.dialects.argo.views import Node, Question
from holdfast.health.argo import assess
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

log = logging.getLogger(__name__)

OWNED = tuple(
    GroupVersionKind(group, "", kind)
    for group, kinds in (
        ("", ("Pod",)),
        ("apps", ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ControllerRevision")),
        ("batch", ("Job", "CronJob")),
    )
    for kind in kinds
)
"""What is looked for below an application's objects, besides what is watched anyway."""
PAUSE = 0.3
"""Seconds in which changes are one."""
LEAVES = frozenset(
    {
        ("", kind)
        for kind in (
            "ConfigMap",
            "Secret",
            "Namespace",
            "ServiceAccount",
            "Service",
            "PersistentVolumeClaim",
            "LimitRange",
        )
    }
    | {("rbac.authorization.k8s.io", kind) for kind in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")}
    | {("networking.k8s.io", kind) for kind in ("Ingress", "NetworkPolicy")}
)
"""Kinds that own nothing worth showing."""


class AppViews:
    def __init__(self, apps: Applications, clock: Clock) -> None:
        self._apps = apps
        self._clock = clock
        self._followers: dict[str, set[asyncio.Event]] = {}
        apps.world.objects.append(self._object_changed)

    async def changes(self, instance: str) -> AsyncGenerator[None]:
        """One item for all that changed among an application's objects since the one before, a moment after it did."""
        news = asyncio.Event()
        followers = self._followers.setdefault(instance, set())
        followers.add(news)
        try:
            while True:
                await news.wait()
                await self._clock.sleep(PAUSE)
                news.clear()
                yield
        finally:
            followers.discard(news)
            if not followers:
                self._followers.pop(instance, None)

    def _object_changed(self, ref: ObjectRef, instances: frozenset[str], own: bool) -> None:
        del ref, own
        for instance in instances:
            for news in self._followers.get(instance, ()):
                news.set()

    async def answer(self, question: Question) -> Any:
        """None where there is nothing to tell."""
        if question.kind == views.CLUSTER:
            return await self._cluster(question.name)
        compared = await self._apps.compared(question.name)
        if compared is None:
            return None
        if question.kind == views.MANAGED:
            return await asyncio.to_thread(views.managed, compared.paired.pairs, compared.found.states)
        return await self._tree(compared)

    async def _cluster(self, server: str) -> Any:
        live = self._apps.world.live(server)
        if live is None:
            return None
        try:
            version, apis = await live.kube_version(), await live.api_versions()
        except ApiError as error:
            log.warning("%s: %s", server, error)
            return None
        return views.cluster(
            version=".".join(version.split(".")[:2]),
            apis=apis,
            resources=live.size,
            applications=self._apps.count(server),
            at=rfc3339(self._clock.time()),
        )

    # --- trees

    async def _tree(self, compared: Comparison) -> dict[str, Any]:
        pairs, live = compared.paired.pairs, compared.destination.live
        managed = [p.live for p in pairs if p.live is not None]
        nodes = [Node(p.ref, p.gvk) for p in pairs if p.live is None]
        below = _below(managed, await self._owned(live, managed))
        nodes += await asyncio.to_thread(self._nodes, [*managed, *below])
        ours = {n.ref for n in nodes}
        orphans = [o for o in self._apps.orphans(compared) if o not in ours]
        return views.tree(nodes, [Node(r, GroupVersionKind(r.group, "", r.kind), {"metadata": {}}) for r in orphans])

    def _nodes(self, objects: Iterable[Manifest]) -> list[Node]:
        overrides = self._apps.world.settings.health
        return [Node(ObjectRef.of(o), GroupVersionKind.of(o), o, assess(o, overrides)) for o in objects]

    async def _owned(self, live: LiveCluster, managed: Iterable[Manifest]) -> list[Manifest]:
        """What may hang below the objects, of their namespaces."""
        owners = [r for r in map(ObjectRef.of, managed) if (r.group, r.kind) not in LEAVES]
        spaces = sorted({r.namespace for r in owners if r.namespace})
        excludes = self._apps.world.settings.excludes
        kinds = {(k.group, k.kind): k for k in (*OWNED, *(GroupVersionKind(g, "", k) for g, k in live.followed))}
        wanted = [k for k in kinds.values() if not excludes(k.group, k.kind, live.server)]
        lists = (self._list(live, kind, space) for space in spaces for kind in wanted if _may_own(kind))
        return [obj for found in await asyncio.gather(*lists) for obj in found]

    @staticmethod
    async def _list(live: LiveCluster, kind: GroupVersionKind, namespace: str) -> list[Manifest]:
        if live.namespaced(kind.group, kind.kind) is not True:
            return []
        try:
            return list((await live.client.list(kind, namespace, fresh=False)).items)
        except ApiError as error:
            log.debug("%s in %s: %s", kind.kind, namespace, error)
            return []


def _may_own(kind: GroupVersionKind) -> bool:
    return (kind.group, kind.kind) not in LEAVES or kind.kind == "PersistentVolumeClaim"


def _below(roots: Iterable[Manifest], candidates: Iterable[Manifest]) -> list[Manifest]:
    """Those candidates that hang below the roots by owner references, however deep."""
    children: dict[str, list[Manifest]] = {}
    for obj in candidates:
        for owner in (obj.get("metadata") or {}).get("ownerReferences") or ():
            children.setdefault(str(owner.get("uid") or ""), []).append(obj)
    todo = [_uid(r) for r in roots]
    seen, found = set(todo), list[Manifest]()
    while todo:
        for child in children.get(todo.pop(), ()):
            if _uid(child) not in seen:
                seen.add(_uid(child))
                todo.append(_uid(child))
                found.append(child)
    return found


def _uid(obj: Manifest) -> str:
    return str((obj.get("metadata") or {}).get("uid") or "")
