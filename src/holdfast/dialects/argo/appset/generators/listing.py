"""``list``: the parameter sets as they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.dialects.argo.appset.facts import GeneratorError
from holdfast.dialects.argo.appset.generators.context import Context
from holdfast.dialects.argo.appset.params import Params, floats
from holdfast.kube.yaml import YAMLError, load

# Argo CD's own text: it wraps an error that is not there.
_NOT_A_TEXT = "error parsing value as string %!w(<nil>)"


def generate(spec: Mapping[str, Any], context: Context) -> list[Params]:
    found = [_element(e or {}, context) for e in spec.get("elements") or ()]
    text = str(spec.get("elementsYaml") or "")
    return [*found, *_from_yaml(text)] if text else found


def _element(element: Mapping[str, Any], context: Context) -> Params:
    if not isinstance(element, Mapping):
        raise GeneratorError(
            f"error unmarshling list element json: cannot unmarshal {_kind(element)} into Go value of type "
            "map[string]interface {}"
        )
    if context.go:
        found: Params = floats(element)
        return found
    params: Params = {}
    for key, value in element.items():
        if key == "values":
            params.update(_values(value))
        elif isinstance(value, str):
            params[key] = value
        else:
            raise GeneratorError(_NOT_A_TEXT)
    return params


def _values(values: Any) -> Params:
    if not isinstance(values, Mapping):
        raise GeneratorError("error parsing values map")
    if not all(isinstance(v, str) for v in values.values()):
        raise GeneratorError(_NOT_A_TEXT)
    return {f"values.{k}": v for k, v in values.items()}


def _kind(value: Any) -> str:
    """A value's kind as Go's JSON decoder names it."""
    if isinstance(value, bool):
        return "bool"
    kinds: dict[type, str] = {str: "string", dict: "object", list: "array"}
    return kinds.get(type(value), "number")


def _from_yaml(text: str) -> list[Params]:
    try:
        found = load(text)
    except YAMLError as error:
        raise GeneratorError(f"error unmarshling decoded ElementsYaml {error.message}") from error
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(e, dict) for e in found):
        raise GeneratorError(
            "error unmarshling decoded ElementsYaml error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
            f"{_kind(found)} into Go value of type []map[string]interface {{}}"
        )
    return [floats(e) for e in found]
