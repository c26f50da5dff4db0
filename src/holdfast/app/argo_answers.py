"""What ``argocd --core`` is answered (see `argo_core`)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from holdfast.base.clock import SystemClock
from holdfast.controller.app_repository import AppRepository, Method
from holdfast.controller.app_views import AppViews
from holdfast.controller.applications import Applications
from holdfast.dialects.argo.views import Question, asked, cached

KEPT: Final = 256
Answer = Callable[[Question], Awaitable[Any | None]]


class CoreStore:
    """What the command's cache holds: the controller's answers, and the few values that the command keeps there itself."""

    def __init__(self, answer: Answer, changes: Callable[[str], AsyncIterator[None]]) -> None:
        """``changes`` follows an application by its instance name."""
        self._answer = answer
        self._changes = changes
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    async def get(self, key: str) -> bytes | None:
        question = asked(key)
        if question is None:
            return self._kept.get(key)
        value = await self._answer(question)
        return None if value is None else await asyncio.to_thread(cached, value, packed=question.packed)

    def set(self, key: str, value: bytes) -> None:
        if asked(key) is None:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)

    def delete(self, key: str) -> bool:
        return self._kept.pop(key, None) is not None

    async def changes(self, channel: str) -> AsyncIterator[None]:
        question = asked(channel)
        if question is not None:
            async for _ in self._changes(question.name):
                yield


@dataclass(frozen=True, slots=True)
class Answers:
    """Of the cache, and of the repository server by method."""

    store: CoreStore
    methods: Mapping[str, Method]


def answers(apps: Applications) -> Answers:
    views = AppViews(apps, SystemClock())
    return Answers(CoreStore(views.answer, views.changes), AppRepository(apps, apps.source).methods())
