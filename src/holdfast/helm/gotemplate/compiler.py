"""Syntax trees to programs: statements compiled to closures over a frame and the dot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.format import to_string
from holdfast.helm.go.strconv import quote
from holdfast.helm.go.types import INVALID, Method
from holdfast.helm.gotemplate.errors import LimitError
from holdfast.helm.gotemplate.expressions import TYPED_LISTS, Expressions
from holdfast.helm.gotemplate.nodes import (
    ActionNode,
    BranchNode,
    IdentifierNode,
    ListNode,
    LoopControlNode,
    Node,
    PipeNode,
    TemplateNode,
    TextNode,
    Tree,
)
from holdfast.helm.gotemplate.runtime import MAX_DEPTH, Eval, Frame, Program, Site, execute, print_value

_BREAK, _CONTINUE = object(), object()
# So many pieces of text are written between two looks at their length.
_MEASURED = 1024


class _Statements(Expressions):
    def compile(self) -> Program:
        return Program(self.block(self.tree.root), self.variables.size)

    def block(self, body: ListNode) -> Eval:
        """Statements in a row; the result is the word of a loop control that was met, or None."""
        steps = [self._statement(n) for n in body.nodes]
        if not any(_controls(n) for n in body.nodes):
            return _sequence(steps)
        return _breakable(steps)

    def _statement(self, node: Node) -> Eval:
        if isinstance(node, TextNode):
            return _text(node.text)
        if isinstance(node, ActionNode):
            run, _ = self.pipeline(node.pipe)
            return run if node.pipe.decl else _print(run, self.site(node.pipe))
        if isinstance(node, BranchNode):
            return self._branch(node)
        if isinstance(node, TemplateNode):
            return self._template(node)
        assert isinstance(node, LoopControlNode)
        signal = _BREAK if node.word == "break" else _CONTINUE
        return lambda f, dot: signal

    def _branch(self, node: BranchNode) -> Eval:
        mark = self.variables.mark()
        try:
            if node.word == "range":
                return self._range(node)
            return self._if_or_with(node)
        finally:
            self.variables.release(mark)

    def _else(self, node: BranchNode) -> Eval | None:
        return self.block(node.otherwise) if node.otherwise is not None else None

    def _if_or_with(self, node: BranchNode) -> Eval:
        value, _ = self.pipeline(node.pipe)
        outer = self.dot_static
        mark = self.variables.mark()
        if node.word == "with":
            self.dot_static = ""
        body = self.block(node.body)
        self.dot_static = outer
        self.variables.release(mark)
        other = self._else(node)
        return _if(value, body, other) if node.word == "if" else _with(value, body, other)

    def _range(self, node: BranchNode) -> Eval:
        static = "" if _typed(node.pipe) else "interface {}"
        value, last, slots = self._range_pipeline(node.pipe, static)
        outer, self.dot_static = self.dot_static, static
        mark = self.variables.mark()
        body = self.block(node.body)
        self.variables.release(mark)
        self.dot_static = outer
        other = self._else(node)
        return _loop(value, slots, body, other, self.site(last), _controls_in(node.body))

    def _range_pipeline(self, pipe: PipeNode, static: str) -> tuple[Eval, Node, list[int]]:
        bare = PipeNode(pipe.pos, pipe.line, False, [], pipe.cmds)
        value, last = self.pipeline(bare)
        missing = self.undefined(pipe)
        if missing:
            return _then(value, self.failing(last, f"undefined variable: {missing}")), last, []
        if pipe.assign:
            return value, last, [self.variables.find(v.ident[0])[0] for v in pipe.decl]
        names = [v.ident[0] for v in pipe.decl]
        statics = ["", static] if len(names) == 2 else [static]
        return value, last, [self.variables.declare(n, s) for n, s in zip(names, statics, strict=False)]

    def _template(self, node: TemplateNode) -> Eval:
        value = self.pipeline(node.pipe)[0] if node.pipe is not None else None
        return _call_template(node.name, value, self.site(node))


def _then(first: Eval, second: Eval) -> Eval:
    def run(f: Frame, dot: Any) -> Any:
        first(f, dot)
        return second(f, dot)

    return run


def _typed(pipe: PipeNode) -> bool:
    word = pipe.cmds[-1].args[0]
    return isinstance(word, IdentifierNode) and word.ident in TYPED_LISTS


def _controls(node: Node) -> bool:
    """A break or continue that concerns the loop around this statement."""
    if isinstance(node, LoopControlNode):
        return True
    if isinstance(node, BranchNode):
        inner = [] if node.word == "range" else node.body.nodes
        return any(map(_controls, inner)) or (node.otherwise is not None and any(map(_controls, node.otherwise.nodes)))
    return False


def _controls_in(body: ListNode) -> bool:
    return any(map(_controls, body.nodes))


def _text(text: str) -> Eval:
    def run(f: Frame, dot: Any) -> None:
        f.out.append(text)

    return run


def _print(value: Eval, site: Site) -> Eval:
    def run(f: Frame, dot: Any) -> None:
        v = value(f, dot)
        if type(v) is str:
            f.out.append(v)
            return
        try:
            f.out.append(print_value(v, f.rt))
        except GoError as fault:
            site.fail(fault.text)

    return run


def _nothing(f: Frame, dot: Any) -> None:
    return None


def _sequence(steps: list[Eval]) -> Eval:
    if not steps:
        return _nothing
    if len(steps) == 1:
        only = steps[0]

        def run_one(f: Frame, dot: Any) -> None:
            only(f, dot)

        return run_one
    row = tuple(steps)

    def run(f: Frame, dot: Any) -> None:
        for step in row:
            step(f, dot)

    return run


def _breakable(steps: list[Eval]) -> Eval:
    row = tuple(steps)

    def run(f: Frame, dot: Any) -> Any:
        for step in row:
            word = step(f, dot)
            if word is _BREAK or word is _CONTINUE:
                return word
        return None

    return run


def _if(value: Eval, body: Eval, other: Eval | None) -> Eval:
    def run(f: Frame, dot: Any) -> Any:
        if value(f, dot):
            return body(f, dot)
        if other is not None:
            return other(f, dot)
        return None

    return run


def _with(value: Eval, body: Eval, other: Eval | None) -> Eval:
    def run(f: Frame, dot: Any) -> Any:
        v = value(f, dot)
        if v:
            return body(f, v)
        if other is not None:
            return other(f, dot)
        return None

    return run


def _items(value: Any, variables: int, site: Site) -> Iterator[tuple[Any, Any]] | None:
    """(index, element) of what is ranged over; None when there is nothing."""
    if value is None or value is INVALID:
        return None
    if isinstance(value, dict):
        return iter(sorted(value.items(), key=_key)) if value else None
    if isinstance(value, (list, bytes)):
        return enumerate(list(value)) if value else None
    if isinstance(value, int) and not isinstance(value, bool):
        if variables > 1:
            site.fail(f"can't use {to_string(value)} to iterate over more than one variable")
        return _counting(value) if value > 0 else None
    return site.fail(f"range can't iterate over {to_string(value)}")


def _key(item: tuple[str, Any]) -> str:
    return item[0]


def _counting(value: int) -> Iterator[tuple[Any, Any]]:
    kind = type(value)
    return ((INVALID, kind(i)) for i in range(value))


def _loop(value: Eval, slots: list[int], body: Eval, other: Eval | None, site: Site, controlled: bool) -> Eval:
    """``slots``: the element's, or the index's and the element's."""
    count = len(slots)

    def run(f: Frame, dot: Any) -> Any:
        ranged = value(f, dot)
        items = _items(ranged, count, site)
        if items is None:
            # As in Go, the variables then hold what was ranged over.
            for slot in slots:
                f.vars[slot] = INVALID if ranged is None else ranged
            return other(f, dot) if other is not None else None
        rt, variables = f.rt, f.vars
        bound = rt.limits.steps
        for index, element in items:
            if count:
                variables[slots[-1]] = element
                if count > 1:
                    variables[slots[0]] = index
            rt.steps += 1
            if rt.steps > bound:
                site.fail(f"the templates took more than {bound} steps")
            if len(f.out) - f.measured > _MEASURED:
                _measure(f, site)
            word = body(f, element)
            if controlled and word is _BREAK:
                break
        return None

    return run


def _measure(f: Frame, site: Site) -> None:
    try:
        f.measure()
    except LimitError as fault:
        site.fail(fault.text)


def _call_template(name: str, value: Eval | None, site: Site) -> Eval:
    def run(f: Frame, dot: Any) -> None:
        tree = f.templates.get(name)
        if tree is None:
            site.fail(f"template {quote(name)} not defined")
        if f.depth >= MAX_DEPTH:
            site.fail("exceeded maximum template depth (100000)")
        data = value(f, dot) if value is not None else INVALID
        f.out.append(execute(tree, data, f.templates, f.rt, f.depth + 1))

    return run


def compile_tree(tree: Tree, functions: Mapping[str, Method]) -> None:
    if tree.compiled is None:
        tree.compiled = _Statements(tree, functions).compile()
