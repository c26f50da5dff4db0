"""Pipelines, commands and arguments compiled to closures.

Every compiled expression comes with the node that Go would have looked at last when it is done: that is where Go places
the errors of what happens next with the value.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.types import INVALID, Method
from holdfast.helm.gotemplate.calls import (
    assignable,
    call,
    check_count,
    checked,
    convert,
    error_calling,
    literal,
    param_type,
    protect,
)
from holdfast.helm.gotemplate.fields import Invoke, chain, chain_call, dot_chain
from holdfast.helm.gotemplate.nodes import (
    BoolNode,
    ChainNode,
    CommandNode,
    DotNode,
    FieldNode,
    IdentifierNode,
    NilNode,
    Node,
    NumberNode,
    PipeNode,
    StringNode,
    Tree,
    VariableNode,
)
from holdfast.helm.gotemplate.runtime import Eval, Frame, Probe, ProbeFault, Site

_LITERALS = (BoolNode, NilNode, NumberNode, StringNode)
Compiled = tuple[Eval, Node]

# Functions whose lists do not hold interface values: their elements show their own type in errors.
TYPED_LISTS = frozenset(
    (
        "splitList",
        "until",
        "untilStep",
        "keys",
        "sortAlpha",
        "toStrings",
        "regexFindAll",
        "mustRegexFindAll",
        "regexSplit",
        "mustRegexSplit",
    )
)


class Variables:
    """Slots of a template's variables; names are resolved while compiling."""

    def __init__(self) -> None:
        self.size = 1
        self._known: list[tuple[str, int, str]] = [("$", 0, "")]

    def mark(self) -> int:
        return len(self._known)

    def release(self, mark: int) -> None:
        del self._known[mark:]

    def declare(self, name: str, static: str = "") -> int:
        slot = self.size
        self.size += 1
        self._known.append((name, slot, static))
        return slot

    def known(self, name: str) -> bool:
        return any(known == name for known, _, _ in self._known)

    def find(self, name: str) -> tuple[int, str]:
        for known, slot, static in reversed(self._known):
            if known == name:
                return slot, static
        raise KeyError(name)


