"""The syntax tree of a template. ``str`` of a node is its source as Go prints it in error contexts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from holdfast.helm.go.strconv import quote


@dataclass(slots=True, eq=False)
class Node:
    pos: int


@dataclass(slots=True, eq=False)
class TextNode(Node):
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True, eq=False)
class ListNode(Node):
    nodes: list[Node] = field(default_factory=list)

    def __str__(self) -> str:
        return "".join(map(str, self.nodes))


@dataclass(slots=True, eq=False)
class VariableNode(Node):
    ident: list[str]

    def __str__(self) -> str:
        return ".".join(self.ident)


@dataclass(slots=True, eq=False)
class FieldNode(Node):
    ident: list[str]

    def __str__(self) -> str:
        return "." + ".".join(self.ident)


@dataclass(slots=True, eq=False)
class ChainNode(Node):
    node: Node
    ident: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        inner = f"({self.node})" if isinstance(self.node, PipeNode) else str(self.node)
        return ".".join([inner, *self.ident])


@dataclass(slots=True, eq=False)
class IdentifierNode(Node):
    ident: str

    def __str__(self) -> str:
        return self.ident


@dataclass(slots=True, eq=False)
class DotNode(Node):
    def __str__(self) -> str:
        return "."


@dataclass(slots=True, eq=False)
class NilNode(Node):
    def __str__(self) -> str:
        return "nil"


@dataclass(slots=True, eq=False)
class BoolNode(Node):
    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@dataclass(slots=True, eq=False)
class NumberNode(Node):
    """A constant; each of the four readings is None where the text does not allow it."""

    text: str
    as_int: int | None = None
    as_uint: int | None = None
    as_float: float | None = None
    as_complex: complex | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True, eq=False)
class StringNode(Node):
    quoted: str
    text: str

    def __str__(self) -> str:
        return self.quoted


@dataclass(slots=True, eq=False)
class CommandNode(Node):
    args: list[Node] = field(default_factory=list)

    def __str__(self) -> str:
        return " ".join(f"({a})" if isinstance(a, PipeNode) else str(a) for a in self.args)


@dataclass(slots=True, eq=False)
class PipeNode(Node):
    line: int
    assign: bool = False
    decl: list[VariableNode] = field(default_factory=list)
    cmds: list[CommandNode] = field(default_factory=list)

    def __str__(self) -> str:
        head = ", ".join(map(str, self.decl))
        if head:
            head += " = " if self.assign else " := "
        return head + " | ".join(map(str, self.cmds))


@dataclass(slots=True, eq=False)
class ActionNode(Node):
    line: int
    pipe: PipeNode

    def __str__(self) -> str:
        return f"{{{{{self.pipe}}}}}"


@dataclass(slots=True, eq=False)
class BranchNode(Node):
    """if, with or range."""

    word: str
    line: int
    pipe: PipeNode
    body: ListNode
    otherwise: ListNode | None

    def __str__(self) -> str:
        other = f"{{{{else}}}}{self.otherwise}" if self.otherwise is not None else ""
        return f"{{{{{self.word} {self.pipe}}}}}{self.body}{other}{{{{end}}}}"


@dataclass(slots=True, eq=False)
class LoopControlNode(Node):
    """break or continue."""

    word: str

    def __str__(self) -> str:
        return f"{{{{{self.word}}}}}"


@dataclass(slots=True, eq=False)
class TemplateNode(Node):
    line: int
    name: str
    pipe: PipeNode | None

    def __str__(self) -> str:
        tail = f" {self.pipe}" if self.pipe is not None else ""
        return f"{{{{template {quote(self.name)}{tail}}}}}"


@dataclass(slots=True, eq=False)
class MarkNode(Node):
    """else or end: they close a list and are never part of a tree."""

    word: str

    def __str__(self) -> str:
        return f"{{{{{self.word}}}}}"


@dataclass(slots=True, eq=False)
class Tree:
    """One named template: where it was written and what it does."""

    name: str
    parse_name: str
    text: str
    root: ListNode
    compiled: Any = None

    def place(self, pos: int) -> tuple[int, int]:
        """(line from 1, column from 0 in bytes) of a position."""
        start = self.text.rfind("\n", 0, pos) + 1
        return self.text.count("\n", 0, pos) + 1, len(self.text[start:pos].encode("utf-8", "surrogateescape"))


def is_empty(node: Node) -> bool:
    """Nothing but white space: such a definition never replaces another."""
    if isinstance(node, ListNode):
        return all(is_empty(n) for n in node.nodes)
    return isinstance(node, TextNode) and not node.text.strip(" \t\n\v\f\r\x85\xa0")
