"""Structural schemas, compiled: pruning and defaulting of custom objects.

In: an openAPIV3Schema. Out: a tree of `Node`s; objects pruned and defaulted in place. Never: validation (see `values` and `rules`).
"""

from __future__ import annotations

import copy
from typing import Any

from holdfast.kube.refs import Manifest

_META = ("apiVersion", "kind", "metadata")
Path = tuple[Any, ...]


class Node:
    """One schema. `has_*` say whether a walk below it can find anything to do."""

    __slots__ = (
        "additional", "default", "embedded", "has_default", "has_defaults", "has_rules", "int_or_string", "items", "keys", "list_type", "nullable", "preserve",
        "properties", "raw", "rules", "type", "uniquely_listed",
    )  # fmt: skip

    def __init__(self, schema: Manifest) -> None:
        self.raw = schema
        self.type = schema.get("type") or ""
        self.nullable = bool(schema.get("nullable"))
        self.embedded = bool(schema.get("x-kubernetes-embedded-resource"))
        self.preserve = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
        self.int_or_string = bool(schema.get("x-kubernetes-int-or-string"))
        self.list_type = schema.get("x-kubernetes-list-type") or ""
        self.keys: tuple[str, ...] = tuple(schema.get("x-kubernetes-list-map-keys") or ())
        self.has_default = "default" in schema and schema["default"] is not None
        self.default = schema.get("default")
        self.rules: list[Manifest] = list(schema.get("x-kubernetes-validations") or ())
        self.properties = {name: Node(sub) for name, sub in (schema.get("properties") or {}).items()}
        items, additional = schema.get("items"), schema.get("additionalProperties")
        self.items = Node(items) if isinstance(items, dict) else None
        self.additional = Node(additional) if isinstance(additional, dict) else None
        if additional is True:
            self.preserve = True
        below = [*self.properties.values(), *(n for n in (self.items, self.additional) if n is not None)]
        self.has_defaults: bool = any(n.has_default or n.has_defaults for n in below)
        self.uniquely_listed: bool = self.list_type in ("set", "map") or any(n.uniquely_listed for n in below)
        self.has_rules: bool = bool(self.rules) or any(n.has_rules for n in below)


# --- pruning --------------------------------------------------------------------


def prune(node: Node | None, value: Any, root: bool, path: Path = (), found: list[Path] | None = None) -> None:
    """Drop what the schema does not know; note the paths in `found`. Without a schema nothing is known."""
    if isinstance(value, dict):
        if node is None:
            _drop(value, list(value), path, found)
        else:
            _prune_object(node, value, root or node.embedded, path, found)
    elif isinstance(value, list) and not (node is not None and node.preserve and node.items is None):
        items = node.items if node is not None else None
        for index, item in enumerate(value):
            if items is not None and isinstance(item, dict):
                _prune_object(items, item, items.embedded, (*path, index), found)
            elif isinstance(item, (dict, list)):
                prune(items, item, False, (*path, index), found)


def _prune_object(node: Node, value: Manifest, resource: bool, path: Path, found: list[Path] | None) -> None:
    unknown: list[str] | None = None
    properties, additional, preserve = node.properties, node.additional, node.preserve
    for key, item in value.items():
        if resource and key in _META:
            continue
        sub = properties.get(key) or additional
        if sub is None:
            if not preserve:
                unknown = unknown or []
                unknown.append(key)
        elif isinstance(item, dict):
            _prune_object(sub, item, sub.embedded, (*path, key), found)
        elif isinstance(item, list):
            prune(sub, item, False, (*path, key), found)
    if unknown:
        _drop(value, unknown, path, found)


def _drop(value: Manifest, keys: list[str], path: Path, found: list[Path] | None) -> None:
    for key in keys:
        del value[key]
        if found is not None:
            found.append((*path, key))


# --- defaulting -------------------------------------------------------------------


def apply_defaults(node: Node, value: Any) -> None:
    if not node.has_defaults:
        return
    if isinstance(value, dict):
        for name, sub in node.properties.items():
            if sub.has_default and (name not in value or (value[name] is None and not sub.nullable)):
                value[name] = copy.deepcopy(sub.default)
        for key, item in value.items():
            below = node.properties.get(key) or node.additional
            if below is not None:
                if item is None and not below.nullable and below.has_default and key not in node.properties:
                    value[key] = item = copy.deepcopy(below.default)
                apply_defaults(below, item)
    elif isinstance(value, list) and node.items is not None:
        for index, item in enumerate(value):
            if item is None and not node.items.nullable and node.items.has_default:
                value[index] = item = copy.deepcopy(node.items.default)
            apply_defaults(node.items, item)


def drop_nulls(node: Node, value: Any) -> None:
    """A null where neither null nor a default is meant is as good as absent."""
    if isinstance(value, dict):
        gone = []
        for key, item in value.items():
            sub = node.properties.get(key) or node.additional
            if sub is None:
                continue
            if item is None:
                if not sub.nullable and not sub.has_default:
                    gone.append(key)
            elif isinstance(item, (dict, list)):
                drop_nulls(sub, item)
        for key in gone:
            del value[key]
    elif isinstance(value, list) and node.items is not None:
        for item in value:
            if isinstance(item, (dict, list)):
                drop_nulls(node.items, item)
