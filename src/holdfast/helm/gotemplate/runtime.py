"""What an execution needs: frames, the set of templates, bounds, and errors with their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.format import to_string
from holdfast.helm.go.strconv import quote
from holdfast.helm.go.types import INVALID, Method
from holdfast.helm.gotemplate.bounds import weight_steps
from holdfast.helm.gotemplate.errors import ExecError, LimitError
from holdfast.helm.gotemplate.nodes import Node, Tree

# Go's own bound is 100000 templates deep; a tenth of it is far beyond any chart and keeps memory small.
MAX_DEPTH = 10_000

Eval = Callable[["Frame", Any], Any]


class Site:
    """A node of a tree: where an error happens."""

    __slots__ = ("node", "tree")

    def __init__(self, tree: Tree, node: Node) -> None:
        self.tree = tree
        self.node = node

    def fail(self, message: str, inner: GoError | None = None) -> NoReturn:
        tree = self.tree
        line, column = tree.place(self.node.pos)
        where = f"{tree.parse_name}:{line}:{column}"
        text = f"template: {where}: executing {quote(tree.name)} at <{self.node}>: {message}"
        raise ExecError(text, inner, tree.name, tree.parse_name, line, column)


class ProbeFault(Exception):
    """What a site would have failed with."""


class Probe(Site):
    """A site asked while compiling: the fault is kept and raised again when the expression runs."""

    __slots__ = ()

    def fail(self, message: str, inner: GoError | None = None) -> NoReturn:
        raise ProbeFault(message)


@dataclass
class Limits:
    """Bounds of one render; far above what real charts need."""

    steps: int = 20_000_000
    output: int = 100_000_000


@dataclass
class Runtime:
    """State of one render shared by all its templates. ``services`` carries what functions of the caller need."""

    limits: Limits = field(default_factory=Limits)
    included: dict[str, int] = field(default_factory=dict)
    services: Any = None
    functions: Mapping[str, Method] = field(default_factory=dict)
    compile: Callable[[Tree, Mapping[str, Method]], None] | None = None
    steps: int = 0
    produced: int = 0
    tpl_depth: int = 0

    def grow(self, size: int) -> None:
        self.produced += size
        if self.produced > self.limits.output:
            raise LimitError(f"the templates produced more than {self.limits.output} characters")

    def step(self) -> None:
        self.spend(1)

    def spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > self.limits.steps:
            raise LimitError(f"the templates took more than {self.limits.steps} steps")


TemplateSet = dict[str, Tree]


class Frame:
    """One running template."""

    __slots__ = ("depth", "measured", "out", "rt", "templates", "vars")

    def __init__(self, rt: Runtime, templates: TemplateSet, size: int, depth: int, out: list[str]) -> None:
        self.rt = rt
        self.templates = templates
        self.vars: list[Any] = [INVALID] * size
        self.depth = depth
        self.out = out
        self.measured = 0

    def measure(self) -> None:
        """Count what was written since last time against the bound."""
        end = len(self.out)
        if end > self.measured:
            self.rt.grow(sum(map(len, self.out[self.measured : end])))
            self.measured = end


@dataclass(slots=True)
class Program:
    """A compiled template: its statements and how many variables it has."""

    run: Eval
    slots: int


def print_value(value: Any, rt: Runtime) -> str:
    if value is None or value is INVALID:
        return "<no value>"
    if isinstance(value, (dict, list)):
        rt.spend(weight_steps(value))
    return to_string(value)


def execute(tree: Tree, data: Any, templates: TemplateSet, rt: Runtime, depth: int = 0) -> str:
    """The text that a template makes of the data; ``<no value>`` as Go writes it."""
    if tree.compiled is None:
        # Most of a library's definitions are never called: a tree is compiled when it first runs.
        assert rt.compile is not None
        rt.compile(tree, rt.functions)
    program = tree.compiled
    out: list[str] = []
    frame = Frame(rt, templates, program.slots, depth, out)
    if data is None:
        data = INVALID
    frame.vars[0] = data
    program.run(frame, data)
    text = "".join(out)
    rt.grow(len(text))
    return text
