"""Paths into an object as ``replacements`` write them: keys, list indices, ``[key=value]`` and ``*``.

A ``Slot`` is a place that can be read and written. ``lookup`` finds the one value of a source, ``match`` all targets, making
what is missing where asked to. Source: kyaml ``PathGetter`` and ``PathMatcher``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from holdfast.kube.yaml.scalars import Dialect, plain
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.fieldspec import split_path, wrong_kind
from holdfast.kustomize.scalars import Misfit, tag_of, text_of
from holdfast.kustomize.selectors import go_regex


class Unset:
    """A scalar that was just made: it takes its type from the text put into it."""

    __slots__ = ()


UNSET = Unset()


class Plain(str):
    """A text without a type: it becomes what YAML makes of it."""

    __slots__ = ()


class Slot(NamedTuple):
    """``holder[key]``."""

    holder: Any
    key: Any

    @property
    def value(self) -> Any:
        return self.holder[self.key]

    def put(self, value: Any) -> None:
        self.holder[self.key] = value


@lru_cache(maxsize=4096)
def split_smart(path: str, delimiter: str = ".") -> tuple[str, ...]:
    """The parts of a path; what is in brackets stays together, and without ``=`` loses the brackets."""
    out: list[str] = []
    pieces = split_path(path, delimiter)
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        if piece.startswith("[") and not piece.endswith("]"):
            group = [piece]
            while at < len(pieces) - 1:
                at += 1
                group.append(pieces[at])
                if pieces[at].endswith("]"):
                    break
            joined = delimiter.join(group)
            out.append(joined if "=" in joined else joined.strip("[]"))
        else:
            out.append(piece)
        at += 1
    return tuple(out)


def _is_index(part: str) -> bool:
    return part.isascii() and part.isdigit()


def _is_element(part: str) -> bool:
    return part.startswith("[") and part.endswith("]")


def _key_value(part: str) -> tuple[str, str]:
    key, equals, value = part[1:-1].partition("=")
    if not equals:
        raise KustomizeError("list path element must contain fieldName=fieldValue for element to match")
    return key, value


def lookup(root: Any, parts: tuple[str, ...]) -> Slot | None:
    """The place that a path without wildcards leads to; None where there is nothing."""
    slot = Slot([root], 0)
    for part in parts:
        part = part.strip()
        if not part:
            continue
        found = _step(slot.value, part)
        if found is None:
            return None
        slot = found
    return slot


def _step(node: Any, part: str) -> Slot | None:
    if _is_index(part) or part == "-":
        items = _items(node)
        index = len(items) - 1 if part == "-" else int(part)
        return Slot(items, index) if 0 <= index < len(items) else None
    if part == "*":
        raise KustomizeError("wildcard is not supported in PathGetter")
    if part.startswith("-") and _is_index(part[1:]):
        raise KustomizeError(f"array index {part} cannot be negative")
    if _is_element(part):
        return _element(node, *_key_value(part))
    if node is None:
        return None
    if type(node) is not dict:
        raise wrong_kind("MappingNode", node)
    return Slot(node, part) if part in node else None


def _items(node: Any) -> list[Any]:
    if node is None:
        return []
    if type(node) is not list:
        raise wrong_kind("SequenceNode", node)
    return node


def _element(node: Any, key: str, value: str) -> Slot | None:
    items = _items(node)
    for index, item in enumerate(items):
        if key == "":
            if text_of(item) == value and type(item) not in (dict, list):
                return Slot(items, index)
        elif type(item) is dict and key in item and text_of(item[key]) == value:
            return Slot(items, index)
    return None


def match(slot: Slot, parts: tuple[str, ...], create: str) -> list[Slot]:
    """All places a path matches. ``create`` is "" or the kind of the value to make room for: scalar, map or list."""
    if not parts:
        return [slot]
    part = parts[0]
    if _is_index(part):
        return _match_index(slot, parts, create)
    if _is_element(part):
        return _match_elements(slot, parts, create)
    if part == "*":
        items = _items(slot.value)
        return [found for i in range(len(items)) for found in match(Slot(items, i), parts[1:], create)]
    return _match_field(slot, parts, create)


def _room(parts: tuple[str, ...], create: str) -> Any:
    """What to put where the next part of a path, or the value itself, will go."""
    following = parts[1] if len(parts) > 1 else ""
    if _is_element(following) or _is_index(following):
        return []
    if following:
        return {}
    return UNSET if create == "scalar" else [] if create == "list" else {}


def _match_field(slot: Slot, parts: tuple[str, ...], create: str) -> list[Slot]:
    node, name = slot.value, parts[0]
    if node is None or node is UNSET:
        if not create:
            return []
        node = {}
        slot.put(node)
    if type(node) is not dict:
        raise wrong_kind("MappingNode", node)
    if name not in node:
        if not create:
            return []
        node[name] = _room(parts, create)
    value = node[name]
    if len(parts) > 1 and type(value) is not dict and type(value) is not list:
        return _match_in_text(value, parts[1:], create)
    return match(Slot(node, name), parts[1:], create)


def _match_in_text(value: Any, parts: tuple[str, ...], create: str) -> list[Slot]:
    from holdfast.kube import yaml

    try:
        parsed = yaml.load(text_of(value), dialect=Dialect.KYAML)
    except yaml.YAMLError as err:
        raise KustomizeError(err.message) from None
    return match(Slot([parsed], 0), parts, create)


def _match_index(slot: Slot, parts: tuple[str, ...], create: str) -> list[Slot]:
    items, index = _items(slot.value), int(parts[0])
    if index == len(items) and create:
        items.append(_room(parts, create))
    if index >= len(items):
        raise KustomizeError(f"index {index} specified but only {len(items)} elements found")
    return match(Slot(items, index), parts[1:], create)


def _match_elements(slot: Slot, parts: tuple[str, ...], create: str) -> list[Slot]:
    key, pattern = _key_value(parts[0])
    items = _items(slot.value)
    found = _elements(items, key, pattern, parts, create)
    if found or not create:
        return found
    value = plain(pattern, Dialect.KYAML)
    items.append({key: value} if key else value)
    return _elements(items, key, pattern, parts, create)


def _elements(items: list[Any], key: str, pattern: str, parts: tuple[str, ...], create: str) -> list[Slot]:
    regex = go_regex(pattern)
    out: list[Slot] = []
    for index, item in enumerate(items):
        if not key:
            if type(item) not in (dict, list) and regex.search_text(text_of(item).strip()):
                out.append(Slot(items, index))
        elif type(item) is dict and key in item and regex.search_text(_node_text(item[key]).strip()):
            out += match(Slot(items, index), parts[1:], create)
    return out


def _node_text(value: Any) -> str:
    """A scalar's text; of a mapping or list, what it looks like in YAML."""
    if type(value) is not dict and type(value) is not list:
        return text_of(value)
    from holdfast.kustomize.yamlio import node_text

    return node_text(value)


def typed(text: str, like: Any) -> Any:
    """A text in the place of a scalar, whose type stays: kyaml keeps the tag of the node. It may be a ``Misfit``."""
    text = str(text)
    if like is UNSET:
        return plain(text, Dialect.KYAML) if text else text
    wanted = tag_of(like)
    if wanted == "!!str":
        return text
    value = plain(text, Dialect.KYAML)
    found = tag_of(value)
    return value if found == wanted or (wanted, found) == ("!!float", "!!int") else Misfit(text, wanted)
