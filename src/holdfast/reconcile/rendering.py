"""Renderings of units: remembered, in a thread, or in another process where they are big.

In: requests. Out: what is rendered, or the failure of that step. The event loop is kept free: watches and the lease wait for
no build, and a build that nobody wants any more is ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from holdfast.base.errors import HoldfastError
from holdfast.kustomize import BuildOptions
from holdfast.model.rendered import Rendered, RenderRequest
from holdfast.reconcile.around import Keys
from holdfast.reconcile.outcome import StepFailed
from holdfast.reconcile.waiting import Interrupted, Interruption
from holdfast.render.apart import BIG, Apart, files_below
from holdfast.render.memo import Packed, RenderMemo
from holdfast.render.paths import resolve
from holdfast.render.render import Engine, render


class Rendering:
    """``options`` makes those of one build; the list fills with what was fetched from other places, which may change unseen.
    ``apart`` renders what is big, where there is such a place."""

    def __init__(self, memo: RenderMemo) -> None:
        self.memo = memo
        self.options: Callable[[list[str]], BuildOptions] = lambda used: BuildOptions(load_restrictions="none")
        self.apart: Apart | None = None

    async def render(
        self, request: RenderRequest, keys: Keys | None, *, had: int, interruption: Interruption | None
    ) -> Rendered:
        """``had`` is how many objects the unit had so far. Raises `StepFailed`, or `Interrupted`."""
        known = self.memo.known(request)
        if known is None and self.memo.lasts:
            known = await asyncio.to_thread(self.memo.fetch, request)
        if known is not None:
            return known
        elsewhere: list[str] = []
        engine = Engine(options=self.options(elsewhere), decryptor=keys.decryptor if keys else None)
        try:
            rendered = await self._apart(request, engine, had, interruption)
            if rendered is None:
                rendered = await asyncio.to_thread(render, request, engine)
                if not elsewhere:
                    self.memo.keep(request, rendered)
        except Interrupted:
            raise
        except HoldfastError as error:
            raise StepFailed("BuildFailed", error.message) from error
        if self.memo.lasts and not elsewhere:
            await asyncio.to_thread(self.memo.store, request, rendered)
        return rendered

    async def _apart(
        self, request: RenderRequest, engine: Engine, had: int, interruption: Interruption | None
    ) -> Rendered | None:
        """None where it is to be rendered here."""
        if self.apart is None or not (had >= BIG or _is_big(request)):
            return None
        task = asyncio.ensure_future(self.apart.render(request, engine))
        ignore = interruption.listen(lambda: _cancel(task)) if interruption is not None else None
        try:
            packed = await task
        except asyncio.CancelledError:
            if interruption is not None and interruption.requested:
                raise Interrupted("something newer is to be rendered") from None
            raise
        finally:
            task.cancel()
            if ignore is not None:
                ignore()
        if packed is None:
            return None
        self.memo.keep(request, packed)
        return packed.rendered


def _cancel(task: asyncio.Task[Packed | None]) -> None:
    task.cancel()


def _is_big(request: RenderRequest) -> bool:
    """A guess, for a unit that was never applied: as many files as that are as many objects at least."""
    directory = resolve(request.tree, request.build.path)
    return directory is not None and files_below(request.tree, directory, BIG) >= BIG
