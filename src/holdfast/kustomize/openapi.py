"""The schema of a build: kustomize's own, or the one that ``openapi`` of a kustomization names.

A schema of the user's takes the place of the built-in one. Only the first kustomization that names one counts; the outermost
always goes first. State of one build, never shared. Source: kyaml ``openapi``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.kube import yaml
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.ids import CLUSTER_SCOPED, Kinds
from holdfast.kustomize.mergekeys import ALWAYS, BUILTIN, DEFINITIONS, VERSION, Shape

Type = tuple[str, str]


class Schemas:
    """Types by (apiVersion, kind), as one build sees them."""

    def __init__(self) -> None:
        self.scopes: Kinds = CLUSTER_SCOPED
        self._chosen = False
        self._types: dict[Type, Shape] = {**BUILTIN, **ALWAYS}
        self._builtin_in_use = False
        self._broken: KustomizeError | None = None

    def of(self, api_version: str, kind: str) -> Shape | None:
        if self._broken is not None:
            raise self._broken
        self._builtin_in_use = True
        return self._types.get((api_version, kind))

    def note(self, api_version: str, kind: str) -> None:
        """A resource was loaded. One of an unknown kind makes kustomize read its built-in schema, if it has no other."""
        if not self._builtin_in_use and (api_version, kind) not in BUILTIN:
            self._builtin_in_use = True

    def choose(self, openapi: dict[str, str], document: bytes | None, *, outermost: bool) -> None:
        """What a kustomization's ``openapi`` asks for; ``document`` is the file behind its path."""
        if self._chosen and not outermost:
            return
        version = openapi.get("version", "")
        if document is not None:
            if "version" in openapi:
                raise KustomizeError("builtin version and custom schema provided, cannot use both")
            self._use(document)
            self._chosen = True
        elif version:
            if version != VERSION:
                raise KustomizeError("the specified OpenAPI version is not built in")
            self._chosen = True

    def _use(self, document: bytes) -> None:
        try:
            data = yaml.load(document)
        except yaml.YAMLError as err:
            # Nobody minds a broken schema until a type is looked up in it.
            self._broken = KustomizeError(f"invalid schema file: {err.message}")
            return
        data = data if isinstance(data, dict) else {}
        builtin = self._builtin_in_use
        custom = _types(data.get("definitions") or {}, DEFINITIONS if builtin else {})
        self._types = {**(BUILTIN if builtin else {}), **ALWAYS, **custom}
        self.scopes = CLUSTER_SCOPED | _cluster_scoped(data.get("paths") or {})


def _types(definitions: dict[str, Any], known: Mapping[str, Shape]) -> dict[Type, Shape]:
    reader = _Reader(definitions, known)
    out: dict[Type, Shape] = {}
    for name, definition in definitions.items():
        for gvk in (definition or {}).get("x-kubernetes-group-version-kind") or []:
            if isinstance(gvk, dict):
                out[_type(gvk)] = reader.named(name)
    return out


def _type(gvk: dict[str, Any]) -> Type:
    group, version = gvk.get("group") or "", gvk.get("version") or ""
    return (f"{group}/{version}" if group else version, gvk.get("kind") or "")


class _Reader:
    """OpenAPI definitions to shapes; each definition is read once, so that types may refer to themselves."""

    def __init__(self, definitions: dict[str, Any], known: Mapping[str, Shape]) -> None:
        self._definitions = definitions
        self._known = known
        self._named: dict[str, Shape] = {}

    def named(self, name: str) -> Shape:
        shape = self._named.get(name)
        if shape is None:
            shape = self._named[name] = Shape()
            self._fill(shape, self._definitions.get(name) or {})
        return shape

    def _read(self, schema: dict[str, Any]) -> Shape | None:
        reference = schema.get("$ref")
        if isinstance(reference, str):
            name = reference.rpartition("/")[2]
            return self.named(name) if name in self._definitions else self._known.get(name)
        shape = Shape()
        self._fill(shape, schema)
        return shape

    def _fill(self, shape: Shape, schema: dict[str, Any]) -> None:
        fields: dict[str, Shape] = {}
        for name, sub in (schema.get("properties") or {}).items():
            found = self._read(sub or {})
            if found is not None:
                fields[name] = found
        shape.fields = fields
        if isinstance(extra := schema.get("additionalProperties"), dict):
            shape.rest = self._read(extra)
        if schema.get("type") == "array" and isinstance(items := schema.get("items"), dict):
            shape.items = self._read(items)
        strategy = schema.get("x-kubernetes-patch-strategy")
        if isinstance(strategy, str) and "merge" in strategy.split(","):
            shape.merges = True
            shape.keys = _keys(schema)


def _keys(schema: dict[str, Any]) -> tuple[str, ...]:
    several = schema.get("x-kubernetes-list-map-keys")
    if isinstance(several, list):
        return tuple(str(k) for k in several)
    one = schema.get("x-kubernetes-patch-merge-key")
    return (one,) if isinstance(one, str) else ()


def _cluster_scoped(paths: dict[str, Any]) -> Kinds:
    namespaced: dict[Type, bool] = {}
    for path, operations in paths.items():
        gvk = ((operations or {}).get("get") or {}).get("x-kubernetes-group-version-kind")
        if isinstance(gvk, dict):
            kind = _type(gvk)
            namespaced[kind] = namespaced.get(kind, False) or "namespaces/{namespace}" in path
    return frozenset(k for k, inside in namespaced.items() if not inside)
