"""What was rendered before, in memory: a source whose request and files are as they were is not rendered again."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from holdfast.render.memo import agrees
from holdfast.render.tools.request import RenderedSource, SourceRequest
from holdfast.render.tools.run import render_source


@dataclass(slots=True)
class _Entry:
    identities: tuple[str, ...]
    rendered: RenderedSource
    until: float | None


class SourceMemo:
    """The last rendering of at most ``size`` requests; for ``seconds`` where something from outside its trees went in.
    ``renders`` counts the real ones. Safe for one thread per request."""

    def __init__(
        self, size: int = 8192, *, seconds: float = 180.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._size = size
        self._seconds = seconds
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self.renders = 0

    def known(self, request: SourceRequest) -> RenderedSource | None:
        entry = self._entries.get(request.digest())
        if entry is None or not _fits(entry, request):
            return None
        if entry.until is not None and self._clock() >= entry.until:
            return None
        entry.identities = _identities(request)
        return entry.rendered

    def render(self, request: SourceRequest, *, fresh: bool = False) -> RenderedSource:
        """As `render_source`, from memory where nothing that matters changed and ``fresh`` is not asked for."""
        found = None if fresh else self.known(request)
        if found is not None:
            return found
        until = self._clock() + self._seconds
        rendered = render_source(request)
        self.renders += 1
        self._entries[request.digest()] = _Entry(_identities(request), rendered, until if rendered.volatile else None)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)
        return rendered


def _identities(request: SourceRequest) -> tuple[str, ...]:
    return (request.tree_identity, *(f"{name}={ref.identity}" for name, ref in sorted(request.refs.items())))


def _fits(entry: _Entry, request: SourceRequest) -> bool:
    rendered = entry.rendered
    if any(request.environment.get(name, "") != value for name, value in rendered.used.items()):
        return False
    if rendered.cluster is not None and rendered.cluster != request.cluster:
        return False
    if entry.identities == _identities(request):
        return True
    for name, reads in rendered.reads.items():
        tree = request.refs[name].tree if name in request.refs else request.tree if not name else None
        if tree is None or not agrees(tree, reads):
            return False
    return True
