"""What has to stay although nobody desires it any more: it still holds what others put there.

Namespaces with foreign objects, definitions with instances, claims and volumes with data. In: what is about to be deleted, and a
client that may look everywhere. Out: a reason for each object that stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from holdfast.apply.prune import Found
from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Client
from holdfast.cluster.discovery import ApiResource
from holdfast.cluster.errors import MethodNotAllowed, NoMatch, NotFound
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

_SYSTEM = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
_BY_MACHINES = frozenset(
    {
        ("", "Event"),
        ("events.k8s.io", "Event"),
        ("", "Endpoints"),
        ("discovery.k8s.io", "EndpointSlice"),
        ("coordination.k8s.io", "Lease"),
        ("metrics.k8s.io", "PodMetrics"),
    }
)
_IN_EVERY_NAMESPACE = frozenset(
    {
        ("ConfigMap", "kube-root-ca.crt"),
        ("ConfigMap", "openshift-service-ca.crt"),
        ("ConfigMap", "istio-ca-root-cert"),
        ("ServiceAccount", "default"),
    }
)
_HELM = "helm.toolkit.fluxcd.io"
_OWNERS = (("kustomize.toolkit.fluxcd.io", "Kustomization"), (_HELM, "HelmRelease"))
_CONCURRENCY = 4


async def protected(client: Client, found: Iterable[Found], leaving: frozenset[ObjectRef]) -> dict[ObjectRef, str]:
    """Why each of these has to stay. ``leaving`` are objects that go too, through other units."""
    doomed = [f for f in found if f.doomed]
    stays = {f.ref: why for f in doomed if (why := _has_data(f.ref, f.live or {}))}
    for kind, judge in (("CustomResourceDefinition", _instances), ("Namespace", _residents)):
        going = {f.ref for f in doomed if f.ref not in stays} | leaving
        for one in (f for f in doomed if f.ref.kind == kind and f.ref not in stays):
            try:
                why = await judge(client, one.live or {}, going)
            except HoldfastError as error:
                why = f"what is in it cannot be known ({error.message})"
            if why:
                stays[one.ref] = why
    return stays


def _has_data(ref: ObjectRef, live: Mapping[str, Any]) -> str:
    spec, status = live.get("spec") or {}, live.get("status") or {}
    if (ref.group, ref.kind) == ("", "PersistentVolumeClaim") and (
        spec.get("volumeName") or status.get("phase") == "Bound"
    ):
        return f"it is bound to the volume {spec.get('volumeName') or '(unnamed)'}, whose data could go with it"
    if (ref.group, ref.kind) == ("", "PersistentVolume") and status.get("phase") in ("Bound", "Released"):
        return "it is a volume with data"
    return ""


async def _instances(client: Client, live: Manifest, going: set[ObjectRef]) -> str:
    spec = live.get("spec") or {}
    names = spec.get("names") or {}
    gvk = GroupVersionKind(str(spec.get("group")), "", str(names.get("kind")))
    try:
        items = (await client.list(gvk)).items
    except (NoMatch, NotFound):
        return ""
    left = [ObjectRef.of(o) for o in items if not _goes(o, going)]
    return f"{_some(left)} of this kind would be deleted with it" if left else ""


async def _residents(client: Client, live: Manifest, going: set[ObjectRef]) -> str:
    name = live["metadata"]["name"]
    if name in _SYSTEM:
        return "it is a namespace of the cluster itself"
    slots = asyncio.Semaphore(_CONCURRENCY)

    async def foreign(resource: ApiResource) -> list[ObjectRef]:
        async with slots:
            try:
                items = (await client.list_resource(resource, name)).items
            except (NotFound, MethodNotAllowed):
                return []
        return [ObjectRef.of(o) for o in items if not _is_noise(o, going) and not _goes(o, going)]

    kinds = _listable(await client.discovery.all())
    left = [r for refs in await asyncio.gather(*(foreign(k) for k in kinds)) for r in refs]
    return f"{_some(sorted(left))} in it would be deleted with it" if left else ""


def _listable(resources: Iterable[ApiResource]) -> list[ApiResource]:
    kinds: dict[tuple[str, str], ApiResource] = {}
    for resource in resources:
        key = (resource.group, resource.kind)
        if resource.namespaced and "list" in resource.verbs and key not in _BY_MACHINES:
            kinds.setdefault(key, resource)
    return list(kinds.values())


def _is_noise(obj: Manifest, going: set[ObjectRef]) -> bool:
    """What every namespace has, what controllers made from objects that count themselves, and Helm's own records."""
    meta = obj["metadata"]
    if (obj.get("kind"), meta.get("name")) in _IN_EVERY_NAMESPACE or meta.get("ownerReferences"):
        return True
    if obj.get("kind") != "Secret":
        return False
    kind = str(obj.get("type"))
    return kind == "kubernetes.io/service-account-token" or (
        kind.startswith("helm.sh/release") and any((r.group, r.kind) == (_HELM, "HelmRelease") for r in going)
    )


def _goes(obj: Manifest, going: set[ObjectRef]) -> bool:
    """Whether an object is on its way out, or goes with the unit that its labels name."""
    meta = obj["metadata"]
    if meta.get("deletionTimestamp") or ObjectRef.of(obj) in going:
        return True
    labels = meta.get("labels") or {}
    return any(
        ObjectRef(group, kind, labels.get(f"{group}/namespace", ""), labels.get(f"{group}/name", "")) in going
        for group, kind in _OWNERS
    )


def _some(refs: list[ObjectRef]) -> str:
    return f"{refs[0]} and {len(refs) - 1} more" if len(refs) > 1 else str(refs[0])
