"""What was rendered before, in memory: same request and same files, same result, no work.

A hit needs no equal tree, only one that agrees on every path the rendering looked at.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from holdfast.base.tree import EntryKind, Tree
from holdfast.model.rendered import Rendered, RenderRequest
from holdfast.render.generate import LISTING, concerns, listing_id
from holdfast.render.render import Engine, render


@dataclass(slots=True)
class _Entry:
    tree_identity: str
    rendered: Rendered


class RenderMemo:
    """Keeps the last rendering of at most ``size`` requests. ``renders`` counts the real ones, for metrics and tests."""

    def __init__(self, size: int = 4096) -> None:
        self._size = size
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self.renders = 0

    def render(self, request: RenderRequest, engine: Engine | None = None) -> Rendered:
        """As `render`, from memory where nothing that matters changed. Failures are not remembered."""
        known = self.known(request)
        if known is not None:
            return known
        rendered = render(request, engine)
        self.keep(request, rendered)
        return rendered

    def known(self, request: RenderRequest) -> Rendered | None:
        """What is remembered for a request, if nothing that matters changed."""
        key = request.digest()
        entry = self._entries.get(key)
        if entry is None or not self._fits(entry, request):
            return None
        self._entries.move_to_end(key)
        return entry.rendered

    def keep(self, request: RenderRequest, rendered: Rendered) -> None:
        """Remembers what ``render`` made of a request, for those who render elsewhere (in a thread)."""
        key = request.digest()
        self.renders += 1
        self._entries[key] = _Entry(request.tree_identity, rendered)
        self._entries.move_to_end(key)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def _fits(self, entry: _Entry, request: RenderRequest) -> bool:
        if entry.tree_identity == request.tree_identity:
            return True
        if not agrees(request.tree, entry.rendered.reads):
            return False
        entry.tree_identity = request.tree_identity
        return True


def agrees(tree: Tree, reads: Mapping[str, str]) -> bool:
    """Whether every recorded look at a tree would give the same answer on this one."""
    return all(_content(tree, path) == seen for path, seen in reads.items())


def _content(tree: Tree, path: str) -> str:
    directory, _, name = path.rpartition("/")
    if name in ("", LISTING):
        try:
            found = tree.entries(directory)
        except OSError:
            return ""
        return listing_id(e for e in found if not name or concerns(e))
    entry = tree.lookup(path)
    # A directory that was looked up is not recorded (its listing is), so one standing here now is a change.
    return "" if entry is None else "/" if entry.kind is EntryKind.DIRECTORY else entry.id
