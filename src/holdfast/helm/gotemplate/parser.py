"""Tokens to syntax trees, with the parse errors of Go's text/template."""

from __future__ import annotations

from collections.abc import Container
from typing import NoReturn

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.strconv import quote, unquote
from holdfast.helm.gotemplate import lexer as lx
from holdfast.helm.gotemplate.errors import ParseError
from holdfast.helm.gotemplate.lexer import Token, lex
from holdfast.helm.gotemplate.nodes import (
    ActionNode,
    BoolNode,
    BranchNode,
    ChainNode,
    CommandNode,
    DotNode,
    FieldNode,
    IdentifierNode,
    ListNode,
    LoopControlNode,
    MarkNode,
    NilNode,
    Node,
    NumberNode,
    PipeNode,
    StringNode,
    TemplateNode,
    TextNode,
    Tree,
    VariableNode,
    is_empty,
)
from holdfast.helm.gotemplate.numbers import number

_OPERANDS = frozenset(
    (
        lx.BOOL,
        lx.CHAR_CONSTANT,
        lx.COMPLEX,
        lx.DOT,
        lx.FIELD,
        lx.IDENTIFIER,
        lx.NUMBER,
        lx.NIL,
        lx.RAW_STRING,
        lx.STRING,
        lx.VARIABLE,
        lx.LEFT_PAREN,
    )
)
_MAX_PARENS = 1000


class _Scope:
    """What Go keeps per tree while parsing: variables, loops, where the action began."""

    def __init__(self) -> None:
        self.vars = ["$"]
        self.range_depth = 0
        self.stack_depth = 0
        self.action_line = 0


