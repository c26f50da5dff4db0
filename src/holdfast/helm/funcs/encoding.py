"""JSON, YAML and TOML to and from texts."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from holdfast.helm.funcs import toml
from holdfast.helm.go import json as gojson
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.types import GoSlice, NilMap
from holdfast.helm.go.yaml import to_yaml, to_yaml_pretty
from holdfast.kube.yaml import YAMLError
from holdfast.kube.yaml import load as load_yaml

_MAP, _LIST = "map[string]interface {}", "[]interface {}"


def _to_json(value: Any) -> str:
    try:
        return gojson.encode(value)
    except GoError:
        return ""


def _to_raw_json(value: Any) -> str:
    return gojson.encode(value, html=False)


def _must_pretty_json(value: Any) -> str:
    return gojson.indent(gojson.encode(value))


def _pretty_json(value: Any) -> str:
    try:
        return _must_pretty_json(value)
    except GoError:
        return ""


def _or_nil_map(value: Any) -> dict[str, Any]:
    """null makes a nil map of the map that Go decodes into."""
    return NilMap() if value is None else value


def _or_nil_list(value: Any) -> list[Any]:
    return GoSlice((), nil=True) if value is None else value


def _from_json(text: str) -> dict[str, Any]:
    try:
        return _or_nil_map(gojson.decode_as(text, _MAP))
    except GoError as fault:
        return {"Error": fault.text}


def _from_json_array(text: str) -> list[Any]:
    try:
        return _or_nil_list(gojson.decode_as(text, _LIST))
    except GoError as fault:
        return [fault.text]


def _to_yaml(value: Any) -> str:
    try:
        return to_yaml(value).removesuffix("\n")
    except GoError:
        return ""


def _must_to_yaml(value: Any) -> str:
    return to_yaml(value).removesuffix("\n")


def _to_yaml_pretty(value: Any) -> str:
    return to_yaml_pretty(value).removesuffix("\n")


def floats(value: Any) -> Any:
    """Numbers as encoding/json gives them to an interface {}: all of them float64."""
    kind = type(value)
    if kind is int:
        return float(value)
    if kind is dict:
        return {k: floats(v) for k, v in value.items()}
    if kind is list:
        return [floats(v) for v in value]
    return value


def _read_yaml(text: str, wanted: str) -> Any:
    try:
        value = floats(load_yaml(text.encode("utf-8", "surrogateescape")))
    except YAMLError as fault:
        raise GoError(f"error converting YAML to JSON: {_bare(fault.message)}") from None
    if value is None or isinstance(value, dict if wanted is _MAP else list):
        return value
    try:
        return gojson.decode_as(gojson.encode(value), wanted)
    except GoError as fault:
        raise GoError(f"error unmarshaling JSON: while decoding JSON: {fault.text}") from None


def _bare(message: str) -> str:
    return message.removeprefix("error converting YAML to JSON: ")


def read_map(text: str) -> dict[str, Any]:
    """Raises GoError."""
    return _or_nil_map(_read_yaml(text, _MAP))


def read_list(text: str) -> list[Any]:
    """Raises GoError."""
    return _or_nil_list(_read_yaml(text, _LIST))


def _from_yaml(text: str) -> dict[str, Any]:
    try:
        return read_map(text)
    except GoError as fault:
        return {"Error": fault.text}


def _from_yaml_array(text: str) -> list[Any]:
    try:
        return read_list(text)
    except GoError as fault:
        return [fault.text]


def _to_toml(value: Any) -> str:
    if value is None:
        # The library panics here, so that the fault is not returned as a text.
        return toml.dump(value)
    try:
        return toml.dump(value)
    except GoError as fault:
        return fault.text


def _from_toml(text: str) -> dict[str, Any]:
    try:
        return toml.load(text)
    except GoError as fault:
        return {"Error": fault.text}


TABLE: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("toJson", "any", _to_json),
    ("mustToJson", "any", functools.partial(gojson.encode)),
    ("toPrettyJson", "any", _pretty_json),
    ("mustToPrettyJson", "any", _must_pretty_json),
    ("toRawJson", "any", _to_raw_json),
    ("mustToRawJson", "any", _to_raw_json),
    ("fromJson", "string", _from_json),
    ("mustFromJson", "string", gojson.decode),
    ("fromJsonArray", "string", _from_json_array),
    ("toYaml", "any", _to_yaml),
    ("mustToYaml", "any", _must_to_yaml),
    ("toYamlPretty", "any", _to_yaml_pretty),
    ("fromYaml", "string", _from_yaml),
    ("fromYamlArray", "string", _from_yaml_array),
    ("toToml", "any", _to_toml),
    ("mustToToml", "any", toml.dump),
    ("fromToml", "string", _from_toml),
)
