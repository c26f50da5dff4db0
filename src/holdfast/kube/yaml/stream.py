"""A stream to its documents: where each starts and ends, as the reader of each dialect splits it before any parsing."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.base.lazy import pattern
from holdfast.kube.yaml.errors import Flaw
from holdfast.kube.yaml.scalars import Dialect

KYAML_SEPARATOR = pattern(rb"\n---([^\n]*)\n")


def split(data: bytes, dialect: Dialect) -> Iterator[tuple[int, bytes]]:
    """Each document's bytes with the number of lines above it."""
    return _kyaml(data) if dialect is Dialect.KYAML else _object(data)


def _object(data: bytes) -> Iterator[tuple[int, bytes]]:
    """As apimachinery's YAMLReader: any line that starts with ``---`` ends a document, unless nothing has been read yet."""
    above, start = 0, 0
    while start < len(data):
        if data.startswith(b"---", start):
            _separator(data, start)  # nothing has been read yet: the line belongs to the document
        at = data.find(b"\n---", start) + 1
        if not at:
            yield above, data[start:]
            return
        end = _separator(data, at)
        chunk = data[start:at]
        yield above, chunk
        above += chunk.count(b"\n") + 1
        start = end


def _separator(data: bytes, at: int) -> int:
    """Where the line at ``at`` ends, when nothing but a comment follows its dashes."""
    end = data.find(b"\n", at) + 1 or len(data)
    _check(data[at + 3 : end], "invalid Yaml document separator: ", data, at)
    return end


def _kyaml(data: bytes) -> Iterator[tuple[int, bytes]]:
    """As kyaml's ByteReader: carriage returns go, and a separator needs a line break on both sides."""
    data = data.replace(b"\r\n", b"\n")
    above, start = 0, 0
    for match in KYAML_SEPARATOR.finditer(data):
        _check(match[1], "invalid document separator: ---", data, match.start() + 1)
        chunk = data[start : match.start() + 1]
        yield above, chunk
        above += chunk.count(b"\n") + 1
        start = match.end()
    yield above, data[start:]


def _check(rest: bytes, words: str, data: bytes, at: int) -> None:
    trimmed = rest.strip()
    if trimmed and not trimmed.startswith(b"#"):
        text = (rest.rstrip() if words.endswith("-") else trimmed).decode("utf-8", "replace")
        raise Flaw(words + text, data.count(b"\n", 0, at) + 1)