class Parser:
    def __init__(self, name: str, text: str, functions: Container[str]) -> None:
        self.name = name
        self.text = text
        self.functions = functions
        self.tokens = iter(lex(text))
        self.buffer: list[Token] = [Token(lx.EOF, 0, "", 0)] * 3
        self.peeked = 0
        self.scope = _Scope()
        self.trees: dict[str, Tree] = {}

    # Tokens: three of look-ahead, as in Go, because error lines are those of buffer[0].

    def _pull(self) -> Token:
        token = next(self.tokens, None)
        return token if token is not None else Token(lx.EOF, len(self.text), "", self.buffer[0].line)

    def _next(self) -> Token:
        if self.peeked:
            self.peeked -= 1
        else:
            self.buffer[0] = self._pull()
        return self.buffer[self.peeked]

    def _backup(self) -> None:
        self.peeked += 1

    def _peek(self) -> Token:
        if self.peeked:
            return self.buffer[self.peeked - 1]
        self.peeked = 1
        self.buffer[0] = self._pull()
        return self.buffer[0]

    def _next_solid(self) -> Token:
        token = self._next()
        while token.kind == lx.SPACE:
            token = self._next()
        return token

    def _peek_solid(self) -> Token:
        token = self._next_solid()
        self._backup()
        return token

    def _fail(self, message: str) -> NoReturn:
        raise ParseError(f"template: {self.name}:{self.buffer[0].line}: {message}")

    def _unexpected(self, token: Token, context: str) -> NoReturn:
        if token.kind == lx.ERROR:
            extra = ""
            if self.scope.action_line and self.scope.action_line != token.line:
                extra = f" in action started at {self.name}:{self.scope.action_line}"
                if token.text.endswith(" action"):
                    extra = extra[len(" in action") :]
            self._fail(f"{token}{extra}")
        self._fail(f"unexpected {token} in {context}")

    def _expect(self, kinds: tuple[int, ...], context: str) -> Token:
        token = self._next_solid()
        if token.kind not in kinds:
            self._unexpected(token, context)
        return token

    # Trees.

    def parse(self) -> dict[str, Tree]:
        root = ListNode(self._peek().pos)
        while self._peek().kind != lx.EOF:
            if self._peek().kind == lx.LEFT_DELIM:
                delim = self._next()
                if self._next_solid().kind == lx.DEFINE:
                    self._definition()
                    continue
                self.buffer[1] = delim
                self.peeked = 2
            node = self._text_or_action()
            if isinstance(node, MarkNode):
                self._fail(f"unexpected {node}")
            root.nodes.append(node)
        self._add(self.name, root)
        return self.trees

    def _add(self, name: str, root: ListNode) -> None:
        old = self.trees.get(name)
        if old is None or is_empty(old.root):
            self.trees[name] = Tree(name, self.name, self.text, root)
        elif not is_empty(root):
            self._fail(f"template: multiple definition of template {quote(name)}")

    def _definition(self) -> None:
        outer, self.scope = self.scope, _Scope()
        name = self._unquote(self._expect((lx.STRING, lx.RAW_STRING), "define clause").text)
        self._expect((lx.RIGHT_DELIM,), "define clause")
        self._body(name, "define clause")
        self.scope = outer

    def _body(self, name: str, context: str) -> None:
        root, end = self._item_list()
        if end.word != "end":
            self._fail(f"unexpected {end} in {context}")
        self._add(name, root)

    def _unquote(self, literal: str) -> str:
        try:
            return unquote(literal)
        except GoError as fault:
            self._fail(fault.text)

    def _item_list(self) -> tuple[ListNode, MarkNode]:
        found = ListNode(self._peek_solid().pos)
        while self._peek_solid().kind != lx.EOF:
            node = self._text_or_action()
            if isinstance(node, MarkNode):
                return found, node
            found.nodes.append(node)
        return self._fail("unexpected EOF")

    def _text_or_action(self) -> Node:
        token = self._next_solid()
        if token.kind == lx.TEXT:
            return TextNode(token.pos, token.text)
        if token.kind != lx.LEFT_DELIM:
            self._unexpected(token, "input")
        self.scope.action_line = token.line
        scope = self.scope
        node = self._action()
        scope.action_line = 0
        return node

    def _action(self) -> Node:
        token = self._next_solid()
        kind = token.kind
        if kind in (lx.IF, lx.WITH, lx.RANGE):
            return self._control(token.text)
        if kind == lx.END:
            return MarkNode(self._expect((lx.RIGHT_DELIM,), "end").pos, "end")
        if kind == lx.ELSE:
            return self._else()
        if kind == lx.TEMPLATE:
            return self._template()
        if kind == lx.BLOCK:
            return self._block()
        if kind in (lx.BREAK, lx.CONTINUE):
            return self._loop_control(token)
        self._backup()
        token = self._peek()
        return ActionNode(token.pos, token.line, self._pipeline("command", lx.RIGHT_DELIM))

    def _else(self) -> Node:
        peek = self._peek_solid()
        if peek.kind in (lx.IF, lx.WITH):
            return MarkNode(peek.pos, "else")
        return MarkNode(self._expect((lx.RIGHT_DELIM,), "else").pos, "else")

    def _loop_control(self, token: Token) -> Node:
        word = "{{" + token.text + "}}"
        after = self._next_solid()
        if after.kind != lx.RIGHT_DELIM:
            self._unexpected(after, word)
        if not self.scope.range_depth:
            self._fail(f"{word} outside {{{{range}}}}")
        return LoopControlNode(token.pos, token.text)

    def _control(self, word: str) -> BranchNode:
        mark = len(self.scope.vars)
        pipe = self._pipeline(word, lx.RIGHT_DELIM)
        self.scope.range_depth += word == "range"
        body, end = self._item_list()
        self.scope.range_depth -= word == "range"
        otherwise = self._otherwise(word, end) if end.word == "else" else None
        del self.scope.vars[mark:]
        return BranchNode(pipe.pos, word, pipe.line, pipe, body, otherwise)

    def _otherwise(self, word: str, mark: MarkNode) -> ListNode:
        chained = {"if": lx.IF, "with": lx.WITH}.get(word)
        if chained is not None and self._peek().kind == chained:
            self._next()
            return ListNode(mark.pos, [self._control(word)])
        found, end = self._item_list()
        if end.word != "end":
            self._fail(f"expected end; found {end}")
        return found

    def _template_name(self, token: Token, context: str) -> str:
        if token.kind not in (lx.STRING, lx.RAW_STRING):
            self._unexpected(token, context)
        return self._unquote(token.text)

    def _template(self) -> Node:
        token = self._next_solid()
        name = self._template_name(token, "template clause")
        pipe = None
        if self._next_solid().kind != lx.RIGHT_DELIM:
            self._backup()
            pipe = self._pipeline("template clause", lx.RIGHT_DELIM)
        return TemplateNode(token.pos, token.line, name, pipe)

    def _block(self) -> Node:
        token = self._next_solid()
        name = self._template_name(token, "block clause")
        pipe = self._pipeline("block clause", lx.RIGHT_DELIM)
        outer, self.scope = self.scope, _Scope()
        self._body(name, "block clause")
        self.scope = outer
        return TemplateNode(token.pos, token.line, name, pipe)

    # Pipelines.

    def _pipeline(self, context: str, end: int) -> PipeNode:
        token = self._peek_solid()
        pipe = PipeNode(token.pos, token.line)
        self._declarations(pipe, context)
        while True:
            token = self._next_solid()
            if token.kind == end:
                self._check_pipeline(pipe, context)
                return pipe
            if token.kind not in _OPERANDS:
                self._unexpected(token, context)
            self._backup()
            pipe.cmds.append(self._command())

    def _declarations(self, pipe: PipeNode, context: str) -> None:
        again = True
        while again and (v := self._peek_solid()).kind == lx.VARIABLE:
            again = False
            self._next()
            after = self._peek()
            nxt = self._peek_solid()
            if nxt.kind in (lx.ASSIGN, lx.DECLARE):
                pipe.assign = nxt.kind == lx.ASSIGN
                self._next_solid()
                self._declare(pipe, v)
            elif nxt.kind == lx.CHAR and nxt.text == ",":
                self._next_solid()
                self._declare(pipe, v)
                self._check_comma(pipe, context)
                again = True
            else:
                self.buffer[1] = after if after.kind == lx.SPACE else v
                self.buffer[2] = v
                self.peeked = 3 if after.kind == lx.SPACE else 2

    def _declare(self, pipe: PipeNode, token: Token) -> None:
        pipe.decl.append(VariableNode(token.pos, token.text.split(".")))
        self.scope.vars.append(token.text)

    def _check_comma(self, pipe: PipeNode, context: str) -> None:
        if context == "range" and len(pipe.decl) < 2:
            if self._peek_solid().kind in (lx.VARIABLE, lx.RIGHT_DELIM, lx.RIGHT_PAREN):
                return
            self._fail("range can only initialize variables")
        self._fail(f"too many declarations in {context}")

    def _check_pipeline(self, pipe: PipeNode, context: str) -> None:
        if not pipe.cmds:
            self._fail(f"missing value for {context}")
        for i, cmd in enumerate(pipe.cmds[1:]):
            if isinstance(cmd.args[0], (BoolNode, DotNode, NilNode, NumberNode, StringNode)):
                self._fail(f"non executable command in pipeline stage {i + 2}")

    def _command(self) -> CommandNode:
        cmd = CommandNode(self._peek_solid().pos)
        while True:
            self._peek_solid()
            operand = self._operand()
            if operand is not None:
                cmd.args.append(operand)
            token = self._next()
            if token.kind == lx.SPACE:
                continue
            if token.kind in (lx.RIGHT_DELIM, lx.RIGHT_PAREN):
                self._backup()
            elif token.kind != lx.PIPE:
                self._unexpected(token, "operand")
            break
        if not cmd.args:
            self._fail("empty command")
        return cmd

    def _operand(self) -> Node | None:
        node = self._term()
        if node is None or self._peek().kind != lx.FIELD:
            return node
        pos = self._peek().pos
        names: list[str] = []
        while self._peek().kind == lx.FIELD:
            names.append(self._next().text[1:])
        if isinstance(node, FieldNode):
            return FieldNode(pos, node.ident + names)
        if isinstance(node, VariableNode):
            return VariableNode(pos, node.ident + names)
        if isinstance(node, (BoolNode, StringNode, NumberNode, NilNode, DotNode)):
            self._fail(f"unexpected . after term {quote(str(node))}")
        return ChainNode(pos, node, names)

    def _term(self) -> Node | None:
        token = self._next_solid()
        kind, pos, text = token.kind, token.pos, token.text
        if kind == lx.FIELD:
            return FieldNode(pos, text[1:].split("."))
        if kind == lx.IDENTIFIER:
            if text not in self.functions:
                self._fail(f"function {quote(text)} not defined")
            return IdentifierNode(pos, text)
        if kind in (lx.STRING, lx.RAW_STRING):
            return StringNode(pos, text, self._unquote(text))
        if kind == lx.VARIABLE:
            return self._use_variable(token)
        if kind == lx.LEFT_PAREN:
            return self._parenthesized()
        if kind in (lx.CHAR_CONSTANT, lx.COMPLEX, lx.NUMBER):
            return self._number(token)
        if kind == lx.DOT:
            return DotNode(pos)
        if kind == lx.NIL:
            return NilNode(pos)
        if kind == lx.BOOL:
            return BoolNode(pos, text == "true")
        self._backup()
        return None

    def _use_variable(self, token: Token) -> Node:
        ident = token.text.split(".")
        if ident[0] not in self.scope.vars:
            self._fail(f"undefined variable {quote(ident[0])}")
        return VariableNode(token.pos, ident)

    def _parenthesized(self) -> Node:
        if self.scope.stack_depth >= _MAX_PARENS:
            self._fail("max expression depth exceeded")
        self.scope.stack_depth += 1
        pipe = self._pipeline("parenthesized pipeline", lx.RIGHT_PAREN)
        self.scope.stack_depth -= 1
        return pipe

    def _number(self, token: Token) -> Node:
        try:
            return number(token.pos, token.text, token.kind)
        except GoError as fault:
            self._fail(fault.text)


def parse(name: str, text: str, functions: Container[str]) -> dict[str, Tree]:
    """All templates that a text defines, its own under ``name``; raises ParseError."""
    try:
        return Parser(name, text, functions).parse()
    except RecursionError:
        raise ParseError(f"template: {name}:1: the template is nested too deeply") from None
