"""Parts of the controller that many installations never need: made when the first object of theirs appears.

In: the kinds a part is about, and how it is made. Out: the part, to whoever asks for it. Its modules are imported then and
not before: they are a third of what an idle controller would hold in memory.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Generic, TypeVar

from holdfast.controller.manager import Manager
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

log = logging.getLogger(__name__)

P = TypeVar("P")


async def imported(module: str) -> Any:
    """In a thread: the cluster is listened to meanwhile."""
    return await asyncio.to_thread(importlib.import_module, module)


class Part(Generic[P]):
    def __init__(
        self,
        manager: Manager,
        kinds: Iterable[GroupVersionKind],
        make: Callable[[], Awaitable[P]],
        *,
        counts: Callable[[Manifest], bool] = lambda obj: True,
    ) -> None:
        """``counts`` says whether an object of the kinds is reason enough."""
        self._make = make
        self._counts = counts
        self._making: asyncio.Task[P] | None = None
        self._informers = [manager.objects(kind) for kind in kinds]
        for informer in self._informers:
            informer.add_handler(self._changed)

    @property
    def ready(self) -> P | None:
        """The part if it is there, without asking for it."""
        task = self._making
        return task.result() if task is not None and task.done() and not task.cancelled() else None

    async def get(self) -> P:
        """The part, made now if nobody needed it before."""
        return await asyncio.shield(self._begin())

    async def close(self) -> None:
        """Nothing is made any more."""
        for informer in self._informers:
            informer.remove_handler(self._changed)
        if self._making is not None:
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)

    def _changed(self, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        if self._making is None and new is not None and self._counts(new):
            log.debug("%s needs a part that was not there yet", ref)
            self._begin()

    def _begin(self) -> asyncio.Task[P]:
        if self._making is None:
            self._making = asyncio.ensure_future(self._made())
        return self._making

    async def _made(self) -> P:
        try:
            return await self._make()
        except Exception:
            log.exception("a part of the controller could not be started")
            raise
