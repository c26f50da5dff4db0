"""The Go side of the built-in types: what the published schemas do not say.

In: a kind. Out: a compiled `Struct` that knows, per field, the Go type in error texts, whether a zero value is kept (a pointer) and which fields
an encoder always writes. Never: a look at any object.

``gotypes.txt`` holds the facts, one type a line: ``Name !always,-optional *pointer &Embedded(field) ~field:GoType``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from holdfast.kube.refs import GroupVersionKind
from holdfast.kube.schema import Schema, builtin


class Facts(NamedTuple):
    always: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    pointers: frozenset[str] = frozenset()
    embedded: str = ""
    embedded_fields: frozenset[str] = frozenset()
    embedded_except: bool = False
    types: Mapping[str, str] = {}

    def path(self, field: str) -> str:
        """The field's place in error texts, which name embedded structs."""
        if self.embedded and (field in self.embedded_fields) != self.embedded_except:
            return f"{self.embedded}.{field}"
        return field


_NOTHING = Facts()


@lru_cache(maxsize=1)
def _facts() -> dict[str, Facts]:
    table: dict[str, Facts] = {}
    package = ""
    for line in Path(__file__).with_name("gotypes.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            package = line[1:-1]
        else:
            name, *parts = line.split()
            table[f"{package}.{name}"] = _parse(parts)
    return table


def _parse(parts: list[str]) -> Facts:
    values: dict[str, str] = {part[0]: part[1:] for part in reversed(parts)}
    always = values.get("!", "").split(",") if "!" in values else []
    embedded, _, fields = values.get("&", "").partition("&")[0].rstrip(")").partition("(")
    return Facts(
        always=frozenset(name for name in always if not name.startswith("-")),
        optional=frozenset(name[1:] for name in always if name.startswith("-")),
        pointers=frozenset(values["*"].split(",")) if "*" in values else frozenset(),
        embedded=embedded,
        embedded_fields=frozenset(fields.lstrip("^").split(",")),
        embedded_except=fields.startswith("^"),
        types=dict(pair.split(":", 1) for pair in values["~"].split(",")) if "~" in values else {},
    )


class Type:
    """One Go type: `kind` says how a value is read, `go` is its name in error texts."""

    __slots__ = ("always", "element", "fields", "go", "kind", "name", "walk")

    def __init__(self, kind: str, go: str) -> None:
        self.kind = kind
        self.go = go
        self.name = go
        self.element: Type | None = None
        self.fields: dict[str, Field] = {}
        self.always: list[tuple[str, Type | None]] = []
        self.walk: list[tuple[str, Type]] | None = None


class Field(NamedTuple):
    type: Type
    keep_zero: bool
    path: str


_SCALARS = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": ("quantity", "resource.Quantity"),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ("int-or-string", "int32"),
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": ("time", "string"),
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": ("microtime", "string"),
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": ("any", "v1.FieldsV1"),
    "io.k8s.apimachinery.pkg.runtime.RawExtension": ("any", "runtime.RawExtension"),
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": ("any", "v1.JSON"),
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": (
        "schema-or-array",
        "v1.JSONSchemaPropsOrArray",
    ),
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": (
        "schema-or-bool",
        "v1.JSONSchemaPropsOrBool",
    ),
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": (
        "any",
        "v1.JSONSchemaPropsOrStringArray",
    ),
}
_NUMBERS = {"int32": "int32", "int64": "int64", "double": "float64"}
_JSON_SCHEMA = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"


class Compiler:
    """Compiles schema nodes; structs are shared by name, so recursive types work."""

    def __init__(self) -> None:
        self._structs: dict[str, Type] = {}

    def type_of(self, schema: Schema) -> Type:
        name = schema.name
        if name in _SCALARS:
            found = Type(*_SCALARS[name])
            if found.kind.startswith("schema-or"):
                found.element = self._structs.get(_JSON_SCHEMA)
            return found
        if schema.int_or_string:
            return Type("int-or-string", "int32")
        if schema.properties:
            return self._struct(schema)
        return self._plain(schema)

    def _plain(self, schema: Schema) -> Type:
        if schema.type == "array" and schema.items is not None:
            found = Type("array", "")
            found.element = self.type_of(schema.items)
            found.go = f"[]{found.element.go}"
            return found
        if schema.type == "object" and schema.additional is not None:
            found = Type("map", "")
            found.element = self.type_of(schema.additional)
            found.go = f"map[string]{found.element.go}"
            return found
        if schema.type == "string":
            return _string(schema.format)
        if schema.type == "integer":
            return Type("int", _NUMBERS.get(schema.format, "int64"))
        if schema.type == "number":
            return Type("float", "float64")
        if schema.type == "boolean":
            return Type("bool", "bool")
        if schema.type == "object" and schema.name:
            return Type("struct", _go_name(schema.name))
        return Type("any", "interface {}")

    def _struct(self, schema: Schema) -> Type:
        known = self._structs.get(schema.name) if schema.name else None
        if known is not None:
            return known
        short = ".".join(schema.name.split(".")[-3:])
        found = Type("struct", _go_name(schema.name))
        found.name = short.rpartition(".")[2]
        if schema.name:
            self._structs[schema.name] = found
        facts = _facts().get(short, _NOTHING)
        written = (set(schema.required) | facts.always) - facts.optional
        for field, sub in schema.properties.items():
            kind = self.type_of(sub)
            if field in facts.types:
                kind = _renamed(kind, facts.types[field])
            pointer = field in facts.pointers
            found.fields[field] = Field(kind, pointer or field in written, facts.path(field))
            if field in written:
                found.always.append((field, None if pointer else kind))
        return found


def _go_name(name: str) -> str:
    parts = name.split(".")
    return ".".join(parts[-2:])


def _string(form: str) -> Type:
    if form == "byte":
        return Type("bytes", "[]uint8")
    if form == "date-time":
        return Type("time", "string")
    if form == "int-or-string":
        return Type("int-or-string", "int32")
    return Type("string", "string")


def _renamed(kind: Type, go: str) -> Type:
    if kind.kind not in ("string", "array", "map"):
        return kind
    found = Type(kind.kind, go)
    found.element = kind.element
    if kind.element is not None and kind.element.kind == "string":
        found.element = Type("string", go.removeprefix("[]").removeprefix("map[string]"))
    return found


_compiler = Compiler()
_by_kind: dict[GroupVersionKind, Type | None] = {}


def struct_of(gvk: GroupVersionKind, schema: Schema | None = None) -> Type | None:
    """The compiled type of a built-in kind; None for kinds that are not built in."""
    if gvk not in _by_kind:
        found = schema or builtin().lookup(gvk)
        _by_kind[gvk] = None if found is None or not found.properties else _compiler.type_of(found)
    return _by_kind[gvk]
