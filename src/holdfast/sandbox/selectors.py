"""Label and field selectors of requests, with the refusals that a wrong one gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from holdfast.kube import selectors
from holdfast.sandbox import status

LabelMatch = Callable[[Mapping[str, str]], bool]
FieldTerm = tuple[str, bool, str]
"""Field, whether it must be equal, value."""


def labels(text: str) -> LabelMatch | None:
    """A matcher, or None for the selector that takes everything."""
    if not text.strip():
        return None
    try:
        found = selectors.parse_labels(text)
    except selectors.SelectorError as error:
        raise status.bad_request(str(error)) from None
    return None if found.empty else found.matches


def fields(text: str) -> tuple[FieldTerm, ...]:
    if not text:
        return ()
    try:
        return selectors.parse_fields(text).terms
    except selectors.SelectorError as error:
        raise status.bad_request(str(error)) from None


def dig(obj: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, None when there is none."""
    value: Any = obj
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value
