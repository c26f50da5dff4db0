"""What the fields of a kind are: types, list kinds, merge keys.

In goes a Kubernetes version and a kind, or a CRD's ``openAPIV3Schema``; out comes a tree of ``Schema`` nodes, shared,
immutable and resolved only where somebody looks. Nothing here judges an object; validation, merging and printing do that
with these nodes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any, Final

from holdfast.kube import schema_data
from holdfast.kube.refs import GroupVersionKind
from holdfast.kube.schema_corrections import corrections
from holdfast.kube.schema_data import UnknownVersionError, versions

__all__ = ["DEFAULT_VERSION", "Schema", "Schemas", "UnknownVersionError", "builtin", "custom_resource", "versions"]

DEFAULT_VERSION: Final = "1.36"
OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
INT_OR_STRING: Final = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
QUANTITY: Final = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_REF: Final = "#/definitions/"

_SPECIAL: Final[Mapping[str, Mapping[str, Any]]] = {
    INT_OR_STRING: {"x-kubernetes-int-or-string": True},
    QUANTITY: {"type": "string", "format": "quantity"},
    "io.k8s.apimachinery.pkg.runtime.RawExtension": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
}
"""Definitions whose JSON form the published schema says too little about."""


class Schema:
    """One node. ``raw`` is the OpenAPI schema it was made from (without ``description``), for keywords not named here."""

    __slots__ = (
        "_additional",
        "_items",
        "_properties",
        "_schemas",
        "compiled",
        "default",
        "embedded",
        "enum",
        "format",
        "int_or_string",
        "list_map_keys",
        "list_type",
        "map_type",
        "name",
        "nullable",
        "patch_merge_key",
        "patch_strategies",
        "preserve_unknown",
        "raw",
        "required",
        "type",
    )

    raw: Mapping[str, Any]
    name: str
    """The Go type's name, ``io.k8s.api.core.v1.PodSpec``; empty for a nameless part."""
    type: str
    """object, array, string, integer, number, boolean, or empty where anything or several types are allowed."""
    format: str
    required: tuple[str, ...]
    enum: tuple[Any, ...]
    default: Any
    """None where there is none."""
    nullable: bool
    list_type: str
    """atomic, set, map or empty (not said, hence atomic)."""
    list_map_keys: tuple[str, ...]
    map_type: str
    """atomic, granular or empty (not said, hence granular)."""
    patch_merge_key: str
    patch_strategies: frozenset[str]
    preserve_unknown: bool
    int_or_string: bool
    embedded: bool
    """x-kubernetes-embedded-resource: a whole object with apiVersion, kind and metadata of its own."""
    compiled: Any
    """A place for what field management derives from the node once; nobody else writes it."""

    def __init__(self, raw: Mapping[str, Any], schemas: Schemas | None = None, name: str = "") -> None:
        self.raw = raw
        self.name = name
        self._schemas = schemas
        self._properties: dict[str, Schema] | None = None
        self._items: Schema | bool | None = False
        self._additional: Schema | bool | None = False
        self.compiled = None
        self._read_types(raw)
        self._read_extensions(raw)

    def _read_types(self, raw: Mapping[str, Any]) -> None:
        kind = raw.get("type")
        self.type = kind if isinstance(kind, str) else ""
        self.format = str(raw.get("format") or "")
        self.required = tuple(raw.get("required") or ())
        self.enum = tuple(raw.get("enum") or ())
        self.default = raw.get("default")
        self.nullable = bool(raw.get("nullable"))
        self.int_or_string = bool(raw.get("x-kubernetes-int-or-string")) or self.format == "int-or-string"

    def _read_extensions(self, raw: Mapping[str, Any]) -> None:
        self.list_type = str(raw.get("x-kubernetes-list-type") or "")
        self.list_map_keys = tuple(raw.get("x-kubernetes-list-map-keys") or ())
        self.map_type = str(raw.get("x-kubernetes-map-type") or "")
        self.patch_merge_key = str(raw.get("x-kubernetes-patch-merge-key") or "")
        strategy = raw.get("x-kubernetes-patch-strategy")
        self.patch_strategies = frozenset(strategy.split(",")) if strategy else frozenset()
        if not self.list_type and "merge" in self.patch_strategies:
            # Older releases say how a list merges by its patch strategy alone.
            self.list_type = "map" if self.patch_merge_key else "set"
            self.list_map_keys = (self.patch_merge_key,) if self.patch_merge_key else ()
        self.preserve_unknown = bool(raw.get("x-kubernetes-preserve-unknown-fields"))
        self.embedded = bool(raw.get("x-kubernetes-embedded-resource"))

    @classmethod
    def from_openapi(cls, raw: Mapping[str, Any]) -> Schema:
        """Of a CRD's ``openAPIV3Schema`` as it stands; see ``custom_resource`` for whole objects."""
        return cls(raw)

    @property
    def properties(self) -> Mapping[str, Schema]:
        if self._properties is None:
            raw = self.raw.get("properties") or {}
            self._properties = {key: self._child(value) for key, value in raw.items()}
            if self.embedded:
                self._properties.update(_object_properties())
        return self._properties

    @property
    def items(self) -> Schema | None:
        if isinstance(self._items, bool):
            raw = self.raw.get("items")
            self._items = self._child(raw) if isinstance(raw, dict) else None
        return self._items

    @property
    def additional(self) -> Schema | None:
        """The schema of a map's values; None where the map is no map or takes no further keys."""
        if isinstance(self._additional, bool):
            raw = self.raw.get("additionalProperties")
            if raw is True:
                raw = {"x-kubernetes-preserve-unknown-fields": True}
            self._additional = self._child(raw) if isinstance(raw, dict) else None
        return self._additional

    @property
    def description(self) -> str:
        """The published text of a named type; of a nameless part what its own ``raw`` says."""
        if self.name and self._schemas is not None:
            return str(self._schemas.full(self.name).get("description") or "")
        return str(self.raw.get("description") or "")

    def _child(self, raw: Any) -> Schema:
        if not isinstance(raw, dict):
            return Schema({})
        ref = raw.get("$ref")
        if ref is None or self._schemas is None:
            return Schema(raw, self._schemas)
        shared = self._schemas.named(ref.removeprefix(_REF))
        extra = {key: value for key, value in raw.items() if key not in ("$ref", "description")}
        if not extra:
            return shared
        return Schema({**shared.raw, **extra}, self._schemas, shared.name)

    def __repr__(self) -> str:
        return f"<Schema {self.name or self.type or 'any'}>"


