"""The values of a release: what its references hold, in their order, then what it says itself. Pure.

In: references, and the data of the objects they name. Out: values, with every number as Helm has it. A reference with a path
puts one value where ``--set`` would; what the release says itself wins over all.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

from holdfast.base.errors import HoldfastError, RetryLater
from holdfast.helm.chart.load import merge_maps
from holdfast.helm.chart.reading import read_map
from holdfast.helm.go import json as gojson
from holdfast.helm.go.errors import GoError
from holdfast.helm.values import SetFault, parse_set, parse_set_string
from holdfast.model.release import ReleaseValues

Found = Mapping[tuple[str, str], Mapping[str, bytes] | HoldfastError]
"""By kind and name: the data of an object, or why there is none."""
_ESCAPED = str.maketrans({c: f"\\{c}" for c in "\\,[]{}"})


class ValuesError(RetryLater):
    """A reference that cannot be resolved."""


def compose(
    own: Mapping[str, Any], references: Sequence[ReleaseValues], found: Found, namespace: str
) -> dict[str, Any]:
    """Raises ValuesError in Flux's words."""
    inline: dict[str, Any] = gojson.decode(json.dumps(own)) if own else {}
    result: dict[str, Any] = {}
    seen: set[tuple[str, str]] = set()
    for reference in references:
        data = _data(reference, found, seen, namespace)
        if data is None:
            continue
        if reference.path:
            result = copy.deepcopy(merge_maps(result, inline))
            _put(result, reference, data.decode("utf-8", "replace"), namespace)
            continue
        try:
            values = read_map(data)
        except GoError as fault:
            raise _failed(reference, fault.text, namespace) from None
        result = merge_maps(result, values)
    return merge_maps(result, inline)


def _data(reference: ReleaseValues, found: Found, seen: set[tuple[str, str]], namespace: str) -> bytes | None:
    """None where an optional one is missing."""
    key = (reference.kind, reference.name)
    data = found[key]
    if isinstance(data, HoldfastError):
        if reference.optional:
            return None
        problem = "resource not found" if key in seen else data.message
        raise _failed(reference, problem, namespace)
    seen.add(key)
    if reference.key not in data:
        if reference.optional:
            return None
        raise _failed(reference, "key not found", namespace)
    return data[reference.key]


def _put(values: dict[str, Any], reference: ReleaseValues, text: str, namespace: str) -> None:
    try:
        if reference.literal:
            parse_set_string(f"{reference.path}={text.translate(_ESCAPED)}", values)
        elif _is_quoted(text):
            bare = text.strip("'\"")
            parse_set_string(f"{reference.path}={bare}", values)
        else:
            parse_set(f"{reference.path}={text}", values)
    except SetFault as fault:
        raise _failed(reference, str(fault), namespace) from fault


def _is_quoted(text: str) -> bool:
    return any(text.startswith(q) and text.endswith(q) for q in ("'", '"'))


def _failed(reference: ReleaseValues, problem: str, namespace: str) -> ValuesError:
    optional = " optional" if reference.optional else ""
    return ValuesError(
        f"could not resolve{optional} {reference.kind} chart values reference '{namespace}/{reference.name}' "
        f"with key '{reference.key}': {problem}",
        reason="ValuesError",
    )
