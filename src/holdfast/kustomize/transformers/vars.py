"""``vars``: texts of fields put where ``$(NAME)`` stands.

Example: var ``HOST`` of a Service's ``metadata.name`` turns ``--host=$(HOST)`` into ``--host=web``. A field that is nothing but
``$(HOST)`` takes over the type as well. Source: kustomize ``api/filters/refvar``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.fieldspec import FieldSpec, SpecIndex, apply_spec
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.resource import Resource
from holdfast.kustomize.scalars import float_text, text_of

_LEAST, _MOST = 1e6, 1e21


def expand_vars(resources: ResMap, values: Mapping[str, Any], specs: Iterable[FieldSpec]) -> list[str]:
    """Replace all references; returns the names of vars that were never used."""
    expander = _Expander(values)
    index = SpecIndex(specs)
    for resource in resources:
        for spec in index.of(*resource.type_meta()):
            apply_spec(resource, spec, lambda node, key, owner=resource: expander.put(owner, node, key))  # type: ignore[misc]
    return [name for name in values if name not in expander.used]


class _Expander:
    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self.used: set[str] = set()

    def put(self, resource: Resource, node: Any, key: Any) -> None:
        value = node[key]
        if type(value) is str:
            resource.assign(node, key, self.expand(value))
        elif type(value) is dict:
            for name, item in value.items():
                if type(item) is str:
                    resource.assign(value, name, self.expand(item))
        elif type(value) is list:
            for index, item in enumerate(value):
                if type(item) is not str:
                    raise KustomizeError("invalid value type expect a string")
                value[index] = self.expand(item)

    def expand(self, text: str) -> Any:
        if "$" not in text:
            return text
        out: list[str] = []
        at = 0
        while (dollar := text.find("$", at)) >= 0 and dollar + 1 < len(text):
            out.append(text[at:dollar])
            following = text[dollar + 1]
            close = text.find(")", dollar + 2) if following == "(" else -1
            if close >= 0:
                name = text[dollar + 2 : close]
                value = self._value(name)
                if text == f"$({name})":
                    return int(value) if type(value) is float and value.is_integer() and abs(value) < _MOST else value
                out.append(_shown(value))
                at = close + 1
            else:
                out.append("$" if following == "$" else "$" + following)
                at = dollar + 2
        return "".join(out) + text[at:]

    def _value(self, name: str) -> Any:
        value = self._values.get(name)
        if value is None or type(value) is dict or type(value) is list:
            return f"$({name})"
        self.used.add(name)
        return value


def _shown(value: Any) -> str:
    return _go_float(value) if type(value) is float else text_of(value)


def _go_float(value: float) -> str:
    """A float as Go's ``%v`` prints it: with an exponent from a million on."""
    if value != value or not _LEAST <= abs(value) < _MOST:
        return float_text(value)
    text = f"{value:.17e}"
    shortest = next(t for t in (f"{value:.{n}e}" for n in range(17)) if float(t) == value or t == text)
    mantissa, _, exponent = shortest.partition("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:].zfill(2)}"
