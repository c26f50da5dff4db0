"""Hooks of a release, run as Helm runs them: by weight and name, each to its end before the next.

In: a release's record, whose hooks carry what became of their last run, and an event. Out: the record changed and stored at
every step. A hook's delete policy says when its object goes: before the next run (the default), after success, after failure.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from holdfast.apply.errors import HelmActionError
from holdfast.apply.helm_objects import Mode, Objects
from holdfast.apply.helm_storage import Storage, Stored
from holdfast.base.errors import HoldfastError
from holdfast.base.timestamps import rfc3339_nano

BEFORE, SUCCEEDED, FAILED = "before-hook-creation", "hook-succeeded", "hook-failed"
Hook = dict[str, Any]
Finish = Callable[[], Awaitable[None]]


class Hooks:
    """``wait`` False: an object that is deleted is not waited for (its successor's run always is)."""

    def __init__(self, objects: Objects, storage: Storage, seconds: float, *, wait: bool, server_side: bool) -> None:
        self._objects = objects
        self._storage = storage
        self._seconds = seconds
        self._wait = wait
        self._mode = Mode(server_side=server_side)

    async def run(self, stored: Stored, event: str) -> None:
        """Raises HelmActionError with what the hook or its object said."""
        finish, error = await self.start(stored, event)
        await finish()
        if error is not None:
            raise error

    async def start(self, stored: Stored, event: str) -> tuple[Finish, HoldfastError | None]:
        """Runs the hooks; what is to be deleted afterwards is up to the returned function."""
        hooks = sorted(_of(stored, event), key=lambda h: (int(h.get("weight") or 0), str(h.get("name") or "")))
        for index, hook in enumerate(hooks):
            try:
                ran = await self._one(stored, hook, event)
            except HoldfastError as error:
                return _nothing, error
            if ran is not None:
                return self._after_failure(hook, hooks[:index]), ran
        return self._after_success(hooks), None

    async def _one(self, stored: Stored, hook: Hook, event: str) -> HoldfastError | None:
        """Returns the error of a run that failed; raises where there was no run."""
        hook["delete_policies"] = hook.get("delete_policies") or [BEFORE]
        await self._delete_by(hook, BEFORE)
        path = hook.get("path") or ""
        try:
            resources = await self._objects.build(str(hook.get("manifest") or ""))
        except HoldfastError as error:
            raise HelmActionError(
                f"unable to build kubernetes object for {event} hook {path}: {error.message}"
            ) from error
        hook["last_run"] = {"started_at": self._now(), "phase": "Running"}
        await record(self._storage, stored)
        hook["last_run"]["phase"] = "Unknown"
        try:
            await self._objects.create(resources, self._mode)
        except HoldfastError as error:
            hook["last_run"].update(completed_at=self._now(), phase="Failed")
            raise HelmActionError(f"warning: Hook {event} {path} failed: {error.message}") from error
        try:
            await self._objects.near.finished(resources, self._seconds)
        except HoldfastError as error:
            hook["last_run"].update(completed_at=self._now(), phase="Failed")
            return error
        hook["last_run"].update(completed_at=self._now(), phase="Succeeded")
        return None

    def _now(self) -> str:
        return rfc3339_nano(self._objects.clock.time())

    def _after_success(self, hooks: Sequence[Hook]) -> Finish:
        async def finish() -> None:
            for hook in reversed(hooks):
                await self._delete_by(hook, SUCCEEDED)

        return finish

    def _after_failure(self, failed: Hook, before: Sequence[Hook]) -> Finish:
        async def finish() -> None:
            try:
                await self._delete_by(failed, FAILED)
            except HoldfastError as error:
                self._objects.log.say(f"error deleting the hook resource on hook failure: {error.message}")
            for hook in before:
                await self._delete_by(hook, SUCCEEDED)

        return finish

    async def _delete_by(self, hook: Hook, policy: str) -> None:
        """Definitions stay: their objects would go with them."""
        if hook.get("kind") == "CustomResourceDefinition" or policy not in (hook.get("delete_policies") or ()):
            return
        try:
            resources = await self._objects.build(str(hook.get("manifest") or ""))
        except HoldfastError as error:
            raise HelmActionError(
                f"unable to build kubernetes object for deleting hook {hook.get('path')}: {error.message}"
            ) from error
        errors = await self._objects.delete(resources)
        if errors:
            raise HelmActionError("; ".join(errors))
        if self._wait:
            await self._objects.near.gone(resources, self._seconds)


async def _nothing() -> None:
    return


def _of(stored: Stored, event: str) -> list[Hook]:
    return [h for h in stored.record.get("hooks") or () if event in (h.get("events") or ())]


async def record(storage: Storage, stored: Stored) -> None:
    """Stores what is not worth failing for."""
    try:
        await storage.update(stored)
    except HoldfastError:
        return
