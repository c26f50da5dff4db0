"""What reconciling any source has in common: finalizer, deletion, suspension, progress, the end of a run.

In: a kind's steps (``SourceRun.steps``). Out: status and events. A step that cannot go on raises ``SourceFailure``.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from datetime import UTC, datetime

from holdfast.base.clock import Clock
from holdfast.cluster.client import Client
from holdfast.cluster.errors import ApiError, NotFound
from holdfast.cluster.informer import Informer
from holdfast.controller.artifacts import ArtifactStore
from holdfast.controller.events import NORMAL, WARNING, EventRecorder
from holdfast.controller.manager import AT_ONCE, FAILED, WHEN_CHANGED, Requeue
from holdfast.controller.patch import ObjectWriter
from holdfast.dialects.flux.gitrepository import FINALIZER, GROUP, MANAGER
from holdfast.dialects.flux.secret_data import CredentialsInvalid, proxy_url
from holdfast.dialects.flux.source_status import FETCH_FAILED, ConditionSet, Ending, SourceFailure, SourceStatus, Told
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

# A status patch for a step that is over in a moment tells nobody anything.
PROGRESS_AFTER = 1.0
AUTHENTICATION = "AuthenticationFailed"


class SourceReconciler:
    """The reconciler of one kind of source; subclasses say what a run does."""

    gvk: GroupVersionKind

    def __init__(
        self,
        client: Client,
        objects: Informer[Manifest],
        artifacts: ArtifactStore,
        events: EventRecorder,
        clock: Clock,
        *,
        requeue_dependency: float = 30.0,
    ) -> None:
        self.client = client
        self.objects = objects
        self.artifacts = artifacts
        self.events = events
        self.clock = clock
        self.requeue_dependency = requeue_dependency

    def run_of(self, ref: ObjectRef, obj: Manifest, writer: ObjectWriter) -> SourceRun:
        raise NotImplementedError

    async def reconcile(self, ref: ObjectRef) -> Requeue:
        obj = self.objects.get(ref)
        if obj is None:
            await self.artifacts.remove_all(ref)
            return WHEN_CHANGED
        writer = ObjectWriter(self.client, obj, MANAGER, self.objects)
        if obj["metadata"].get("deletionTimestamp"):
            return await self._delete(ref, obj, writer)
        return await self.act(ref, obj, writer)

    async def act(self, ref: ObjectRef, obj: Manifest, writer: ObjectWriter) -> Requeue:
        if FINALIZER not in (obj["metadata"].get("finalizers") or ()):
            await writer.add_finalizer(FINALIZER)
            return AT_ONCE
        run = self.run_of(ref, obj, writer)
        return await run.rest() if (obj.get("spec") or {}).get("suspend") else await run.go()

    async def _delete(self, ref: ObjectRef, obj: Manifest, writer: ObjectWriter) -> Requeue:
        if await self.artifacts.remove_all(ref):
            text = "garbage collected artifacts for deleted resource"
            self.events.event(obj, NORMAL, "GarbageCollectionSucceeded", text)
        await writer.remove_finalizer(FINALIZER)
        return WHEN_CHANGED


class SourceRun:
    """One reconciliation of one object."""

    conditions: ConditionSet
    tells_what_it_waits_for = False
    """Whether waiting for another object is worth an event."""

    def __init__(self, owner: SourceReconciler, ref: ObjectRef, obj: Manifest, writer: ObjectWriter) -> None:
        self.owner = owner
        self.ref = ref
        self.object = obj
        self.writer = writer
        self.artifacts = owner.artifacts
        now = datetime.fromtimestamp(owner.clock.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.status = SourceStatus(obj, now, self.conditions)

    @property
    def interval(self) -> float:
        raise NotImplementedError

    async def steps(self) -> Told | None:
        """The work. Returns the event of the success."""
        raise NotImplementedError

    async def rest(self) -> Requeue:
        self.status.rest()
        await self.writer.status(self.status.result(handled=False))
        return WHEN_CHANGED

    async def go(self) -> Requeue:
        self.status.begin()
        progress = asyncio.create_task(self._report_progress())
        try:
            await self._look_at_storage()
            told = await self.steps()
            requeue = Requeue(after=self.interval) if self.interval else WHEN_CHANGED
            self.status.succeed()
        except SourceFailure as failure:
            told = self.status.fail(failure)
            requeue = self._after(failure.ending)
            if failure.ending is Ending.WAITING and not self.tells_what_it_waits_for:
                told = None
        finally:
            progress.cancel()
            await asyncio.gather(progress, return_exceptions=True)
        if told is not None:
            self.tell(told)
        await self.writer.status(self.status.result())
        return requeue

    def _after(self, ending: Ending) -> Requeue:
        if ending is Ending.WAITING:
            return Requeue(after=self.owner.requeue_dependency)
        return WHEN_CHANGED if ending is Ending.STALLED else FAILED

    async def _report_progress(self) -> None:
        await self.owner.clock.sleep(PROGRESS_AFTER)
        await asyncio.shield(self.writer.status(self.status.result(handled=False, summarise=False)))

    async def _look_at_storage(self) -> None:
        artifact = self.status.artifact
        self.status.storage(present=artifact is not None and await self.artifacts.present(artifact))
        if self.status.artifact is None:
            self.status.record({"url": None})
            return
        await self.artifacts.collect(self.ref, self.status.artifact)
        kept = {**self.status.artifact, "url": self.artifacts.url(str(self.status.artifact.get("path")))}
        self.status.record({"artifact": kept})

    def stored_told(self, text: str, *, new: str = "NewArtifact", again: str = "Succeeded") -> Told | None:
        """The event of an artifact that is new, or that is in reach again; None where nothing is new."""
        if self.status.new_digest:
            return Told(new, text, annotations=self.annotations())
        return Told(again, text, annotations=self.annotations()) if self.status.recovered else None

    def annotations(self) -> dict[str, str]:
        """What an event about the artifact names it by."""
        artifact = self.status.artifact or {}
        return {k: str(artifact.get(k)) for k in ("revision", "digest")}

    def tell(self, told: Told) -> None:
        annotations = {f"{GROUP}/{k}": v for k, v in told.annotations.items()}
        kind = WARNING if told.warning else NORMAL
        self.owner.events.event(self.object, kind, told.reason, told.message, annotations)

    async def secret(self, name: str, prefix: str) -> Mapping[str, bytes]:
        """A Secret of the object's namespace; a failure to authenticate where it is absent."""
        try:
            return await secret_data(self.owner.client, self.ref.namespace, name)
        except ApiError as error:
            raise authentication_failed(f"{prefix}{error.message}") from error

    async def proxy(self, name: str, prefix: str) -> str:
        """The address in a proxy Secret."""
        place = f"{self.ref.namespace}/{name}"
        try:
            data = await secret_data(self.owner.client, self.ref.namespace, name)
            return proxy_url(data, place)
        except NotFound as error:
            raise authentication_failed(f"{prefix}secret '{place}' not found") from error
        except (ApiError, CredentialsInvalid) as error:
            raise authentication_failed(f"{prefix}{error.message}") from error

    def unsupported(self, what: str) -> SourceFailure:
        """An honest end for what is not built yet."""
        return SourceFailure(
            f"{what} is not supported by Holdfast yet",
            reason="NotSupported",
            condition=FETCH_FAILED,
            ending=Ending.STALLED,
        )


async def secret_data(client: Client, namespace: str, name: str) -> Mapping[str, bytes]:
    """The decoded data of a Secret. Raises NotFound and its kin."""
    secret = await client.get(ObjectRef("", "Secret", namespace, name), version="v1")
    return {k: base64.b64decode(v) for k, v in (secret.get("data") or {}).items()}


def authentication_failed(text: str) -> SourceFailure:
    return SourceFailure(text, reason=AUTHENTICATION, condition=FETCH_FAILED)
