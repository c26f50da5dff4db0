"""The defaults of a schema: they have to be known, sound and allowed by the schema they stand in.

In: a schema and its path. Out: field errors. Never: objects of users.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.crd import values
from holdfast.sandbox.crd.structural import Node, prune
from holdfast.sandbox.kinds.field import Errors


def check(found: Manifest, path: str) -> Errors:
    errs = Errors()
    _schema(errs, found, path)
    return errs


def _schema(errs: Errors, found: Manifest, path: str) -> None:
    if found.get("default") is not None:
        _default(errs, found, found["default"], f"{path}.default")
    if isinstance(found.get("items"), dict):
        _schema(errs, found["items"], f"{path}.items")
    for name, sub in (found.get("properties") or {}).items():
        _schema(errs, sub, f"{path}.properties[{name}]")


def _default(errs: Errors, found: Manifest, value: Any, path: str) -> None:
    node = Node(found)
    pruned = copy.deepcopy(value)
    prune(node, pruned, node.embedded)
    if pruned != value:
        errs.invalid(path, value, "must not have unknown fields")
    problems = values.validate(node, value)
    for error in problems:
        where = path if error.field == "<nil>" else f"{path}{'' if error.field.startswith('[') else '.'}{error.field}"
        errs.append(replace(error, field=where, detail=_placed(error.detail, error.field, where)))
    if not problems and node.has_rules:
        _rules(errs, node, value, path)


def _placed(detail: str, before: str, after: str) -> str:
    if before == "<nil>":
        return f"{after} {detail}" if detail.startswith("in body") else detail
    return detail.replace(f"{before} in body", f"{after} in body", 1)


def _rules(errs: Errors, node: Node, value: Any, path: str) -> None:
    from holdfast.sandbox.crd import rules

    for error in rules.run(node, value).errors:
        where = path if error.field == "<nil>" else f"{path}.{error.field}"
        errs.append(replace(error, field=where))
