"""Walks through JSON data: where paths lead to, and which lists have a name. The data is not changed.

Comes in: data and branches, or names. Goes out: lists of what was found, in the order of a walk. Each walk is written twice, here and in
``native/walk.c``, and the tests hold one against the other.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

from holdfast.base.record import Record
from holdfast.kube import native

IGNORED, WHERE_NULL, ALWAYS = 0, 1, 2
"""When a missing value is of interest: never, where null stands for it, or always."""


class Branch(Record):
    """One part of paths: a key, whether a path ends there, when a missing value is of interest, and what goes on below."""

    name: str
    ends: bool
    missing: int
    below: tuple[Any, ...]
    mark: Any
    """By which the caller knows it."""


Hit = tuple[Any, str, Any]
"""The map that holds the key, the key, and the mark of the branch that led there."""


def reach_in_python(node: Any, branches: tuple[Branch, ...], names: Container[str] | None = None) -> list[Hit] | None:
    found: list[Hit] = []
    return found if _reach(node, branches, names, found) else None


def _reach(node: Any, branches: tuple[Branch, ...], names: Container[str] | None, found: list[Hit]) -> bool:
    if type(node) is list:
        return all(item is None or _reach(item, branches, names, found) for item in node)
    if type(node) is not dict:
        return False
    for branch in branches:
        name, ends, missing, below, mark = branch
        value = node.get(name)
        if value is None:
            if missing == ALWAYS or (missing == WHERE_NULL and name in node):
                found.append((node, name, mark))
            continue
        if ends and (names is None or type(value) is not str or value in names):
            found.append((node, name, mark))
        if below and not _reach(value, below, names, found):
            return False
    return True


def lists_named_in_python(node: Any, names: tuple[str, ...]) -> list[list[Any]]:
    found: list[list[Any]] = []
    _collect(node, names, found)
    return found


def _collect(node: Any, names: tuple[str, ...], found: list[list[Any]]) -> None:
    if type(node) is list:
        for item in node:
            if type(item) is dict or type(item) is list:
                _collect(item, names, found)
    elif type(node) is dict:
        for key, value in node.items():
            if type(value) is dict:
                _collect(value, names, found)
            elif type(value) is list:
                _collect(value, names, found)
                if key in names:
                    found.append(value)


reach: Callable[..., list[Hit] | None] = native.reach or reach_in_python
"""(node, branches, names=None): every hit, in order; None where a path goes on at something that is neither a map nor a list.

Lists are walked into. A text is a hit only if it is among ``names``, where they are given; they have to be a dict.
"""

lists_named: Callable[[Any, tuple[str, ...]], list[list[Any]]] = native.lists_named or lists_named_in_python
"""(node, names): every list that stands under one of ``names``, at any depth; those inside of others first."""
