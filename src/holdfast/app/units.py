"""Day-two work on units and sources: which kinds people mean, listing, requesting, suspending, following what they own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from holdfast.app import argo_units
from holdfast.base.errors import Stop
from holdfast.cluster.client import Client, EventType, PatchType, Selectors
from holdfast.cluster.config import ClusterConfig
from holdfast.cluster.errors import NoMatch, NotFound
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.safety import PIN, PIN_FROM

REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
FORCE_AT, RESET_AT = "reconcile.fluxcd.io/forceAt", "reconcile.fluxcd.io/resetAt"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind people work with day by day. ``words`` are what they call it; ``unit``: it delivers, it is no mere source."""

    gvk: GroupVersionKind
    words: tuple[str, ...]
    unit: bool = False


def _source(kind: str, *words: str) -> Kind:
    return Kind(GroupVersionKind("source.toolkit.fluxcd.io", "v1", kind), (kind.lower(), *words))


KINDS: tuple[Kind, ...] = (
    _source("GitRepository", "gitrepositories", "gitrepo", "source git", "sources git"),
    _source("OCIRepository", "ocirepositories", "ocirepo", "source oci", "sources oci"),
    _source("HelmRepository", "helmrepositories", "helmrepo", "source helm", "sources helm"),
    _source("HelmChart", "helmcharts", "hc", "source chart", "sources chart"),
    _source("Bucket", "buckets", "source bucket", "sources bucket"),
    Kind(
        GroupVersionKind("kustomize.toolkit.fluxcd.io", "v1", "Kustomization"),
        ("kustomization", "kustomizations", "ks"),
        unit=True,
    ),
    Kind(
        GroupVersionKind("helm.toolkit.fluxcd.io", "v2", "HelmRelease"),
        ("helmrelease", "helmreleases", "hr"),
        unit=True,
    ),
    Kind(argo_units.APPLICATION, ("application", "applications", "app", "apps"), unit=True),
    Kind(argo_units.APPLICATION_SET, ("applicationset", "applicationsets", "appset", "appsets"), unit=True),
)


@asynccontextmanager
async def connected(config: ClusterConfig) -> AsyncIterator[Client]:
    async with Client(config) as client:
        yield client


def parse(words: Sequence[str]) -> tuple[tuple[Kind, ...], list[str]]:
    """The kinds that some words mean, and the names behind them: ``source git NAME``, ``ks NAME``, ``KIND/NAME``, ``all``."""
    if not words or words[0] in ("all", "units"):
        return tuple(k for k in KINDS if k.unit or not words or words[0] == "all"), list(words[1:])
    if words[0] in ("source", "sources"):
        if len(words) == 1 or words[1] == "all":
            return tuple(k for k in KINDS if not k.unit), list(words[2:])
        return (_named(f"source {words[1]}"),), list(words[2:])
    if "/" in words[0]:
        kinds = tuple(_named(w.partition("/")[0]) for w in words)
        if len(set(kinds)) > 1:
            raise Stop("name objects of one kind at a time")
        return (kinds[0],), [w.rpartition("/")[2] for w in words]
    return (_named(words[0]),), list(words[1:])


def _named(word: str) -> Kind:
    for kind in KINDS:
        if word.lower() in kind.words:
            return kind
    known = ", ".join(k.words[0] for k in KINDS)
    raise Stop(f"unknown kind {word}", hint=f"one of: {known}; or: source git, source helm, ks, hr, all")


async def listed(client: Client, kind: Kind, namespace: str, names: Sequence[str], labels: str = "") -> list[Manifest]:
    """Objects of a kind; the named ones must exist. A kind that the cluster does not serve has none."""
    try:
        found = (await client.list(kind.gvk, namespace, Selectors(labels=labels))).items
    except NoMatch:
        found = []
    if not names:
        return found
    by_name = {o["metadata"]["name"]: o for o in found}
    for name in names:
        if name not in by_name:
            raise Stop(f'{kind.words[0]} "{name}" not found in namespace {namespace or "(all)"}')
    return [by_name[n] for n in names]


def condition(obj: Manifest, kind: str = "Ready") -> dict[str, Any]:
    if argo_units.is_argo(obj):
        return argo_units.readiness(obj) if kind == "Ready" else {}
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((dict(c) for c in conditions if c["type"] == kind), {})


def suspended(obj: Manifest) -> bool:
    if argo_units.is_argo(obj):
        return argo_units.suspended(obj)
    return bool((obj.get("spec") or {}).get("suspend"))


def revision(obj: Manifest) -> str:
    if argo_units.is_argo(obj):
        return argo_units.revision(obj)
    status = obj.get("status") or {}
    text = status.get("lastAppliedRevision") or (status.get("artifact") or {}).get("revision") or _released(status)
    branch, _, digest = str(text).partition("@")
    algorithm, colon, hexadecimal = digest.partition(":")
    return f"{branch}@{algorithm}:{hexadecimal[:8]}" if colon and len(hexadecimal) > 8 else str(text)


def _released(status: Mapping[str, Any]) -> str:
    """The version of the chart that runs."""
    history = status.get("history") or ()
    return next((str(h.get("chartVersion") or "") for h in history if h.get("status") == "deployed"), "")


