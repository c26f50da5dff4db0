"""Making a set's applications what they should be: created, changed, deleted, each told of in an event.

In: what is wanted and what is there. Out: writes to the API server; the first failure by name, after all others were tried.
Nothing is decided here that ``dialects.argo.appset.desired`` can decide.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import AlreadyExists, NotFound
from holdfast.cluster.informer import Informer, full
from holdfast.controller.events import NORMAL, EventRecorder
from holdfast.dialects.argo.appset import desired
from holdfast.dialects.argo.appset.spec import FINALIZER, MANAGER, ApplicationSet
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

APPLICATION = GroupVersionKind("argoproj.io", "v1alpha1", "Application")
_AT_ONCE = 8


class ApplyFailed(HoldfastError):
    """One of the writes was refused; the message is the server's."""


class Applier:
    """For one turn of one set."""

    def __init__(
        self,
        client: Client,
        apps: Informer[Manifest],
        events: EventRecorder,
        obj: Manifest,
        wanted: ApplicationSet,
        delete: desired.Delete,
    ) -> None:
        self._client = client
        self._apps = apps
        self._events = events
        self._object = obj
        self._wanted = wanted
        self._delete = delete
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self.settled: dict[str, str] = {}
        """The resource version at which an application was last found to be as it should be."""

    def is_settled(self, app: Manifest) -> bool:
        version = self._apps.resource_version(ObjectRef.of(app))
        return bool(version) and self.settled.get(app["metadata"]["name"]) == version

    async def write(self, apps: Sequence[Manifest]) -> None:
        """Creates and, where the policy lets it, changes. Raises ApplyFailed."""
        await self._each(apps, self._write)

    async def remove(self, apps: Sequence[Manifest], reachable: Callable[[Manifest], bool]) -> None:
        """Deletes. ``reachable`` tells whether the destination is known: where it is not, nobody could clean up there."""

        async def one(app: Manifest) -> None:
            await self._remove(app, known=reachable(app))

        await self._each(apps, one)

    async def disown(self, apps: Iterable[Manifest]) -> None:
        """The applications stay when the set goes."""
        for app in apps:
            await self._patch(app, {"metadata": {"ownerReferences": None}})

    async def _each(self, apps: Iterable[Manifest], do: Callable[[Manifest], Awaitable[None]]) -> None:
        failures: dict[str, HoldfastError] = {}

        async def one(app: Manifest) -> None:
            async with self._slots:
                try:
                    await do(app)
                except HoldfastError as error:
                    failures[app["metadata"]["name"]] = error

        await asyncio.gather(*(one(a) for a in apps))
        if failures:
            first = failures[min(failures)]
            raise ApplyFailed(first.message, reason=first.reason) from first

    async def _write(self, app: Manifest) -> None:
        name = app["metadata"]["name"]
        ref = ObjectRef.of(app)
        live = self._apps.get(ref)
        if live is None:
            try:
                made = await self._client.create(desired.create(app, self._wanted), manager=MANAGER)
            except AlreadyExists:
                # The watch has not told yet.
                live = await self._client.get(ref)
            else:
                self._apps.observe(made)
                self._tell("created", f'created Application "{name}"')
                return
        if not self._wanted.may_update:
            return
        await self._change(app, live)

    async def _change(self, app: Manifest, live: Manifest) -> None:
        if "operation" not in app and self.is_settled(app):
            return
        owner = desired.foreign_owner(live, self._wanted)
        meta = app["metadata"]
        if owner:
            raise ApplyFailed(
                f"error while wrapping using MutateFn: Object {meta['namespace']}/{meta['name']} is already owned by "
                f"another ApplicationSet controller {owner}"
            )
        patch = desired.change(app, live, self._wanted, self._delete)
        if patch is None:
            self.settled[meta["name"]] = str((live.get("metadata") or {}).get("resourceVersion") or "")
        elif await self._patch(app, patch):
            self._tell("updated", f'updated Application "{meta["name"]}"')

    async def _remove(self, app: Manifest, *, known: bool) -> None:
        meta = app["metadata"]
        if meta.get("deletionTimestamp"):
            return
        finalizers = meta.get("finalizers") or []
        if not known and FINALIZER in finalizers:
            left = [f for f in finalizers if f != FINALIZER]
            await self._patch(app, {"metadata": {"finalizers": left or None}})
            self._tell(
                "Updated",
                f'Updated Application "{meta["name"]}" finalizer before deletion, because application has an invalid destination',
            )
        try:
            await self._client.delete(ObjectRef.of(app), uid=meta.get("uid", ""))
        except NotFound:
            return
        self._tell("Deleted", f'Deleted Application "{meta["name"]}"')

    async def _patch(self, app: Manifest, body: dict[str, Any]) -> bool:
        try:
            answer = await self._client.patch(
                ObjectRef.of(app), body, PatchType.MERGE, version=APPLICATION.version, manager=MANAGER
            )
        except NotFound:
            return False
        self._apps.observe(full(answer))
        return True

    def _tell(self, reason: str, message: str) -> None:
        self._events.event(self._object, NORMAL, reason, message)
