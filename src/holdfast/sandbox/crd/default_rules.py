"""The defaults of a schema: they have to be known, sound and allowed by the schema they stand in.

In: a schema and its path. Out: field errors. Never: objects of users.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.crd import embedded, rules, values
from holdfast.sandbox.crd.structural import Node, prune
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.status import INVALID, FieldError

_EMBEDDED = "x-kubernetes-embedded-resource"


def check(found: Manifest, path: str) -> Errors:
    errs = Errors()
    _schema(errs, {**found, _EMBEDDED: True}, path)
    return errs


def _schema(errs: Errors, found: Manifest, path: str, meta: str = "") -> None:
    """``meta`` is the field of an object's own that it stands for or below."""
    if found.get("default") is not None:
        _default(errs, found, found["default"], f"{path}.default", meta)
    if isinstance(found.get("items"), dict):
        _schema(errs, found["items"], f"{path}.items", meta and f"{meta}.")
    for name, sub in (found.get("properties") or {}).items():
        own = bool(found.get(_EMBEDDED)) and name in ("metadata", "kind", "apiVersion")
        below = name if own else "" if found.get(_EMBEDDED) else meta and f"{meta}.{name}"
        _schema(errs, sub, f"{path}.properties[{name}]", below)


def _default(errs: Errors, found: Manifest, value: Any, path: str, meta: str) -> None:
    node = Node(found)
    if meta:
        problem = {"kind": embedded.kind_problem, "apiVersion": embedded.version_problem}.get(meta, lambda _: "")(value)
        if problem:
            shown = FieldError(INVALID, meta, value, problem)
            errs.invalid(path, value, f"must result in valid metadata: {shown}")
            return
    else:
        pruned = copy.deepcopy(value)
        prune(node, pruned, node.embedded)
        if pruned != value:
            errs.invalid(path, value, "must not have unknown fields")
        inner = Errors()
        _embedded(inner, node, value, path)
        if inner:
            errs += inner
            return
    problems = values.validate(node, value)
    errs += [_placed(error, path) for error in problems]
    if not problems and node.has_rules:
        errs += [_placed(error, path) for error in rules.run(node, value).errors]


def _embedded(errs: Errors, node: Node, value: Any, path: str) -> None:
    if isinstance(value, dict):
        if node.embedded:
            embedded.check(errs, value, path)
        for key, item in value.items():
            sub = node.properties.get(key)
            if sub is not None:
                _embedded(errs, sub, item, f"{path}.{key}")
            elif node.additional is not None:
                _embedded(errs, node.additional, item, f"{path}[{key}]")
    elif isinstance(value, list) and node.items is not None:
        for index, item in enumerate(value):
            _embedded(errs, node.items, item, f"{path}[{index}]")


def _placed(error: FieldError, path: str) -> FieldError:
    """An error within a default, at the place of the schema. Its words go on speaking of the default's own fields."""
    if error.field == "<nil>":
        detail = f" {error.detail}" if error.detail.startswith("in body") else error.detail
        return replace(error, field=path, detail=detail)
    return replace(error, field=f"{path}.{error.field}")
