"""Receivers: webhooks that put keys on queues, and nothing else.

In: Receiver objects, and calls of ``/hook/<digest>``. Out: their status with the path to call; keys of the objects that a
genuine call is about. What a call says is checked for its origin and then thrown away.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from holdfast.base.clock import Clock
from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Client
from holdfast.cluster.errors import ApiError
from holdfast.cluster.informer import Informer
from holdfast.controller.manager import AT_ONCE, FAILED, WHEN_CHANGED, Manager, Requeue
from holdfast.controller.patch import ObjectWriter
from holdfast.controller.source_run import secret_data
from holdfast.dialects.flux import receiver as flux
from holdfast.dialects.flux.conditions import READY, RECONCILING, STALLED, Conditions
from holdfast.dialects.flux.source_status import REQUESTED_AT
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

log = logging.getLogger(__name__)


class Receivers:
    """The reconciler of Receiver objects, and the hook that serves them."""

    gvk: GroupVersionKind = flux.GVK

    def __init__(self, manager: Manager, clock: Clock) -> None:
        self._manager = manager
        self._client: Client = manager.client
        self._clock = clock
        self._objects: Informer[Manifest] = manager.objects(flux.GVK)

    async def reconcile(self, ref: ObjectRef) -> Requeue:
        obj = self._objects.get(ref)
        if obj is None:
            return WHEN_CHANGED
        writer = ObjectWriter(self._client, obj, flux.MANAGER, self._objects)
        if obj["metadata"].get("deletionTimestamp"):
            await writer.remove_finalizer(flux.FINALIZER)
            return WHEN_CHANGED
        if await writer.add_finalizer(flux.FINALIZER):
            return AT_ONCE
        declared = flux.read(obj)
        if declared.suspend:
            return WHEN_CHANGED
        status, requeue = await self._observe(obj, declared)
        await writer.status(status)
        return requeue

    async def _observe(self, obj: Manifest, declared: flux.Receiver) -> tuple[Manifest, Requeue]:
        meta = obj["metadata"]
        now = datetime.fromtimestamp(self._clock.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        status: Manifest = dict(obj.get("status") or {})
        conditions = Conditions(status.get("conditions") or (), int(meta.get("generation") or 1), now)
        conditions.delete(STALLED)
        requeue = Requeue(after=declared.interval)
        try:
            path = flux.path(await self._token(meta["namespace"], declared), meta["name"], meta["namespace"])
        except HoldfastError as error:
            conditions.true(RECONCILING, "ProgressingWithRetry", "reconciliation in progress")
            conditions.false(READY, "TokenNotFound", error.message)
            requeue = FAILED
        else:
            status["webhookPath"] = path
            conditions.delete(RECONCILING)
            conditions.true(READY, "Succeeded", flux.INITIALIZED + path)
            status["observedGeneration"] = meta.get("generation")
        asked = (meta.get("annotations") or {}).get(REQUESTED_AT)
        if asked:
            status["lastHandledReconcileAt"] = asked
        status["conditions"] = conditions.as_list()
        return status, requeue

    async def _token(self, namespace: str, declared: flux.Receiver) -> str:
        if not declared.secret:
            return ""
        try:
            data = await secret_data(self._client, namespace, declared.secret)
        except ApiError as error:
            text = f"unable to read token from secret '{namespace}/{declared.secret}' error: {error.message}"
            raise flux.Refused(text) from error
        if "token" not in data:
            raise flux.Refused(f"invalid '{namespace}/{declared.secret}' secret data: required field 'token'")
        return data["token"].decode("utf-8", "replace")

    async def hook(self, digest: str, body: bytes, headers: dict[str, str]) -> bool:
        """Serves one call; False when nobody listens there or the call is not genuine."""
        taken = False
        for ref, obj in self._objects.items():
            if (obj.get("status") or {}).get("webhookPath") != f"/hook/{digest}":
                continue
            declared = flux.read(obj)
            if declared.suspend or obj["metadata"].get("deletionTimestamp"):
                continue
            try:
                flux.check(declared, await self._token(ref.namespace, declared), body, headers)
            except HoldfastError as error:
                log.warning("%s: a call was refused: %s", ref, error)
                continue
            for target in declared.targets:
                await self._wake(target)
            taken = True
        return taken

    async def _wake(self, target: flux.Target) -> None:
        ref = ObjectRef(target.group, target.kind, target.namespace, target.name)
        controller = self._manager.controller(ref)
        if controller is None:
            log.info("a webhook asks for %s, which no controller of ours works on", ref)
        elif target.name != "*":
            await self._manager.summon(ref)
        else:
            for known, obj in controller.informer.items():
                labels = obj["metadata"].get("labels") or {}
                if known.namespace == target.namespace and target.labels.items() <= labels.items():
                    await self._manager.summon(known)
