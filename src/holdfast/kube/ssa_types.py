"""The typed view that field management has of a schema: what is a scalar, an atomic part, a keyed list, a map.

In goes a ``Schema``, out comes a ``Type``, made once per schema node and only where an object has something. Anything that a
schema leaves open is *deduced*: maps are granular, lists atomic, scalars of any kind.

Source of the rules: kube-openapi ``schemaconv`` and structured-merge-diff v6 ``typed``.
"""

from __future__ import annotations

from typing import Any, Final

from holdfast.kube import fieldset
from holdfast.kube.schema import INT_OR_STRING, QUANTITY, Schema

SCALAR: Final = 1
LIST: Final = 2
MAP: Final = 3

RAW_EXTENSION: Final = "io.k8s.apimachinery.pkg.runtime.RawExtension"

_ZERO: Final[dict[str, Any]] = {"string": "", "integer": 0}
_OPTIONAL_KEYS_WITH_ZERO: Final = frozenset(
    {
        "io.k8s.api.core.v1.LocalObjectReference",
        "io.k8s.api.apps.v1.DaemonSetCondition",
        "io.k8s.api.apps.v1.DeploymentCondition",
        "io.k8s.api.apps.v1.ReplicaSetCondition",
        "io.k8s.api.apps.v1.StatefulSetCondition",
    }
)
"""Types whose key field is optional in the published schema and yet has the zero value as its default in Go."""
_REQUIRED_KEYS_WITHOUT_ZERO: Final = frozenset(
    {
        "io.k8s.api.flowcontrol.v1.FlowSchemaCondition",
        "io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationCondition",
        "io.k8s.api.apiserverinternal.v1alpha1.ServerStorageVersion",
    }
)
"""The other way round."""


class BadItemError(Exception):
    """An item of an associative list or set that has no path element."""


class Type:
    """What values of one schema node are. Several of scalar, list and map may be allowed at once."""

    __slots__ = ("_element", "_fields", "_items", "_schema", "first", "keys", "list_atomic", "loose", "map_atomic",
                 "scalar", "shapes", "single_key", "sticky")  # fmt: skip

    scalar: str
    """string, numeric, boolean, untyped, or empty where no scalar is allowed."""
    shapes: frozenset[int]
    first: int
    """The shape that stands for null and for values of a shape that is not allowed: map, then scalar, then list."""
    loose: bool
    """Scalars of different JSON types may meet here, so equality has to look at types."""
    map_atomic: bool
    list_atomic: bool
    keys: tuple[tuple[str, Any], ...]
    """An associative list's key fields, sorted, each with its default (``...`` for none); empty for a set."""
    single_key: str
    """The key field of a list that has only one, else empty."""

    def __init__(self, schema: Schema | None, sticky: bool = False) -> None:
        self._schema = schema
        self._fields: dict[str, Type] = {}
        self._element: Type | None = None
        self._items: Type | None = None
        self.sticky = sticky or (schema is not None and schema.preserve_unknown)
        self.map_atomic = False
        self.list_atomic = True
        self.keys = ()
        self.single_key = ""
        self.scalar = ""
        self._set_shapes(set())
        if schema is not None:
            self._read(schema)

    def _read(self, schema: Schema) -> None:
        shapes = set()
        self.scalar = _scalar(schema)
        if self.scalar:
            shapes.add(SCALAR)
        if schema.type in ("", "array"):
            shapes.add(LIST)
            self._read_list(schema)
        if schema.type in ("", "object"):
            shapes.add(MAP)
            self.map_atomic = schema.map_type == "atomic"
        self._set_shapes({SCALAR} if schema.name == INT_OR_STRING else shapes)

    def _set_shapes(self, shapes: set[int]) -> None:
        self.loose = self.scalar == "untyped"
        self.shapes = frozenset(shapes)
        self.first = MAP if MAP in shapes else SCALAR if SCALAR in shapes else LIST

    def _read_list(self, schema: Schema) -> None:
        kind, keys = schema.list_type, schema.list_map_keys
        if kind == "map" and keys and schema.items is not None:
            self.list_atomic = False
            self.keys = tuple((key, _key_default(schema.items, key)) for key in sorted(keys))
            self.single_key = keys[0] if len(keys) == 1 else ""
        elif kind == "set":
            self.list_atomic = False

    @property
    def items(self) -> Type:
        if self._items is None:
            items = self._schema.items if self._schema is not None else None
            self._items = type_of(items, self.sticky) if items is not None else UNTYPED
        return self._items

    @property
    def element(self) -> Type | None:
        """Of map keys that are no declared fields; None where there may be none."""
        if self._element is None and self._schema is not None and MAP in self.shapes:
            self._element = self._find_element(self._schema)
        return self._element

    def _find_element(self, schema: Schema) -> Type | None:
        raw = schema.raw.get("additionalProperties")
        if raw is None:
            return DEDUCED if self.sticky or not schema.properties else None
        if schema.additional is None:
            return None
        return type_of(schema.additional, self.sticky) if isinstance(raw, dict) and raw else DEDUCED

    @property
    def is_quantity(self) -> bool:
        return self._schema is not None and self._schema.name == QUANTITY

    @property
    def is_open_map(self) -> bool:
        """A map without declared fields whose values may be anything: schema changes are not followed into it."""
        declared = self._schema is not None and bool(self._schema.properties)
        return not declared and self.element is not None and self.element.scalar == "untyped"

    def declares(self, name: str) -> bool:
        return self._schema is not None and MAP in self.shapes and name in self._schema.properties

    def field(self, name: str) -> Type | None:
        """The type of a map's value by key; None for a key that is not allowed."""
        found = self._fields.get(name)
        if found is None:
            child = self._schema.properties.get(name) if self._schema is not None else None
            if child is None:
                return self.element
            found = self._fields[name] = type_of(child, self.sticky)
        return found

    def shape(self, value: Any) -> int:
        kind = value.__class__
        if kind is dict:
            found = MAP
        elif kind is list:
            found = LIST
        elif value is None:
            return self.first
        else:
            found = SCALAR
        return found if found in self.shapes else self.first

    def item_element(self, item: Any) -> str:
        """The path element of an item of an associative list or set. BadItemError where it has none."""
        if not self.keys:
            return _set_element(item)
        if item.__class__ is not dict:
            what = "a null element" if item is None else "non-map elements"
            raise BadItemError(f"associative list with keys may not have {what}")
        if self.single_key:
            value = item.get(self.single_key)
            if value.__class__ is str:
                return f'k:{{"{self.single_key}":{fieldset.json_text(value)}}}'
        pairs = []
        for name, default in self.keys:
            value = item.get(name, default)
            if value is not ...:
                pairs.append((name, value))
        if not pairs:
            names = " ".join(f'"{name}"' for name, _ in self.keys)
            raise BadItemError(
                f"associative list with keys has an element that omits all key fields [{names}]"
                " (and doesn't have default values for any key fields)"
            )
        return fieldset.key_element(pairs)


