"""YAML text the way kyaml writes it: quotes, block styles, flow collections and comments of the source are kept.

Needed in two places: replacements inside of YAML text (the text is read, changed and written again), and folded scalars,
whose lines kyaml changes when it writes them. Source: the emitter of go.yaml.in/yaml/v3, with indent 2 and no line width.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import yaml

from holdfast.kube.yaml import Dialect
from holdfast.kube.yaml.quoting import double
from holdfast.kube.yaml.scalars import plain
from holdfast.kustomize.scalars import text_of

_FOLDED = re.compile(rb"[:\-][ \t]+(?:[!&][^\s]+[ \t]+)*>[-+0-9]*[ \t]*(?:#[^\n]*)?\n")
_COMMENT = re.compile(r"(?:^|\s)(#.*)$")


def compose(text: str | bytes) -> Any:
    """The nodes of the first document, with styles and places; None for nothing."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.compose(text, Loader=loader)


# Folded scalars


def refold(data: Any, text: bytes) -> Any:
    """``data`` with the folded scalars of ``text`` as kyaml leaves them: lines around indented ones come apart.

    Annotations of objects are spared, as kustomize always writes those anew, without their style.
    """
    if b">" not in text or not _FOLDED.search(text):
        return data
    try:
        root = compose(text)
    except yaml.YAMLError:
        return data
    if root is None:
        return data
    spared = [(metadata, dict(metadata["annotations"])) for metadata in _annotated(data)]
    data = _refolded(data, root)
    for metadata, own in spared:
        metadata["annotations"] = own
    return data


def _annotated(data: Any) -> Iterator[dict[str, Any]]:
    """``metadata`` with annotations, of the object or of the items of a list."""
    if type(data) is not dict:
        return
    items = data.get("items")
    for item in [data, *(items if type(items) is list else ())]:
        metadata = item.get("metadata") if type(item) is dict else None
        if type(metadata) is dict and type(metadata.get("annotations")) is dict:
            yield metadata


def _refolded(data: Any, node: Any) -> Any:
    if type(data) is dict and node.id == "mapping":
        for key, value in node.value:
            if key.id == "scalar" and key.value in data:
                data[key.value] = _refolded(data[key.value], value)
    elif type(data) is list and node.id == "sequence":
        for index, value in enumerate(node.value[: len(data)]):
            data[index] = _refolded(data[index], value)
    elif type(data) is str and node.id == "scalar" and node.style == ">" and "\n" in data[:-1]:
        return folded_round_trip(data)
    return data


