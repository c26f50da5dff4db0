"""Rules about what patches say: fields that the patched kind does not have, which are lost without a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.base.errors import HoldfastError, Place
from holdfast.kube import yaml
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kube.schema import Schema
from holdfast.offline.findings import Finding
from holdfast.offline.rules.index import Index, Key, mapping, mappings, near
from holdfast.offline.rules.kustomizations import each_kustomization, matches
from holdfast.offline.rules.objects import dotted, violations
from holdfast.offline.unit import Survey, Unit

_REQUIRED = "is required"


def unknown_fields(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, path, content in each_kustomization(survey):
        for number, patch in mappings(content.get("patches")):
            for text in _faults(index, unit, patch):
                place = index.lines.at(Place(path, 1), ("patches", number))
                yield Finding.at("patch-field-unknown", place, text, unit=str(unit.key))
    for unit in survey.units.values():
        if unit.rendered is None or not index.own(unit, "patches"):
            continue
        for number, patch in mappings(unit.spec.get("patches")):
            for text in _faults(index, unit, patch):
                yield index.about("patch-field-unknown", unit, text, "spec", "patches", number)


def _faults(index: Index, unit: Unit, patch: Mapping[str, Any]) -> Iterator[str]:
    """Of a patch that is written in place; one in a file of its own is looked at as a document."""
    text = patch.get("patch")
    if not isinstance(text, str) or "${" in text:
        return
    try:
        content = yaml.load(text)
    except HoldfastError:
        return
    if isinstance(content, dict):
        yield from _merge_faults(index, unit, content, mapping(patch.get("target")))
    elif isinstance(content, list):
        shape = _shape(index, unit, mapping(patch.get("target")))
        for _, operation in mappings(content) if shape is not None else ():
            problem = _path_fault(str(operation.get("path") or ""), shape) if operation.get("op") != "remove" else ""
            if problem:
                yield problem


def _merge_faults(index: Index, unit: Unit, content: Manifest, target: Mapping[str, Any]) -> Iterator[str]:
    shape = index.schema(GroupVersionKind.of(content)) or _shape(index, unit, target)
    for path, message in violations(content, shape) if shape is not None else ():
        if message != _REQUIRED and path[:1] != ("metadata",):
            yield f"a patch of {content.get('kind')}: {dotted(path)}: {message}"


def _shape(index: Index, unit: Unit, target: Mapping[str, Any]) -> Schema | None:
    """The one schema of everything that a target means; None where that is several, or unknown."""
    if not target.get("kind"):
        return None
    objects = unit.rendered.objects if unit.rendered else ()
    kinds = {GroupVersionKind.of(o) for o in objects if matches(target, o)}
    return index.schema(kinds.pop()) if len(kinds) == 1 else None


def _path_fault(pointer: str, shape: Schema | None) -> str:
    parts: list[Key] = [p.replace("~1", "/").replace("~0", "~") for p in pointer.split("/")[1:]]
    for depth, part in enumerate(parts):
        if shape is None or shape.preserve_unknown or (part == "metadata" and depth == 0):
            return ""
        if shape.items is not None:
            shape = shape.items
        elif shape.properties and str(part) not in shape.properties and shape.additional is None:
            hint = near(str(part), shape.properties)
            return f"a patch's path {pointer} leads to {part}, which is no field there{f' ({hint})' if hint else ''}"
        else:
            shape = shape.properties.get(str(part)) or shape.additional
    return ""