def _scalar(schema: Schema) -> str:
    if schema.name == QUANTITY:
        return "untyped"
    if schema.type in ("integer", "number"):
        return "numeric"
    if schema.type == "string":
        return "string" if schema.format in ("", "byte") else "untyped"
    if schema.type == "boolean":
        return "boolean"
    return "" if schema.type else "untyped"


def _set_element(item: Any) -> str:
    if item.__class__ is dict:
        raise BadItemError("associative list without keys has an element that's a map type")
    if item.__class__ is list:
        raise BadItemError("not supported: associative list with lists as elements")
    if item is None:
        raise BadItemError("associative list without keys has an element that's an explicit null")
    return fieldset.value_element(item)


def _key_default(items: Schema, key: str) -> Any:
    field = items.properties.get(key)
    if field is None:
        return ...
    if field.default is not None:
        return field.default
    zero = _ZERO.get(field.type, ...)
    if not items.name.startswith("io.k8s.") or items.name in _REQUIRED_KEYS_WITHOUT_ZERO:
        return ...
    return zero if key in items.required or items.name in _OPTIONAL_KEYS_WITH_ZERO else ...


def _open_type(granular: bool) -> Type:
    found = Type(None)
    found.scalar = "untyped"
    found.map_atomic = not granular
    found._set_shapes({SCALAR, LIST, MAP})
    found._element = found
    return found


UNTYPED: Final = _open_type(granular=False)
DEDUCED: Final = _open_type(granular=True)


def type_of(schema: Schema | None, sticky: bool = False) -> Type:
    """The typed view of a schema; of None (no schema at all) everything is deduced.

    ``sticky`` is set below x-kubernetes-preserve-unknown-fields, where deeper maps keep unknown fields too; a named type
    stands for itself wherever it is used.
    """
    if schema is None:
        return DEDUCED
    if schema.name == RAW_EXTENSION:
        return UNTYPED
    sticky = sticky and not schema.name
    cache: dict[bool, Type] | None = schema.compiled
    if cache is None:
        cache = schema.compiled = {}
    found = cache.get(sticky)
    if found is None:
        found = cache[sticky] = Type(schema, sticky)
    return found