class Expressions:
    """Compiles the expressions of one tree. ``dot_static`` is "interface {}" while the dot is an element of a range."""

    def __init__(self, tree: Tree, functions: Mapping[str, Method]) -> None:
        self.tree = tree
        self.functions = functions
        self.variables = Variables()
        self.dot_static = ""

    def site(self, node: Node) -> Site:
        return Site(self.tree, node)

    # Pipelines

    def pipeline(self, pipe: PipeNode) -> Compiled:
        """The value; None stands for the invalid value as well. Declarations are done on the way."""
        run: Eval | None = None
        last: Node = pipe
        for cmd in pipe.cmds:
            run, last = self._command(cmd, run, pipe, last)
        assert run is not None
        if pipe.decl:
            run = self._assign(pipe, run, last)
        return run, last

    def undefined(self, pipe: PipeNode) -> str:
        """The first variable that is assigned without being there: Go notices when it runs."""
        return next((v.ident[0] for v in pipe.decl if not self.variables.known(v.ident[0])), "") if pipe.assign else ""

    def failing(self, node: Node, message: str) -> Eval:
        site = self.site(node)
        return lambda f, dot: site.fail(message)

    def _assign(self, pipe: PipeNode, value: Eval, last: Node) -> Eval:
        missing = self.undefined(pipe)
        if missing:
            return _after(value, self.failing(last, f"undefined variable: {missing}"))
        names = [v.ident[0] for v in pipe.decl]
        slots = [self.variables.find(n)[0] if pipe.assign else self.variables.declare(n) for n in names]

        def run(f: Frame, dot: Any) -> Any:
            v = value(f, dot)
            if v is None:
                v = INVALID
            for slot in slots:
                f.vars[slot] = v
            return v

        return run

    def _command(self, cmd: CommandNode, piped: Eval | None, pipe: PipeNode, before: Node) -> Compiled:
        first = cmd.args[0]
        if isinstance(first, IdentifierNode):
            return self._function(first, cmd, cmd.args[1:], piped, before)
        if isinstance(first, (FieldNode, VariableNode, ChainNode)):
            return self._fields(first, cmd.args[1:], piped, before)
        if isinstance(first, PipeNode):
            return self._not_function(self.pipeline(first), cmd, piped, pipe)
        return self._not_function(self._word(first), cmd, piped, first)

    def _word(self, node: Node) -> Compiled:
        if isinstance(node, DotNode):
            return _dot, node
        site = self.site(node)
        if isinstance(node, NilNode):
            return lambda f, dot: site.fail("nil is not a command"), node
        return self._constant(node, "any"), node

    def _not_function(self, compiled: Compiled, cmd: CommandNode, piped: Eval | None, where: Node) -> Compiled:
        if len(cmd.args) == 1 and piped is None:
            return compiled
        site = self.site(where)
        shown = f"({cmd.args[0]})" if isinstance(cmd.args[0], PipeNode) else str(cmd.args[0])
        shown = str(cmd.args[0]) if isinstance(cmd.args[0], PipeNode) else shown
        return _after(piped, lambda f, dot: site.fail(f"can't give argument to non-function {shown}")), where

    # Arguments

    def argument(self, node: Node, typ: str) -> Compiled:
        """An argument for a parameter of a type."""
        if isinstance(node, _LITERALS):
            return self._constant(node, typ), node
        get, last = self.raw(node)
        return checked(get, typ, self.site(last), isinstance(node, PipeNode)), last

    def raw(self, node: Node) -> Compiled:
        """An operand that is no literal, unchecked."""
        if isinstance(node, DotNode):
            return _dot, node
        if isinstance(node, PipeNode):
            return self.pipeline(node)
        if isinstance(node, IdentifierNode):
            return self._function(node, node, [], None, node)
        return self._fields(node, [], None, node)

    def _constant(self, node: Node, typ: str) -> Eval:
        site = self.site(node)
        try:
            value = literal(node, typ, Probe(self.tree, node))
        except ProbeFault as fault:
            text = str(fault)
            return lambda f, dot: site.fail(text)

        def constant(f: Frame, dot: Any) -> Any:
            return value

        return constant

    # Fields

    def _fields(self, node: Node, args: list[Node], piped: Eval | None, before: Node) -> Compiled:
        start, names, last, static = self._start(node)
        if not names:
            if args or piped is not None:
                site = self.site(node)
                return _after(piped, lambda f, dot: site.fail(f"can't give argument to non-function {node}")), node
            return start, last
        site = self.site(last)
        if args or piped is not None:
            invoke = self._invoke(args, piped, site, before)
            return chain_call(start, names, site, static, invoke), last
        if start is _dot:
            return dot_chain(names, site, static), last
        return chain(start, names, site, static), last

    def _start(self, node: Node) -> tuple[Eval, list[str], Node, str]:
        """(the value that the fields are of, the fields, the node looked at last, its static type)."""
        if isinstance(node, FieldNode):
            return _dot, node.ident, node, self.dot_static
        if isinstance(node, VariableNode):
            if not self.variables.known(node.ident[0]):
                # Declared in the other branch: the parser lets it pass, and Go notices when it runs.
                return self.failing(node, f"undefined variable: {node.ident[0]}"), node.ident[1:], node, ""
            slot, static = self.variables.find(node.ident[0])
            return _variable(slot), node.ident[1:], node, static
        assert isinstance(node, ChainNode)
        return self._chain_start(node)

    def _chain_start(self, node: ChainNode) -> tuple[Eval, list[str], Node, str]:
        if isinstance(node.node, NilNode):
            site = self.site(node)
            return (lambda f, dot: site.fail(f"indirection through explicit nil in {node}")), node.ident, node, ""
        get, last = self.raw(node.node)

        def run(f: Frame, dot: Any) -> Any:
            value = get(f, dot)
            return INVALID if value is None else value

        return run, node.ident, last, ""

    def _invoke(self, args: list[Node], piped: Eval | None, site: Site, before: Node) -> Invoke:
        """A method call: what it takes is known only when the receiver is, so its arguments are checked then."""
        known: dict[int, list[Eval]] = {}
        operands = [None if isinstance(a, _LITERALS) else self.raw(a) for a in args]

        def invoke(f: Frame, dot: Any, receiver: Any, found: Method) -> Any:
            check_count(found, len(args), piped is not None, site)
            getters = known.get(id(found))
            if getters is None:
                getters = [
                    self._typed(a, o, param_type(found, i)) for i, (a, o) in enumerate(zip(args, operands, strict=True))
                ]
                if piped is not None:
                    getters.append(checked(piped, param_type(found, len(args)), self.site(before), True))
                known[id(found)] = getters
            values = [get(f, dot) for get in getters]
            return protect(found, site, receiver, *values)

        return invoke

    def _typed(self, node: Node, operand: Compiled | None, typ: str) -> Eval:
        if operand is None:
            return self._constant(node, typ)
        return checked(operand[0], typ, self.site(operand[1]), isinstance(node, PipeNode))

    # Functions

    def _function(
        self, ident: IdentifierNode, cmd: Node, args: list[Node], piped: Eval | None, before: Node
    ) -> Compiled:
        found = self.functions[ident.ident]
        if ident.ident == "call":
            found = _named_call(found, str(args[0]) if args else "")
        site = self.site(ident)
        try:
            check_count(found, len(args), piped is not None, Probe(self.tree, ident))
        except ProbeFault as fault:
            text = str(fault)
            return _after(piped, lambda f, dot: site.fail(text)), ident
        last: Node = ident
        getters: list[Eval] = []
        for i, arg in enumerate(args):
            get, last = self.argument(arg, param_type(found, i))
            getters.append(get)
        if ident.ident in ("and", "or"):
            return _logic(ident.ident, getters, piped), last
        if piped is not None:
            if args:
                return self._piped_call(found, getters, piped, self.site(cmd), self.site(last)), last
            getters.append(checked(piped, param_type(found, 0), self.site(last), True))
        return call(found, getters, self.site(cmd)), last

    def _piped_call(self, found: Method, getters: list[Eval], piped: Eval, site: Site, checks: Site) -> Eval:
        """The piped value is evaluated first, passed last, and checked after the other arguments."""
        typ = param_type(found, len(getters))
        if found.frame or len(getters) > 2:
            return _piped_many(found, getters, piped, typ, site, checks)
        if len(getters) == 1:
            return _piped_two(found, getters[0], piped, typ, site, checks)
        return _piped_three(found, getters, piped, typ, site, checks)


