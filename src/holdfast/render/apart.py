"""Renderings in another process: so that a big one keeps nobody waiting.

In: a request and what it needs. Out: the rendering, packed as it is remembered; None where something outside is asked for
(remote bases), which only the controller may fetch. Plain values of secrets travel through the pipe and lie in memory, here
as there, and nowhere else.
"""

from __future__ import annotations

from typing import NoReturn

from holdfast.base.tree import EntryKind, Tree
from holdfast.base.work import NotSendable, Workers
from holdfast.kustomize import BuildOptions
from holdfast.model.rendered import RenderRequest
from holdfast.render.memo import Packed
from holdfast.render.render import Decryptor, Engine, render

BIG = 150
"""Objects from which a rendering is worth the way: a thread holds up the others for 0.1 ms with each of them."""


class _Outside(BaseException):
    """No error of the rendering: nothing in it may catch this."""


class Apart:
    """``call`` raises what `render` raises; it returns None where the rendering has to be made here."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    async def render(self, request: RenderRequest, engine: Engine) -> Packed | None:
        try:
            return await self._workers.call(rendered, request, engine.decryptor, engine.options.fetch is not None)
        except NotSendable:
            return None


def rendered(request: RenderRequest, decryptor: Decryptor | None, remote: bool) -> Packed | None:
    """What a worker does."""
    options = BuildOptions(load_restrictions="none")
    if remote:
        options = options._replace(fetch=_outside, fetch_file=_outside)
    try:
        return Packed.of(render(request, Engine(options, decryptor)))
    except _Outside:
        return None


def _outside(url: str) -> NoReturn:
    raise _Outside(url)


def files_below(tree: Tree, path: str, most: int) -> int:
    """How many files a unit's directory has, counted up to ``most``."""
    count, waiting = 0, [path]
    while waiting and count < most:
        directory = waiting.pop()
        try:
            entries = tree.entries(directory)
        except OSError:
            continue
        for entry in entries:
            if entry.kind is EntryKind.DIRECTORY:
                waiting.append(f"{directory}/{entry.name}" if directory else entry.name)
            else:
                count += 1
    return count
