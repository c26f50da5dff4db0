"""Number constants of templates: Go's integer, float, complex and character literals."""

from __future__ import annotations

import re
from collections.abc import Callable

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.strconv import parse_float, parse_int, parse_uint, quote, unquote_char
from holdfast.helm.gotemplate import lexer
from holdfast.helm.gotemplate.nodes import NumberNode

_COMPLEX = re.compile(r"(.+?[^eEpP])([+-].*)i\Z")


def number(pos: int, text: str, kind: int) -> NumberNode:
    """Raises GoError with the parser's text for a literal that is none."""
    node = NumberNode(pos, text)
    if kind == lexer.CHAR_CONSTANT:
        _character(node)
    elif kind == lexer.COMPLEX:
        _complex(node)
    elif text.endswith("i") and not text.lower().startswith("0x"):
        _set_complex(node, complex(0, parse_float(text[:-1])))
    else:
        _real(node)
    return node


def _character(node: NumberNode) -> None:
    char, end, _ = unquote_char(node.text, 1, "'")
    if node.text[end:] != "'":
        raise GoError(f"malformed character constant: {node.text}")
    code = ord(char)
    code = code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code
    node.as_int = node.as_uint = code
    node.as_float = float(code)


def _complex(node: NumberNode) -> None:
    match = _COMPLEX.match(node.text)
    if match is None:
        raise GoError("syntax error scanning complex number")
    _set_complex(node, complex(parse_float(match[1]), parse_float(match[2])))


def _set_complex(node: NumberNode, value: complex) -> None:
    node.as_complex = value
    if value.imag == 0:
        node.as_float = value.real
        if value.real == int(value.real):
            node.as_int = int(value.real)
            node.as_uint = node.as_int if node.as_int >= 0 else None


def _real(node: NumberNode) -> None:
    text = node.text
    node.as_uint = _attempt(parse_uint, text)
    node.as_int = _attempt(parse_int, text)
    if node.as_int == 0:
        node.as_uint = 0
    if node.as_int is not None or node.as_uint is not None:
        node.as_float = float(node.as_int if node.as_int is not None else node.as_uint or 0)
        return
    try:
        value = parse_float(text)
    except GoError:
        raise GoError(f"illegal number syntax: {quote(text)}") from None
    if not any(c in text for c in ".eEpP"):
        raise GoError(f"integer overflow: {quote(text)}")
    node.as_float = value
    if value == value // 1 and abs(value) < 2**63:
        node.as_int = int(value)
        node.as_uint = node.as_int if node.as_int >= 0 else None


def _attempt(parse: Callable[[str], int], text: str) -> int | None:
    try:
        return parse(text)
    except GoError:
        return None
