"""YAML files of charts: data as Helm sees it (all numbers float64), and structs filled from it with encoding/json's errors."""

from __future__ import annotations

import re
from typing import Any

from holdfast.helm.go import json as gojson
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.format import to_string
from holdfast.helm.go.types import kind_name
from holdfast.kube.yaml import Dialect, YAMLError, decode
from holdfast.kube.yaml import load as load_yaml
from holdfast.kube.yaml.compose import SCALAR, Node, compose
from holdfast.kube.yaml.errors import Flaw


def floats(value: Any) -> Any:
    kind = type(value)
    if kind is int:
        return float(value)
    if kind is dict:
        return {k: floats(v) for k, v in value.items()}
    if kind is list:
        return [floats(v) for v in value]
    return value


def read(data: bytes | str) -> Any:
    """The first document. Raises GoError with sigs.k8s.io/yaml's text."""
    raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    try:
        return _negative_zero(raw) if _NEGATIVE_ZERO.search(raw) else load_yaml(raw)
    except YAMLError as fault:
        message = fault.message
        prefix = "error converting YAML to JSON: "
        raise GoError(message if message.startswith(prefix) else prefix + message) from None


_NEGATIVE_ZERO = re.compile(rb"(?<![\w.])-0*\.?0+(?:[eE][-+]?[0-9]+)?(?![\w.])")


class _Decoder(decode._Decoder):
    """Keeps -0.0, which Kubernetes' reading makes an integer and Helm's does not."""

    def value(self, node: Node) -> Any:
        if node.kind == SCALAR and node.text.startswith("-"):
            found = self.scalar(node)
            if type(found) is float and found == 0:
                return found
        return super().value(node)


def _negative_zero(data: bytes) -> Any:
    root = compose(data, Dialect.OBJECT)
    try:
        return None if root is None else _Decoder(Dialect.OBJECT, False).value(root)
    except Flaw as fault:
        raise fault.placed("", 0) from None


def read_map(data: bytes | str) -> dict[str, Any]:
    """A document that has to be a map; nothing is an empty one."""
    value = floats(read(data))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise GoError(unmarshal_fault(value, "map[string]interface {}"))
    return value


def unmarshal_fault(value: Any, wanted: str) -> str:
    try:
        gojson.decode_as(gojson.encode(value), wanted)
    except GoError as fault:
        return f"error unmarshaling JSON: while decoding JSON: {fault.text}"
    return ""


_SHOWN = {"map": "object", "slice": "array", "float64": "number", "int": "number"}


class Struct:
    """A map read as a Go struct, its keys without regard to case, with the errors of encoding/json.

    Where Go wants a string, sigs.k8s.io/yaml makes one of a number or a boolean.
    """

    def __init__(self, value: Any, name: str, path: str = "", package: str = "v2") -> None:
        self.name = name
        self.path = path
        if value is not None and not isinstance(value, dict):
            self.fail(value, "", f"{package}.{name}")
        self.values: dict[str, Any] = {str(k).lower(): v for k, v in (value or {}).items()}

    def fail(self, value: Any, key: str, wanted: str) -> None:
        found = _SHOWN.get(kind_name(value), kind_name(value))
        inside = f"struct field {self.name}.{self.path}{key} of type {wanted}" if key else f"value of type {wanted}"
        raise GoError(f"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go {inside}")

    def _as_text(self, value: Any, key: str) -> str:
        if value is None or isinstance(value, str):
            return value or ""
        if isinstance(value, (bool, int, float)):
            return to_string(value)
        self.fail(value, key, "string")
        return ""

    def text(self, key: str) -> str:
        return self._as_text(self.values.get(key.lower()), key)

    def flag(self, key: str) -> bool:
        value = self.values.get(key.lower())
        if value is not None and not isinstance(value, bool):
            self.fail(value, key, "bool")
        return bool(value)

    def items(self, key: str, wanted: str) -> list[Any]:
        value = self.values.get(key.lower())
        if value is not None and not isinstance(value, list):
            self.fail(value, key, wanted)
        return list(value or ())

    def texts(self, key: str) -> list[str]:
        return [self._as_text(item, key) for item in self.items(key, "[]string")]

    def text_map(self, key: str) -> dict[str, str] | None:
        value = self.values.get(key.lower())
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fail(value, key, "map[string]string")
        return {k: self._as_text(v, key) for k, v in value.items()}
