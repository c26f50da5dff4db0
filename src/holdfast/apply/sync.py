"""Carrying out a pass of a sync: takes commands from a generator, sends them to a cluster, gives it the answers.

Comes in: the pass (what is to be done next is decided there) and a client. Goes out: the `SyncStep` that the pass returns.
Never happens: a decision, or waiting for health; commands of one round go side by side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Final

from holdfast.apply.sync_kubectl import write
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import ApiError, Conflict, NoMatch, NotFound
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.sync import Answer, Look, Remove, Send, Serves, SyncCommand, SyncStep, Unhook

Sleep = Callable[[float], Awaitable[None]]
Pass = Generator[tuple[SyncCommand, ...], tuple[Answer, ...], SyncStep]
HOOK_FINALIZER: Final = "argocd.argoproj.io/hook-finalizer"
_CONCURRENCY: Final = 8
_ATTEMPTS: Final = 5
_NOT_SERVED: Final = "the server could not find the requested resource"
_FIRST_LOOK, _LONGEST_LOOK = 0.1, 2.0
_GONE_SECONDS: Final = 60.0
_DEFINED_SECONDS: Final = 3.0


class SyncExecutor:
    """The hands of a sync in one cluster. ``sleep`` is the clock's; ``asking`` tells that dry runs find out whether we are
    let to see the objects."""

    def __init__(self, client: Client, sleep: Sleep, *, concurrency: int = _CONCURRENCY, asking: bool = False) -> None:
        self._client = client
        self._asking = asking
        self._sleep = sleep
        self._slots = asyncio.Semaphore(concurrency)

    async def carry_out(self, sync: Pass) -> SyncStep:
        answers: tuple[Answer, ...] | None = None
        try:
            while True:
                commands = next(sync) if answers is None else sync.send(answers)
                answers = tuple(await asyncio.gather(*(self._answer(c) for c in commands)))
        except StopIteration as end:
            step: SyncStep = end.value
            return step

    async def _answer(self, command: SyncCommand) -> Answer:
        async with self._slots:
            try:
                return await self._do(command)
            except (NotFound, NoMatch) as error:
                return Answer(False, error.message, missing=True)
            except ApiError as error:
                return Answer(False, error.message)

    async def _do(self, command: SyncCommand) -> Answer:
        if isinstance(command, Serves):
            return await self._serves(command.gvk)
        if isinstance(command, Look):
            return Answer(live=await self._client.get(command.ref, version=command.gvk.version))
        if isinstance(command, Remove):
            await self._client.delete(command.ref, version=command.gvk.version, propagation=command.propagation)
            return Answer()
        if isinstance(command, Unhook):
            return Answer(live=await self._unhook(command.live))
        return await self._write(command)

    async def _serves(self, gvk: GroupVersionKind) -> Answer:
        try:
            resource = await self._client.resource(gvk)
        except NoMatch:
            served = self._client.discovery.versions
            text = f"failed to discover server resources for group version {gvk.api_version}: {_NOT_SERVED}"
            if gvk.version in served(gvk.group):
                text = f'{gvk.kind}{f".{gvk.group}" if gvk.group else ""} "" not found'
            installed = served(gvk.group, gvk.kind)
            return Answer(False, text, missing=True, installed=installed[0] if installed else "")
        return Answer(namespaced=resource.namespaced)

    async def _write(self, send: Send) -> Answer:
        message = await write(self._client, send, self._gone, asking=self._asking)
        if send.target.get("kind") == "CustomResourceDefinition" and not send.dry_run:
            await self._defined(ObjectRef.of(send.target).name)
        return Answer(message=message)

    async def _unhook(self, live: Manifest) -> Manifest:
        """Without our finalizer; somebody else's change in between is kept."""
        ref, version = ObjectRef.of(live), GroupVersionKind.of(live).version
        for attempt in range(_ATTEMPTS):
            finalizers = list((live.get("metadata") or {}).get("finalizers") or ())
            if HOOK_FINALIZER not in finalizers:
                break
            body = {
                "metadata": {
                    "finalizers": [f for f in finalizers if f != HOOK_FINALIZER] or None,
                    "resourceVersion": live["metadata"].get("resourceVersion"),
                }
            }
            try:
                return await self._client.patch(ref, body, PatchType.MERGE, version=version)
            except Conflict:
                if attempt + 1 == _ATTEMPTS:
                    raise
                live = await self._client.get(ref, version=version)
        return live

    async def _gone(self, gvk: GroupVersionKind, ref: ObjectRef) -> None:
        """Waits a while for an object to go, before it is made anew."""
        waited, pause = 0.0, _FIRST_LOOK
        while waited < _GONE_SECONDS:
            try:
                await self._client.get(ref, version=gvk.version)
            except NotFound:
                return
            await self._sleep(pause)
            waited, pause = waited + pause, min(pause * 2, _LONGEST_LOOK)

    async def _defined(self, name: str) -> None:
        """A custom kind is served a moment after its definition; nothing is lost if it takes longer."""
        ref = ObjectRef("apiextensions.k8s.io", "CustomResourceDefinition", "", name)
        waited = 0.0
        while waited < _DEFINED_SECONDS:
            live = await self._client.get(ref)
            conditions = (live.get("status") or {}).get("conditions") or ()
            if any(c.get("type") == "Established" and c.get("status") == "True" for c in conditions):
                break
            await self._sleep(_FIRST_LOOK)
            waited += _FIRST_LOOK
        self._client.discovery.forget()