def _named_call(found: Method, name: str) -> Method:
    return Method(found.name, found.params, partial(found.call, name), variadic=found.variadic)


def _dot(f: Frame, dot: Any) -> Any:
    return dot


def _variable(slot: int) -> Eval:
    def run(f: Frame, dot: Any) -> Any:
        return f.vars[slot]

    return run


def _after(piped: Eval | None, then: Eval) -> Eval:
    if piped is None:
        return then

    def run(f: Frame, dot: Any) -> Any:
        piped(f, dot)
        return then(f, dot)

    return run


def _logic(word: str, getters: list[Eval], piped: Eval | None) -> Eval:
    """and, or: the first value that decides, else the last."""
    stop = word == "or"

    def run(f: Frame, dot: Any) -> Any:
        final = piped(f, dot) if piped is not None else None
        value: Any = None
        for get in getters:
            value = get(f, dot)
            if bool(value) is stop:
                return value
        return value if piped is None else final

    return run


def _final(value: Any, typ: str, checks: Site) -> Any:
    """The piped value as the last argument."""
    if typ == "any":
        return None if value is INVALID else value
    if typ == "rv":
        return INVALID if value is None else value
    return value if value is not None and assignable(value, typ) else convert(value, typ, checks, True)


def _piped_two(found: Method, get: Eval, piped: Eval, typ: str, site: Site, checks: Site) -> Eval:
    function, name = found.call, found.name

    def run(f: Frame, dot: Any) -> Any:
        final = piped(f, dot)
        x = get(f, dot)
        final = _final(final, typ, checks)
        try:
            return function(x, final)
        except GoError as fault:
            error_calling(name, site, fault)

    return run


def _piped_three(found: Method, getters: list[Eval], piped: Eval, typ: str, site: Site, checks: Site) -> Eval:
    function, name = found.call, found.name
    first, second = getters

    def run(f: Frame, dot: Any) -> Any:
        final = piped(f, dot)
        x = first(f, dot)
        y = second(f, dot)
        final = _final(final, typ, checks)
        try:
            return function(x, y, final)
        except GoError as fault:
            error_calling(name, site, fault)

    return run


def _piped_many(found: Method, getters: list[Eval], piped: Eval, typ: str, site: Site, checks: Site) -> Eval:
    function, name, frame = found.call, found.name, found.frame

    def run(f: Frame, dot: Any) -> Any:
        final = piped(f, dot)
        values = [get(f, dot) for get in getters]
        values.append(_final(final, typ, checks))
        try:
            return function(f, *values) if frame else function(*values)
        except GoError as fault:
            error_calling(name, site, fault)

    return run
