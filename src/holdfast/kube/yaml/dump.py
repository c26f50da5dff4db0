"""JSON data to text, exactly as sigs.k8s.io/yaml prints it.

Keys sorted, maps indented by two, lists at the level of their key, plain and quoted text
folded at blanks after column 80, no anchors. Values must be JSON
data; NaN, infinities and foreign types are a `YAMLError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from holdfast.kube import native
from holdfast.kube.yaml.errors import MAX_DEPTH, YAMLError
from holdfast.kube.yaml.gotext import go_float, go_integer
from holdfast.kube.yaml.order import ordered
from holdfast.kube.yaml.quoting import WIDTH, block, fold, inline
from holdfast.kube.yaml.quoting import key as quoted_key
from holdfast.kube.yaml.scalars import HIGHEST_UNSIGNED, LOWEST

REMEMBERED = 1 << 15
REMEMBERED_LENGTH = 200
# Objects of one kind share the keys of their maps.
REMEMBERED_LEVELS, REMEMBERED_LAYOUTS, REMEMBERED_KEYS = 16, 1024, 16


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


class _Layouts(dict[tuple[str, ...], tuple[tuple[str, str, str], ...]]):
    """By a map's keys: the keys in their order, each with ``key: `` and the same behind the indentation of the level.

    Empty where one of the keys stands behind a question mark.
    """

    __slots__ = ("_level",)

    def __init__(self, level: int) -> None:
        super().__init__()
        self._level = level

    def __missing__(self, names: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
        if self._level > MAX_DEPTH:
            _too_deep()
        indent = INDENTS[self._level]
        keys = [(name, _keys[name]) for name in ordered(names)]
        plain = all(key for _, key in keys)
        layout = tuple((name, f"{key}: ", f"{indent}{key}: ") for name, key in keys) if plain else ()
        if len(names) <= REMEMBERED_KEYS and self._level < REMEMBERED_LEVELS:
            if len(self) >= REMEMBERED_LAYOUTS:
                self.clear()
            self[names] = layout
        return layout


_layouts = tuple(_Layouts(level) for level in range(MAX_DEPTH + 2))


def dump(value: Any) -> str:
    """``value`` as one YAML document, ending in a line break."""
    if native.dump is not None and (text := native.dump(value, _RULES)) is not NotImplemented:
        return text  # type: ignore[no-any-return]
    return printed(value)


def printed(value: Any) -> str:
    """The same in Python alone, which knows every case."""
    out: list[str] = []
    kind = type(value)
    if kind is dict and value:
        _mapping(value, 0, "", out)
    elif kind is list and value:
        _sequence(value, 0, "", out)
    else:
        _leaf(value, "", 1, out)
    out.append("")
    return "\n".join(out)


def dump_all(values: Iterable[Any]) -> str:
    """Every value as a document, separated by ``---`` lines."""
    # Document by document: the lines of a whole stream at once are slower, for they do not stay in the processor's cache.
    return "---\n".join(dump(value) for value in values)


def _mapping(value: dict[str, Any], level: int, lead: str, out: list[str]) -> None:
    """Lines, without their breaks, of a map whose first key follows ``lead`` and whose others stand at ``level``."""
    layout = _layouts[level][tuple(value)]
    if layout:
        name, key, _ = layout[0]
        _lines(value, ((name, key, lead + key), *layout[1:]), level, out)
        return
    for name in ordered(tuple(value)):
        if _keys[name]:
            _mapping({name: value[name]}, level, lead, out)
        else:
            _leaf(name, f"{lead}? ", level + 1, out)
            _nested(value[name], f"{INDENTS[level]}: ", level + 1, out)
        lead = INDENTS[level]


def _lines(value: dict[str, Any], layout: tuple[tuple[str, str, str], ...], level: int, out: list[str]) -> None:
    """Lines of a map with simple keys."""
    add = out.append
    values = _values
    for name, _, head in layout:
        item = value[name]
        kind = type(item)
        if kind is str:
            text = values[item]
            line = head + text
            add(line if text and len(line) < WIDTH else _text(item, text, head, level + 1))
        elif kind is dict and item:
            add(head[:-1])
            if below := _layouts[level + 1][tuple(item)]:
                _lines(item, below, level + 1, out)
            else:
                _mapping(item, level + 1, INDENTS[level + 1], out)
        elif kind is list and item:
            add(head[:-1])
            _sequence(item, level, INDENTS[level], out)
        elif kind is bool:
            add(head + ("true" if item else "false"))
        elif kind is int and LOWEST <= item <= HIGHEST_UNSIGNED:
            add(f"{head}{item}")
        else:
            _leaf(item, head, level + 1, out)


def _sequence(value: list[Any], level: int, lead: str, out: list[str]) -> None:
    dash = INDENTS[level] + "- "
    lead += "- "
    for item in value:
        kind = type(item)
        if kind is dict and item:
            _mapping(item, level + 1, lead, out)
        elif kind is str and (text := _values[item]):
            line = lead + text
            out.append(line if len(line) < WIDTH else _text(item, text, lead, level + 1))
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
        out.append(lead + _plain(item))


def _text(item: str, token: str, lead: str, level: int) -> str:
    """A string behind ``lead`` where one short line will not do."""
    if not token:
        return f"{lead}{block(item, INDENTS[level])[:-1]}"
    return f"{lead}{fold(token, len(lead), INDENTS[level])}"


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


# What the compiled printer asks for all that is not plainly plain.
_RULES = (_values, _keys, _text, _plain, ordered)
