"""Field specs: which fields of which kinds a transformer works on, and the walk that reaches them.

A spec's path is written with slashes (``\\/`` for a slash in a key); lists are walked into; ``name[]`` demands a list and is
never created. A walk hands the setter the container and the key of every field reached. Source: kustomize
``api/filters/fieldspec``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from holdfast.base.record import Record
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.fieldtrie import FieldTrie, Unexpected
from holdfast.kustomize.ids import gvk_text, split_api_version
from holdfast.kustomize.resource import Resource
from holdfast.kustomize.scalars import text_of

_MOST_KINDS = 1024
Setter = Callable[[Any, Any], None]
"""Gets the container (mapping or list) and the key or index of the field."""


class FieldSpec(Record):
    path: str
    group: str = ""
    version: str = ""
    kind: str = ""
    create: bool = False

    def __str__(self) -> str:
        return f"{gvk_text(self.group, self.version, self.kind)}:{'true' if self.create else 'false'}:{self.path}"

    def selects(self, group: str, version: str, kind: str) -> bool:
        return (
            (not self.kind or self.kind == kind)
            and (not self.group or self.group == group)
            and (not self.version or self.version == version)
        )


Specs = tuple[FieldSpec, ...]


def merge_specs(specs: Sequence[FieldSpec], incoming: Iterable[FieldSpec]) -> Specs:
    """``specs`` and those of ``incoming`` that are not covered yet; a disagreement about ``create`` is an error."""
    out = list(specs)
    by_path: dict[str, list[FieldSpec]] = {}
    for known in out:
        by_path.setdefault(known.path, []).append(known)
    for spec in incoming:
        same = by_path.setdefault(spec.path, [])
        covering = next((k for k in same if _covers(k, spec)), None)
        if covering is None:
            same.append(spec)
            out.append(spec)
        elif covering.create != spec.create:
            raise KustomizeError("conflicting fieldspecs")
    return tuple(out)


def _covers(known: FieldSpec, spec: FieldSpec) -> bool:
    return (
        (not spec.kind or known.kind == spec.kind)
        and (not spec.group or known.group == spec.group)
        and (not spec.version or known.version == spec.version)
    )


@lru_cache(maxsize=4096)
def split_path(path: str, delimiter: str = "/") -> tuple[str, ...]:
    """The parts of a path; a backslash before the delimiter keeps it in the part."""
    pieces = path.split(delimiter)
    if len(pieces) > 1 and pieces[0] == "":
        pieces = pieces[1:]
    out = [pieces[0]]
    for piece in pieces[1:]:
        if out[-1].endswith("\\"):
            out[-1] = out[-1][:-1] + delimiter + piece
        else:
            out.append(piece)
    return tuple(out)


class Walk(Record):
    """How missing fields are made: ``creates`` is the kind of the last one ("map", "scalar") or "" for never."""

    creates: str = ""
    empty: Any = None
    """What a scalar is before the setter runs."""

    def last(self) -> Any:
        return self.empty if self.creates == "scalar" else {}


NO_CREATION = Walk()


@lru_cache(maxsize=4096)
def _steps(path: str) -> tuple[tuple[str, bool], ...]:
    """(name, whether it has to be a list) of every part of a path."""
    return tuple((p[:-2], True) if p.endswith("[]") else (p, False) for p in split_path(path))


def apply_spec(resource: Resource, spec: FieldSpec, setter: Setter, walk: Walk = NO_CREATION) -> None:
    """Run the setter on every field of the resource that the spec names. The kind is not checked here."""
    try:
        _descend(resource.manifest, _steps(spec.path), 0, spec, setter, walk)
    except KustomizeError as err:
        raise err.within(f"considering field '{spec.path}' of object {resource.id_text()}") from None


def _descend(
    node: Any, steps: tuple[tuple[str, bool], ...], at: int, spec: FieldSpec, setter: Setter, walk: Walk
) -> None:
    end = len(steps) - 1
    may_create = bool(spec.create and walk.creates)
    while True:
        if type(node) is not dict:
            if type(node) is list:
                _each(node, steps, at, spec, setter, walk)
            elif node is not None:
                raise KustomizeError("expected sequence or mapping node")
            return
        name, wants_list = steps[at]
        value = node.get(name)
        if value is None:
            _refuse_odd_name(name, node)
            creating = may_create and not wants_list
            if not creating and name not in node:
                return
            if creating:
                value = node[name] = walk.last() if at == end else {}
            elif wants_list:
                value = node[name] = []
        if at == end:
            setter(node, name)
            return
        node = value
        at += 1


def _refuse_odd_name(name: str, node: Any) -> None:
    """Parts that kyaml takes for something else than a key."""
    if not name:
        raise KustomizeError("cannot set or create an empty field name")
    if name == "*":
        raise KustomizeError("fieldName: *: wildcard is not supported in PathGetter")
    if name.isdigit() and name.isascii():
        raise wrong_kind("SequenceNode", node).within(f"fieldName: {name}")


def _each(
    items: list[Any], steps: tuple[tuple[str, bool], ...], at: int, spec: FieldSpec, setter: Setter, walk: Walk
) -> None:
    for item in items:
        try:
            _descend(item, steps, at, spec, setter, walk)
        except KustomizeError as err:
            shown = " ".join(split_path(spec.path)[at:])
            raise err.within(f"visit traversal on path: [{shown}]") from None


class SpecIndex:
    """The specs that apply to a kind, and one walk for all of them, made once per kind."""

    def __init__(self, specs: Iterable[FieldSpec], walk: Walk = NO_CREATION) -> None:
        self._specs = tuple(specs)
        self._walk = walk
        self._by_kind: dict[tuple[str, str], tuple[Specs, FieldTrie]] = {}

    def of(self, api_version: str, kind: str) -> Specs:
        return self._found((api_version, kind))[0]

    def _found(self, type_meta: tuple[str, str]) -> tuple[Specs, FieldTrie]:
        found = self._by_kind.get(type_meta)
        if found is None:
            api_version, kind = type_meta
            group, version = split_api_version(api_version)
            specs = tuple(s for s in self._specs if s.selects(group, version, kind))
            make = self._walk.last if self._walk.creates else None
            found = specs, FieldTrie(((_steps(s.path), s.create) for s in specs), make)
            if len(self._by_kind) < _MOST_KINDS:
                self._by_kind[type_meta] = found
        return found

    def apply(self, resource: Resource, setter: Setter) -> None:
        """Run the setter on every field of the resource that a spec names; it may be called more than once for one of them."""
        type_meta = resource.type_meta()
        specs, trie = self._by_kind.get(type_meta) or self._found(type_meta)
        if trie.plain:
            try:
                trie.visit(resource.manifest, setter)
            except (Unexpected, KustomizeError):
                # The long way finds it again and says where.
                pass
            else:
                return
        for spec in specs:
            apply_spec(resource, spec, setter, self._walk)


@lru_cache(maxsize=128)
def index_of(specs: Specs, walk: Walk = NO_CREATION) -> SpecIndex:
    """An index that later builds use again: most of them have the same specs."""
    return SpecIndex(specs, walk)


def kind_of(node: Any) -> str:
    """The node kind as kyaml names it in messages."""
    if type(node) is dict:
        return "MappingNode"
    return "SequenceNode" if type(node) is list else "ScalarNode"


def wrong_kind(expected: str, node: Any) -> KustomizeError:
    """kyaml's complaint about a mapping, list or scalar in the wrong place."""
    from holdfast.kustomize.yamlio import node_text

    contents = text_of(node) + "\n" if kind_of(node) == "ScalarNode" else node_text(node)
    return KustomizeError(f"wrong node kind: expected {expected} but got {kind_of(node)}: node contents:\n{contents}")
