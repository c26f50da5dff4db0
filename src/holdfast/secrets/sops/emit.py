"""Plain documents as SOPS writes them: YAML by four columns with lists further in than their keys, JSON by tabs.

In: documents in the order of their file. Out: text. Comments are not kept.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from holdfast.kube import yaml
from holdfast.kube.yaml.quoting import block

_STEP = 4


def to_json(document: Any) -> bytes:
    return (json.dumps(document, indent="\t", ensure_ascii=False) + "\n").encode("utf-8", "surrogateescape")


def to_yaml(documents: Sequence[Any]) -> bytes:
    texts = []
    for document in documents:
        out: list[str] = []
        _value(document, 0, "", out)
        texts.append("\n".join(out) + "\n")
    return "---\n".join(texts).encode("utf-8", "surrogateescape")


def _value(value: Any, column: int, lead: str, out: list[str]) -> None:
    """The lines of a value at ``column``, the first of them behind ``lead``."""
    if isinstance(value, dict) and value:
        _mapping(value, column, column, lead, out)
    elif isinstance(value, list) and value:
        _sequence(value, column, lead, out)
    else:
        out.append(lead + _scalar(value, column + _STEP))


def _mapping(value: dict[Any, Any], column: int, base: int, lead: str, out: list[str]) -> None:
    """``base`` is what nested values are indented from: the dash's column where the mapping stands in a list."""
    for key, item in value.items():
        head = f"{lead or ' ' * column}{_scalar(key, column)}:"
        lead = ""
        if item and isinstance(item, dict | list):
            out.append(head)
            _value(item, base + _STEP, "", out)
        else:
            out.append(f"{head} {_scalar(item, base + _STEP)}")


def _sequence(value: list[Any], column: int, lead: str, out: list[str]) -> None:
    for item in value:
        dash = f"{lead or ' ' * column}- "
        lead = ""
        if isinstance(item, dict) and item:
            _mapping(item, column + 2, column, dash, out)
        else:
            _value(item, column + 2, dash, out)


def _scalar(value: Any, column: int) -> str:
    if isinstance(value, str) and "\n" in value:
        return block(value, " " * column)[:-1]
    return yaml.dump(value).rstrip("\n")
