"""What a trial sees of its sandbox, and what it does there by hand while the controller works.

In: a client. Out: for every unit and source whether it is ready, and why not. By hand: the status of sources that the controller
leaves to others, and the first sync of applications that wait for somebody's order.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from holdfast.app.argo_roots import first_sync, standing
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import ApiError, NoMatch
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.delivery import UnitKey

MANAGER = "holdfast-trial"
_SOURCE, _ARGO = "source.toolkit.fluxcd.io", "argoproj.io"
_FOLLOWED = (
    *(GroupVersionKind(_SOURCE, "v1", k) for k in ("GitRepository", "OCIRepository", "Bucket", "ExternalArtifact")),
    *(GroupVersionKind(_SOURCE, "v1", k) for k in ("HelmRepository", "HelmChart")),
    GroupVersionKind("kustomize.toolkit.fluxcd.io", "v1", "Kustomization"),
    GroupVersionKind("helm.toolkit.fluxcd.io", "v2", "HelmRelease"),
    *(GroupVersionKind(_ARGO, "v1alpha1", k) for k in ("Application", "ApplicationSet")),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One object of the controller's as it is now. ``waits_on`` is what its spec says comes first."""

    ready: bool
    reason: str
    message: str
    suspended: bool = False
    waits_on: tuple[UnitKey, ...] = ()


class Hands:
    """``statuses`` are what others would write into the status of their sources."""

    def __init__(self, client: Client, statuses: Mapping[UnitKey, Manifest]) -> None:
        self._client = client
        self._statuses = statuses
        self._ordered: set[UnitKey] = set()

    async def look(self) -> dict[UnitKey, Seen]:
        found: dict[UnitKey, Seen] = {}
        for gvk in _FOLLOWED:
            try:
                listed = await self._client.list(gvk, fresh=False)
            except (NoMatch, ApiError):
                continue
            for obj in listed.items:
                key = UnitKey(gvk.kind, str(obj["metadata"].get("namespace") or ""), str(obj["metadata"]["name"]))
                found[key] = _SEEN.get(gvk.kind, _flux)(key, obj)
                await self._help(gvk, key, obj)
        return found

    async def _help(self, gvk: GroupVersionKind, key: UnitKey, obj: Manifest) -> None:
        ref = ObjectRef(gvk.group, gvk.kind, key.namespace, key.name)
        status = self._statuses.get(key)
        if status is not None and (obj.get("status") or {}).get("artifact") != status["artifact"]:
            await self._patch(ref, gvk, {"status": _ready(status, obj)}, subresource="status")
        order = first_sync(obj) if gvk.kind == "Application" and key not in self._ordered else None
        if order is not None:
            self._ordered.add(key)
            await self._patch(ref, gvk, order)

    async def _patch(self, ref: ObjectRef, gvk: GroupVersionKind, body: Manifest, *, subresource: str = "") -> None:
        # What changed in between is looked at again in a moment.
        with contextlib.suppress(ApiError):
            await self._client.patch(
                ref, body, PatchType.MERGE, version=gvk.version, subresource=subresource, manager=MANAGER
            )


def _ready(status: Manifest, obj: Manifest) -> Manifest:
    generation = obj["metadata"].get("generation")
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "Succeeded",
        "message": f"stored artifact: revision '{status['artifact']['revision']}'",
        "observedGeneration": generation,
        "lastTransitionTime": status["artifact"]["lastUpdateTime"],
    }
    return {**status, "conditions": [condition], "observedGeneration": generation}


def _flux(key: UnitKey, obj: Manifest) -> Seen:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    condition: Manifest = next((c for c in status.get("conditions") or () if c["type"] == "Ready"), {})
    observed = status.get("observedGeneration", condition.get("observedGeneration"))
    current = observed == obj["metadata"].get("generation")
    waits = [
        UnitKey(key.kind, str(d.get("namespace") or key.namespace), str(d.get("name")))
        for d in spec.get("dependsOn") or ()
    ]
    ref = (
        spec.get("sourceRef") or spec.get("chartRef") or ((spec.get("chart") or {}).get("spec") or {}).get("sourceRef")
    )
    if isinstance(ref, dict):
        waits.append(UnitKey(str(ref.get("kind")), str(ref.get("namespace") or key.namespace), str(ref.get("name"))))
    return Seen(
        condition.get("status") == "True" and current,
        str(condition.get("reason") or ""),
        str(condition.get("message") or "").strip(),
        bool(spec.get("suspend")),
        tuple(waits),
    )


def _application(key: UnitKey, obj: Manifest) -> Seen:
    del key
    fine, _, told = standing(obj)
    synced = told.startswith("Synced")
    return Seen(fine, "" if fine else "Progressing" if synced else "OutOfSync", told)


def _set(key: UnitKey, obj: Manifest) -> Seen:
    del key
    conditions = {c.get("type"): c for c in (obj.get("status") or {}).get("conditions") or ()}
    fault = conditions.get("ErrorOccurred") or {}
    broken = fault.get("status") == "True"
    current = (conditions.get("ResourcesUpToDate") or {}).get("status") == "True"
    return Seen(
        current and not broken, str(fault.get("reason") or ""), str(fault.get("message") or "") if broken else ""
    )


_SEEN = {"Application": _application, "ApplicationSet": _set}
