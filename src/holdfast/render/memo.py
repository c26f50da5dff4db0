"""What was rendered before: same request and same files, same result, no work.

A hit needs no equal tree, only one that agrees on every path the rendering looked at. In memory always; with a `Store` also beyond
a restart, and between replicas that share one. What goes into a store may be read by others who can read it, so nothing
that was decrypted, came out of a Secret or is a Secret is ever put there.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import orjson

from holdfast.base.pack import pack, unpack
from holdfast.base.tree import EntryKind, Tree
from holdfast.kube.refs import Manifest
from holdfast.model.rendered import Rendered, RenderRequest
from holdfast.render.generate import LISTING, concerns, listing_id
from holdfast.render.render import Engine, render


@dataclass(frozen=True, slots=True)
class Packed:
    """One rendering, small: of most only the reads are looked at again."""

    reads: bytes
    rest: bytes

    @classmethod
    def of(cls, rendered: Rendered) -> Packed:
        rest = (rendered.objects, rendered.digest, rendered.warnings)
        return cls(pack(dict(rendered.reads)), pack(rest))

    @property
    def rendered(self) -> Rendered:
        objects, digest, warnings = unpack(self.rest)
        return Rendered(objects, digest, unpack(self.reads), warnings)


@dataclass(slots=True)
class _Entry:
    tree_identity: str
    packed: Packed


class Store(Protocol):
    """Bytes by key, somewhere that lasts. Both block, and neither raises: a store that fails has nothing and keeps nothing."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, value: bytes) -> None: ...

    def close(self) -> None: ...


class RenderMemo:
    """Keeps the last rendering of at most ``size`` requests. ``renders`` counts the real ones, for metrics and tests."""

    def __init__(self, size: int = 4096, store: Store | None = None, code: str = "") -> None:
        """``code`` names the code that renders: what another version stored is not used."""
        self._size = size
        self._code = code
        self._store = store
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
        return entry.packed.rendered

    def keep(self, request: RenderRequest, rendered: Rendered | Packed) -> None:
        """Remembers what ``render`` made of a request, for those who render elsewhere (in a thread, in a process)."""
        key = request.digest()
        self.renders += 1
        packed = rendered if isinstance(rendered, Packed) else Packed.of(rendered)
        self._entries[key] = _Entry(request.tree_identity, packed)
        self._entries.move_to_end(key)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)

    @property
    def lasts(self) -> bool:
        """Whether `fetch` and `store` are worth a thread: they block."""
        return self._store is not None

    def fetch(self, request: RenderRequest) -> Rendered | None:
        """Out of the store, where that has one that fits; remembered then."""
        if self._store is None or not may_be_stored(request):
            return None
        raw = self._store.get(self._key(request))
        found = _decoded(raw) if raw else None
        if found is None:
            return None
        identity, rendered = found
        if identity != request.tree_identity and not agrees(request.tree, rendered.reads):
            return None
        self._entries[request.digest()] = _Entry(request.tree_identity, Packed.of(rendered))
        return rendered

    def store(self, request: RenderRequest, rendered: Rendered) -> None:
        if self._store is not None and may_be_stored(request) and not any(map(_is_secret, rendered.objects)):
            self._store.put(self._key(request), _encoded(request.tree_identity, rendered))

    def _key(self, request: RenderRequest) -> str:
        return f"{self._code}:{request.digest()}"

    def _fits(self, entry: _Entry, request: RenderRequest) -> bool:
        if entry.tree_identity == request.tree_identity:
            return True
        if not agrees(request.tree, unpack(entry.packed.reads)):
            return False
        entry.tree_identity = request.tree_identity
        return True


def may_be_stored(request: RenderRequest) -> bool:
    """Whether nothing secret can be in the result."""
    substitution = request.build.substitution
    secret = substitution is not None and any(r.kind == "Secret" for r in substitution.references)
    return not (request.keys or secret)


def _is_secret(obj: Manifest) -> bool:
    return obj.get("kind") == "Secret"


def _encoded(tree_identity: str, found: Rendered) -> bytes:
    return orjson.dumps(
        {
            "tree": tree_identity,
            "objects": found.objects,
            "digest": found.digest,
            "reads": dict(found.reads),
            "warnings": found.warnings,
        }
    )


def _decoded(raw: bytes) -> tuple[str, Rendered] | None:
    """The tree's identity and what was made of it; None for what is not ours, or not whole."""
    try:
        found = orjson.loads(raw)
        rendered = Rendered(
            tuple(found["objects"]), str(found["digest"]), dict(found["reads"]), tuple(found["warnings"])
        )
        return str(found["tree"]), rendered
    except (ValueError, KeyError, TypeError):
        return None


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
