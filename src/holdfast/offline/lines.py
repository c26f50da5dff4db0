"""The line of a field in a file: a document's first line and a path of keys in, a Place out.

Files are composed once, and only those that a finding points into.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from holdfast.base.errors import Place
from holdfast.base.tree import Tree

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Key = str | int


class Lines:
    """Remembers the composed documents of each file."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._known: dict[str, list[Any]] = {}

    def at(self, document: Place, path: Sequence[Key]) -> Place:
        """The place of the deepest part of ``path`` that stands in the document; the document's own where none does."""
        if not path:
            return document
        node = self._document(document)
        line = _line(node, path) if node is not None else 0
        return Place(document.path, line or document.line)

    def _document(self, place: Place) -> Any:
        before = [n for n in self._composed(place.path) if n.start_mark.line + 1 <= max(place.line, 1)]
        return before[-1] if before else None

    def _composed(self, path: str) -> list[Any]:
        if path not in self._known:
            try:
                text = self._tree.read(path)
                self._known[path] = [n for n in yaml.compose_all(text, Loader=_Loader) if n is not None]
            except (OSError, yaml.YAMLError, ValueError):
                self._known[path] = []
        return self._known[path]


def _line(node: Any, path: Sequence[Key]) -> int:
    line = 0
    for key in path:
        found = _step(node, key)
        if found is None:
            return line
        line, node = found
    return line


def _step(node: Any, key: Key) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == str(key):
                return name.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key].start_mark.line + 1, node.value[key]
    return None
