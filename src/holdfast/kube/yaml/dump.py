"""JSON data to text, exactly as sigs.k8s.io/yaml prints it.

Keys sorted, maps indented by two, lists at the level of their key, plain and quoted text
folded at blanks after column 80, no anchors. Values must be JSON
data; NaN, infinities and foreign types are a `YAMLError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from holdfast.kube.yaml.errors import MAX_DEPTH, YAMLError
from holdfast.kube.yaml.gotext import go_float, go_integer
from holdfast.kube.yaml.order import ordered
from holdfast.kube.yaml.quoting import WIDTH, block, fold, inline
from holdfast.kube.yaml.quoting import key as quoted_key
from holdfast.kube.yaml.scalars import HIGHEST_UNSIGNED, LOWEST

REMEMBERED = 1 << 15
REMEMBERED_LENGTH = 200


class _Memo(dict[str, str]):
    """Strings already quoted: cluster objects repeat themselves. Forgets everything when full."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[str], str]) -> None:
        super().__init__()
        self.make = make

    def __missing__(self, text: str) -> str:
        made = self.make(text)
        if len(text) <= REMEMBERED_LENGTH:
            if len(self) >= REMEMBERED:
                self.clear()
            self[text] = made
        return made


_values = _Memo(inline)
_keys = _Memo(quoted_key)
INDENTS = tuple("  " * level for level in range(MAX_DEPTH + 2))


def dump(value: Any) -> str:
    """``value`` as one YAML document, ending in a line break."""
    out: list[str] = []
    kind = type(value)
    if kind is dict and value:
        _mapping(value, 0, "", out)
    elif kind is list and value:
        _sequence(value, 0, "", out)
    else:
        _leaf(value, "", 1, out)
    return "".join(out)


def dump_all(values: Iterable[Any]) -> str:
    """Every value as a document, separated by ``---`` lines."""
    return "---\n".join(dump(value) for value in values)


def _mapping(value: dict[str, Any], level: int, lead: str, out: list[str]) -> None:
    """Lines of a map whose first key follows ``lead`` and whose others stand at ``level``."""
    indent = INDENTS[level] if level <= MAX_DEPTH else _too_deep()
    add = out.append
    values, keys = _values, _keys
    for name in ordered(tuple(value)):
        item = value[name]
        kind = type(item)
        key = keys[name]
        if not key:
            _complex_key(name, item, level, lead, out)
        elif kind is str:
            text = values[item]
            line = f"{lead}{key}: {text}\n"
            add(line if text and len(line) <= WIDTH else _text(item, text, f"{lead}{key}: ", level + 1))
        elif kind is dict and item:
            add(f"{lead}{key}:\n")
            _mapping(item, level + 1, INDENTS[level + 1], out)
        elif kind is list and item:
            add(f"{lead}{key}:\n")
            _sequence(item, level, indent, out)
        elif kind is bool:
            add(f"{lead}{key}: {'true' if item else 'false'}\n")
        elif kind is int and LOWEST <= item <= HIGHEST_UNSIGNED:
            add(f"{lead}{key}: {item}\n")
        else:
            _leaf(item, f"{lead}{key}: ", level + 1, out)
        lead = indent


def _complex_key(name: str, item: Any, level: int, lead: str, out: list[str]) -> None:
    _leaf(name, f"{lead}? ", level + 1, out)
    _nested(item, f"{INDENTS[level]}: ", level + 1, out)


def _sequence(value: list[Any], level: int, lead: str, out: list[str]) -> None:
    dash = INDENTS[level] + "- "
    lead += "- "
    for item in value:
        if type(item) is str and (text := _values[item]):
            line = f"{lead}{text}\n"
            out.append(line if len(line) <= WIDTH else _text(item, text, lead, level + 1))
        else:
            _nested(item, lead, level + 1, out)
        lead = dash


def _nested(item: Any, lead: str, level: int, out: list[str]) -> None:
    """What follows a dash, or the colon of a complex key, on the same line."""
    if type(item) is dict and item:
        _mapping(item, level, lead, out)
    elif type(item) is list and item:
        _sequence(item, level, lead, out) if level <= MAX_DEPTH else _too_deep()
    else:
        _leaf(item, lead, level, out)


def _leaf(item: Any, lead: str, level: int, out: list[str]) -> None:
    if isinstance(item, str):
        out.append(_text(item, _values[item], lead, level))
    else:
        out.append(f"{lead}{_plain(item)}\n")


def _text(item: str, token: str, lead: str, level: int) -> str:
    """A string behind ``lead`` where one short line will not do."""
    if not token:
        return f"{lead}{block(item, INDENTS[level])}"
    return f"{lead}{fold(token, len(lead), INDENTS[level])}\n"


def _plain(item: Any) -> str:
    if item is None:
        return "null"
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int):
        return str(item) if LOWEST <= item <= HIGHEST_UNSIGNED else go_float(float(item))
    if isinstance(item, float):
        return _float(item)
    if isinstance(item, (dict, list)) and not item:
        return "{}" if isinstance(item, dict) else "[]"
    raise YAMLError(f"json: unsupported type: {type(item).__name__}")


def _float(item: float) -> str:
    if item - item != 0:
        shown = "NaN" if item != item else "+Inf" if item > 0 else "-Inf"
        raise YAMLError(f"json: unsupported value: {shown}")
    if item.is_integer() and LOWEST <= (whole := go_integer(item)) <= HIGHEST_UNSIGNED:
        return str(whole)
    return go_float(item)


def _too_deep() -> Any:
    raise YAMLError(f"yaml: exceeded max depth of {MAX_DEPTH}")
