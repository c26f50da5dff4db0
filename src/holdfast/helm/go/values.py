"""common.Values: the map type of ``.Values`` and of the top of a template's data, with its methods."""

from __future__ import annotations

from typing import Any, ClassVar

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.types import Method, method
from holdfast.helm.go.yaml import to_yaml


class Values(dict[str, Any]):
    go_type: ClassVar[str] = "common.Values"
    methods: ClassVar[dict[str, Method]] = {}
    __slots__ = ()


def table(values: dict[str, Any], name: str) -> Values:
    found: dict[str, Any] = values
    for key in name.split("."):
        inner = found.get(key)
        if not isinstance(inner, dict):
            raise GoError(f'"{key}" is not a table')
        found = inner
    return found if isinstance(found, Values) else Values(found)


def path_value(values: dict[str, Any], path: str) -> Any:
    if not path:
        raise GoError("YAML path cannot be empty")
    head, _, key = path.rpartition(".")
    try:
        found = table(values, head) if head else values
    except GoError:
        raise GoError(f'"{key}" is not a value') from None
    if key not in found or type(found[key]) is dict:
        raise GoError(f'"{key}" is not a value')
    return found[key]


def _yaml(values: dict[str, Any]) -> str:
    return to_yaml(dict(values))


Values.methods = {
    "AsMap": method("AsMap", "", lambda v: v or {}),
    "Table": method("Table", "string", table),
    "YAML": method("YAML", "", _yaml),
    "PathValue": method("PathValue", "string", path_value),
    "Encode": method("Encode", "io.Writer", lambda v, w: None),
}
VALUES_METHODS = frozenset(Values.methods)