async def request(client: Client, kind: Kind, obj: Manifest, seconds: float, *, also: Sequence[str] = ()) -> Manifest:
    """Asks for a reconciliation now and waits until it was handled; returns the object as it is then.

    ``also`` are further annotations that carry the same request: that a release be forced, or its failures forgotten.
    """
    if suspended(obj):
        raise Stop(f"{kind.words[0]} {obj['metadata']['name']} is suspended", hint="resume it first")
    if argo_units.is_argo(obj):
        ref = _ref(kind, obj)
        asked = await client.patch(ref, argo_units.refresh(obj), PatchType.MERGE, manager=argo_units.MANAGER)
        return await until(client, kind, asked, seconds, argo_units.refreshed)
    token = datetime.now(UTC).isoformat()
    ref = _ref(kind, obj)
    body = {"metadata": {"annotations": dict.fromkeys((REQUESTED_AT, *also), token)}}
    asked = await client.patch(ref, body, PatchType.MERGE, version=kind.gvk.version, manager="flux-client-side-apply")
    return await until(
        client, kind, asked, seconds, lambda o: (o.get("status") or {}).get("lastHandledReconcileAt") == token
    )


def _ref(kind: Kind, obj: Manifest) -> ObjectRef:
    return ObjectRef(kind.gvk.group, kind.gvk.kind, obj["metadata"]["namespace"], obj["metadata"]["name"])


async def until(client: Client, kind: Kind, obj: Manifest, seconds: float, holds: Any) -> Manifest:
    resource = await client.resource(kind.gvk)
    meta = obj["metadata"]
    only = Selectors(fields=f"metadata.name={meta['name']}")
    try:
        async with asyncio.timeout(seconds):
            while not holds(obj):
                events = client.watch(
                    resource, meta["namespace"], resource_version=obj["metadata"]["resourceVersion"], selectors=only
                )
                async for event in events:
                    if event.type is EventType.DELETED:
                        raise Stop(f"{kind.words[0]} {meta['name']} was deleted")
                    if event.type is not EventType.BOOKMARK:
                        obj = event.object
                        if holds(obj):
                            break
    except TimeoutError:
        told = condition(obj).get("message", "nothing was told")
        raise Stop(
            f"{kind.words[0]} {meta['name']} did not handle the request in {seconds:.0f} s; it says: {told}",
            hint="is a controller running? (holdfast check)",
        ) from None
    return obj


async def suspend(client: Client, kind: Kind, obj: Manifest, value: bool) -> Manifest:
    body: dict[str, Any] = {"spec": {"suspend": True if value else None}}
    if not value:
        body["metadata"] = {"annotations": {PIN: None, PIN_FROM: None}}
    if argo_units.is_argo(obj):
        return await client.patch(
            _ref(kind, obj), argo_units.suspension(obj, value), PatchType.MERGE, manager=argo_units.MANAGER
        )
    return await client.patch(
        _ref(kind, obj), body, PatchType.MERGE, version=kind.gvk.version, manager="flux-client-side-apply"
    )


def source_of(obj: Manifest) -> tuple[Kind, str, str] | None:
    """(kind, namespace, name) of a unit's source; of a release with a chart template the HelmChart made for it."""
    found = sources_of(obj)
    return found[-1] if found else None


def sources_of(obj: Manifest) -> list[tuple[Kind, str, str]]:
    """What a unit is fetched from, the outermost first."""
    spec, meta = obj.get("spec") or {}, obj["metadata"]
    template = (spec.get("chart") or {}).get("spec") if isinstance(spec.get("chart"), dict) else None
    if template:
        origin = _referred(template.get("sourceRef") or {}, meta["namespace"])
        namespace = origin[1] if origin else meta["namespace"]
        chart = {"kind": "HelmChart", "namespace": namespace, "name": f"{meta['namespace']}-{meta['name']}"}
        return [s for s in (origin, _referred(chart, namespace)) if s is not None]
    found = _referred(spec.get("sourceRef") or spec.get("chartRef") or {}, meta["namespace"])
    return [found] if found else []


def _referred(reference: Mapping[str, Any], namespace: str) -> tuple[Kind, str, str] | None:
    kind = next((k for k in KINDS if k.gvk.kind == reference.get("kind")), None)
    if kind is None:
        return None
    return kind, str(reference.get("namespace") or namespace), str(reference["name"])


@dataclass(frozen=True, slots=True)
class Node:
    """An object a unit owns, and what that owns in turn where it is a unit itself."""

    ref: ObjectRef
    state: str
    children: tuple[Node, ...] = ()


async def tree(client: Client, kind: Kind, obj: Manifest, seen: frozenset[ObjectRef] = frozenset()) -> Node:
    """The inventory as a tree, through units that are owned by units."""
    ref = _ref(kind, obj)
    children = []
    for child, told in _owned(obj):
        inner = next((k for k in KINDS if (k.gvk.group, k.gvk.kind) == (child.group, child.kind)), None)
        if inner is None or child in seen or child == ref:
            children.append(Node(child, told))
            continue
        try:
            found = await client.get(child, version=inner.gvk.version)
        except NotFound:
            children.append(Node(child, "missing"))
            continue
        children.append(await tree(client, inner, found, seen | {ref}))
    ready = condition(obj)
    state = {"True": "ready", "False": "not ready"}.get(str(ready.get("status")), "")
    return Node(ref, state, tuple(children))


def _owned(obj: Manifest) -> list[tuple[ObjectRef, str]]:
    if argo_units.is_argo(obj):
        return argo_units.owned(obj)
    entries = ((obj.get("status") or {}).get("inventory") or {}).get("entries") or ()
    return [(parse_id(str(entry["id"])), "") for entry in entries]


def parse_id(text: str) -> ObjectRef:
    """Of an inventory id: ``namespace_name_group_kind``, where ``__`` in a name stands for a colon."""
    head, kind = text.rsplit("_", 1)
    head, group = head.rsplit("_", 1)
    namespace, name = head.split("_", 1)
    return ObjectRef(group, kind, namespace, name.replace("__", ":"))
