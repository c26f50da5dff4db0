"""Objects as the cluster will know them: cluster-scoped kinds carry no namespace, whatever a build put there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from holdfast.base.clock import Clock
from holdfast.cluster.client import Client
from holdfast.cluster.errors import ApiError, NoMatch
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

_SERVED_SECONDS = 10.0
_STEP_SECONDS = 0.1


async def scoped(objects: Sequence[Manifest], client: Client) -> list[Manifest]:
    """Kinds that are not served yet are looked up among the definitions in ``objects``."""
    defined = _defined(objects)
    out: list[Manifest] = []
    for obj in objects:
        gvk = GroupVersionKind.of(obj)
        if ObjectRef.of(obj).namespace and not await _is_namespaced(gvk, client, defined):
            meta = {k: v for k, v in obj["metadata"].items() if k != "namespace"}
            obj = {**obj, "metadata": meta}
        out.append(obj)
    return out


async def _is_namespaced(gvk: GroupVersionKind, client: Client, defined: dict[tuple[str, str], bool]) -> bool:
    known = client.discovery.cached(gvk)
    if known is None and (gvk.group, gvk.kind) in defined:
        return defined[gvk.group, gvk.kind]
    try:
        return (await client.resource(gvk)).namespaced
    except NoMatch:
        return True


def _defined(objects: Sequence[Manifest]) -> dict[tuple[str, str], bool]:
    """(group, kind) of the custom resources that are defined here, and whether they are namespaced."""
    return {
        (str(s.get("group")), str((s.get("names") or {}).get("kind"))): s.get("scope") == "Namespaced"
        for s in (_spec(o) for o in objects if o.get("kind") == "CustomResourceDefinition")
    }


def _spec(obj: Manifest) -> dict[str, Any]:
    spec = obj.get("spec")
    return spec if isinstance(spec, dict) else {}


async def served_soon(client: Client, objects: Sequence[Manifest], clock: Clock) -> None:
    """Returns when the kinds defined here are served, or after a while: an API server says "established" a moment early."""
    defined = _defined(objects)
    wanted = {g for g in map(GroupVersionKind.of, objects) if (g.group, g.kind) in defined}
    deadline = clock.monotonic() + _SERVED_SECONDS
    while any(client.discovery.cached(g) is None for g in wanted) and clock.monotonic() < deadline:
        client.discovery.forget()
        try:
            for gvk in wanted:
                await client.resource(gvk)
        except ApiError:
            await clock.sleep(_STEP_SECONDS)
