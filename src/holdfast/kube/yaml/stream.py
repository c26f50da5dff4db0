"""A stream to its documents: where each starts and ends, as the reader of each dialect splits it before any parsing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.kube.yaml.errors import Flaw
from holdfast.kube.yaml.scalars import Dialect

SEPARATOR = re.compile(rb"^---([^\n]*)(?:\n|\Z)", re.MULTILINE)
KYAML_SEPARATOR = re.compile(rb"\n---([^\n]*)\n")


def split(data: bytes, dialect: Dialect) -> Iterator[tuple[int, bytes]]:
    """Each document's bytes with the number of lines above it."""
    return _kyaml(data) if dialect is Dialect.KYAML else _object(data)


def _object(data: bytes) -> Iterator[tuple[int, bytes]]:
    """As apimachinery's YAMLReader: any line that starts with ``---`` ends a document, unless nothing has been read yet."""
    above, start = 0, 0
    for match in SEPARATOR.finditer(data):
        _check(match[1], "invalid Yaml document separator: ", data, match.start())
        if match.start() == start:
            continue  # the first line of a document may be its own marker
        chunk = data[start : match.start()]
        yield above, chunk
        above += chunk.count(b"\n") + 1
        start = match.end()
    if start < len(data):
        yield above, data[start:]


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
