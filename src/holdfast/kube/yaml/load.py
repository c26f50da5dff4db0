"""Text to JSON data: one document or a stream, with the line on which each document starts."""

from __future__ import annotations

from typing import Any

from holdfast.base.collector import Paused
from holdfast.base.lazy import pattern
from holdfast.base.record import Record
from holdfast.kube.yaml import fast
from holdfast.kube.yaml.errors import Flaw
from holdfast.kube.yaml.scalars import Dialect
from holdfast.kube.yaml.stream import split

# Empty lines, comments and the document's own marker above its first node.
LARGE = 1 << 18
FILLERS = b"\n #-"
FILLING = pattern(rb"(?: *(?:#[^\n]*)?\n|---(?: *(?:#[^\n]*)?)\n)*")


class Document(Record):
    """One document of a stream. ``line`` is the line of its first node, counted from 1."""

    value: Any
    line: int


def load(
    text: str | bytes,
    *,
    dialect: Dialect = Dialect.OBJECT,
    source: str = "",
    strict: bool = False,
    odd: list[int] | None = None,
    gaps: list[int] | None = None,
    doubles: bool = False,
) -> Any:
    """The first document of ``text``; None when there is none.

    ``source`` is the path that errors name. ``strict`` makes a key that is set twice an error, as the API server does when a
    request asks for strict field validation; otherwise the last one wins. ``odd`` takes the lines of keys that are no strings,
    under `Dialect.KYAML`, which keeps them as `OddKey`; ``gaps`` those where nothing stands between brackets; ``doubles`` lets a key pass that is set twice under it, marked `DOUBLED`.
    """
    data = _bytes(text)
    value = fast.read(data)
    if value is not fast.UNSURE:
        return value
    try:
        return _exact(data, 0, dialect, strict, odd, gaps, doubles).value
    except Flaw as flaw:
        raise flaw.placed(source, 0) from None


def load_all(
    text: str | bytes, *, dialect: Dialect = Dialect.OBJECT, source: str = "", strict: bool = False
) -> list[Document]:
    """Every document of ``text`` that holds something; documents of nothing, of comments or of null are left out."""
    data = _bytes(text)
    if len(data) <= LARGE:
        return _documents(data, dialect, source, strict)
    # JSON data has no cycles, and looking for some while a large file is read takes a third of the time.
    with Paused():
        return _documents(data, dialect, source, strict)


def _documents(data: bytes, dialect: Dialect, source: str, strict: bool) -> list[Document]:
    documents = []
    above = 0
    try:
        for above, chunk in split(data, dialect):
            document = _document(chunk, above, dialect, strict)
            if document.value is not None:
                documents.append(document)
            above = 0
    except Flaw as flaw:
        raise flaw.placed(source, above) from None
    return documents


def _document(chunk: bytes, above: int, dialect: Dialect, strict: bool) -> Document:
    value = fast.read(chunk)
    if value is not fast.UNSURE:
        return Document(value, above + _first_line(chunk))
    return _exact(chunk, above, dialect, strict)


def _exact(
    chunk: bytes,
    above: int,
    dialect: Dialect,
    strict: bool,
    odd: list[int] | None = None,
    gaps: list[int] | None = None,
    doubles: bool = False,
) -> Document:
    # Imported at need: most commands never read a document that needs it.
    from holdfast.kube.yaml.compose import compose
    from holdfast.kube.yaml.decode import decode

    root = compose(chunk, dialect)
    if root is None:
        return Document(None, above + 1)
    return Document(decode(root, dialect, strict=strict, odd=odd, gaps=gaps, doubles=doubles), above + root.line)


def _first_line(chunk: bytes) -> int:
    if chunk[0] not in FILLERS:
        return 1
    match = FILLING.match(chunk)
    return chunk.count(b"\n", 0, match.end()) + 1 if match else 1


def _bytes(text: str | bytes) -> bytes:
    if isinstance(text, bytes):
        return text
    # A lone surrogate has no UTF-8; the parser says so in its own words.
    return text.encode("utf-8", "surrogatepass")