def folded_round_trip(value: str) -> str:
    """What is read back of a folded scalar that go-yaml wrote."""
    written = "x: >" + _hints(value) + "\n" + _folded_lines(value, "  ")
    try:
        return str(yaml.load(written, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["x"])
    except yaml.YAMLError:
        return value


def _hints(value: str) -> str:
    lead = "2" if value[:1] in (" ", "\n") else ""
    if not value.endswith("\n"):
        return lead + "-"
    return lead + ("+" if value == "\n" or value.endswith("\n\n") else "")


def _folded_lines(value: str, indent: str) -> str:
    """The body of a folded scalar. Whether a break is doubled depends on the first character of the whole text: go-yaml
    looks there, and not at the next line as libyaml does."""
    first = value.lstrip("\n")[:1]
    doubles = first not in ("", " ", "\t")
    out: list[str] = []
    breaks, leading_space = True, True
    for char in value:
        if char == "\n":
            if not breaks and not leading_space and doubles:
                out.append("\n")
            out.append("\n")
            breaks = True
            continue
        if breaks:
            out.append(indent)
            leading_space = char in " \t"
        out.append(char)
        breaks = False
    return "".join(out)


# Writing a changed text


def rewrite(text: str, data: Any) -> str:
    """``text`` with the values of ``data`` in the place of its own; what did not change keeps its style and comments."""
    root = compose(text)
    writer = _Writer(text)
    writer.top(root.start_mark.line)
    writer.block(root, data, 0)
    writer.rest(len(writer.lines))
    return "".join(writer.out).strip()


class _Writer:
    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.out: list[str] = []
        self._next_line = 0
        self._content = False
        """Whether the current block has something in it already."""
        self._open: list[tuple[int, int]] = []
        """Of the blocks around and before the current place, the column in the source and the indentation here."""

    def top(self, first: int) -> None:
        """Comments above the first line of content that an empty line sets apart: so they stay."""
        above = [line.strip() for line in self.lines[:first]]
        if "" in above and "---" not in above and any(line.startswith("#") for line in above[: above.index("")]):
            self._head(above.index(""), 0, 0)
            self.out.append("\n")

    def rest(self, until: int) -> None:
        """Comments of the source up to a line, each on a line of its own."""
        self._content = False
        self._head(until, 0, 0, last=True)

    def _head(self, line: int, column: int, indent: int, *, last: bool = False) -> None:
        """The comments above a line, whose content begins at a column. Those further to the right belong to what was before."""
        above = sys.maxsize if last and not self.lines[-1] else None
        for number in range(self._next_line, min(line, len(self.lines))):
            comment = self.lines[number].lstrip()
            at = len(self.lines[number]) - len(comment)
            if not comment.startswith("#"):
                if above == column and self._content:
                    self.out.append("\n")
                    above = None
            elif at > column and self._open:
                self.out.append(" " * self._block_of(at, above) + comment.rstrip() + "\n")
                above = at
            else:
                self.out.append(" " * indent + comment.rstrip() + "\n")
                above = column
        self._next_line = max(self._next_line, line)

    def _block_of(self, at: int, above: int | None) -> int:
        """The indentation of the block that a comment closes: the last one, or an outer one where the comment above did that."""
        if above is None or above <= at:
            return self._open[-1][1]
        return next((own for source, own in reversed(self._open) if source <= at), self._open[0][1])

    def _enter(self, column: int, indent: int) -> None:
        """Content at a column closes the blocks to the right of it."""
        self._open = [(source, own) for source, own in self._open if source < column]
        self._open.append((column, indent))

    def _line_comment(self, node: Any) -> str:
        """The comment behind a value on the line where it ends."""
        in_block = getattr(node, "style", None) in ("|", ">")
        return self._comment_at(node.start_mark if in_block else node.end_mark)

    def _comment_at(self, mark: Any) -> str:
        if mark.line >= len(self.lines):
            return ""
        found = _COMMENT.search(self.lines[mark.line][mark.column :])
        return " " + found.group(1) if found else ""

    def block(self, node: Any, data: Any, indent: int) -> None:
        if type(data) is dict and data:
            self._mapping(node if node is not None and node.id == "mapping" else None, data, indent)
        elif type(data) is list and data:
            self._sequence(node if node is not None and node.id == "sequence" else None, data, indent)
        else:
            self.out.append(" " * indent + self._inline(node, data, indent) + "\n")

    def _mapping(self, node: Any, data: dict[str, Any], indent: int, started: bool = False) -> None:
        known = {key.value: (key, value) for key, value in node.value if key.id == "scalar"} if node is not None else {}
        names = [n for n in known if n in data] + [n for n in data if n not in known]
        for name in names:
            key, value = known.get(name, (None, None))
            if key is not None:
                if not started:
                    self._content = name is not names[0]
                    self._head(key.start_mark.line, key.start_mark.column, indent)
                self._enter(key.start_mark.column, indent)
                self._next_line = max(self._next_line, key.start_mark.line + 1)
            lead = "" if started else " " * indent
            started = False
            self.out.append(lead + _scalar(name, getattr(key, "style", None), False, 0) + ":")
            self._value(value, data[name], indent, key)

    def _value(self, node: Any, data: Any, indent: int, key: Any = None) -> None:
        if (type(data) is dict or type(data) is list) and data and not _flow(node, type(data)) and key is not None:
            self.out.append(self._comment_at(key.end_mark))
        if type(data) is dict and data and not _flow(node, dict):
            self.out.append("\n")
            self._mapping(node if node is not None and node.id == "mapping" else None, data, indent + 2)
        elif type(data) is list and data and not _flow(node, list):
            self.out.append("\n")
            self._sequence(node if node is not None and node.id == "sequence" else None, data, indent)
        else:
            first, rest, body = self._inline(node, data, indent).partition("\n")
            comment = self._line_comment(node) if node is not None else ""
            self.out.append((" " + first if first else "") + comment + rest + body + "\n")
            if node is not None:
                self._next_line = max(self._next_line, node.end_mark.line)

    def _sequence(self, node: Any, data: list[Any], indent: int, started: bool = False) -> None:
        known = node.value if node is not None else []
        for index, item in enumerate(data):
            source = known[index] if index < len(known) else None
            if source is not None:
                if not started:
                    self._content = index > 0
                    self._head(source.start_mark.line, node.start_mark.column, indent)
                self._enter(node.start_mark.column, indent)
                self._next_line = max(self._next_line, source.start_mark.line + 1)
            self.out.append("-" if started else " " * indent + "-")
            started = False
            if type(item) is dict and item and not _flow(source, dict):
                self.out.append(" ")
                self._mapping(source if source is not None and source.id == "mapping" else None, item, indent + 2, True)
            elif type(item) is list and item and not _flow(source, list):
                self.out.append(" ")
                self._sequence(
                    source if source is not None and source.id == "sequence" else None, item, indent + 2, True
                )
            else:
                self._value(source, item, indent)

    def _inline(self, node: Any, data: Any, indent: int) -> str:
        if type(data) is dict:
            known = {k.value: (k, v) for k, v in node.value} if node is not None and node.id == "mapping" else {}
            parts = []
            for name, value in data.items():
                key, source = known.get(name, (None, None))
                written = _scalar(name, getattr(key, "style", None), True, 0)
                parts.append(f"{written}: {self._inline(source, value, indent)}")
            return "{" + ", ".join(parts) + "}"
        if type(data) is list:
            items = node.value if node is not None and node.id == "sequence" else []
            return (
                "["
                + ", ".join(self._inline(items[i] if i < len(items) else None, d, indent) for i, d in enumerate(data))
                + "]"
            )
        if node is None and data == "":
            return ""
        scalar = node is not None and node.id == "scalar"
        if scalar and not node.style and plain(node.value, Dialect.KYAML) == data and node.value != data:
            return str(node.value)
        style = node.style if scalar else None
        return _scalar(data, style, False, indent + 2)


def _flow(node: Any, kind: type) -> bool:
    wanted = "mapping" if kind is dict else "sequence"
    return node is not None and node.id == wanted and bool(node.flow_style)


def _scalar(value: Any, style: str | None, flow: bool, indent: int) -> str:
    """One scalar in the style it had, or in another where that cannot hold it."""
    text = "" if value is None else text_of(value)
    if value is None:
        return "null"
    if type(value) is not str:
        return text
    if style == '"':
        return double(text)
    if style == ">" and text.strip():
        return (">" + _hints(text) + "\n" + _folded_lines(text, " " * indent)).removesuffix("\n")
    if "\n" in text or (style == "|" and text.strip()):
        return _literal(text, " " * indent)
    if style == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    if plain(text, Dialect.KYAML) != text:
        return double(text)
    return text if _plain_allowed(text, flow) else "'" + text.replace("'", "''") + "'"


def _literal(text: str, indent: str) -> str:
    lines = text.removesuffix("\n").split("\n")
    return "|" + _hints(text) + "\n" + "\n".join(indent + line if line else "" for line in lines)


def _plain_allowed(text: str, flow: bool) -> bool:
    if not text or text != text.strip() or not text.isprintable():
        return False
    if text[0] in "#,[]{}&*!|>'\"%@`" or (
        text[0] in "-?:" and (len(text) == 1 or text[1] in " ,[]{}"[: 1 if not flow else 6])
    ):
        return False
    if ": " in text or " #" in text or text.endswith(":"):
        return False
    return not (flow and any(c in text for c in ",[]{}?"))
