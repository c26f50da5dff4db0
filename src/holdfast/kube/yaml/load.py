"""Text to JSON data: one document or a stream, with the line on which each document starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml
from yaml.cyaml import CParser

from holdfast.base.errors import Place
from holdfast.kube.yaml.errors import YAMLError
from holdfast.kube.yaml.scalars import TAG, Dialect, plain


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a stream. ``line`` is the line of its first node, counted from 1."""

    value: Any
    line: int


def load(text: str | bytes, *, dialect: Dialect = Dialect.OBJECT, source: str = "", strict: bool = False) -> Any:
    """The first document of ``text``; None when there is none."""
    documents = load_all(text, dialect=dialect, source=source, strict=strict)
    return documents[0].value if documents else None


def load_all(
    text: str | bytes, *, dialect: Dialect = Dialect.OBJECT, source: str = "", strict: bool = False
) -> list[Document]:
    """Every document of ``text`` that holds a node; documents of nothing but comments are left out."""
    parser = CParser(text)
    try:
        return list(_documents(parser, dialect))
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        line = mark.line + 1 if mark else 0
        raise YAMLError(f"yaml: line {line}: {err.problem}", place=Place(source, line)) from None


def _documents(parser: Any, dialect: Dialect) -> Any:
    parser.get_event()
    while not parser.check_event(yaml.StreamEndEvent):
        parser.get_event()
        anchors: dict[str, Any] = {}
        event = parser.get_event()
        line = event.start_mark.line + 1
        empty = (
            isinstance(event, yaml.ScalarEvent) and event.value == "" and event.start_mark.index == event.end_mark.index
        )
        value = _node(parser, event, anchors, dialect)
        parser.get_event()
        if not empty:
            yield Document(value, line)


def _node(parser: Any, event: Any, anchors: dict[str, Any], dialect: Dialect) -> Any:
    if isinstance(event, yaml.AliasEvent):
        return anchors[event.anchor]
    value: Any
    if isinstance(event, yaml.ScalarEvent):
        tagged = event.tag and event.tag != TAG + "int"
        value = plain(event.value, dialect) if event.implicit[0] and not tagged else event.value
        if event.anchor:
            anchors[event.anchor] = value
        return value
    if isinstance(event, yaml.SequenceStartEvent):
        value = []
        if event.anchor:
            anchors[event.anchor] = value
        while not isinstance(event := parser.get_event(), yaml.SequenceEndEvent):
            value.append(_node(parser, event, anchors, dialect))
        return value
    value = {}
    if event.anchor:
        anchors[event.anchor] = value
    while not isinstance(event := parser.get_event(), yaml.MappingEndEvent):
        key = _node(parser, event, anchors, dialect)
        item = _node(parser, parser.get_event(), anchors, dialect)
        if key == "<<" and isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
            for part in reversed(item) if isinstance(item, list) else [item]:
                value.update(part)
        else:
            value[_key(key)] = item
    return value


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)
