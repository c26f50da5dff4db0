"""One shared informer per kind and flavour, started when first asked for, and told when kinds come and go.

In: a client. Out: informers that somebody keeps current. Kinds follow the cluster: a watch on CustomResourceDefinitions
wakes those whose kind has just appeared.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, TypeVar, cast

from holdfast.base.clock import Clock, SystemClock, Timer
from holdfast.cluster.client import EVERYTHING, Client, Selectors
from holdfast.cluster.informer import Informer, LightObject, light
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

log = logging.getLogger(__name__)

T = TypeVar("T")
CRD = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
SERVED_SECONDS = 2.0
_Key = tuple[GroupVersionKind, str, Selectors, Callable[[Manifest], Any]]


class Watches:
    """Use as an async context manager: leaving it ends all watches."""

    def __init__(self, client: Client, *, namespace: str = "", clock: Clock | None = None) -> None:
        """``namespace`` limits every informer of namespaced kinds; empty means all."""
        self._client = client
        self._namespace = namespace
        self._clock = clock or SystemClock()
        self._informers: dict[_Key, Informer[Any]] = {}
        self._tasks: dict[_Key, asyncio.Task[None]] = {}
        self._again: Timer | None = None

    async def __aenter__(self) -> Watches:
        self.informer(CRD, light, namespace="").add_handler(self._kinds_changed)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._again is not None:
            self._again.cancel()
        tasks = list(self._tasks.values())
        self._tasks.clear()
        self._informers.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def informer(
        self,
        gvk: GroupVersionKind,
        transform: Callable[[Manifest], T],
        *,
        namespace: str | None = None,
        selectors: Selectors = EVERYTHING,
    ) -> Informer[T]:
        """The shared informer, started if it is the first use. ``transform`` must be the same function to be shared."""
        where = self._namespace if namespace is None else namespace
        key: _Key = (gvk, where, selectors, transform)
        found = self._informers.get(key)
        if found is None:
            found = Informer(self._client, gvk, transform, namespace=where, selectors=selectors, clock=self._clock)
            self._informers[key] = found
            self._tasks[key] = asyncio.create_task(found.run(), name=f"watch {gvk}")
            self._tasks[key].add_done_callback(_complain)
        return cast("Informer[T]", found)

    async def stop(self, informer: Informer[Any]) -> None:
        """Ends an informer that nobody needs any more."""
        for key, known in list(self._informers.items()):
            if known is informer:
                del self._informers[key]
                task = self._tasks.pop(key)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def _kinds_changed(self, ref: ObjectRef, old: LightObject | None, new: LightObject | None) -> None:
        del ref
        if old and new and old.spec_hash == new.spec_hash and old.status_hash == new.status_hash:
            return
        self._poke()
        # An API server tells of an established kind a moment before it serves it.
        if self._again is not None:
            self._again.cancel()
        self._again = self._clock.call_later(SERVED_SECONDS, self._poke)

    def _poke(self) -> None:
        self._client.discovery.forget()
        for informer in self._informers.values():
            if not informer.served:
                informer.poke()


def _complain(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("%s ended", task.get_name(), exc_info=task.exception())
