"""HelmReleases: told that nothing is done for them yet.

In: keys of HelmRelease objects. Out: a Stalled condition that says so. A release that another controller already looks
after (it has its finalizer) is left alone altogether.
"""

from __future__ import annotations

from datetime import UTC, datetime

from holdfast.base.clock import Clock
from holdfast.cluster.client import Client
from holdfast.cluster.informer import Informer
from holdfast.controller.manager import WHEN_CHANGED, Requeue
from holdfast.controller.patch import ObjectWriter
from holdfast.dialects.flux import helmrelease as flux
from holdfast.dialects.flux.gitrepository import FINALIZER
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef


class HelmReleases:
    """The reconciler of HelmRelease objects."""

    gvk: GroupVersionKind = flux.GVK

    def __init__(self, client: Client, objects: Informer[Manifest], clock: Clock) -> None:
        self._client = client
        self._objects = objects
        self._clock = clock

    async def reconcile(self, ref: ObjectRef) -> Requeue:
        obj = self._objects.get(ref)
        if obj is None or obj["metadata"].get("deletionTimestamp"):
            return WHEN_CHANGED
        if FINALIZER in (obj["metadata"].get("finalizers") or ()) or (obj.get("spec") or {}).get("suspend"):
            return WHEN_CHANGED
        now = datetime.fromtimestamp(self._clock.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        writer = ObjectWriter(self._client, obj, flux.MANAGER, self._objects)
        await writer.status(flux.unsupported_status(obj, now))
        return WHEN_CHANGED
