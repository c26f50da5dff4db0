"""How a scalar was written, where JSON data no longer tells and kustomize's result depends on it.

kyaml keeps text and quotes of every scalar. Three things show: ``field: null`` survives a strategic merge patch that does not
mention it and ``field:`` does not; an annotation ``key: 1.0`` becomes "1.0" and ``key:`` becomes ""; a number patched over a
text in quotes goes between these quotes. In each case the text of the resource is read once more, which is seldom.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from holdfast.kube import yaml
from holdfast.kube.yaml import Dialect
from holdfast.kube.yaml.scalars import plain
from holdfast.kustomize.resource import Resource, Source
from holdfast.kustomize.scalars import text_of

Path = tuple[str | int, ...]


class EmptyNull:
    """Stands for an empty null while a patch is merged."""

    __slots__ = ()


EMPTY = EmptyNull()


def has_null(value: Any) -> bool:
    """Whether there is a None anywhere in JSON data."""
    stack = [value]
    while stack:
        node = stack.pop()
        if node is None:
            return True
        if type(node) is dict:
            stack.extend(node.values())
        elif type(node) is list:
            stack.extend(node)
    return False


def empty_null_paths(resource: Resource) -> set[Path]:
    """Where the text of the resource has nulls without a text; empty for resources that were not read from a file."""
    root = _nodes(resource.source)
    found: set[Path] = set()
    if root is not None:
        _collect(root, (), found)
    skip = len(resource.source.within) if resource.source else 0
    within = resource.source.within if resource.source else ()
    return {p[skip:] for p in found if p[:skip] == within}


def is_quoted(resource: Resource, key: str, text: str) -> bool:
    """Whether the text of a field stands in quotes or in a block: as somebody wrote it, or where nobody did, because it has to."""
    sources = [s for s in (resource.source, *resource.patched_from) if s is not None]
    styles = [v.style for s in sources for k, v in _scalars(_nodes(s)) if k.value == key and v.value == text]
    return any(styles) if styles else yaml.dump(text)[:1] in "\"'|>"


def number_text(resource: Resource, key: str, value: Any) -> str:
    """The text of a number or boolean in a field of this name; where it is not found, the usual one."""
    for name, node in _scalars(_nodes(resource.source)):
        if name.value == key and not node.style and plain(node.value, Dialect.KYAML) == value:
            return str(node.value)
    return text_of(value)


def _scalars(root: Any) -> Iterator[tuple[Any, Any]]:
    stack = [root] if root is not None else []
    while stack:
        node = stack.pop()
        if node.id == "sequence":
            stack.extend(node.value)
        elif node.id == "mapping":
            for key, value in node.value:
                if key.id == "scalar" and value.id == "scalar":
                    yield key, value
                elif value.id != "scalar":
                    stack.append(value)


def _nodes(source: Source | None) -> Any:
    """The nodes of the document that a resource came from."""
    if source is None or not source.text:
        return None
    import yaml as pyyaml

    from holdfast.kustomize.yamlio import split_documents

    parts = split_documents(source.text.replace(b"\r\n", b"\n"))
    if source.document >= len(parts):
        return None
    try:
        return pyyaml.compose(parts[source.document], Loader=_loader())
    except pyyaml.YAMLError:
        return None


def _loader() -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _collect(node: Any, path: Path, found: set[Path]) -> None:
    if node.id == "mapping":
        for key, value in node.value:
            if key.id == "scalar":
                _collect(value, (*path, key.value), found)
    elif node.id == "sequence":
        for index, value in enumerate(node.value):
            _collect(value, (*path, index), found)
    elif node.value == "" and node.tag.endswith(":null"):
        found.add(path)


def fill_gaps(resource: Resource) -> None:
    """Make nothing between brackets an empty text, as go-yaml does when it writes it. Until then it is a null."""
    if not resource.has_gaps:
        return
    resource.has_gaps = False
    if not has_null(resource.manifest):
        return
    root, within = _nodes(resource.source), resource.source.within if resource.source else ()
    for path in _gaps(root, (), False) if root is not None else ():
        own = path[len(within) :]
        holder: Any = resource.manifest
        for part in own[:-1]:
            holder = _child(holder, part)
        if path[: len(within)] == within and type(holder) is dict and holder.get(own[-1], "") is None:
            holder[own[-1]] = ""


def _gaps(node: Any, path: Path, flow: bool) -> Iterator[Path]:
    flow = flow or bool(getattr(node, "flow_style", False))
    if node.id == "mapping":
        for key, value in node.value:
            if key.id == "scalar":
                yield from _gaps(value, (*path, key.value), flow)
    elif node.id == "sequence":
        for index, value in enumerate(node.value):
            yield from _gaps(value, (*path, index), flow)
    elif flow and node.value == "" and not node.style and node.tag.endswith(":null"):
        yield path


def exact_texts(resource: Resource, field: str) -> dict[str, str]:
    """Labels or annotations as the texts that kyaml has for them: `1.0`, `True` or nothing at all, as they were written."""
    meta = resource.manifest.get("metadata")
    found = meta.get(field) if type(meta) is dict else None
    if type(found) is not dict:
        return {}
    return {key: exact_text(resource, ("metadata", field, key), value) for key, value in found.items()}


def _may_be_moment(text: str) -> bool:
    return text[-1:] == "Z" and text[4:5] == "-"


def exact_text(resource: Resource, path: Path, value: Any) -> str:
    """How a scalar at a path of a resource was written; where that is not found, its usual text."""
    usual = text_of(value)
    if type(value) is str and not _may_be_moment(value):
        return usual
    plainly = f"{path[-1]}: {usual}\n".encode()
    for source in (*reversed(resource.patched_from), resource.source):
        if source is None or (plainly in source.text and value is not None):
            continue
        node = _node_at(_nodes(source), (*source.within, *path))
        if node is not None and node.id == "scalar" and not node.style and plain(node.value, Dialect.KYAML) == value:
            return str(node.value)
    return usual


def way_to(root: Any, holder: Any) -> Path | None:
    """The path below ``root`` at which a mapping or list stands, told by identity."""
    if root is holder:
        return ()
    items = root.items() if type(root) is dict else enumerate(root) if type(root) is list else ()
    for key, value in items:
        if (type(value) is dict or type(value) is list) and (found := way_to(value, holder)) is not None:
            return (key, *found)
    return None


def slot_text(resource: Resource, holder: Any, key: Any) -> str:
    """How the scalar at ``holder[key]`` somewhere in a resource was written."""
    value = holder[key]
    if type(value) is str and not _may_be_moment(value):
        return value
    way = way_to(resource.manifest, holder)
    return text_of(value) if way is None else exact_text(resource, (*way, key), value)


def is_text_when_empty(resource: Resource, holder: Any) -> bool:
    """Whether nothing, written into a mapping or list, is an empty text: between brackets it needs quotes."""
    meta = resource.manifest.get("metadata")
    if type(meta) is dict and meta.get("annotations") is holder:
        return True
    way, node = way_to(resource.manifest, holder), _nodes(resource.source)
    for part in (*(resource.source.within if resource.source else ()), *(way or ())):
        if node is None or node.flow_style:
            break
        node = _node_at(node, (part,))
    return node is not None and bool(node.flow_style)


def _node_at(node: Any, path: Path) -> Any:
    for part in path:
        if node is None:
            return None
        if node.id == "mapping":
            node = next((value for key, value in node.value if key.value == part), None)
        elif node.id == "sequence" and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        else:
            return None
    return node


def mark(resource: Resource) -> bool:
    """Put ``EMPTY`` in the place of empty written; whether there were any."""
    if not has_null(resource.manifest):
        return False
    paths = empty_null_paths(resource)
    marked = False
    for path in paths:
        marked = _mark_one(resource.manifest, path) or marked
    return marked


def _mark_one(root: Any, path: Path) -> bool:
    node = root
    for part in path[:-1]:
        node = _child(node, part)
        if node is None:
            return False
    last = path[-1] if path else ""
    holder = node
    if isinstance(holder, dict) and isinstance(last, str) and last in holder and holder[last] is None:
        holder[last] = EMPTY
        return True
    return False


def _child(node: Any, part: str | int) -> Any:
    if isinstance(node, dict) and isinstance(part, str):
        return node.get(part)
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return node[part]
    return None


def unmark(value: Any) -> None:
    """Turn what is left of ``EMPTY`` back into None."""
    if type(value) is dict:
        for key, item in value.items():
            if item is EMPTY:
                value[key] = None
            else:
                unmark(item)
    elif type(value) is list:
        for index, item in enumerate(value):
            if item is EMPTY:
                value[index] = None
            else:
                unmark(item)
