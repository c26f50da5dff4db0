"""``ValueAddTransformer``: a value, or a part of a path, put into fields (by plugin configuration only).

Example: value ``prod`` with ``fieldPath: metadata/namespace`` sets the namespace; with ``filePathPosition: 2`` it becomes the
second part of the path in the field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.fieldspec import kind_of, wrong_kind
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.resource import Resource
from holdfast.kustomize.scalars import text_of
from holdfast.kustomize.selectors import CompiledSelector, Selector
from holdfast.kustomize.transformers.namespace import NamespaceSetter


def checked_targets(targets: Sequence[Mapping[str, Any]]) -> None:
    """Raises KustomizeError where the configuration is not usable."""
    if not targets:
        raise KustomizeError("must specify at least one target")
    for target in targets:
        if not target.get("fieldPath"):
            raise KustomizeError("fieldPath cannot be empty")
        if (position := target.get("filePathPosition", 0)) < 0:
            raise KustomizeError(f"value of FilePathPosition ({position}) cannot be negative")


def add_value(resources: ResMap, value: str, targets: Sequence[Mapping[str, Any]]) -> None:
    """Put ``value`` into the fields that ``targets`` name."""
    for target in targets:
        selector = target.get("selector")
        selected = list(resources) if selector is None else CompiledSelector(Selector.of(selector)).select(resources)
        for resource in selected:
            if target["fieldPath"] == "metadata/namespace":
                NamespaceSetter(value, ()).apply(resource)
            else:
                _put(resource, value, target["fieldPath"], target.get("filePathPosition", 0))
    resources.touched()


def _put(resource: Resource, value: str, path: str, position: int) -> None:
    parts = _parts(path)
    node: Any = resource.manifest
    for part in parts[:-1]:
        if node.get(part) is None:
            node[part] = {}
        node = node[part]
        if type(node) is not dict:
            raise wrong_kind("MappingNode", node)
    last = parts[-1]
    old = node.get(last, "")
    if kind_of(old) != "ScalarNode":
        raise wrong_kind("ScalarNode", old)
    node[last] = insert_path_part("" if old is None else text_of(old), position - 1, value) if position > 0 else value


def _parts(path: str) -> list[str]:
    out: list[str] = []
    for piece in path.split("/"):
        if out and out[-1].endswith("\\"):
            out[-1] = out[-1][:-1] + "/" + piece
        else:
            out.append(piece)
    return [p.strip() for p in out if p.strip()]


def insert_path_part(path: str, position: int, part: str) -> str:
    """The path with ``part`` put in at ``position``, counted from 0; beyond the end it goes last."""
    rooted = path.startswith("/")
    pieces = [p for p in path.split("/") if p]
    pieces.insert(min(max(position, 0), len(pieces)), part)
    return ("/" if rooted else "") + "/".join(pieces)
