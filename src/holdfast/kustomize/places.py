"""Where in a YAML text a field is, for errors: looked for only when there is one."""

from __future__ import annotations

from holdfast.kube.yaml.compose import MAPPING, SEQUENCE, Node, compose
from holdfast.kube.yaml.errors import Flaw
from holdfast.kube.yaml.scalars import Dialect
from holdfast.kustomize.gojson import Trail


def line_of_entry(text: bytes, entry: str) -> int:
    """The line of an item of a list at the top, such as a path in ``resources``; 0 where there is none."""
    try:
        root = compose(text, Dialect.OBJECT)
    except Flaw:
        return 0
    lists = [node for node in root.items if node.kind == SEQUENCE] if root is not None else []
    return next((item.line for node in lists for item in node.items if item.text == entry), 0)


def line_of(text: bytes, trail: Trail) -> int:
    """The line of the last step of ``trail`` that is there; 0 where nothing is."""
    try:
        node = compose(text, Dialect.OBJECT)
    except Flaw:
        return 0
    line = 0
    for step in trail:
        found = _step(node, step) if node is not None else None
        if found is None:
            return line
        line, node = found
    return line


def _step(node: Node, step: str | int) -> tuple[int, Node] | None:
    """The line on which a key or an item begins, and what is there."""
    node = node.target or node
    if node.kind == MAPPING:
        pairs = zip(node.items[::2], node.items[1::2], strict=True)
        return next(((key.line, value) for key, value in pairs if key.text == step), None)
    if node.kind == SEQUENCE and isinstance(step, int) and step < len(node.items):
        return node.items[step].line, node.items[step]
    return None
