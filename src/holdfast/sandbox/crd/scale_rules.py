"""What a custom resource with a scale subresource must hold where its replicas are said to be.

In: the definition's version and an object. Out: field errors, at the paths as the definition writes them.
"""

from __future__ import annotations

from typing import Any, Final

from holdfast.kube.refs import Manifest
from holdfast.kube.ssa_values import go_plain
from holdfast.sandbox import status
from holdfast.sandbox.status import FieldError

_MOST: Final = 2**31 - 1
_GO_TYPES: Final = {
    str: "string",
    bool: "bool",
    float: "float64",
    int: "int64",
    list: "[]interface {}",
    dict: "map[string]interface {}",
    type(None): "<nil>",
}


class _Mismatch(Exception):
    """The accessor's words."""


def errors(version: Manifest, obj: Manifest) -> list[FieldError]:
    scale = (version.get("subresources") or {}).get("scale") or {}
    found: list[FieldError] = []
    for name in ("specReplicasPath", "statusReplicasPath"):
        path = str(scale.get(name) or "")
        if path:
            found += _replicas(path, obj)
    return found


def _replicas(path: str, obj: Manifest) -> list[FieldError]:
    try:
        replicas = _dig(obj, path.removeprefix(".").split("."))
    except _Mismatch as error:
        return [status.invalid_value(path, 0, str(error))]
    if replicas < 0:
        return [status.invalid_value(path, replicas, "should be a non-negative integer")]
    if replicas > _MOST:
        return [status.invalid_value(path, replicas, f"should be less than or equal to {_MOST}")]
    return []


def _dig(obj: Any, steps: list[str]) -> int:
    here = obj
    for number, step in enumerate(steps):
        if here is None:
            return 0
        if not isinstance(here, dict):
            raise _Mismatch(_words(steps[: number + 1], here, "map[string]interface{}"))
        if step not in here:
            return 0
        here = here[step]
    if here.__class__ is not int:
        raise _Mismatch(_words(steps, here, "int64"))
    found: int = here
    return found


def _words(steps: list[str], value: Any, wanted: str) -> str:
    kind = _GO_TYPES.get(value.__class__, "?")
    return f".{'.'.join(steps)} accessor error: {go_plain(value)} is of the type {kind}, expected {wanted}"
