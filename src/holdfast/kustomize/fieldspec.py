"""Field specs: which fields of which kinds a transformer works on, and the walk that reaches them.

A spec's path is written with slashes (``\\/`` for a slash in a key); lists are walked into; ``name[]`` demands a list and is
never created. A walk hands the setter the container and the key of every field reached. Source: kustomize
``api/filters/fieldspec``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.ids import gvk_text, split_api_version
from holdfast.kustomize.resource import Resource
from holdfast.kustomize.scalars import text_of

Setter = Callable[[Any, Any], None]
"""Gets the container (mapping or list) and the key or index of the field."""


class FieldSpec(NamedTuple):
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


class Walk(NamedTuple):
    """How missing fields are made: ``creates`` is the kind of the last one ("map", "scalar") or "" for never."""

    creates: str = ""
    empty: Any = None
    """What a scalar is before the setter runs."""


def apply_spec(resource: Resource, spec: FieldSpec, setter: Setter, walk: Walk = Walk()) -> None:  # noqa: B008
    """Run the setter on every field of the resource that the spec names. The kind is not checked here."""
    manifest = resource.manifest
    try:
        _descend(manifest, split_path(spec.path), 0, spec, setter, walk)
    except KustomizeError as err:
        raise err.within(f"considering field '{spec.path}' of object {resource.id_text()}") from None


def _descend(node: Any, parts: tuple[str, ...], at: int, spec: FieldSpec, setter: Setter, walk: Walk) -> None:
    if node is None:
        return
    if type(node) is list:
        _each(node, parts, at, spec, setter, walk)
        return
    if type(node) is not dict:
        raise KustomizeError("expected sequence or mapping node")
    name = parts[at]
    wants_list = name.endswith("[]")
    if wants_list:
        name = name[:-2]
    if not name:
        raise KustomizeError("cannot set or create an empty field name")
    last = at + 1 == len(parts)
    creating = bool(spec.create and walk.creates and not wants_list)
    if name not in node:
        if not creating:
            return
        node[name] = (walk.empty if walk.creates == "scalar" else {}) if last else {}
    elif node[name] is None:
        _replace_null(node, name, creating, wants_list, last, walk)
    if last:
        setter(node, name)
    else:
        _descend(node[name], parts, at + 1, spec, setter, walk)


def _replace_null(node: dict[str, Any], name: str, creating: bool, wants_list: bool, last: bool, walk: Walk) -> None:
    if wants_list:
        node[name] = []
    elif creating:
        node[name] = (walk.empty if walk.creates == "scalar" else {}) if last else {}


def _each(items: list[Any], parts: tuple[str, ...], at: int, spec: FieldSpec, setter: Setter, walk: Walk) -> None:
    for item in items:
        try:
            _descend(item, parts, at, spec, setter, walk)
        except KustomizeError as err:
            shown = " ".join(parts[at:])
            raise err.within(f"visit traversal on path: [{shown}]") from None


class SpecIndex:
    """The specs that apply to a kind, found once per kind."""

    def __init__(self, specs: Iterable[FieldSpec]) -> None:
        self._specs = tuple(specs)
        self._by_kind: dict[tuple[str, str], Specs] = {}

    def of(self, api_version: str, kind: str) -> Specs:
        found = self._by_kind.get((api_version, kind))
        if found is None:
            group, version = split_api_version(api_version)
            found = tuple(s for s in self._specs if s.selects(group, version, kind))
            self._by_kind[api_version, kind] = found
        return found


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
