"""Bytes of one document to a tree of nodes: the grammar, by libyaml; no meaning yet.

go-yaml is a translation of libyaml, so the faults found are the same; the words and line numbers here are those that
go-yaml prints. Depth is bounded, and parsing stops where the bound is passed: time and memory stay in proportion to the text.
"""

from __future__ import annotations

from typing import Any

from yaml import events
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the stubs leave the C parser out
from yaml.error import MarkedYAMLError
from yaml.reader import ReaderError

from holdfast.kube.yaml.errors import MAX_DEPTH, Flaw
from holdfast.kube.yaml.scalars import Dialect

SCALAR, MAPPING, SEQUENCE, ALIAS = range(4)


class Node:
    """One node. ``items`` holds keys and values in turn for a mapping; ``target`` is what an alias names,
    ``flow`` whether a collection is written in brackets."""

    __slots__ = ("flow", "implicit", "items", "kind", "line", "tag", "target", "text")

    def __init__(self, kind: int, line: int, tag: str, text: str = "", implicit: bool = False) -> None:
        self.kind = kind
        self.line = line
        self.tag = tag
        self.text = text
        self.implicit = implicit
        self.items: list[Node] = []
        self.flow = False
        self.target: Node | None = None


def compose(data: bytes, dialect: Dialect) -> Node | None:
    """The first document of ``data`` as a tree; None when there is none. Faults are raised as `Flaw`."""
    try:
        # libyaml refuses a null pointer, which is what an empty text would hand it.
        return _first(CParser(data or b"\n"))
    except MarkedYAMLError as err:
        raise _flaw(err, dialect) from None
    except ReaderError as err:
        raise Flaw(f"yaml: {err.reason}") from None


def _first(parser: Any) -> Node | None:
    get = parser.get_event
    get()
    if type(get()) is not events.DocumentStartEvent:
        return None
    root = _tree(get)
    get()
    return root


def _tree(get: Any) -> Node:
    top: list[Node] = []
    into = top
    stack: list[list[Node]] = []
    anchors: dict[str, Node] = {}
    while True:
        event = get()
        kind = type(event)
        if kind is events.ScalarEvent:
            node = Node(SCALAR, event.start_mark.line + 1, event.tag or "", event.value, event.implicit[0])
        elif kind is events.MappingEndEvent or kind is events.SequenceEndEvent:
            into = stack.pop()
            if not stack:
                return top[0]
            continue
        elif kind is events.AliasEvent:
            node = _alias(event, anchors)
        else:
            node = Node(
                MAPPING if kind is events.MappingStartEvent else SEQUENCE, event.start_mark.line + 1, event.tag or ""
            )
        into.append(node)
        if event.anchor and kind is not events.AliasEvent:
            anchors[event.anchor] = node
        if node.kind == MAPPING or node.kind == SEQUENCE:
            node.flow = event.flow_style
            stack.append(into)
            into = node.items
            if len(stack) > MAX_DEPTH:
                raise Flaw(f"yaml: exceeded max depth of {MAX_DEPTH}", node.line, event.start_mark.column + 1)
        elif not stack:
            return node


def _alias(event: Any, anchors: dict[str, Node]) -> Node:
    node = Node(ALIAS, event.start_mark.line + 1, "", event.anchor)
    node.target = anchors.get(event.anchor)
    if node.target is None:
        raise Flaw(f"yaml: unknown anchor '{event.anchor}' referenced", node.line, event.start_mark.column + 1)
    return node


def _flaw(err: MarkedYAMLError, dialect: Dialect) -> Flaw:
    """The fault with go-yaml's line: its parser counts from 0, its scanner from 1, and line 0 is left out."""
    step = 1 if type(err).__name__ == "ScannerError" else 0
    marks = (err.context_mark, err.problem_mark) if dialect is Dialect.KYAML else (err.problem_mark, err.context_mark)
    first = next((mark for mark in marks if mark and mark.line), None)
    # Where v2 falls back to the context it forgets the scanner's step.
    forgotten = dialect is Dialect.OBJECT and first is err.context_mark and first is not err.problem_mark
    where = f"line {first.line + (0 if forgotten else step)}: " if first else ""
    mark = err.problem_mark or err.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return Flaw(f"yaml: {where}{err.problem}", line, column)
