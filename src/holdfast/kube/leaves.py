"""The single values of an object by their path, and the lines of a document on which they stand.

In: JSON data, or the text of one document. Out: mappings from paths to values or lines. A path is a tuple of steps: a key of a
mapping, ``[name=web]`` for an item of a list whose items all have different names, ``[2]`` for one of any other list. Named
items keep their path when others are put before them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from holdfast.kube.yaml.compose import MAPPING, SCALAR, SEQUENCE, Node, compose
from holdfast.kube.yaml.scalars import Dialect

Path = tuple[str, ...]
_NAME = "name"


def leaves(value: Any) -> dict[Path, Any]:
    """Scalars, and the mappings and lists that are empty."""
    return dict(_walk(value, ()))


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _walk(item, (*path, str(key)))
    elif isinstance(value, list) and value:
        for step, item in zip(_steps([_name_of(i) for i in value]), value, strict=True):
            yield from _walk(item, (*path, step))
    else:
        yield path, value


def _name_of(item: Any) -> str:
    found = item.get(_NAME) if isinstance(item, Mapping) else None
    return found if isinstance(found, str) else ""


def _steps(names: Sequence[str]) -> list[str]:
    if all(names) and len(set(names)) == len(names):
        return [f"[name={n}]" for n in names]
    return [f"[{i}]" for i in range(len(names))]


def step_of(items: Sequence[Any], index: int) -> str:
    """How a path names one item of a list."""
    return _steps([_name_of(i) for i in items])[index]


def leaf_lines(document: bytes, first: int = 1) -> dict[Path, int]:
    """The line of every leaf of the first document, and of every key above one. ``first`` is the number of its first line.

    Raises what the composer raises for a document that is no YAML.
    """
    root = compose(document, Dialect.OBJECT)
    found: dict[Path, int] = {}
    if root is not None:
        _note(root, root.line, (), found, first - 1, 0)
    return found


def _note(node: Node, line: int, path: Path, found: dict[Path, int], shift: int, depth: int) -> None:
    found.setdefault(path, line + shift)
    node = node.target or node
    if depth > 100:  # aliases may nest without end
        return
    if node.kind == MAPPING:
        for key, value in zip(node.items[::2], node.items[1::2], strict=True):
            if key.text == "<<" and (value.target or value).kind == MAPPING:
                _note(value, key.line, path, found, shift, depth + 1)
            else:
                _note(value, key.line, (*path, key.text), found, shift, depth + 1)
    elif node.kind == SEQUENCE:
        for step, item in zip(_steps([_name_in(i) for i in node.items]), node.items, strict=True):
            _note(item, item.line, (*path, step), found, shift, depth + 1)


def _name_in(node: Node) -> str:
    node = node.target or node
    if node.kind != MAPPING:
        return ""
    for key, value in zip(node.items[::2], node.items[1::2], strict=True):
        if key.text == _NAME and value.kind == SCALAR:
            return value.text
    return ""


def shown(path: Path) -> str:
    """A path as people write it: ``spec.template.spec.containers[name=web].image``; keys with dots are quoted."""
    text = ""
    for step in path:
        if step.startswith("["):
            text += step
        else:
            text += ("." if text else "") + (f'"{step}"' if "." in step or "[" in step else step)
    return text


def parsed(text: str) -> Path:
    """The path of what `shown` writes; kubectl's leading dot and ``{...}`` are allowed, ``[0]`` and names too."""
    text = text.strip().removeprefix("{").removesuffix("}").removeprefix(".")
    steps: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == "[":
            end = text.find("]", at)
            end = len(text) - 1 if end < 0 else end
            steps.append(text[at : end + 1].replace("'", "").replace('"', ""))
            at = end + 1
        elif text[at] == '"':
            end = text.find('"', at + 1)
            end = len(text) if end < 0 else end
            steps.append(text[at + 1 : end])
            at = end + 1
        elif text[at] == ".":
            at += 1
        else:
            end = min((i for i in (text.find(".", at), text.find("[", at)) if i >= 0), default=len(text))
            steps.append(text[at:end])
            at = end
    return tuple(steps)