def _object_properties() -> dict[str, Schema]:
    """What an embedded resource has even if its schema does not say so."""
    text = {"type": "string"}
    return {"apiVersion": Schema(text), "kind": Schema(text), "metadata": builtin().named(OBJECT_META)}


class Schemas:
    """Every definition of one Kubernetes version."""

    def __init__(self, version: str, definitions: schema_data.Definitions) -> None:
        self.version = version
        self._definitions = definitions
        self._nodes: dict[str, Schema] = {}

    def lookup(self, gvk: GroupVersionKind) -> Schema | None:
        """The schema of a built-in kind, None for any other."""
        name = self._definitions.gvks.get((gvk.group, gvk.version, gvk.kind))
        return self.named(name) if name else None

    def named(self, name: str) -> Schema:
        """By Go type name, ``io.k8s.api.core.v1.PodSpec``. A name that is not there is a schema that allows anything."""
        node = self._nodes.get(name)
        if node is None:
            raw = self._definitions.get(name) if name in self._definitions else {}
            raw = {**raw, **_SPECIAL.get(name, {})}
            if not raw or name in _SPECIAL:
                raw.pop("oneOf", None)
            if not raw:
                raw = {"x-kubernetes-preserve-unknown-fields": True}
            node = self._nodes[name] = Schema(corrections(name, raw), self, name)
        return node

    def names(self) -> list[str]:
        return self._definitions.names()

    def gvks(self) -> Iterable[GroupVersionKind]:
        """Every kind that is defined: resources, their lists, and the meta kinds (DeleteOptions, Status, WatchEvent)."""
        return [GroupVersionKind(*key) for key in self._definitions.gvks]

    def full(self, name: str) -> Mapping[str, Any]:
        """The published definition with its descriptions and ``#/definitions/`` references, uncorrected; {} if unknown."""
        return self._definitions.full.get(name, {})


@functools.cache
def builtin(version: str = DEFAULT_VERSION) -> Schemas:
    """The schemas of a Kubernetes release, ``1.25`` to ``1.37``. ``v1.36.3`` is taken as ``1.36``; one instance each."""
    short = schema_data.normalised(version)
    return _builtin(short)


@functools.cache
def _builtin(short: str) -> Schemas:
    return Schemas(short, schema_data.load(short))


def custom_resource(openapi: Mapping[str, Any] | None, schemas: Schemas | None = None) -> Schema:
    """The schema of a whole custom resource: a CRD version's ``openAPIV3Schema`` with apiVersion, kind and ObjectMeta.

    A CRD without a schema, or one that preserves unknown fields at the root, keeps everything.
    """
    schemas = schemas or builtin()
    raw = dict(openapi or {"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    raw["type"] = "object"
    raw["properties"] = {
        **(raw.get("properties") or {}),
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"$ref": _REF + OBJECT_META},
    }
    return Schema(raw, schemas)
